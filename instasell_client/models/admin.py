"""The admin's desk: people, alerts, what admins did, orders with their ledger, and figures."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AliasChoices, Field

from instasell_client.models.accounts import Role, Signup, User, UserStatus
from instasell_client.models.base import (
    GivenInstant,
    Id,
    Instant,
    JsonObject,
    Paging,
    Reply,
    Request,
)
from instasell_client.models.messages import Message
from instasell_client.models.orders import OrderStatus, OrderView
from instasell_client.models.text import Line

BUCKETS_MAX = 400
"""How many buckets one answer of figures has at most."""

Why = Annotated[Line, Field(min_length=1, max_length=500)]


class Reason(Request):
    """Give the reason of an admin's action; it stays in the audit log."""

    reason: Why


class EnterUsers(Reason):
    """Sign in accounts by their passwords, or create those that do not exist."""

    users: Annotated[list[Signup], Field(min_length=1, max_length=100)]


class EnteredOutcome(StrEnum):
    """Name the result of one account."""

    CREATED = "created"
    EXISTING = "existing"
    REFUSED = "refused"


class EnteredUser(Reply):
    """Give the result of one account, in the order of the request: a token, or a code.

    `bad_credentials` is the code where the account has another password.
    """

    email: str
    outcome: EnteredOutcome
    user: User | None = None
    token: str | None = None
    expires_at: Instant | None = None
    code: str | None = None
    message: str | None = None


class EnteredUsers(Reply):
    """List the results of all accounts."""

    items: list[EnteredUser]


class SetRole(Reason):
    """Give an account a role."""

    role: Role


class UsersQuery(Paging):
    """Select accounts, the newest first. `q` is a part of the address or the name, or an id."""

    q: Annotated[Line, Field(min_length=1, max_length=100)] | None = None
    role: Role | None = None
    status: UserStatus | None = None


class AdminOrdersQuery(Paging):
    """Select orders of all users, the newest first."""

    status: OrderStatus | None = None
    buyer: Id | None = None
    seller: Id | None = None


class AdminAction(Reply):
    """Record what an admin did, to what, and why. It is never changed or deleted.

    `action` is one of suspend_user, unsuspend_user, set_role, verify_user, allow_payouts,
    close_alert, refund_payment, charge_seller, correct_chargeback, cancel_auction, remove_listing,
    resolve_dispute, or one that a newer server knows.
    """

    id: int
    admin_id: Id
    admin_name: str
    action: str
    subject_kind: str
    subject_id: Id
    reason: str
    details: JsonObject
    created_at: Instant


class AuditLogQuery(Paging):
    """Select actions of one admin, of one kind, or on one subject, the newest first."""

    admin: Id | None = None
    action: Annotated[str, Field(pattern=r"^[a-z_]{1,60}$")] | None = None
    subject: Id | None = None


class Alert(Reply):
    """Describe what an operator must look at. `subject` names its cause, such as a payment.

    `remedy` says what to do about it, and by which command.
    """

    id: Id
    kind: str
    subject: str
    details: JsonObject
    created_at: Instant
    closed_at: Instant | None
    remedy: str | None = None


class AlertsQuery(Paging):
    """Select alerts, the open ones first, each part the newest first; `closed` selects one part."""

    closed: bool | None = None


class LedgerRow(Reply):
    """Describe one row of a transfer of an order; the rows of a transfer sum to zero.

    `amount` is in minor units, as `account` sees it; `user_id` is set for an account of a
    wallet only.
    """

    id: Id
    transfer_id: Id
    account: str
    user_id: Id | None
    order_id: Id | None
    type: str
    amount: int
    reference: str | None
    created_at: Instant


class AdminOrder(OrderView):
    """Describe an order with its history, every movement of its money, and its messages.

    All of it the oldest first.
    """

    ledger: list[LedgerRow]
    messages: list[Message] = []


class Bucket(StrEnum):
    """Name the length of a bucket of time: in UTC, weeks from Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class AnalyticsQuery(Request):
    """Select figures `from` an instant `to` another; `from_at` and `to_at` are accepted as well.

    The span is widened to whole buckets and ends no later than the bucket of this moment. Left out,
    `to` is this moment, and `from` 24 hours, 30 days or 26 weeks before `to`.
    """

    from_at: Annotated[
        GivenInstant | None, Field(validation_alias=AliasChoices("from", "fromAt"))
    ] = None
    to_at: Annotated[GivenInstant | None, Field(validation_alias=AliasChoices("to", "toAt"))] = None
    bucket: Bucket = Bucket.DAY


class Figures(Reply):
    """Count what happened from `start_at` until before `end_at`; amounts in minor units.

    `active_auctions` were open when the bucket ended, or are now. `bids_per_auction` is over the
    auctions that took a bid. `gross_amount` is the total of the orders that were paid. Payments are
    those at the provider, by when its word came; `payment_success_rate` is between 0 and 1.
    `fulfilment_seconds_median` is from paid to delivered, of the orders that were delivered. What
    is over nothing is None.
    """

    start_at: Instant
    end_at: Instant
    registrations: int
    listings: int
    auctions_started: int
    active_auctions: int
    bids: int
    bids_per_auction: float | None
    orders: int
    orders_paid: int
    gross_amount: int
    payments_succeeded: int
    payments_failed: int
    payment_success_rate: float | None
    refunds: int
    refunded_amount: int
    orders_delivered: int
    fulfilment_seconds_median: float | None


class Analytics(Reply):
    """List the figures of every bucket of a period, the oldest first; empty ones have zeros."""

    from_at: Instant
    to_at: Instant
    bucket: Bucket
    currency: str
    items: list[Figures]
