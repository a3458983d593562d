"""The composition root: here, and in `wiring`, the parts of the server meet, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache

from aiohttp import web

from instasell_server import metrics
from instasell_server.adapters.storage.disk import DiskObjects
from instasell_server.config.descriptors import (
    DescriptorShares,
    descriptor_limit,
    share_descriptors,
)
from instasell_server.config.settings import ServerPart, Settings
from instasell_server.db.transaction import finish_running
from instasell_server.domains.accounts import handlers as accounts
from instasell_server.domains.accounts.service import AccountService
from instasell_server.domains.admin import handlers as admin
from instasell_server.domains.admin.bulk_users import BulkUsers
from instasell_server.domains.auctions import handlers as auctions
from instasell_server.domains.auctions.bidding.bidder_auctions import BidderAuctions
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.auctions.pages import AuctionPages
from instasell_server.domains.auctions.selling.checks import AuctionChecker
from instasell_server.domains.auctions.selling.seller_auctions import SellerAuctions
from instasell_server.domains.disputes import handlers as disputes
from instasell_server.domains.listings import handlers as listings
from instasell_server.domains.listings.pages import ListingPages
from instasell_server.domains.lookups import handlers as lookups
from instasell_server.domains.media import handlers as media
from instasell_server.domains.media.transfers import Transfers
from instasell_server.domains.messages import handlers as messages
from instasell_server.domains.notifications import handlers as notifications
from instasell_server.domains.notifications.subscriptions import SubscriptionService
from instasell_server.domains.operations import handlers as operations
from instasell_server.domains.operations.service import OperationsService
from instasell_server.domains.orders import handlers as orders
from instasell_server.domains.payments import handlers as payments
from instasell_server.domains.wallets import handlers as wallets
from instasell_server.http.client_address import networks_of
from instasell_server.http.connections import ConnectionLimits, OpenConnections
from instasell_server.http.docs import render_page
from instasell_server.http.openapi import render_document
from instasell_server.http.ratelimit import RateLimits
from instasell_server.http.rights import RIGHTS, RightsChecker
from instasell_server.http.web_app import make_application
from instasell_server.realtime.hub import Hub
from instasell_server.routes import LIVE, TABLE, routes_of
from instasell_server.wiring.engines import Engines, make_engines, require_setting
from instasell_server.wiring.services import Services, build_services, make_ledger, make_mails
from instasell_server.workers.notification_dispatcher import NotificationWorker

SERVICES = web.AppKey("services", Services)
REST_SECONDS = 0.25


def build(settings: Settings) -> web.Application:
    """Build the application of one server process. Its engines are opened when it starts.

    Raises NotConfigured without the address of PostgreSQL or Redis, or a secret, and
    TooFewDescriptors.
    """
    shares = share_descriptors(settings, descriptor_limit())
    require_setting(settings.jwt_secret, "JWT_SECRET")
    engines = make_engines(settings)
    services = build_services(engines, settings)
    limits = RateLimits(engines.redis.limiter, settings)
    routes = routes_of(settings.parts)
    connections = OpenConnections(_connection_limits(settings, shares))
    app = make_application(routes, settings, limits, services.accounts.authenticate, connections)
    app[media.TRANSFERS] = Transfers(shares.files)
    app[SERVICES] = services
    app[RIGHTS] = RightsChecker(engines.database, services.accounts.get_current)
    app[accounts.SERVICE] = services.accounts
    app[listings.SERVICE] = services.listings
    app[listings.PAGES] = ListingPages(engines.database, services.listings, services.media)
    app[media.SERVICE] = services.media
    if isinstance(engines.objects, DiskObjects):
        app[media.OWN_FILES] = engines.objects
    _add_auctions(app, engines, services, settings)
    app[orders.SERVICE] = services.orders
    app[orders.FULFILMENT] = services.fulfilment
    app[disputes.SERVICE] = services.disputes
    app[payments.SERVICE] = services.payments
    app[wallets.SERVICE] = services.wallets
    app[admin.SERVICE] = services.admin
    app[admin.BULK_USERS] = BulkUsers(services.accounts)
    app[admin.ALERTS] = services.alerts
    app[lookups.SERVICE] = services.lookups
    app[messages.SERVICE] = services.messages
    app[notifications.SERVICE] = services.notifications
    app[notifications.SUBSCRIPTIONS] = SubscriptionService(engines.database)
    app[notifications.TELLING] = services.notification_dispatcher
    app[operations.SERVICE] = _operations(engines)
    app[LIVE] = services.live
    app.on_shutdown.append(_close_sockets)
    app.cleanup_ctx.append(_Lifetime(engines, services, settings.parts).run)
    return app


def _add_auctions(
    app: web.Application, engines: Engines, services: Services, settings: Settings
) -> None:
    app[auctions.SERVICE] = services.auctions
    app[auctions.RESALE] = services.relisting
    app[auctions.PAGES] = AuctionPages(
        engines.database,
        engines.redis.cache,
        services.auctions.live,
        currency=settings.currency,
    )
    app[auctions.SELLING] = SellerAuctions(
        engines.database,
        currency=settings.currency,
        auction_fee=settings.auction_gas_fee,
        feature_fee=settings.feature_gas_fee,
    )
    app[auctions.CHECKER] = AuctionChecker(
        engines.database,
        auction_fee=settings.auction_gas_fee,
        max_days=settings.auction_max_days,
    )
    app[auctions.OWN_BIDS] = BidderAuctions(engines.database, currency=settings.currency)


def _connection_limits(settings: Settings, shares: DescriptorShares) -> ConnectionLimits:
    return ConnectionLimits(
        total=shares.connections,
        per_address=settings.connections_per_address,
        proxies=networks_of(settings.trusted_proxies),
        head_seconds=settings.head_seconds,
        stall_seconds=settings.stall_seconds,
        bytes_per_second=settings.bytes_per_second_min,
    )


@contextlib.asynccontextmanager
async def make_accounts(settings: Settings) -> AsyncIterator[AccountService]:
    """Yield the accounts alone, for commands beside a server."""
    engines = make_engines(settings)
    redis = engines.redis
    hub = Hub(redis.bus, AuctionHistory(engines.database))
    ledger = make_ledger(redis.cache, hub, settings)
    accounts = AccountService(
        engines.database,
        redis.cache,
        redis.limiter,
        hub,
        ledger,
        make_mails(engines, settings),
        settings,
    )
    try:
        yield accounts
    finally:
        accounts.close()
        await redis.close()
        engines.public.close()
        engines.database.close()


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


async def _after_a_rest(work: Callable[[], Awaitable[None]]) -> None:
    """Run the work after a rest: what waited so far is less urgent than callers."""
    await asyncio.sleep(REST_SECONDS)
    await work()


class _Lifetime:
    """Starts what runs by itself, and stops it in the other order."""

    def __init__(self, engines: Engines, services: Services, parts: frozenset[ServerPart]) -> None:
        self._engines = engines
        self._services = services
        self._parts = parts

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Start the application, as the context that aiohttp enters."""
        services = self._services
        self._engines.redis.start()
        services.hub.start()
        services.live.start()
        services.auctioneer.start()
        tasks = [asyncio.create_task(metrics.watch_loop(), name="loop-lag")]
        if ServerPart.WORKER in self._parts:
            tasks.append(asyncio.create_task(services.closer.run(), name="closer"))
            for name, work in (
                ("outbox", services.outbox.run),
                ("escrow", services.escrow.run),
                ("live-auctions", services.live_auctions.run),
                ("listing-counts", services.listing_counts.run),
                ("notices", NotificationWorker(services.notification_dispatcher).run),
                ("postman", services.mail_sender.run),
            ):
                tasks.append(asyncio.create_task(_after_a_rest(work), name=name))
        yield
        await app[RIGHTS].stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await services.auctioneer.stop()
        await services.hub.stop()
        await finish_running()
        services.accounts.close()
        await services.pictures.close()
        await self._engines.objects.close()
        await self._engines.provider.close()
        await self._engines.redis.close()
        self._engines.public.close()
        self._engines.database.close()
