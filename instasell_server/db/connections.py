"""Connections to PostgreSQL: with `driver`, the only place that imports aiopg.

The pool is our own, because that of aiopg 1.4 loses wake-ups: when a holder is cancelled or its
connection dies, those who wait hang until their time-out. This one is a semaphore and a list of
idle connections, and only a connection that is idle and outside any transaction goes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NamedTuple

import psycopg2
from psycopg2 import errors, extensions

from instasell_client.models.errors import Unavailable
from instasell_server.db.driver import DriverConnection, connect
from instasell_server.db.prepared import PreparedSql, Sql

Row = dict[str, Any]
Parameters = Mapping[str, Any]
Observer = Callable[[str, float], None]

ACQUIRE_TIMEOUT_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 5.0
AGE_SECONDS = (600.0, 1200.0)
"""How long a connection and its plans live: one that suits a small table is bad for a large one."""

STATEMENT_TIMEOUT_SECONDS = 30.0
"""How long the driver waits for an answer. Longer than PostgreSQL's own 15 s below, so that a slow
statement ends with its error, and this ends only the wait for a server that has gone silent."""

# `client_connection_check_interval` ends the statement of a server that was killed within 0.5 s;
# its locks would hold up every bid on the same auction for up to 15 s otherwise.
# To compile a statement takes longer than any that is meant to be short: up to 60 ms of 90.
OPTIONS = (
    "-c jit=off -c timezone=UTC -c client_connection_check_interval=500"
    " -c statement_timeout=15000 -c idle_in_transaction_session_timeout=10000"
)


READ_ONLY = "the database is read-only for now"

CONFIRM = "SELECT pg_logical_emit_message(true, 'instasell', '')"
"""A commit that writes, and therefore waits for a synchronous standby.

A backend that ends while it waits for the standby has committed on this machine alone; its rows
can be read, and a failover would lose them. A commit that writes nothing does not wait. Two runs
against a stalled standby lost 4 and 2 acknowledged bids without it.
"""


class Result(NamedTuple):
    """Hold what the last statement of an `execute` returned."""

    rows: list[tuple[Any, ...]]
    names: list[str]
    touched: int


class DbConnection:
    """One connection, which speaks in rows and in the errors of the market."""

    def __init__(
        self,
        raw: DriverConnection,
        observe: Observer | None = None,
        timeout_seconds: float = STATEMENT_TIMEOUT_SECONDS,
    ) -> None:
        self.raw = raw
        self._observe = observe
        self._timeout_seconds = timeout_seconds
        self.expires_at = time.monotonic() + random.uniform(*AGE_SECONDS)

    async def run(self, sql: Sql, parameters: Parameters | None = None) -> Result:
        """Run `sql`; the result is that of its last statement.

        Raises Unavailable when the connection is lost, a lock is not got in time or the statement
        takes too long. Errors of the data itself stay psycopg2's, for the stores to name.
        """
        if isinstance(sql, str):
            return await self._run_text(sql, parameters)
        try:
            return await self._run_text(await self._prepare(sql), parameters)
        except errors.FeatureNotSupported as error:
            # A migration has given a view another column, and the plan may not return one more.
            self.raw.prepared.clear()
            if not self.reusable:
                self.discard()
                raise Unavailable("the database has changed; try again") from error
            await self._run_text("DEALLOCATE ALL", None)
            return await self._run_text(await self._prepare(sql), parameters)

    def is_prepared(self, sql: PreparedSql) -> bool:
        """Tell whether nothing of it has to be planned before it runs."""
        names = {each.name for each in sql.statements}
        return not self.raw.prepares or names <= self.raw.prepared

    async def _prepare(self, sql: PreparedSql) -> str:
        """Prepare what is not yet, and return the text to run."""
        if not self.raw.prepares:
            return sql.plain
        for statement in sql.statements:
            if statement.name not in self.raw.prepared:
                await self._run_text(statement.definition, None)
                self.raw.prepared.add(statement.name)
        return sql.call

    async def _run_text(self, sql: str, parameters: Parameters | None) -> Result:
        started = time.perf_counter()
        cancels = _cancels()
        try:
            async with self.raw.cursor(timeout=self._timeout_seconds) as cursor:
                await cursor.execute(sql, parameters)
                description = cursor.description
                rows = await cursor.fetchall() if description else []
                count = cursor.rowcount
        except asyncio.CancelledError:
            # aiopg reports a statement time-out as a cancel, which nobody asked this task for.
            if _cancels():
                raise
            raise Unavailable("the database took too long") from None
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            raise Unavailable("the market is busy") from error
        except errors.ReadOnlySqlTransaction as error:
            # A primary that became a standby: another connection may lead to the new primary.
            self.discard()
            raise Unavailable(READ_ONLY) from error
        except (psycopg2.OperationalError, psycopg2.InterfaceError, TimeoutError) as error:
            raise Unavailable("the database does not answer") from error
        finally:
            if self._observe is not None:
                self._observe(sql, time.perf_counter() - started)
        _raise_lost_cancel(cancels)
        return Result(rows, [column[0] for column in description or ()], count)

    async def tuples(self, sql: Sql, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of the last statement as tuples."""
        return (await self.run(sql, parameters)).rows

    async def rows(self, sql: Sql, parameters: Parameters | None = None) -> list[Row]:
        """Return the rows of the last statement by column name."""
        rows, names, _ = await self.run(sql, parameters)
        return [dict(zip(names, values, strict=True)) for values in rows]

    async def one(self, sql: Sql, parameters: Parameters | None = None) -> Row:
        """Return the one row of a query that always has one."""
        rows = await self.rows(sql, parameters)
        if len(rows) != 1:
            raise LookupError(f"expected one row, got {len(rows)}")
        return rows[0]

    async def maybe(self, sql: Sql, parameters: Parameters | None = None) -> Row | None:
        """Return the first row, or None."""
        rows = await self.rows(sql, parameters)
        return rows[0] if rows else None

    async def execute(self, sql: Sql, parameters: Parameters | None = None) -> int:
        """Execute SQL and return the number of rows that the last statement touched."""
        return (await self.run(sql, parameters)).touched

    async def confirm(self) -> None:
        """Wait until a synchronous standby has what this connection has read.

        Raises Unavailable when that takes too long; then it must not be published.
        """
        await self.run(CONFIRM)

    @property
    def reusable(self) -> bool:
        """Open, and outside any transaction."""
        if self.raw.closed:
            return False
        status: int = self.raw.raw.info.transaction_status
        return status == extensions.TRANSACTION_STATUS_IDLE

    def discard(self) -> None:
        """Close the socket at once; the server notices within half a second."""
        with contextlib.suppress(Exception):
            self.raw._close()


class Database:
    """A bounded set of connections to one PostgreSQL. Use it as an async context manager."""

    def __init__(
        self, url: str, *, size: int, observe: Observer | None = None, prepares: bool = True
    ) -> None:
        self._url = url
        self._prepares = prepares
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._idle: list[DbConnection] = []
        self._lent = 0
        self._observe = observe
        self._closed = False

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().discard()

    @property
    def in_use(self) -> int:
        """Return the number of connections that are lent out."""
        return self._lent

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[DbConnection]:
        """Lend a connection. Raises Unavailable when none is free or PostgreSQL is away."""
        try:
            async with asyncio.timeout(ACQUIRE_TIMEOUT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("every connection to the database is in use") from None
        connection: DbConnection | None = None
        self._lent += 1
        try:
            connection = await self._take()
            yield connection
        finally:
            self._lent -= 1
            if connection is not None:
                self._give_back(connection)
            self._free.release()

    async def _take(self) -> DbConnection:
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and connection.expires_at > time.monotonic():
                return connection
            connection.discard()
        return await self._connect()

    async def _connect(self) -> DbConnection:
        cancels = _cancels()
        try:
            raw = await connect(
                self._url,
                # libpq heeds its own connect_timeout only where it connects without asyncio.
                timeout_seconds=CONNECT_TIMEOUT_SECONDS,
                prepares=self._prepares,
                options=OPTIONS,
                application_name="instasell",
            )
        except (psycopg2.OperationalError, OSError) as error:
            raise Unavailable("the database does not answer") from error
        connection = DbConnection(raw, self._observe)
        try:
            _raise_lost_cancel(cancels)
        except asyncio.CancelledError:
            connection.discard()
            raise
        return connection

    def _give_back(self, connection: DbConnection) -> None:
        if connection.reusable and not self._closed:
            self._idle.append(connection)
        else:
            connection.discard()


def _cancels() -> int:
    """Return the number of pending requests to cancel the current task."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _raise_lost_cancel(before: int) -> None:
    """Raise the cancel that came since there were `before`, and was lost on the way.

    Before Python 3.12 `wait_for`, on which aiopg waits, loses a cancel that comes together with
    the answer; a worker would go on for ever.
    """
    if _cancels() > before:
        raise asyncio.CancelledError
