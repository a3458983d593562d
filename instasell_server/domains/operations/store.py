"""The queries behind the probes and the metrics."""

from __future__ import annotations

from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.roles import EXCESS

_sql = load(__file__)


async def list_migrations(connection: DbConnection) -> list[str]:
    """List the names of the migrations that the database has."""
    return [name for (name,) in await connection.tuples(_sql.list_migrations)]


async def takes_writes(connection: DbConnection) -> bool:
    """Return whether the database is no standby and not set to be read-only."""
    row = await connection.one(_sql.takes_writes)
    return bool(row["takes_writes"])


async def has_excessive_role(connection: DbConnection) -> bool:
    """Tell whether the server's role could change the schema or rewrite what is final."""
    found = await connection.tuples(EXCESS)
    return any(is_excessive for _, is_excessive in found)


async def count_active_auctions(connection: DbConnection) -> int:
    """Count the auctions that take bids at this instant."""
    row = await connection.one(_sql.count_active_auctions)
    return int(row["active"])
