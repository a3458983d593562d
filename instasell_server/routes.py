"""Every URL of the server, in one table.

Each domain writes its rows beside its handlers; here they come together. The router, the
authorisation, the OpenAPI document, `docs/api.md` and the tests are fed by this table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from aiohttp import web

from instasell_client.models.errors import Forbidden
from instasell_server.config.settings import ServerPart
from instasell_server.domains.accounts import handlers as accounts
from instasell_server.domains.admin import handlers as admin
from instasell_server.domains.auctions import handlers as auctions
from instasell_server.domains.disputes import handlers as disputes
from instasell_server.domains.listings import handlers as listings
from instasell_server.domains.lookups import handlers as lookups
from instasell_server.domains.media import handlers as media
from instasell_server.domains.messages import handlers as messages
from instasell_server.domains.notifications import handlers as notifications
from instasell_server.domains.operations import handlers as operations
from instasell_server.domains.orders import handlers as orders
from instasell_server.domains.payments import handlers as payments
from instasell_server.domains.wallets import handlers as wallets
from instasell_server.http.route import PUBLIC, Call, Route
from instasell_server.realtime.websocket import LiveEndpoint

LIVE: web.AppKey[LiveEndpoint] = web.AppKey("live", LiveEndpoint)


def open_socket(call: Call[None, None]) -> Awaitable[web.StreamResponse]:
    """Handle `GET /ws`. A coroutine of its own would stay for as long as the socket does."""
    return call.service(LIVE).serve(call)


TABLE: tuple[Route, ...] = (
    *accounts.ROUTES,
    *listings.ROUTES,
    *media.ROUTES,
    *auctions.ROUTES,
    *orders.ROUTES,
    *disputes.ROUTES,
    *wallets.ROUTES,
    *payments.ROUTES,
    *messages.ROUTES,
    *notifications.ROUTES,
    *lookups.ROUTES,
    *admin.ROUTES,
    Route(
        "GET",
        "/ws",
        open_socket,
        PUBLIC,
        "Open a WebSocket to watch auctions and to bid",
        status=101,
        tag="live",
        errors=(Forbidden,),
        streams=True,
        part=ServerPart.WS,
    ),
    *operations.ROUTES,
)


def routes_of(parts: Iterable[ServerPart]) -> list[Route]:
    """Return the rows that a process with these parts serves."""
    wanted = set(parts)
    return [route for route in TABLE if route.part is None or route.part in wanted]
