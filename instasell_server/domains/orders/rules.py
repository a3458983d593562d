"""Check who may do what to an order, and when. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from instasell_client.models.errors import ChargebackOpen, Forbidden, Invalid, OrderNotReady
from instasell_client.models.orders import OrderStatus

HOLD_DAYS = 7
"""From shipping to the release, and from payment to the first day on which a buyer may cancel."""

UNSHIPPED_DAYS = 21
"""After this long without shipping the market itself cancels an order."""


class Actor(StrEnum):
    """Name the role of who acts on an order."""

    BUYER = "buyer"
    SELLER = "seller"
    ADMIN = "admin"
    MARKET = "market"


class OrderState(NamedTuple):
    """Hold the state of an order; amounts in minor units."""

    status: OrderStatus
    total_amount: int
    held_amount: int
    payment_due_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    escrow_release_at: datetime | None
    bank_claims: int = 0
    refunded_amount: int = 0


_SHOWN: Mapping[OrderStatus, str] = {
    OrderStatus.PENDING: "it is not paid yet",
    OrderStatus.PROCESSING: "it is paid and not shipped yet",
    OrderStatus.SHIPPED: "it is on its way",
    OrderStatus.DELIVERED: "it is delivered, and its money released",
    OrderStatus.DISPUTED: "a dispute is open on it",
    OrderStatus.CANCELLED: "it is cancelled",
}


_HOLDING = (OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DISPUTED)


def not_ready(state: OrderState) -> OrderNotReady:
    """Return the refusal that names the order's status."""
    return OrderNotReady(_SHOWN[state.status], order_status=state.status.value)


def check_unclaimed(state: OrderState) -> None:
    """Raise ChargebackOpen while a bank's claim on the money waits for its verdict."""
    if state.bank_claims:
        raise ChargebackOpen("the buyer's bank has taken the payment back; its verdict decides")


def is_held(state: OrderState) -> bool:
    """Return whether the order is paid and not at its end, so that its money is held."""
    return state.status in _HOLDING


def check_payable(state: OrderState, now: datetime) -> None:
    """Raise OrderNotReady unless the order waits to be paid and its time is not over."""
    if state.status is not OrderStatus.PENDING:
        raise not_ready(state)
    if state.payment_due_at <= now:
        raise OrderNotReady("the time to pay it is over", order_status=OrderStatus.PENDING.value)


def seller_away(state: OrderState) -> OrderNotReady:
    """Return the refusal of a payment whose seller is suspended and could not ship."""
    return OrderNotReady(
        "the seller is suspended and cannot ship, so nothing was charged; the order waits, and you"
        " have the whole time to pay once the seller is back, or cancel it",
        order_status=state.status.value,
    )


def check_shippable(state: OrderState) -> None:
    """Raise OrderNotReady unless the order is paid and not shipped."""
    if state.status is not OrderStatus.PROCESSING:
        raise not_ready(state)


def check_confirmable(state: OrderState) -> None:
    """Raise OrderNotReady unless the order is shipped."""
    if state.status is not OrderStatus.SHIPPED:
        raise not_ready(state)


def check_cancellable(state: OrderState, actor: Actor, now: datetime) -> None:
    """Raise OrderNotReady, or Forbidden where only the other side may cancel."""
    status = state.status
    if status is OrderStatus.PENDING:
        if actor is Actor.SELLER:
            raise Forbidden("only the buyer may cancel an unpaid order; unpaid it ends by itself")
        return
    if status is OrderStatus.PROCESSING:
        if actor is not Actor.BUYER:
            return
        assert state.paid_at is not None
        free_at = state.paid_at + timedelta(days=HOLD_DAYS)
        if now < free_at:
            raise OrderNotReady(
                f"the seller has until {free_at:%Y-%m-%d %H:%M} UTC to ship it",
                order_status=status.value,
            )
        return
    if status is OrderStatus.SHIPPED and actor is not Actor.BUYER:
        return
    if status is OrderStatus.SHIPPED:
        raise Forbidden("it is on its way; ask the seller")
    check_unclaimed(state)
    raise not_ready(state)


def refund_amount(state: OrderState, wanted: int | None) -> int:
    """Return what a refund moves. Raises OrderNotReady, and Invalid for more than is held."""
    if state.status not in _HOLDING:
        raise not_ready(state)
    check_unclaimed(state)
    amount = state.held_amount if wanted is None else wanted
    if amount > state.held_amount:
        raise Invalid.one("amount", f"at most {state.held_amount} is held")
    return amount


def check_disputable(state: OrderState) -> None:
    """Raise OrderNotReady unless money is held that no dispute is about yet."""
    paid = state.status in (OrderStatus.PROCESSING, OrderStatus.SHIPPED)
    if not paid or not state.held_amount:
        raise not_ready(state)


def remaining_amount(state: OrderState, refund_amount: int) -> int:
    """Return what the seller gets of a disputed order, in minor units.

    Raises OrderNotReady, and Invalid for a refund of more than is held.
    """
    if state.status is not OrderStatus.DISPUTED:
        raise not_ready(state)
    check_unclaimed(state)
    if refund_amount > state.held_amount:
        raise Invalid.one("refund_amount", f"at most {state.held_amount} is held")
    return state.held_amount - refund_amount


def returns_stock(state: OrderState) -> bool:
    """Return whether a cancelled order's item can be sold again; not once it was shipped."""
    return state.shipped_at is None


def is_overdue(state: OrderState, now: datetime) -> bool:
    """Return whether the time to pay is over."""
    return state.status is OrderStatus.PENDING and state.payment_due_at <= now


def is_abandoned(state: OrderState, now: datetime) -> bool:
    """Return whether a paid order was unshipped for so long that the buyer is refunded."""
    return (
        state.status is OrderStatus.PROCESSING
        and state.paid_at is not None
        and state.paid_at + timedelta(days=UNSHIPPED_DAYS) <= now
    )


def is_released(state: OrderState, now: datetime) -> bool:
    """Return whether the buyer was silent for so long that the seller gets the money."""
    return (
        state.status is OrderStatus.SHIPPED
        and state.escrow_release_at is not None
        and state.escrow_release_at <= now
    )
