"""Decide the user's side of an order, what is due, and the possible steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum, StrEnum

from instasell_client.models.orders import Order, OrderStatus


class OrderSide(StrEnum):
    """Name the side of an order."""

    BUYER = "buyer"
    SELLER = "seller"


class OrderDue(IntEnum):
    """Name the steps that an order waits for from the signed-in user, the most urgent first."""

    PAY = 0
    SHIP = 1
    CONFIRM = 2
    NOTHING = 3


class OrderStep(StrEnum):
    """Name the steps that are possible with an order."""

    PAY_WALLET = "pay_wallet"
    PAY_CARD = "pay_card"
    ADDRESS = "address"
    SHIP = "ship"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    REFUND = "refund"
    DISPUTE = "dispute"
    ANSWER = "answer"
    ATTACH = "attach"


_BUYERS = {
    OrderStatus.PENDING: {
        OrderStep.PAY_WALLET,
        OrderStep.PAY_CARD,
        OrderStep.ADDRESS,
        OrderStep.CANCEL,
    },
    OrderStatus.PROCESSING: {OrderStep.ADDRESS, OrderStep.CANCEL, OrderStep.DISPUTE},
    OrderStatus.SHIPPED: {OrderStep.CONFIRM, OrderStep.DISPUTE},
    OrderStatus.DISPUTED: {OrderStep.ANSWER, OrderStep.ATTACH},
}
_SELLERS = {
    OrderStatus.PROCESSING: {OrderStep.SHIP, OrderStep.CANCEL, OrderStep.REFUND},
    OrderStatus.SHIPPED: {OrderStep.CANCEL, OrderStep.REFUND},
    OrderStatus.DISPUTED: {OrderStep.REFUND, OrderStep.ANSWER, OrderStep.ATTACH},
}
_DUE = {
    (OrderSide.BUYER, OrderStatus.PENDING): OrderDue.PAY,
    (OrderSide.SELLER, OrderStatus.PROCESSING): OrderDue.SHIP,
    (OrderSide.BUYER, OrderStatus.SHIPPED): OrderDue.CONFIRM,
}


def side_of(order: Order, user_id: str) -> OrderSide:
    """Return the side of the order that the user is on."""
    return OrderSide.BUYER if order.buyer_id == user_id else OrderSide.SELLER


def overdue(order: Order, now: datetime) -> bool:
    """Return whether the time to pay is over; the server then cancels the order by itself."""
    return order.status is OrderStatus.PENDING and order.payment_due_at <= now


def due_of(order: Order, user_id: str, now: datetime) -> OrderDue:
    """Return the step that the order waits for from the user."""
    if overdue(order, now):
        return OrderDue.NOTHING
    return _DUE.get((side_of(order, user_id), order.status), OrderDue.NOTHING)


def steps_of(order: Order, user_id: str, now: datetime) -> set[OrderStep]:
    """Return the steps that the user may take. Only the server decides when a paid order can be
    cancelled.
    """
    table = _BUYERS if side_of(order, user_id) is OrderSide.BUYER else _SELLERS
    steps = set(table.get(order.status, ()))
    if overdue(order, now):
        steps -= {OrderStep.PAY_WALLET, OrderStep.PAY_CARD, OrderStep.ADDRESS}
    return steps


def sort_orders(orders: Iterable[Order], user_id: str, now: datetime) -> list[Order]:
    """Sort orders: those with a step due first, the longest wait of a kind on top; then the
    newest.
    """

    def place(order: Order) -> tuple[int, float, str]:
        due = due_of(order, user_id, now)
        if due is OrderDue.PAY:
            return due, order.payment_due_at.timestamp(), order.id
        if due is OrderDue.SHIP:
            return due, (order.paid_at or order.created_at).timestamp(), order.id
        if due is OrderDue.CONFIRM:
            return due, (order.escrow_release_at or order.updated_at).timestamp(), order.id
        return due, -order.created_at.timestamp(), order.id

    return sorted(orders, key=place)
