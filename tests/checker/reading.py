"""Reads what the database holds, past every server."""

from __future__ import annotations

from typing import Any

import psycopg2
from psycopg2.extras import NamedTupleCursor

from instasell_server.domains.auctions.formats.base import AuctionSnapshot, AuctionTerms
from instasell_server.domains.auctions.formats.increments import parse_increments
from instasell_server.domains.auctions.replay import ReplayedBid
from tests.checker.history import Books, StoredAuction, StoredBid

_BIDS = """
SELECT seq, bidder_id::text, bidder_no, kind, offered_amount, max_amount, amount, price_after,
       leader_after::text, created_at, leader_no_after, extended, idempotency_key, auction_version
FROM bids WHERE auction_id = %s ORDER BY seq
"""
_ORDERS = """
SELECT buyer_id::text, status, unit_amount FROM orders WHERE auction_id = %s
ORDER BY created_at, status
"""
_TRANSFERS = """
SELECT transfer_id::text, sum(amount)::bigint FROM transactions
GROUP BY transfer_id HAVING sum(amount) <> 0
"""
_WALLETS = """
SELECT coalesce(w.user_id, t.user_id)::text
FROM wallets w FULL JOIN (
    SELECT user_id, coalesce(sum(amount) FILTER (WHERE account = 'balance'), 0) AS balance,
           coalesce(sum(amount) FILTER (WHERE account = 'gas'), 0) AS gas
    FROM transactions WHERE user_id IS NOT NULL GROUP BY user_id
) t USING (user_id)
WHERE coalesce(w.balance, 0) <> coalesce(t.balance, 0)
   OR coalesce(w.gas_balance, 0) <> coalesce(t.gas, 0)
"""


def read_auctions(database_url: str) -> dict[str, StoredAuction]:
    """Every auction with its bids and orders, in one snapshot."""
    connection = psycopg2.connect(database_url, cursor_factory=NamedTupleCursor)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT *, id::text AS name FROM auctions ORDER BY id")
            rows: list[Any] = cursor.fetchall()
            return {row.name: _auction(cursor, row) for row in rows}
    finally:
        connection.close()


def read_books(database_url: str) -> Books:
    """Return what does not add up in the ledger."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_TRANSFERS)
            transfers = tuple(cursor.fetchall())
            cursor.execute(_WALLETS)
            return Books(transfers, tuple(row[0] for row in cursor.fetchall()))
    finally:
        connection.close()


def _auction(cursor: Any, row: Any) -> StoredAuction:
    cursor.execute(_BIDS, (row.name,))
    bids = tuple(
        StoredBid(ReplayedBid(*each[:12]), each[12], each[13]) for each in cursor.fetchall()
    )
    cursor.execute(_ORDERS, (row.name,))
    orders = tuple(tuple(each) for each in cursor.fetchall())
    terms = AuctionTerms(
        row.name, row.seller_id, row.start_at, row.min_bid, row.reserve, row.buy_now,
        parse_increments(row.increments), row.extension_window_seconds, row.extension_seconds,
        row.format,
    )  # fmt: skip
    standing = AuctionSnapshot(
        row.status, row.end_at, row.current_bid, row.current_bidder_id, row.leader_max,
        row.runner_up_max, row.reserve_met, row.seq, row.bidder_count,
    )  # fmt: skip
    return StoredAuction(
        row.name, terms, row.planned_end_at, standing, row.version, row.closed_at, row.winner_id,
        bids, orders,
    )  # fmt: skip
