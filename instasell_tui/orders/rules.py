"""What an order is to the signed-in user: which side, what is due, which steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum, StrEnum

from instasell_client.models.orders import Order, OrderStatus


class Side(StrEnum):
    """Which side of an order somebody is."""

    BUYER = "buyer"
    SELLER = "seller"


class Due(IntEnum):
    """What an order waits for from the signed-in user, the most urgent first."""

    PAY = 0
    SHIP = 1
    CONFIRM = 2
    NOTHING = 3


class Step(StrEnum):
    """What can be done with an order."""

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
    OrderStatus.PENDING: {Step.PAY_WALLET, Step.PAY_CARD, Step.ADDRESS, Step.CANCEL},
    OrderStatus.PROCESSING: {Step.ADDRESS, Step.CANCEL, Step.DISPUTE},
    OrderStatus.SHIPPED: {Step.CONFIRM, Step.DISPUTE},
    OrderStatus.DISPUTED: {Step.ANSWER, Step.ATTACH},
}
_SELLERS = {
    OrderStatus.PROCESSING: {Step.SHIP, Step.CANCEL, Step.REFUND},
    OrderStatus.SHIPPED: {Step.CANCEL, Step.REFUND},
    OrderStatus.DISPUTED: {Step.REFUND, Step.ANSWER, Step.ATTACH},
}
_DUE = {
    (Side.BUYER, OrderStatus.PENDING): Due.PAY,
    (Side.SELLER, OrderStatus.PROCESSING): Due.SHIP,
    (Side.BUYER, OrderStatus.SHIPPED): Due.CONFIRM,
}


def side_of(order: Order, user_id: str) -> Side:
    """Which side of the order the user is."""
    return Side.BUYER if order.buyer_id == user_id else Side.SELLER


def overdue(order: Order, now: datetime) -> bool:
    """Whether the time to pay is over; the market then calls the order off by itself."""
    return order.status is OrderStatus.PENDING and order.payment_due_at <= now


def due_of(order: Order, user_id: str, now: datetime) -> Due:
    """What the order waits for from the user."""
    if overdue(order, now):
        return Due.NOTHING
    return _DUE.get((side_of(order, user_id), order.status), Due.NOTHING)


def steps_of(order: Order, user_id: str, now: datetime) -> set[Step]:
    """What the user may do. When a buyer may call a paid order off is the market's to judge."""
    table = _BUYERS if side_of(order, user_id) is Side.BUYER else _SELLERS
    steps = set(table.get(order.status, ()))
    if overdue(order, now):
        steps -= {Step.PAY_WALLET, Step.PAY_CARD, Step.ADDRESS}
    return steps


def arranged(orders: Iterable[Order], user_id: str, now: datetime) -> list[Order]:
    """What is due comes first, each kind with what waits longest on top; then the newest."""

    def place(order: Order) -> tuple[int, float, str]:
        due = due_of(order, user_id, now)
        if due is Due.PAY:
            return due, order.payment_due_at.timestamp(), order.id
        if due is Due.SHIP:
            return due, (order.paid_at or order.created_at).timestamp(), order.id
        if due is Due.CONFIRM:
            return due, (order.escrow_release_at or order.updated_at).timestamp(), order.id
        return due, -order.created_at.timestamp(), order.id

    return sorted(orders, key=place)
