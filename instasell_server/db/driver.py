"""A connection of aiopg that leaves no trace on the event loop when it fails."""

from __future__ import annotations

import weakref
from typing import Any

import aiopg


class DriverConnection(aiopg.Connection):
    """A connection of aiopg 1.4 that stops watching a descriptor that libpq has closed.

    aiopg forgets the number of a closed descriptor before it looks whether it waits to write
    there. asyncio's loop does not mind. uvloop keeps the closed handle, and the next connection
    that gets the same number fails with RuntimeError: against a port that refuses, 156 of 320
    attempts did.
    """

    prepares: bool
    """Whether statements may be prepared; not behind a pooler that lends connections by turns."""

    prepared: set[str]
    """The names of the statements that are."""

    @staticmethod
    def _ready(weak_self: weakref.ref[Any]) -> None:
        connection = weak_self()
        if connection is None:
            return
        descriptor = connection._fileno
        aiopg.Connection._ready(weak_self)
        if connection._fileno is None and descriptor is not None:
            connection._loop.remove_writer(descriptor)


async def connect(
    url: str, *, timeout_seconds: float, prepares: bool = True, **options: Any
) -> DriverConnection:
    """Open a connection. Raises psycopg2.OperationalError, OSError or TimeoutError."""
    connection = DriverConnection(
        url, timeout_seconds, False, enable_hstore=False, enable_uuid=False, **options
    )
    connection.prepares, connection.prepared = prepares, set()
    await connection._connect()
    return connection
