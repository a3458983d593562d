"""Build the services, each with all that it needs; none is completed afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from instasell_server.config.settings import Settings
from instasell_server.db.outbox import handler_of
from instasell_server.domains.accounts.links import LinkSigner
from instasell_server.domains.accounts.service import AccountService
from instasell_server.domains.admin.action_log import AdminActionLog
from instasell_server.domains.admin.alerts import AlertService
from instasell_server.domains.admin.service import AdminService
from instasell_server.domains.auctions.bidding.auctioneer import Auctioneer
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.auctions.listing_fees import ListingFees
from instasell_server.domains.auctions.promotion.promotion import Promotion
from instasell_server.domains.auctions.selling.create import AuctionCreation
from instasell_server.domains.auctions.selling.relist import Relisting
from instasell_server.domains.auctions.selling.update import ListingEdits, UpdateAuctionOfListing
from instasell_server.domains.auctions.service import AuctionService
from instasell_server.domains.chargebacks.service import ChargebackService
from instasell_server.domains.disputes.access import DisputeAccess
from instasell_server.domains.disputes.order_disputes import OrderDisputes
from instasell_server.domains.disputes.service import DisputeService
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.listings.access import ListingAccess
from instasell_server.domains.listings.service import ListingService
from instasell_server.domains.lookups.service import LookupService
from instasell_server.domains.mail.service import MailService
from instasell_server.domains.media.picture_pool import PicturePool
from instasell_server.domains.media.service import MediaService
from instasell_server.domains.messages.service import MessageService
from instasell_server.domains.notifications.dispatch import NotificationDispatcher
from instasell_server.domains.notifications.service import NotificationService
from instasell_server.domains.orders.bank_claims import BankClaims
from instasell_server.domains.orders.fulfilment import OrderFulfilment
from instasell_server.domains.orders.payments import OrderPayments
from instasell_server.domains.orders.service import OrderService
from instasell_server.domains.payments.handlers import RETURN_PATH
from instasell_server.domains.payments.return_address import ReturnAddress
from instasell_server.domains.payments.service import PaymentService
from instasell_server.domains.wallets.service import WalletService
from instasell_server.domains.wallets.withdrawals import WithdrawalService
from instasell_server.ports import Cache, Events
from instasell_server.realtime.budgets import JoinLimits
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.websocket import LiveEndpoint
from instasell_server.wiring.engines import Engines
from instasell_server.workers.closer import Closer
from instasell_server.workers.escrow import Escrow
from instasell_server.workers.listing_counts import ListingCounts
from instasell_server.workers.live_auctions import LiveAuctionsRefresh
from instasell_server.workers.mail_sender import MailSender
from instasell_server.workers.outbox import Outbox


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that runs, wired."""

    accounts: AccountService
    listings: ListingService
    media: MediaService
    pictures: PicturePool
    auctions: AuctionService
    relisting: Relisting
    orders: OrderService
    fulfilment: OrderFulfilment
    disputes: DisputeService
    chargebacks: ChargebackService
    payments: PaymentService
    wallets: WalletService
    admin: AdminService
    alerts: AlertService
    lookups: LookupService
    messages: MessageService
    notifications: NotificationService
    notification_dispatcher: NotificationDispatcher
    auctioneer: Auctioneer
    hub: Hub
    live: LiveEndpoint
    closer: Closer
    live_auctions: LiveAuctionsRefresh
    listing_counts: ListingCounts
    escrow: Escrow
    outbox: Outbox
    mail_sender: MailSender


@dataclass(frozen=True, kw_only=True)
class _Base:
    """Hold what the other parts are built on."""

    engines: Engines
    settings: Settings
    hub: Hub
    history: AuctionHistory
    ledger: Ledger
    mails: MailService
    accounts: AccountService
    pictures: PicturePool
    media: MediaService
    dispute_access: DisputeAccess
    listings: ListingService


@dataclass(frozen=True, kw_only=True)
class _MoneyServices:
    """Hold what pays, ships, disputes and sends back."""

    payments: PaymentService
    orders: OrderService
    fulfilment: OrderFulfilment
    disputes: DisputeService
    chargebacks: ChargebackService
    withdrawals: WithdrawalService


@dataclass(frozen=True, kw_only=True)
class _AuctionServices:
    """Hold what creates, decides, closes and shows auctions."""

    fees: ListingFees
    lifecycle: Lifecycle
    auctioneer: Auctioneer
    auctions: AuctionService
    relisting: Relisting
    live: LiveEndpoint


def make_mails(engines: Engines, settings: Settings) -> MailService:
    """Return the mail service of the settings."""
    return MailService(
        engines.database,
        engines.mail,
        currency=settings.currency,
        unseal=LinkSigner.of(settings).unseal,
    )


def make_ledger(cache: Cache, events: Events, settings: Settings) -> Ledger:
    """Return the ledger with the holds of the settings."""
    return Ledger(
        cache,
        events,
        currency=settings.currency,
        card_hold_days=settings.card_hold_days,
        topup_hold_days=settings.topup_hold_days,
    )


def build_services(engines: Engines, settings: Settings) -> Services:
    """Build every service, from those that need no other up. Nothing runs yet."""
    base = _build_base(engines, settings)
    money = _build_money(base)
    auctions = _build_auctions(base, money.orders)
    database, redis = engines.database, engines.redis
    messages = MessageService(
        database, redis.limiter, base.hub, per_minute=settings.rate_limit_messages
    )
    notifications = NotificationService(database)
    promotion = Promotion(auctions.fees, auctions.lifecycle)
    return Services(
        accounts=base.accounts,
        listings=base.listings,
        media=base.media,
        pictures=base.pictures,
        auctions=auctions.auctions,
        relisting=auctions.relisting,
        orders=money.orders,
        fulfilment=money.fulfilment,
        disputes=money.disputes,
        chargebacks=money.chargebacks,
        payments=money.payments,
        wallets=WalletService(database, base.ledger, money.payments, promotion, money.withdrawals),
        admin=_admin(base, money.orders, auctions.lifecycle, messages),
        alerts=AlertService(database, money.payments, money.chargebacks),
        lookups=LookupService(database, engines.public),
        messages=messages,
        notifications=notifications,
        notification_dispatcher=_dispatcher(base),
        auctioneer=auctions.auctioneer,
        hub=base.hub,
        live=auctions.live,
        closer=Closer(database, auctions.lifecycle),
        live_auctions=LiveAuctionsRefresh(database),
        listing_counts=ListingCounts(database),
        escrow=_escrow(money),
        outbox=_outbox(base, auctions.lifecycle, notifications),
        mail_sender=MailSender(base.mails),
    )


def _build_base(engines: Engines, settings: Settings) -> _Base:
    database, redis = engines.database, engines.redis
    history = AuctionHistory(database)
    hub = Hub(redis.bus, history)
    ledger = make_ledger(redis.cache, hub, settings)
    mails = make_mails(engines, settings)
    pictures = PicturePool()
    dispute_access = DisputeAccess(settings.currency)
    media = MediaService(
        database,
        engines.objects,
        pictures,
        ListingAccess(),
        dispute_access,
        file_bytes_max=settings.file_bytes_max,
        pending_bytes_max=settings.pending_upload_bytes_max,
    )
    return _Base(
        engines=engines,
        settings=settings,
        hub=hub,
        history=history,
        ledger=ledger,
        mails=mails,
        accounts=AccountService(database, redis.cache, redis.limiter, hub, ledger, mails, settings),
        pictures=pictures,
        media=media,
        dispute_access=dispute_access,
        listings=ListingService(database, engines.public, redis.cache, media),
    )


def _build_money(base: _Base) -> _MoneyServices:
    """Build what payments report to before payments, and orders, which begin them, after."""
    database, provider, ledger = base.engines.database, base.engines.provider, base.ledger
    settings, order_disputes = base.settings, OrderDisputes()
    url = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    return_address = ReturnAddress(url + RETURN_PATH)
    orders = OrderService(
        database,
        base.listings,
        payment_deadline_hours=settings.payment_deadline_hours,
        currency=settings.currency,
    )
    chargebacks = ChargebackService(database, BankClaims(orders), order_disputes, ledger)
    withdrawals = WithdrawalService(database, provider, ledger, return_address)
    payments = PaymentService(
        database,
        provider,
        ledger,
        orders=OrderPayments(ledger),
        chargebacks=chargebacks,
        withdrawals=withdrawals,
        return_address=return_address,
    )
    fulfilment = OrderFulfilment(database, orders, payments, ledger, order_disputes)
    disputes = DisputeService(
        database,
        fulfilment,
        base.media,
        base.dispute_access,
        AdminActionLog(),
        currency=settings.currency,
    )
    return _MoneyServices(
        payments=payments,
        orders=orders,
        fulfilment=fulfilment,
        disputes=disputes,
        chargebacks=chargebacks,
        withdrawals=withdrawals,
    )


def _build_auctions(base: _Base, orders: OrderService) -> _AuctionServices:
    engines, settings = base.engines, base.settings
    database, redis = engines.database, engines.redis
    fees = ListingFees(
        base.ledger, auction_fee=settings.auction_gas_fee, feature_fee=settings.feature_gas_fee
    )
    lifecycle = Lifecycle(
        database, redis.cache, base.hub, base.history, orders, base.listings, fees
    )
    auctioneer = Auctioneer(
        database,
        redis.locks,
        redis.bus,
        lifecycle,
        lanes=settings.auctioneer_lanes,
        batch_size=settings.auctioneer_batch,
    )
    creation = AuctionCreation(lifecycle, fees, max_days=settings.auction_max_days)
    auctions = AuctionService(
        database,
        engines.public,
        redis.cache,
        redis.limiter,
        auctioneer,
        lifecycle,
        orders,
        creation,
        currency=settings.currency,
        max_days=settings.auction_max_days,
        bids_per_minute=settings.rate_limit_bids,
    )
    return _AuctionServices(
        fees=fees,
        lifecycle=lifecycle,
        auctioneer=auctioneer,
        auctions=auctions,
        relisting=Relisting(database, lifecycle, orders, creation),
        live=_live(base, auctions),
    )


def _live(base: _Base, auctions: AuctionService) -> LiveEndpoint:
    settings = base.settings
    is_limited = settings.rate_limit_bids > 0
    return LiveEndpoint(
        base.hub,
        base.history,
        auctions,
        base.accounts.authenticate,
        origins=settings.cors_origins,
        join_limits=JoinLimits(
            per_minute=settings.rate_limit_joins if is_limited else 0,
            address_per_minute=settings.rate_limit_joins_address if is_limited else 0,
        ),
        currency=settings.currency,
        limited=is_limited,
    )


def _admin(
    base: _Base, orders: OrderService, lifecycle: Lifecycle, messages: MessageService
) -> AdminService:
    return AdminService(
        base.engines.database,
        base.engines.public,
        base.accounts,
        base.listings,
        lifecycle,
        orders,
        messages,
        base.ledger,
        currency=base.settings.currency,
    )


def _escrow(money: _MoneyServices) -> Escrow:
    payments, refunds = money.payments, money.payments.refunds
    return Escrow(
        (
            money.fulfilment.carry_out_due,
            payments.reconcile,
            refunds.send_refunds,
            refunds.reconcile,
            money.withdrawals.send_pending,
            money.chargebacks.recover,
        )
    )


def _outbox(base: _Base, lifecycle: Lifecycle, notifications: NotificationService) -> Outbox:
    database, accounts, media = base.engines.database, base.accounts, base.media
    return Outbox(
        database,
        (
            *accounts.outbox_handlers,
            *base.listings.outbox_handlers,
            *media.outbox_handlers,
            *lifecycle.outbox_handlers,
            handler_of(UpdateAuctionOfListing, ListingEdits(database, lifecycle).carry_out),
        ),
        cleaners=(
            accounts.delete_old_sessions,
            accounts.delete_old_addresses,
            accounts.recovery.delete_old_links,
            accounts.pending_signups.delete_old,
            media.delete_abandoned,
            notifications.delete_old,
            base.mails.delete_old,
        ),
    )


def _dispatcher(base: _Base) -> NotificationDispatcher:
    return NotificationDispatcher(
        base.engines.database,
        base.hub,
        base.history,
        base.mails,
        currency=base.settings.currency,
        ending_soon_minutes=base.settings.ending_soon_minutes,
    )
