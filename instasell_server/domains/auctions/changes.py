"""The rows that transactions leave of the auctions that they have changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load

_sql = load(__file__, "changes.sql")


class AuctionVersion(NamedTuple):
    """The version of an auction; one that waits for its start is neither open nor over."""

    auction_id: str
    version: int
    is_over: bool
    is_open: bool


async def list_changes(
    connection: DbConnection, seen: str, ids: Sequence[str], limit: int
) -> tuple[str, list[AuctionVersion]]:
    """List these auctions and up to `limit` changed ones that a snapshot has not seen.

    Returns the snapshot of this list, too.
    """
    parameters = {"seen": seen, "ids": list(ids), "limit": limit}
    rows = await connection.tuples(_sql.list_changes, parameters)
    return rows[0][0], [AuctionVersion(*row[1:]) for row in rows if row[1] is not None]


async def delete_old_changes(connection: DbConnection, before: int, limit: int) -> None:
    """Delete what transactions before `before` have noted of their changes."""
    await connection.execute(_sql.delete_old_changes, {"before": str(before), "limit": limit})
