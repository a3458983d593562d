"""Check what is kept twice so that lists are fast: it has to say what its source says."""

from __future__ import annotations

from instasell_server.db.connections import Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__, "copies.sql")


async def list_wrong_listing_counts(tx: Transaction) -> list[Row]:
    """List the categories and sellers whose number of listings is not the one that is kept."""
    return await tx.rows(_sql.list_wrong_listing_counts)


async def list_wrong_live_auctions(tx: Transaction) -> list[Row]:
    """List the auctions that lists would show in another place than theirs."""
    return await tx.rows(_sql.list_wrong_live_auctions)
