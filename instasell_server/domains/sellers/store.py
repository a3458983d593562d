"""Count a seller's record."""

from __future__ import annotations

from collections.abc import Iterable

from instasell_client.models.sellers import SellerRecord
from instasell_server.db.arrays import plain_array
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load

COUNTED_MAX = 10_000

_sql = load(__file__)


async def list_records(
    connection: DbConnection, seller_ids: Iterable[str]
) -> dict[str, SellerRecord]:
    """Count the records of several sellers, by id."""
    values = {"seller_ids": plain_array(seller_ids), "most": COUNTED_MAX}
    rows = await connection.rows(_sql.prepared.list_records, values)
    return {row.pop("seller_id"): SellerRecord(**row) for row in rows}


async def find_record(connection: DbConnection, seller_id: str) -> SellerRecord | None:
    """Find what a seller has done so far; None for an unknown user."""
    return (await list_records(connection, [seller_id])).get(seller_id)
