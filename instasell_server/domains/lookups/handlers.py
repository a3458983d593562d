"""Routes that find ids."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.accounts import Scope
from instasell_client.models.lookups import LookupQuery, Matches, OwnLookupQuery
from instasell_server.domains.lookups.service import LookupService
from instasell_server.http.route import PUBLIC, Call, Route, signed_in

SERVICE = web.AppKey("lookups", LookupService)


async def find(call: Call[None, LookupQuery]) -> Matches:
    """Handle `GET /lookup`."""
    return await call.service(SERVICE).find(call.query)


async def find_own(call: Call[None, OwnLookupQuery]) -> Matches:
    """Handle `GET /lookup/own`."""
    return await call.service(SERVICE).find_own(call.user, call.query)


ROUTES: list[Route] = [
    Route(
        "GET", "/lookup", find, PUBLIC,
        "Find an auction, listing or seller by the beginning of its id or by its title",
        query=LookupQuery, reply=Matches, tag="lookups",
    ),
    Route(
        "GET", "/lookup/own", find_own, signed_in(Scope.READ, suspended=True),
        "Find something of yours by the beginning of its id, by its SKU or its title",
        query=OwnLookupQuery, reply=Matches, tag="lookups",
    ),
]  # fmt: skip
