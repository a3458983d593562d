"""Hold orders whose money a bank claims until its decision; then resume or cancel them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from instasell_client.models.orders import OrderStatus
from instasell_server.db.transaction import Transaction
from instasell_server.domains.orders import rules, store
from instasell_server.domains.orders.service import OrderService
from instasell_server.domains.orders.store import LockedOrder


class BankClaims:
    """Apply chargebacks to orders. The caller moves the money, through the ledger."""

    def __init__(self, orders: OrderService) -> None:
        self._orders = orders

    async def lock(self, tx: Transaction, order_id: str) -> LockedOrder | None:
        """Lock the listing of an order and then the order."""
        return await store.lock_order_with_listing(tx, order_id)

    async def lock_all(self, tx: Transaction, order_ids: Sequence[str]) -> list[LockedOrder]:
        """Lock the listings of some orders and then the orders."""
        return await store.lock_orders_with_listings(tx, order_ids)

    async def hold_release(
        self, tx: Transaction, order: LockedOrder, reason: str, now: datetime
    ) -> bool:
        """Hold a locked order in its state; False for one that is at its end."""
        if not rules.is_held(order.state):
            return False
        await store.update_claimed(tx, order.id, now)
        await self._write(tx, order.id, order.state.status, OrderStatus.DISPUTED, reason, now)
        return True

    async def resume_release(
        self, tx: Transaction, order_id: str, reason: str, now: datetime
    ) -> LockedOrder:
        """Remove one decided claim from a locked order. Return the order in its new state."""
        before, order = await store.update_unclaimed(tx, order_id, now)
        await self._write(tx, order.id, before, order.state.status, reason, now)
        return order

    def is_lost(self, order: LockedOrder) -> bool:
        """Return whether the bank took all of an order and no claim holds it any more."""
        state = order.state
        return not state.bank_claims and not state.held_amount and rules.is_held(state)

    async def refunded_elsewhere(
        self, tx: Transaction, order: LockedOrder, amount: int, reason: str, now: datetime
    ) -> bool:
        """Count a refund at the provider whose money the ledger has moved out of a locked order.

        Returns whether nothing is held any more, so that the order ends.
        """
        status = order.state.status
        after = await store.update_refunded(tx, order.id, amount, now)
        await self._write(tx, order.id, status, status, reason, now)
        return self.is_lost(after)

    async def cancel(self, tx: Transaction, order: LockedOrder, reason: str, now: datetime) -> None:
        """Cancel a locked order of which nothing is held; an item that never left comes back."""
        if rules.returns_stock(order.state):
            await store.give_back_stock(tx, order.listing_id, order.quantity)
            self._orders.show_stock(tx, order.listing_id)
        await store.update_cancelled(tx, order.id, now)
        await self._write(tx, order.id, order.state.status, OrderStatus.CANCELLED, reason, now)

    async def _write(
        self,
        tx: Transaction,
        order_id: str,
        before: OrderStatus,
        after: OrderStatus,
        reason: str,
        now: datetime,
    ) -> None:
        await store.insert_event(tx, order_id, before, after, actor_id=None, reason=reason, now=now)


__all__ = ["BankClaims", "LockedOrder"]
