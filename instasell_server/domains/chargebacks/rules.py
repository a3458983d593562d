"""Out of whose pocket a chargeback comes. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from instasell_client.models.orders import OrderStatus
from instasell_server.domains.orders.rules import OrderState


class ClaimedAmounts(NamedTuple):
    """Sum the other chargebacks of an order, won ones aside, in minor units."""

    refunded_amount: int = 0
    escrow_amount: int = 0
    seller_amount: int = 0


class ChargebackShares(NamedTuple):
    """Divide a chargeback by its sources, in minor units; the sum is its amount.

    `refunded` is what the buyer had got back before, `escrow` is still held for the order, `buyer`
    is what the buyer has besides, `seller` is what was released, and the rest is the platform's.
    """

    refunded: int = 0
    escrow: int = 0
    buyer: int = 0
    seller: int = 0
    platform: int = 0


def share_of_order(
    amount: int, order: OrderState, others: ClaimedAmounts, *, buyer_balance: int
) -> ChargebackShares:
    """Share out a chargeback of the payment that paid an order.

    Who has the money twice pays first: the buyer, what was refunded of this payment. A refund
    is never the seller's to pay a second time, also if the buyer has spent it: that remains the
    buyer's debt. Then what is still held covers it, then what else is in the buyer's wallet, and
    only then the seller, up to what the order brought.
    """
    refunded = min(amount, max(0, order.refunded_amount - others.refunded_amount))
    escrow = min(amount - refunded, order.held_amount)
    rest = amount - refunded - escrow
    if order.status is OrderStatus.CANCELLED:
        # All of it went back, by refunds or by earlier chargebacks.
        return ChargebackShares(refunded=refunded + rest, escrow=escrow)
    released = order.total_amount - order.refunded_amount - others.escrow_amount
    if order.status is not OrderStatus.DELIVERED:
        released = 0
    buyer = min(rest, max(0, buyer_balance - refunded))
    seller = min(rest - buyer, max(0, released - others.seller_amount))
    return ChargebackShares(refunded, escrow, buyer, seller, rest - buyer - seller)


class PaidPart(NamedTuple):
    """Hold what one top-up has paid of an open order, in minor units."""

    order_id: str
    amount: int
    state: OrderState


def share_of_top_up(amount: int, left: int, parts: Sequence[PaidPart]) -> dict[str, int]:
    """Share out a chargeback of a top-up: what each open order that it paid loses of it.

    What is `left` of the top-up in the wallet goes first. Then orders that were not shipped, whose
    sellers still have their items, and of equal ones the newest. The payer owes the rest.
    """
    rest = max(0, amount - left)
    shares = {}
    for part in sorted(parts, key=_loses_first):
        share = min(rest, part.amount, part.state.held_amount)
        if share:
            shares[part.order_id] = share
            rest -= share
    return shares


def _loses_first(part: PaidPart) -> tuple[bool, float, str]:
    paid_at = part.state.paid_at
    assert paid_at is not None
    return part.state.shipped_at is not None, -paid_at.timestamp(), part.order_id


class Returned(NamedTuple):
    """Hold what comes back of a chargeback, by its source, in minor units."""

    nobody: int
    suspense: int
    owed: list[int]
    recovered: list[int]
    escrows: list[int]


def share_of_return(
    amount: int,
    *,
    nobody: int,
    suspense: int,
    debts: Sequence[tuple[int, int]],
    escrows: Sequence[int],
) -> Returned:
    """Share out what a bank gives back of a chargeback.

    First what nobody owes, then what was taken of money that was kept apart, then for each debt in
    its order what is owed and what was paid (`debts` has both), then what was taken of each order.
    """
    rest = amount

    def take(most: int) -> int:
        nonlocal rest
        part = min(rest, most)
        rest -= part
        return part

    return Returned(
        take(nobody),
        take(suspense),
        [take(owed) for owed, _ in debts],
        [take(paid) for _, paid in debts],
        [take(escrow) for escrow in escrows],
    )


def fee_to_book(booked: int, told: int, *, decided: bool) -> int:
    """Return by how much the provider's fee has changed, in minor units.

    Messages overtake each other: until the verdict a fee that is less than before is an old one.
    """
    change = told - booked
    return change if change > 0 or decided else 0
