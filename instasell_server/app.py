"""The composition root: here, and only here, the parts of the server meet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache

import structlog
from aiohttp import web
from pydantic import SecretStr

from instasell_server import metrics
from instasell_server.adapters.redis.engine import RedisEngine
from instasell_server.adapters.storage.choice import storage_for
from instasell_server.adapters.storage.disk import DiskObjects
from instasell_server.adapters.stripe.unconfigured import NoProvider
from instasell_server.db.connections import Database, Observer
from instasell_server.db.transaction import finish_running
from instasell_server.domains.accounts import handlers as accounts
from instasell_server.domains.accounts.service import USER_SUSPENDED, AccountService
from instasell_server.domains.admin import handlers as admin
from instasell_server.domains.admin.service import AdminService
from instasell_server.domains.auctions import handlers as auctions
from instasell_server.domains.auctions.auctioneer import Auctioneer
from instasell_server.domains.auctions.edits import LISTING_EDITED, Edits
from instasell_server.domains.auctions.featuring import Featuring
from instasell_server.domains.auctions.gas import AuctionGas
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.auctions.lifecycle import Lifecycle
from instasell_server.domains.auctions.selling import Selling
from instasell_server.domains.auctions.service import AuctionService
from instasell_server.domains.disputes import handlers as disputes
from instasell_server.domains.disputes.service import DisputeService
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.listings import handlers as listings
from instasell_server.domains.listings.service import ListingService
from instasell_server.domains.media import handlers as media
from instasell_server.domains.media.pictures import Pictures
from instasell_server.domains.media.service import MediaService
from instasell_server.domains.messages import handlers as messages
from instasell_server.domains.messages.service import MessageService
from instasell_server.domains.notifications import handlers as notifications
from instasell_server.domains.notifications.service import NotificationService
from instasell_server.domains.notifications.subscriptions import SubscriptionService
from instasell_server.domains.notifications.telling import Telling
from instasell_server.domains.operations import handlers as operations
from instasell_server.domains.operations.service import OperationsService
from instasell_server.domains.orders import handlers as orders
from instasell_server.domains.orders.fulfilment import Fulfilment
from instasell_server.domains.orders.service import OrderService
from instasell_server.domains.payments import handlers as payments
from instasell_server.domains.payments.service import PaymentService
from instasell_server.domains.wallets import handlers as wallets
from instasell_server.domains.wallets.service import WalletService
from instasell_server.domains.wallets.withdrawals import WithdrawalService
from instasell_server.http.docs import render_page
from instasell_server.http.openapi import render_document
from instasell_server.http.ratelimit import RateLimits
from instasell_server.http.routes import LIVE, TABLE, routes_of
from instasell_server.http.web_app import make_application
from instasell_server.ports import Objects, Payments
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.websocket import LiveEndpoint
from instasell_server.settings import Part, Settings
from instasell_server.standalone import data_dir_of
from instasell_server.workers.closer import Closer
from instasell_server.workers.escrow import Escrow
from instasell_server.workers.notices import Notices
from instasell_server.workers.outbox import Outbox

REPLICA_CONNECTIONS = 8
FILES_FOLDER = "media"

_log = structlog.get_logger("instasell.server")


class NotConfigured(Exception):
    """A setting is missing that nothing can be started without."""


@dataclass(frozen=True)
class Engines:
    """What the services stand on. `public` serves public lists, from a replica if there is one."""

    database: Database
    public: Database
    redis: RedisEngine
    provider: Payments
    objects: Objects


@dataclass(frozen=True)
class Services:
    """Everything that runs, wired."""

    accounts: AccountService
    listings: ListingService
    media: MediaService
    pictures: Pictures
    auctions: AuctionService
    orders: OrderService
    fulfilment: Fulfilment
    disputes: DisputeService
    payments: PaymentService
    wallets: WalletService
    admin: AdminService
    messages: MessageService
    notifications: NotificationService
    telling: Telling
    auctioneer: Auctioneer
    hub: Hub
    live: LiveEndpoint
    closer: Closer
    escrow: Escrow
    outbox: Outbox


def build(settings: Settings) -> web.Application:
    """The application of one server process. Its engines are opened when it starts.

    Raises NotConfigured without the address of PostgreSQL or Redis, or a secret.
    """
    _required(settings.jwt_secret, "JWT_SECRET")
    engines = make_engines(settings)
    services = _services(engines, settings)
    limits = RateLimits(engines.redis.limiter, settings)
    routes = routes_of(settings.parts)
    app = make_application(routes, settings, limits, services.accounts.authenticate)
    app[accounts.SERVICE] = services.accounts
    app[listings.SERVICE] = services.listings
    app[media.SERVICE] = services.media
    if isinstance(engines.objects, DiskObjects):
        app[media.OWN_FILES] = engines.objects
    app[auctions.SERVICE] = services.auctions
    app[auctions.LIVE_PAGES] = auctions.LivePages()
    app[auctions.SELLING] = Selling(
        engines.database,
        currency=settings.currency,
        auction_fee=settings.auction_gas_fee,
        feature_fee=settings.feature_gas_fee,
    )
    app[orders.SERVICE] = services.orders
    app[orders.FULFILMENT] = services.fulfilment
    app[disputes.SERVICE] = services.disputes
    app[payments.SERVICE] = services.payments
    app[wallets.SERVICE] = services.wallets
    app[admin.SERVICE] = services.admin
    app[messages.SERVICE] = services.messages
    app[notifications.SERVICE] = services.notifications
    app[notifications.SUBSCRIPTIONS] = SubscriptionService(engines.database)
    app[notifications.TELLING] = services.telling
    app[operations.SERVICE] = _operations(engines)
    app[LIVE] = services.live
    app.on_shutdown.append(_close_sockets)
    app.cleanup_ctx.append(_Lifetime(engines, services, settings.parts).run)
    return app


@contextlib.asynccontextmanager
async def make_accounts(settings: Settings) -> AsyncIterator[AccountService]:
    """The accounts alone, for commands beside a server."""
    engines = make_engines(settings)
    redis = engines.redis
    hub = Hub(redis.bus, AuctionHistory(engines.database))
    ledger = Ledger(redis.cache, hub, currency=settings.currency)
    accounts = AccountService(engines.database, redis.cache, redis.limiter, hub, ledger, settings)
    try:
        yield accounts
    finally:
        accounts.close()
        await redis.close()
        engines.public.close()
        engines.database.close()


def make_engines(settings: Settings) -> Engines:
    """The engines of the settings, not yet opened. Raises NotConfigured."""
    observe: Observer | None = log_statement if settings.environment == "development" else None
    url = _required(settings.database_url, "DATABASE_URL")
    database = Database(url, size=settings.database_connections, observe=observe)
    public = database
    if settings.database_replica_url is not None:
        replica = settings.database_replica_url.get_secret_value()
        public = Database(replica, size=REPLICA_CONNECTIONS, observe=observe)
    redis = RedisEngine(_required(settings.redis_url, "REDIS_URL"))
    folder = data_dir_of(settings) / FILES_FOLDER
    return Engines(database, public, redis, _provider(settings), storage_for(settings, folder))


def _provider(settings: Settings) -> Payments:
    if settings.stripe_secret_key is None:
        return NoProvider()
    # The library takes a quarter of a second to load, which only those wait for who use it.
    from instasell_server.adapters.stripe.gateway import StripeGateway

    secret = _required(settings.stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET")
    key = settings.stripe_secret_key.get_secret_value()
    return StripeGateway(key, secret, settings.stripe_api_base)


def _required(value: SecretStr | None, name: str) -> str:
    if value is None:
        raise NotConfigured(f"set INSTASELL_{name}")
    return value.get_secret_value()


def log_statement(sql: str, seconds: float) -> None:
    """In development, each statement with its time; the values never."""
    _log.debug("sql", statement=" ".join(sql.split()), ms=round(seconds * 1000, 2))


def _services(engines: Engines, settings: Settings) -> Services:
    database, redis = engines.database, engines.redis
    history = AuctionHistory(database)
    hub = Hub(redis.bus, history)
    ledger = Ledger(redis.cache, hub, currency=settings.currency)
    people = AccountService(database, redis.cache, redis.limiter, hub, ledger, settings)
    pictures = Pictures()
    files = MediaService(
        database, engines.objects, pictures, file_bytes_max=settings.file_bytes_max
    )
    goods = ListingService(database, engines.public, redis.cache, files)
    money, bought, fulfilment = _money(engines, settings, ledger, goods)
    gas = AuctionGas(
        ledger, auction_fee=settings.auction_gas_fee, feature_fee=settings.feature_gas_fee
    )
    lifecycle = Lifecycle(database, redis.cache, hub, history, bought, goods, gas)
    lanes, batch = settings.auctioneer_lanes, settings.auctioneer_batch
    auctioneer = Auctioneer(
        database, redis.locks, redis.bus, lifecycle, lanes=lanes, batch_size=batch
    )
    market = _auctions(engines, settings, auctioneer, lifecycle, bought, gas)
    live = LiveEndpoint(
        hub,
        history,
        market,
        people.authenticate,
        origins=settings.cors_origins,
        limited=settings.rate_limit_bids > 0,
    )
    leaving = WithdrawalService(database, engines.provider, ledger, money)
    purses = WalletService(database, ledger, money, Featuring(gas, lifecycle), leaving)
    told = NotificationService(database)
    outbox = _outbox(database, people, goods, files, lifecycle, told)
    closer = Closer(database, lifecycle)
    escrow = Escrow(
        (fulfilment.carry_out_due, money.reconcile, money.send_refunds, leaving.send_pending)
    )
    complaints = DisputeService(database, fulfilment, files, currency=settings.currency)
    fulfilment.serve(complaints)
    files.serve(goods, complaints)
    talk = MessageService(database, redis.limiter, hub, per_minute=settings.rate_limit_messages)
    desk = AdminService(
        database, engines.public, people, goods, lifecycle, bought, talk,
        currency=settings.currency,
    )  # fmt: skip
    complaints.serve(desk)
    telling = _telling(settings, database, hub, history)
    return Services(
        people, goods, files, pictures, market, bought, fulfilment, complaints, money, purses,
        desk, talk, told, telling, auctioneer, hub, live, closer, escrow, outbox,
    )  # fmt: skip


def _money(
    engines: Engines, settings: Settings, ledger: Ledger, goods: ListingService
) -> tuple[PaymentService, OrderService, Fulfilment]:
    return_url = (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    money = PaymentService(
        engines.database, engines.provider, ledger, return_url=return_url + payments.RETURN_PATH
    )
    bought = OrderService(
        engines.database,
        goods,
        payment_deadline_hours=settings.payment_deadline_hours,
        currency=settings.currency,
    )
    fulfilment = Fulfilment(engines.database, bought, money, ledger)
    money.serve(fulfilment)
    return money, bought, fulfilment


def _auctions(
    engines: Engines,
    settings: Settings,
    auctioneer: Auctioneer,
    lifecycle: Lifecycle,
    bought: OrderService,
    gas: AuctionGas,
) -> AuctionService:
    return AuctionService(
        engines.database,
        engines.public,
        engines.redis.cache,
        engines.redis.limiter,
        auctioneer,
        lifecycle,
        bought,
        gas,
        currency=settings.currency,
        max_days=settings.auction_max_days,
        bids_per_minute=settings.rate_limit_bids,
    )


def _outbox(
    database: Database,
    people: AccountService,
    goods: ListingService,
    files: MediaService,
    lifecycle: Lifecycle,
    told: NotificationService,
) -> Outbox:
    return Outbox(
        database,
        {
            **people.outbox,
            **goods.outbox,
            **files.outbox,
            USER_SUSPENDED: lifecycle.call_off_all_of,
            "auction_ended": lifecycle.tell_again,
            "auction_cancelled": lifecycle.tell_again,
            LISTING_EDITED: Edits(database, lifecycle).carry_out,
        },
        cleaners=(people.delete_old_sessions, files.delete_abandoned, told.delete_old),
    )


def _telling(settings: Settings, database: Database, hub: Hub, history: AuctionHistory) -> Telling:
    return Telling(
        database,
        hub,
        history,
        currency=settings.currency,
        ending_soon_minutes=settings.ending_soon_minutes,
    )


def _operations(engines: Engines) -> OperationsService:
    return OperationsService(engines.database, engines.redis.cache, document=_document, page=_page)


@cache
def _document() -> bytes:
    return render_document(TABLE)


@cache
def _page() -> bytes:
    return render_page(_document())


async def _close_sockets(app: web.Application) -> None:
    await app[LIVE].close()


class _Lifetime:
    """Starts what runs by itself, and stops it in the other order."""

    def __init__(self, engines: Engines, services: Services, parts: frozenset[Part]) -> None:
        self._engines = engines
        self._services = services
        self._parts = parts

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """The context that aiohttp enters when the application starts."""
        services = self._services
        self._engines.redis.start()
        services.hub.start()
        services.live.start()
        services.auctioneer.start()
        tasks = [asyncio.create_task(metrics.watch_loop(), name="loop-lag")]
        if Part.WORKER in self._parts:
            tasks.append(asyncio.create_task(services.closer.run(), name="closer"))
            tasks.append(asyncio.create_task(services.outbox.run(), name="outbox"))
            tasks.append(asyncio.create_task(services.escrow.run(), name="escrow"))
            notices = Notices(services.telling)
            tasks.append(asyncio.create_task(notices.run(), name="notices"))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await services.auctioneer.stop()
        await services.hub.stop()
        await finish_running()
        services.accounts.close()
        services.pictures.close()
        await self._engines.objects.close()
        await self._engines.provider.close()
        await self._engines.redis.close()
        self._engines.public.close()
        self._engines.database.close()
