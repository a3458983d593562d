"""Declare what payments need of orders, chargebacks and withdrawals, which depend on them."""

from __future__ import annotations

from typing import Protocol

from instasell_server.db.transaction import Transaction
from instasell_server.domains.payments.store import Payment
from instasell_server.ports import ChargebackChanged, PayoutFailed, RefundState, TransferReversed


class PayableOrder(Protocol):
    """Book payments of one order, whose row is locked."""

    async def record_payment(self, tx: Transaction, payment_id: str, amount: int) -> bool:
        """Book a payment that came; False when the order does not wait for this amount."""
        ...


class PaidOrders(Protocol):
    """Lock the orders that payments pay."""

    async def lock(self, tx: Transaction, order_id: str) -> PayableOrder | None:
        """Lock an order, before its payment is locked; None for one that does not exist."""
        ...


class Chargebacks(Protocol):
    """Handle money that banks take back."""

    async def record_chargeback(
        self, tx: Transaction, claim: ChargebackChanged, payment: Payment | None
    ) -> None:
        """Record a chargeback that the provider reports, with its payment if known."""
        ...

    async def attach(self, tx: Transaction, payment: Payment) -> None:
        """Attach a booked payment to a chargeback that may have come before it."""
        ...

    async def record_refund(
        self, tx: Transaction, refund: RefundState, payment: Payment | None
    ) -> None:
        """Take what the provider says of a refund that the market did not ask for."""
        ...

    async def hold_unmatched(self, tx: Transaction, intent_id: str, amount: int) -> None:
        """Record that money of a payment that nothing waits for was put apart."""
        ...

    async def release_unmatched(self, tx: Transaction, intent_id: str) -> int:
        """Take what is kept apart of a payment of the provider's, to send it back."""
        ...


class PaidMeanwhile(Exception):
    """A chargeback found an order that was paid while it waited; it is taken from the beginning."""


class SentPayouts(Protocol):
    """Handle money that was sent to users' accounts."""

    async def take_back(self, tx: Transaction, reversed_transfer: TransferReversed) -> None:
        """Record that money that was sent has come back."""
        ...

    async def note_failed_payout(self, tx: Transaction, failed: PayoutFailed) -> None:
        """Note that a bank did not take what the provider paid out."""
        ...


__all__ = ["Chargebacks", "PaidMeanwhile", "PaidOrders", "PayableOrder", "SentPayouts"]
