"""Disputes: a buyer complains, both sides are heard, and an admin decides."""

from __future__ import annotations

from functools import partial
from typing import Literal

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.base import Page
from instasell_client.models.disputes import (
    Dispute,
    DisputeReason,
    DisputesQuery,
    DisputeStatus,
    DisputeView,
    OpenDispute,
    ReplyToDispute,
)
from instasell_client.operation import (
    Operation,
    Pages,
    get,
    pages,
    path,
    post,
    reads,
    request,
)

ReasonName = DisputeReason | Literal["not_received", "not_as_described", "damaged", "other"]
StatusName = DisputeStatus | Literal["open", "resolved"]


class Disputes(Resource[Mode]):
    """`client.disputes`. Amounts are minor units of the order's currency."""

    @endpoint
    def open(
        self,
        order_id: str,
        reason: ReasonName,
        text: str,
        *,
        idempotency_key: str | None = None,
    ) -> Operation[DisputeView]:
        """The buyer complains of a paid order; its money stays where it is until that is decided.

        Raises OrderNotFound, Forbidden for the seller, OrderNotReady, Invalid.
        """
        at = path("/orders/{}/dispute", order_id)
        body = request(OpenDispute, reason=reason, text=text)
        return post(at, reads(DisputeView), body, key=idempotency_key)

    @paged
    def list(
        self,
        *,
        status: StatusName | None = None,
        order_id: str | None = None,
        page_size: int = 100,
    ) -> Pages[Dispute]:
        """The caller's disputes of both sides, the newest first; pages come as they are needed."""
        return pages(partial(_page, status=status, order_id=order_id, limit=page_size))

    @endpoint
    def page(
        self,
        *,
        status: StatusName | None = None,
        order_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[Dispute]]:
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _page(cursor, status=status, order_id=order_id, limit=limit)

    @endpoint
    def get(self, dispute_id: str) -> Operation[DisputeView]:
        """A dispute and what was said in it. Raises DisputeNotFound."""
        return get(path("/disputes/{}", dispute_id), DisputeView)

    @endpoint
    def reply(
        self, dispute_id: str, text: str, *, idempotency_key: str | None = None
    ) -> Operation[DisputeView]:
        """Says something in a dispute that is open. Raises DisputeNotFound, DisputeClosed."""
        at = path("/disputes/{}/reply", dispute_id)
        body = request(ReplyToDispute, text=text)
        return post(at, reads(DisputeView), body, key=idempotency_key)


def _page(cursor: str | None, **filters: object) -> Operation[Page[Dispute]]:
    return get("/disputes", Page[Dispute], request(DisputesQuery, cursor=cursor, **filters))
