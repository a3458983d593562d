"""The rows of links."""

from __future__ import annotations

from datetime import datetime

from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.accounts.links import Purpose

_sql = load(__file__, "links.sql")


async def insert_link(
    tx: Transaction, link_id: str, user_id: str, purpose: Purpose, hours: int
) -> datetime:
    """Insert a link and return when it expires; an existing one stays as it is."""
    values = {"link_id": link_id, "user_id": user_id, "purpose": purpose.value, "hours": hours}
    expires_at: datetime = (await tx.one(_sql.insert_link, values))["expires_at"]
    return expires_at


async def is_open(connection: DbConnection, link_id: str, purpose: Purpose) -> bool:
    """Return whether a link could be used now."""
    values = {"link_id": link_id, "purpose": purpose.value}
    return await connection.maybe(_sql.is_open, values) is not None


async def use_link(tx: Transaction, link_id: str, purpose: Purpose) -> str | None:
    """Use up a link, and the others of its purpose; None when it is used, expired or absent.

    Returns whose it is.
    """
    values = {"link_id": link_id, "purpose": purpose.value}
    row = await tx.maybe(_sql.use_link, values)
    return row["user_id"] if row else None


async def delete_old_links(connection: DbConnection) -> int:
    """Delete links that expired 30 days ago, 5,000 at most; return how many."""
    return await connection.execute(_sql.delete_old_links)
