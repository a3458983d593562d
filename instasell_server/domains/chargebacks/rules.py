"""Out of whose pocket a chargeback comes. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import NamedTuple

from instasell_client.models.orders import OrderStatus


class Debt(NamedTuple):
    """Who owes what was not held any more; `is_due` before the bank has decided."""

    debtor_id: str | None
    is_due: bool


def from_escrow(held_amount: int, amount: int) -> int:
    """How much of a chargeback is still held, in minor units; the rest is owed."""
    return min(held_amount, amount)


def debt_of_order(status: OrderStatus, buyer_id: str, seller_id: str) -> Debt:
    """Who has the money of an order whose payment is taken back.

    After a cancellation the buyer has it already, so that he pays while his bank still thinks.
    Otherwise it is the seller's, who pays once the verdict is against him.
    """
    if status is OrderStatus.CANCELLED:
        return Debt(buyer_id, is_due=True)
    return Debt(seller_id, is_due=False)


def debt_of_payer(payer_id: str) -> Debt:
    """Of a payment that went into the payer's own wallet, or back to him."""
    return Debt(payer_id, is_due=True)


def fee_to_book(booked: int, told: int, *, decided: bool) -> int:
    """By how much the provider's fee has changed, in minor units.

    Messages overtake each other: until the verdict a fee that is less than before is an old one.
    """
    change = told - booked
    return change if change > 0 or decided else 0
