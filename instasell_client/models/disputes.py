"""Disputes: what a buyer complains of while the money is held, and how it is decided."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from instasell_client.models.base import Id, Instant, Paging, Reply, Request
from instasell_client.models.media import Evidence
from instasell_client.models.money import AmountOrZero
from instasell_client.models.orders import OrderStatus
from instasell_client.models.text import Line, Message


class DisputeReason(StrEnum):
    """Name the problem of a buyer."""

    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    DAMAGED = "damaged"
    OTHER = "other"


class DisputeKind(StrEnum):
    """Name who decides: an admin of the market, or the bank that took the payment back."""

    COMPLAINT = "complaint"
    CHARGEBACK = "chargeback"


class DisputeStatus(StrEnum):
    """Name the state of a dispute; resolved is final."""

    OPEN = "open"
    RESOLVED = "resolved"


Statement = Annotated[Message, Field(min_length=1, max_length=2000)]


class OpenDispute(Request):
    """Open a dispute: the buyer's problem as a reason, and as text."""

    reason: DisputeReason
    text: Statement


class ReplyToDispute(Request):
    """Reply to a dispute."""

    text: Statement


class ResolveDispute(Request):
    """Resolve a dispute: the part of the held money for the buyer; the rest is the seller's."""

    refund_amount: AmountOrZero
    reason: Annotated[Line, Field(min_length=1, max_length=500)]


class DisputeMessage(Reply):
    """Record what one side said, and when."""

    author: Literal["buyer", "seller"]
    author_name: str
    text: str
    created_at: Instant


class Dispute(Reply):
    """Describe a dispute and its order; amounts in minor units.

    `text` is what it was opened with. `refund_amount`, `resolution` and `resolved_by` are there
    once it is resolved; the refund is what went back then, beside earlier refunds of the order.
    Nobody here resolves a chargeback, so that its `resolved_by` stays absent.
    """

    id: Id
    order_id: Id
    status: DisputeStatus
    kind: DisputeKind = DisputeKind.COMPLAINT
    reason: DisputeReason
    text: str
    buyer_id: Id
    buyer_name: str
    seller_id: Id
    seller_name: str
    title: str
    order_status: OrderStatus
    total_amount: int
    held_amount: int
    currency: str
    refund_amount: int | None
    resolution: str | None
    resolved_by: Literal["seller", "admin"] | None
    created_at: Instant
    updated_at: Instant
    resolved_at: Instant | None


class DisputeView(Reply):
    """Describe a dispute with its messages and files, the oldest first."""

    dispute: Dispute
    messages: list[DisputeMessage]
    evidence: list[Evidence] = []


class DisputesQuery(Paging):
    """Select disputes in one state, or of one order."""

    status: DisputeStatus | None = None
    order_id: Id | None = None
