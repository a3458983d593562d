"""Transactions: a function that runs between BEGIN and COMMIT, in a task of its own.

The task is shielded, so that a client that goes away cannot leave a transaction half-way. What a
transaction wants done outside the database (caches, events) it says with `after_commit`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from instasell_client.models.errors import OutcomeUnknown, Unavailable
from instasell_server.db.after_commit import AfterCommit, Effect
from instasell_server.db.connections import (
    CONFIRM,
    STATEMENT_TIMEOUT_SECONDS,
    Database,
    DbConnection,
    Parameters,
    Result,
    Row,
)
from instasell_server.db.outbox import OutboxTask
from instasell_server.db.prepared import PreparedSql, Sql

T = TypeVar("T")

BEGIN = (
    "BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '10s';"
    " SET LOCAL idle_in_transaction_session_timeout = '10s'; "
)
COMMIT = "; COMMIT"
BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "


class Guard(Protocol):
    """Has a word before the work of a transaction."""

    async def check(self, connection: DbConnection) -> None:
        """Raise unless the one for whom the transaction runs may still do so."""
        ...


GUARD: ContextVar[Guard | None] = ContextVar("guard", default=None)
"""The guard of the request that is being answered."""

_running: set[asyncio.Task[Any]] = set()


class Transaction(DbConnection):
    """A connection inside BEGIN ... COMMIT. The BEGIN travels with the first statement."""

    def __init__(
        self,
        connection: DbConnection,
        begin: str,
        *,
        timeout_seconds: float = STATEMENT_TIMEOUT_SECONDS,
    ) -> None:
        super().__init__(connection.raw, connection._observe, timeout_seconds)
        self._begin = begin
        self._open = False
        self._committed = False
        self._after_commit = AfterCommit()

    def after_commit(
        self,
        effect: Effect | None = None,
        *,
        durable: Sequence[OutboxTask] = (),
        delay_seconds: float = 0.0,
    ) -> None:
        """Have something done once this transaction is committed, and not if it is not.

        Args:
            effect: Runs right after the commit, before the caller gets the result; in order. It is
                lost if the server dies first, which is fine for caches that expire, frames to
                sockets that catch up, counts and log lines.
            durable: Tasks of the outbox that are not lost. Those beside an effect do the same
                thing: they are closed when it returns, and the worker does them when it raises or
                is not there any more after two seconds. Those without one are the worker's.
            delay_seconds: How long the worker waits before it takes tasks without an effect.
        """
        if self._committed:
            raise RuntimeError("the transaction is over")
        self._after_commit.add(effect, durable, delay_seconds)

    async def run(self, sql: Sql, parameters: Parameters | None = None) -> Result:
        """Run a statement as `Connection.run` does, inside the transaction."""
        if self._committed:
            raise RuntimeError("the transaction is over")
        if not self._open:
            self._open = True
            if isinstance(sql, PreparedSql) and not self.is_prepared(sql):
                # To plan takes locks, too, which wait no longer than the transaction says.
                await self._run_text(self._begin, None)
            else:
                sql = self._begin + sql if isinstance(sql, str) else sql.after(self._begin)
        return await super().run(sql, parameters)

    async def run_and_commit(self, sql: Sql, parameters: Parameters | None = None) -> None:
        """Run a last statement and commit, in one round trip.

        Raises OutcomeUnknown when the answer is lost: the work may or may not be durable.
        """
        await self._after_commit.write_tasks(self)
        try:
            last = sql + COMMIT if isinstance(sql, str) else sql.before(COMMIT)
            await self.run(last, parameters)
        except (Unavailable, asyncio.CancelledError) as error:
            if self.raw.closed:
                raise OutcomeUnknown from error
            raise
        self._committed = True

    async def confirm(self) -> None:
        """Commit a transaction that only read, so that what it read may be acknowledged.

        Raises OutcomeUnknown when that takes too long.
        """
        await self.run_and_commit(CONFIRM)

    async def commit(self) -> None:
        """Commit what was done; nothing happens when nothing was."""
        if not self._committed:
            await self._after_commit.write_tasks(self)
        if self._open and not self._committed:
            try:
                await super().run("COMMIT")
            except (Unavailable, asyncio.CancelledError) as error:
                raise OutcomeUnknown from error
        self._committed = True

    async def run_effects(self, database: Database) -> None:
        """Do what was asked for after the commit; call it when the connection is given back."""
        await self._after_commit.run(database)

    async def rollback(self) -> None:
        """Take everything back; a connection that cannot is thrown away by the pool."""
        self._after_commit.clear()
        if self._open and not self._committed and not self.raw.closed:
            with contextlib.suppress(Unavailable, asyncio.CancelledError):
                await super().run("ROLLBACK")
        self._committed = True


async def transact(
    database: Database,
    work: Callable[[Transaction], Awaitable[T]],
    *,
    begin: str = BEGIN,
) -> T:
    """Run `work` in a transaction and commit it; any error takes everything back.

    Raises OutcomeUnknown when the answer to the COMMIT is lost, and Unavailable when the database
    is away or too busy.
    """
    task = asyncio.create_task(_run(database, work, begin))
    _running.add(task)
    task.add_done_callback(_forget)
    return await asyncio.shield(task)


async def rehearse(database: Database, work: Callable[[Transaction], Awaitable[T]]) -> T:
    """Run `work` in a transaction and take everything back; return what it returned.

    Triggers and constraints judge it as in earnest, but for those that wait for the COMMIT.
    """

    async def rehearsed(tx: Transaction) -> T:
        result = await work(tx)
        await tx.rollback()
        return result

    return await transact(database, rehearsed)


async def finish_running() -> None:
    """Wait for transactions whose callers have gone; for a clean stop."""
    if _running:
        await asyncio.wait(set(_running), timeout=10)


def _forget(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        # Reading the exception keeps asyncio from reporting what the caller handles.
        task.exception()


async def _run(database: Database, work: Callable[[Transaction], Awaitable[T]], begin: str) -> T:
    async with database.connection() as connection:
        transaction = Transaction(connection, begin)
        try:
            guard = GUARD.get()
            if guard is not None:
                await guard.check(transaction)
            result = await work(transaction)
            await transaction.commit()
        except BaseException:
            await transaction.rollback()
            raise
    await transaction.run_effects(database)
    return result


__all__ = [
    "BEGIN",
    "BEGIN_SNAPSHOT",
    "Row",
    "Transaction",
    "finish_running",
    "rehearse",
    "transact",
]
