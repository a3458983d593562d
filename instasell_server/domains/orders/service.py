"""Orders. Payment, shipping and escrow take them on from `pending`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from instasell_server.db.connections import Connection
from instasell_server.db.transaction import Transaction
from instasell_server.domains.orders import store


class OrderService:
    """Makes the orders of auctions that ended."""

    def __init__(self, payment_deadline_hours: int) -> None:
        self._payment_deadline_hours = payment_deadline_hours

    async def record_won(
        self, tx: Transaction, won: Sequence[tuple[str, str, int, datetime]]
    ) -> None:
        """Makes a pending order for each (auction, buyer, price in minor units, instant)."""
        await self._insert(tx, won, "pending")

    async def record_forfeited(
        self, tx: Transaction, won: Sequence[tuple[str, str, int, datetime]]
    ) -> None:
        """Makes an order that is cancelled at once, for a winner who is suspended."""
        await self._insert(tx, won, "cancelled")

    async def _insert(
        self, tx: Transaction, won: Sequence[tuple[str, str, int, datetime]], status: str
    ) -> None:
        if won:
            rows = [
                store.WonAuction(auction_id, buyer_id, amount, status, at)
                for auction_id, buyer_id, amount, at in won
            ]
            await store.insert_won_orders(tx, rows, self._payment_deadline_hours)

    async def find_of_auction(
        self, connection: Connection, auction_id: str, buyer_id: str
    ) -> str | None:
        """The id of the buyer's order that came of an auction, for the buyer to see."""
        return await store.find_order_of_auction(connection, auction_id, buyer_id)
