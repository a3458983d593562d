"""Orders as payments see them: locked before their payment, and paid by it or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from instasell_client.models.orders import OrderStatus
from instasell_server.db import clock
from instasell_server.db.transaction import Transaction
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.orders import store
from instasell_server.domains.orders.store import LockedOrder


class OrderPayments:
    """Lock the orders that payments by card pay. Implements `payments.PaidOrders`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def lock(self, tx: Transaction, order_id: str) -> OrderToPay | None:
        """Lock an order; who pays it locks its payment after it."""
        order = await store.lock_order(tx, order_id)
        return None if order is None else OrderToPay(order, self._ledger)


@dataclass(frozen=True, slots=True)
class OrderToPay:
    """Book payments of a locked order. Implements `payments.PayableOrder`."""

    order: LockedOrder
    ledger: Ledger

    async def record_payment(self, tx: Transaction, payment_id: str, amount: int) -> bool:
        """Book a payment by card; False when the order does not wait for this amount.

        Nor does it while its seller is suspended: the money goes back, and the order waits.

        A payer who was in time by the provider's clock is not refused as too late here:
        until the order is cancelled it can be paid.
        """
        order = self.order
        if order.state.status is not OrderStatus.PENDING:
            return False
        if order.state.total_amount != amount:
            return False
        if not await store.lock_active_seller(tx, order.seller_id):
            return False
        await mark_paid(tx, order, "card", await clock.get_now(tx))
        paid = movements.pay_by_card(order.id, payment_id, order.buyer_id, amount)
        await self.ledger.post(tx, paid)
        return True


async def mark_paid(tx: Transaction, order: LockedOrder, method: str, now: datetime) -> None:
    """Move a locked order from pending to processing."""
    await store.update_paid(tx, order.id, method, now)
    await write_event(tx, order, OrderStatus.PROCESSING, order.buyer_id, f"paid by {method}", now)


async def write_event(
    tx: Transaction,
    order: LockedOrder,
    after: OrderStatus,
    actor_id: str | None,
    reason: str,
    now: datetime,
) -> None:
    """Write down a step of a locked order, with who did it; nobody is the market itself."""
    await store.insert_event(
        tx, order.id, order.state.status, after, actor_id=actor_id, reason=reason, now=now
    )
