"""Open disputes about orders, reply to them, and read them; an admin decides."""

from __future__ import annotations

from functools import partial
from typing import Literal, TypedDict, Unpack

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


class DisputeFilters(TypedDict, total=False):
    """Select disputes."""

    status: StatusName | None
    order_id: str | None


class Disputes(Resource[Mode]):
    """Group the calls of `client.disputes`. Amounts are minor units of the order's currency."""

    @endpoint
    def open(
        self,
        order_id: str,
        reason: ReasonName,
        text: str,
        *,
        idempotency_key: str | None = None,
    ) -> Operation[DisputeView]:
        """Open a dispute about an order that you paid; its money is held until the decision.

        Args:
            order_id: Id of the order.
            reason: Kind of problem.
            text: Description of the problem.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            DisputeView.

        Raises:
            Forbidden, OrderNotFound, OrderNotReady(order_status), Invalid

        Example:
            view = client.disputes.open(order_id, "damaged", "The lid is broken.")

        See docs/api.md#post-ordersorder_iddispute.
        """
        at = path("/orders/{}/dispute", order_id)
        body = request(OpenDispute, reason=reason, text=text)
        return post(at, reads(DisputeView), body, key=idempotency_key)

    @paged
    def list(self, *, page_size: int = 100, **filters: Unpack[DisputeFilters]) -> Pages[Dispute]:
        """List the disputes of your orders, the newest first.

        Args:
            status: Only disputes of this status.
            order_id: Only disputes of this order.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Dispute; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for dispute in client.disputes.list(status="open"):
                print(dispute.id)

        See docs/api.md#get-disputes.
        """
        return pages(partial(_page, limit=page_size, **filters))

    @endpoint
    def page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[DisputeFilters]
    ) -> Operation[Page[Dispute]]:
        """Return one page of the disputes of your orders.

        Args:
            filters: Those of `list`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Dispute].

        Raises:
            Invalid

        Example:
            page = client.disputes.page(order_id=order_id)

        See docs/api.md#get-disputes.
        """
        return _page(cursor, limit=limit, **filters)

    @endpoint
    def get(self, dispute_id: str) -> Operation[DisputeView]:
        """Return a dispute and its messages.

        Args:
            dispute_id: Id of the dispute.

        Returns:
            DisputeView.

        Raises:
            DisputeNotFound, Invalid

        Example:
            view = client.disputes.get(dispute_id)

        See docs/api.md#get-disputesdispute_id.
        """
        return get(path("/disputes/{}", dispute_id), DisputeView)

    @endpoint
    def reply(
        self, dispute_id: str, text: str, *, idempotency_key: str | None = None
    ) -> Operation[DisputeView]:
        """Reply in an open dispute.

        Args:
            dispute_id: Id of the dispute.
            text: Message to the other side and the admins.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            DisputeView.

        Raises:
            Forbidden, DisputeNotFound, DisputeClosed, Invalid

        Example:
            client.disputes.reply(dispute_id, "Here is a picture.")

        See docs/api.md#post-disputesdispute_idreply.
        """
        at = path("/disputes/{}/reply", dispute_id)
        body = request(ReplyToDispute, text=text)
        return post(at, reads(DisputeView), body, key=idempotency_key)


def _page(cursor: str | None, **filters: object) -> Operation[Page[Dispute]]:
    return get("/disputes", Page[Dispute], request(DisputesQuery, cursor=cursor, **filters))
