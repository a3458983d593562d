"""The HTTP face of disputes."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.accounts import Scope
from instasell_client.models.base import Page
from instasell_client.models.disputes import (
    Dispute,
    DisputesQuery,
    DisputeView,
    OpenDispute,
    ReplyToDispute,
    ResolveDispute,
)
from instasell_client.models.errors import (
    ChargebackOpen,
    DisputeClosed,
    DisputeNotFound,
    OrderNotFound,
    OrderNotReady,
)
from instasell_server.domains.disputes.service import DisputeService
from instasell_server.http.route import ADMINS, TRADERS, Call, Route, signed_in

SERVICE = web.AppKey("disputes", DisputeService)

_LOOKING = signed_in(Scope.READ, suspended=True)
_SPEAKING = signed_in(Scope.PAY, roles=TRADERS)
_JUDGING = signed_in(Scope.ADMIN, roles=ADMINS)


async def open_dispute(call: Call[OpenDispute, None]) -> DisputeView:
    """Handle `POST /orders/{id}/dispute`."""
    service, order_id = call.service(SERVICE), call.path["order_id"]
    return await service.open(call.user, order_id, call.body, call.idempotency_key)


async def list_disputes(call: Call[None, DisputesQuery]) -> Page[Dispute]:
    """Handle `GET /disputes`."""
    return await call.service(SERVICE).list(call.user, call.query)


async def get_dispute(call: Call[None, None]) -> DisputeView:
    """Handle `GET /disputes/{id}`."""
    return await call.service(SERVICE).get(call.user, call.path["dispute_id"])


async def reply_to_dispute(call: Call[ReplyToDispute, None]) -> DisputeView:
    """Handle `POST /disputes/{id}/reply`."""
    service, dispute_id = call.service(SERVICE), call.path["dispute_id"]
    return await service.reply(call.user, dispute_id, call.body, call.idempotency_key)


async def list_all_disputes(call: Call[None, DisputesQuery]) -> Page[Dispute]:
    """Handle `GET /admin/disputes`."""
    return await call.service(SERVICE).list_all(call.query)


async def resolve_dispute(call: Call[ResolveDispute, None]) -> DisputeView:
    """Handle `POST /admin/disputes/{id}/resolve`."""
    service, dispute_id = call.service(SERVICE), call.path["dispute_id"]
    return await service.resolve(call.user, dispute_id, call.body, call.idempotency_key)


ROUTES: list[Route] = [
    Route(
        "POST", "/orders/{order_id}/dispute", open_dispute, _SPEAKING,
        "Open a dispute about a paid order; its money stays held until an admin has decided",
        body=OpenDispute, reply=DisputeView, status=201, tag="disputes",
        errors=(OrderNotFound, OrderNotReady),
    ),
    Route(
        "GET", "/disputes", list_disputes, _LOOKING,
        "List your disputes, as buyer and as seller, the newest first",
        query=DisputesQuery, reply=Page[Dispute], tag="disputes",
    ),
    Route(
        "GET", "/disputes/{dispute_id}", get_dispute, _LOOKING,
        "A dispute and what was said in it",
        reply=DisputeView, tag="disputes", errors=(DisputeNotFound,),
    ),
    Route(
        "POST", "/disputes/{dispute_id}/reply", reply_to_dispute, _SPEAKING,
        "Say something in a dispute that is open",
        body=ReplyToDispute, reply=DisputeView, tag="disputes",
        errors=(DisputeNotFound, DisputeClosed),
    ),
    Route(
        "GET", "/admin/disputes", list_all_disputes, _JUDGING,
        "Everybody's disputes, the oldest first",
        query=DisputesQuery, reply=Page[Dispute], tag="admin",
    ),
    Route(
        "POST", "/admin/disputes/{dispute_id}/resolve", resolve_dispute, _JUDGING,
        "Decide a dispute: how much goes back to the buyer's wallet, the rest is the seller's",
        body=ResolveDispute, reply=DisputeView, tag="admin",
        errors=(DisputeNotFound, DisputeClosed, ChargebackOpen),
    ),
]  # fmt: skip
