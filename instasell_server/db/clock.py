"""The market's clock, which is the database's: no server's own clock decides anything."""

from __future__ import annotations

from datetime import datetime

from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load

_sql = load(__file__, "clock.sql")


async def get_now(connection: DbConnection) -> datetime:
    """Return the market's time. In a transaction, ask after the locks are held.

    `now()` is when the transaction began: a bid that waited for a lock for a second would be
    decided as if it had come before the auction's end.
    """
    now: datetime = (await connection.one(_sql.get_now))["now"]
    return now
