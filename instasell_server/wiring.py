"""Join the parts of the server: engines by the settings, services by each other."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from instasell_server.adapters.mail.mailbox import LocalMailbox
from instasell_server.adapters.redis.engine import RedisEngine
from instasell_server.adapters.storage.from_settings import storage_for
from instasell_server.adapters.stripe.unconfigured import NoProvider
from instasell_server.config.settings import Settings
from instasell_server.db.connections import Database, Observer
from instasell_server.domains.accounts.links import LinkSigner
from instasell_server.domains.accounts.service import USER_SUSPENDED, AccountService
from instasell_server.domains.admin.alerts import AlertService
from instasell_server.domains.admin.service import AdminService
from instasell_server.domains.auctions.bidding.auctioneer import Auctioneer
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.auctions.listing_fees import ListingFees
from instasell_server.domains.auctions.promotion.promotion import Promotion
from instasell_server.domains.auctions.selling.create import AuctionCreation
from instasell_server.domains.auctions.selling.relist import Relisting
from instasell_server.domains.auctions.selling.update import LISTING_EDITED, ListingEdits
from instasell_server.domains.auctions.service import AuctionService
from instasell_server.domains.chargebacks.service import ChargebackService
from instasell_server.domains.disputes.service import DisputeService
from instasell_server.domains.ledger.service import Ledger
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
from instasell_server.domains.orders.service import OrderService
from instasell_server.domains.payments.handlers import RETURN_PATH
from instasell_server.domains.payments.service import PaymentService
from instasell_server.domains.wallets.service import WalletService
from instasell_server.domains.wallets.withdrawals import WithdrawalService
from instasell_server.ports import Cache, Events, MailTransport, Objects, PaymentProvider
from instasell_server.realtime.budgets import JoinLimits
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.websocket import LiveEndpoint
from instasell_server.workers.closer import Closer
from instasell_server.workers.escrow import Escrow
from instasell_server.workers.mail_sender import MailSender
from instasell_server.workers.outbox import Outbox

REPLICA_CONNECTIONS = 8
FILES_FOLDER = "media"

_log = structlog.get_logger("instasell.server")


class NotConfigured(Exception):
    """A setting is missing that nothing can be started without."""


@dataclass(frozen=True)
class Engines:
    """Hold the engines of the services. `public` serves public lists, from a replica if any."""

    database: Database
    public: Database
    redis: RedisEngine
    provider: PaymentProvider
    objects: Objects
    mail: MailTransport | None


@dataclass(frozen=True)
class Services:
    """Everything that runs, wired."""

    accounts: AccountService
    listings: ListingService
    media: MediaService
    pictures: PicturePool
    auctions: AuctionService
    resale: Relisting
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
    telling: NotificationDispatcher
    auctioneer: Auctioneer
    hub: Hub
    live: LiveEndpoint
    closer: Closer
    escrow: Escrow
    outbox: Outbox
    postman: MailSender


async def is_redis_empty(settings: Settings) -> bool:
    """Return whether the configured Redis has no key. Raises NotConfigured, Unreachable."""
    redis = RedisEngine(require_setting(settings.redis_url, "REDIS_URL"))
    try:
        return await redis.is_empty()
    finally:
        await redis.close()


def make_engines(settings: Settings) -> Engines:
    """Make the engines of the settings, not yet opened. Raises NotConfigured."""
    observe: Observer | None = log_statement if settings.environment == "development" else None
    url = require_setting(settings.database_url, "DATABASE_URL")
    database = Database(url, size=settings.database_connections, observe=observe)
    public = database
    if settings.database_replica_url is not None:
        replica = settings.database_replica_url.get_secret_value()
        public = Database(replica, size=REPLICA_CONNECTIONS, observe=observe)
    redis = RedisEngine(require_setting(settings.redis_url, "REDIS_URL"))
    folder = settings.data_folder / FILES_FOLDER
    objects = storage_for(settings, folder)
    return Engines(database, public, redis, make_provider(settings), objects, _mail(settings))


def make_provider(settings: Settings) -> PaymentProvider:
    """Make the payment provider of the settings; one that refuses everything where none is set."""
    if settings.stripe_secret_key is None:
        return NoProvider()
    # The library takes a quarter of a second to load, which only those wait for who use it.
    from instasell_server.adapters.stripe.gateway import StripeGateway

    secret = require_setting(settings.stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET")
    key = settings.stripe_secret_key.get_secret_value()
    return StripeGateway(key, secret, settings.stripe_api_base)


def _mail(settings: Settings) -> MailTransport | None:
    if settings.smtp_host is not None:
        from instasell_server.adapters.mail.smtp import SmtpMail

        return SmtpMail(settings)
    if settings.mail_dir is not None:
        return LocalMailbox(settings.mail_dir, settings.mail_from)
    return None


def make_mails(engines: Engines, settings: Settings) -> MailService:
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


def require_setting(value: SecretStr | None, name: str) -> str:
    """Return the secret's text. Raises NotConfigured, naming the variable."""
    if value is None:
        raise NotConfigured(f"set INSTASELL_{name}")
    return value.get_secret_value()


def log_statement(sql: str, seconds: float) -> None:
    """Log each statement with its time, in development; the values never."""
    _log.debug("sql", statement=" ".join(sql.split()), ms=round(seconds * 1000, 2))


def build_services(engines: Engines, settings: Settings) -> Services:
    """Build every service, joined to the others. Nothing runs yet."""
    database, redis = engines.database, engines.redis
    history = AuctionHistory(database)
    hub = Hub(redis.bus, history)
    ledger = make_ledger(redis.cache, hub, settings)
    mails = make_mails(engines, settings)
    accounts = AccountService(database, redis.cache, redis.limiter, hub, ledger, mails, settings)
    pictures = PicturePool()
    files = _files(engines, settings, pictures)
    listings = ListingService(database, engines.public, redis.cache, files)
    payments, orders, fulfilment = _order_services(engines, settings, ledger, listings)
    listing_fees = ListingFees(
        ledger, auction_fee=settings.auction_gas_fee, feature_fee=settings.feature_gas_fee
    )
    lifecycle = Lifecycle(database, redis.cache, hub, history, orders, listings, listing_fees)
    lanes, batch = settings.auctioneer_lanes, settings.auctioneer_batch
    auctioneer = Auctioneer(
        database, redis.locks, redis.bus, lifecycle, lanes=lanes, batch_size=batch
    )
    creation = AuctionCreation(lifecycle, listing_fees, max_days=settings.auction_max_days)
    auctions = _auctions(engines, settings, auctioneer, lifecycle, orders, creation)
    resale = Relisting(database, lifecycle, orders, creation)
    live = LiveEndpoint(
        hub,
        history,
        auctions,
        accounts.authenticate,
        origins=settings.cors_origins,
        join_limits=_join_limits(settings),
        currency=settings.currency,
        limited=settings.rate_limit_bids > 0,
    )
    withdrawals = WithdrawalService(database, engines.provider, ledger, payments)
    payments.serve_withdrawals(withdrawals)
    wallets = WalletService(
        database, ledger, payments, Promotion(listing_fees, lifecycle), withdrawals
    )
    notifications = NotificationService(database)
    outbox = _outbox(database, accounts, listings, files, lifecycle, notifications, mails)
    closer = Closer(database, lifecycle)
    disputes = DisputeService(database, fulfilment, files, currency=settings.currency)
    fulfilment.serve(disputes)
    files.serve(listings, disputes)
    chargebacks = _chargebacks(database, orders, disputes, ledger, payments)
    escrow = _escrow(fulfilment, payments, withdrawals, chargebacks)
    messages = MessageService(database, redis.limiter, hub, per_minute=settings.rate_limit_messages)
    admin = AdminService(
        database, engines.public, accounts, listings, lifecycle, orders, messages, ledger,
        currency=settings.currency,
    )  # fmt: skip
    disputes.serve(admin)
    dispatcher = _dispatcher(settings, database, hub, history)
    dispatcher.serve(mails)
    return Services(
        accounts, listings, files, pictures, auctions, resale, orders, fulfilment, disputes,
        chargebacks, payments, wallets, admin, AlertService(database, payments, chargebacks),
        LookupService(database, engines.public), messages, notifications, dispatcher, auctioneer,
        hub, live, closer, escrow, outbox, MailSender(mails),
    )  # fmt: skip


def _escrow(
    fulfilment: OrderFulfilment,
    payments: PaymentService,
    withdrawals: WithdrawalService,
    chargebacks: ChargebackService,
) -> Escrow:
    refunds = (payments.refunds.send_refunds, payments.refunds.reconcile)
    rounds = (fulfilment.carry_out_due, payments.reconcile, *refunds)
    return Escrow((*rounds, withdrawals.send_pending, chargebacks.recover))


def _files(engines: Engines, settings: Settings, pictures: PicturePool) -> MediaService:
    return MediaService(
        engines.database,
        engines.objects,
        pictures,
        file_bytes_max=settings.file_bytes_max,
        pending_bytes_max=settings.pending_upload_bytes_max,
    )


def _join_limits(settings: Settings) -> JoinLimits:
    is_limited = settings.rate_limit_bids > 0
    return JoinLimits(
        per_minute=settings.rate_limit_joins if is_limited else 0,
        address_per_minute=settings.rate_limit_joins_address if is_limited else 0,
    )


def _order_services(
    engines: Engines, settings: Settings, ledger: Ledger, listings: ListingService
) -> tuple[PaymentService, OrderService, OrderFulfilment]:
    return_url = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    payments = PaymentService(
        engines.database, engines.provider, ledger, return_url=return_url + RETURN_PATH
    )
    orders = OrderService(
        engines.database,
        listings,
        payment_deadline_hours=settings.payment_deadline_hours,
        currency=settings.currency,
    )
    fulfilment = OrderFulfilment(engines.database, orders, payments, ledger)
    payments.serve(fulfilment)
    return payments, orders, fulfilment


def _chargebacks(
    database: Database,
    orders: OrderService,
    disputes: DisputeService,
    ledger: Ledger,
    payments: PaymentService,
) -> ChargebackService:
    chargebacks = ChargebackService(database, BankClaims(orders), disputes, ledger)
    payments.serve_chargebacks(chargebacks)
    return chargebacks


def _auctions(
    engines: Engines,
    settings: Settings,
    auctioneer: Auctioneer,
    lifecycle: Lifecycle,
    orders: OrderService,
    creation: AuctionCreation,
) -> AuctionService:
    return AuctionService(
        engines.database,
        engines.public,
        engines.redis.cache,
        engines.redis.limiter,
        auctioneer,
        lifecycle,
        orders,
        creation,
        currency=settings.currency,
        max_days=settings.auction_max_days,
        bids_per_minute=settings.rate_limit_bids,
    )


def _outbox(
    database: Database,
    accounts: AccountService,
    listings: ListingService,
    files: MediaService,
    lifecycle: Lifecycle,
    notifications: NotificationService,
    mails: MailService,
) -> Outbox:
    return Outbox(
        database,
        {
            **accounts.outbox,
            **listings.outbox,
            **files.outbox,
            USER_SUSPENDED: lifecycle.cancel_all_of_seller,
            "auction_ended": lifecycle.publish_missed,
            "auction_cancelled": lifecycle.publish_missed,
            LISTING_EDITED: ListingEdits(database, lifecycle).carry_out,
        },
        cleaners=(
            accounts.delete_old_sessions,
            accounts.delete_old_addresses,
            accounts.recovery.delete_old_links,
            accounts.pending_signups.delete_old,
            files.delete_abandoned,
            notifications.delete_old,
            mails.delete_old,
        ),
    )


def _dispatcher(
    settings: Settings, database: Database, hub: Hub, history: AuctionHistory
) -> NotificationDispatcher:
    return NotificationDispatcher(
        database,
        hub,
        history,
        currency=settings.currency,
        ending_soon_minutes=settings.ending_soon_minutes,
    )
