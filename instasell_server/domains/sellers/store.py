"""Count a seller's record."""

from __future__ import annotations

from instasell_client.models.sellers import SellerRecord
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load

COUNTED_MAX = 10_000

_sql = load(__file__)


async def find_record(connection: DbConnection, seller_id: str) -> SellerRecord | None:
    """Find what a seller has done so far; None for an unknown user."""
    row = await connection.maybe(_sql.find_record, {"seller_id": seller_id, "most": COUNTED_MAX})
    return SellerRecord(**row) if row else None
