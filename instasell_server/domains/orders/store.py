"""The rows of orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from instasell_server.db.connections import Connection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__)


class WonAuction(NamedTuple):
    """Who takes what an auction sold, and for how much (minor units, without shipping)."""

    auction_id: str
    buyer_id: str
    amount: int
    status: str
    won_at: datetime


async def insert_won_orders(
    tx: Transaction, won: Sequence[WonAuction], payment_deadline_hours: int
) -> None:
    """Inserts one order each, with its first event."""
    await tx.rows(
        _sql.insert_won_orders,
        {
            "auction_ids": [each.auction_id for each in won],
            "buyer_ids": [each.buyer_id for each in won],
            "amounts": [each.amount for each in won],
            "statuses": [each.status for each in won],
            "won_ats": [each.won_at for each in won],
            "payment_deadline_hours": payment_deadline_hours,
        },
    )


async def find_order_of_auction(
    connection: Connection, auction_id: str, buyer_id: str
) -> str | None:
    """The id of the buyer's order that came of an auction."""
    row = await connection.maybe(
        _sql.find_order_of_auction, {"auction_id": auction_id, "buyer_id": buyer_id}
    )
    return row["id"] if row else None
