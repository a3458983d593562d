"""Show buyers a seller, besides the listings."""

from __future__ import annotations

from collections.abc import Iterable

from instasell_client.models.sellers import SellerRecord
from instasell_server.db.connections import DbConnection
from instasell_server.domains.sellers import store


async def records_of(
    connection: DbConnection, seller_ids: Iterable[str]
) -> dict[str, SellerRecord]:
    """Count the records of several sellers at this moment, by id."""
    return await store.list_records(connection, set(seller_ids))


async def record_of(connection: DbConnection, seller_id: str) -> SellerRecord | None:
    """Count a seller's record at this moment. No copy is kept that could be old."""
    return await store.find_record(connection, seller_id)
