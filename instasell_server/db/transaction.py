"""Transactions: a function that runs between BEGIN and COMMIT, in a task of its own.

The task is shielded, so that a client that goes away cannot leave a transaction half-way. What a
transaction wants done outside the database (caches, events) is queued and runs after its commit.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

import structlog

from instasell_client.models.errors import OutcomeUnknown, Unavailable
from instasell_server.db.connections import (
    CONFIRM,
    STATEMENT_TIMEOUT_SECONDS,
    Database,
    DbConnection,
    Parameters,
    Result,
    Row,
)

T = TypeVar("T")
AfterCommit = Callable[[], Awaitable[None]]

BEGIN = (
    "BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '10s';"
    " SET LOCAL idle_in_transaction_session_timeout = '10s'; "
)
BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "


class Guard(Protocol):
    """Has a word before the work of a transaction."""

    async def check(self, connection: DbConnection) -> None:
        """Raises unless the one for whom the transaction runs may still do so."""
        ...


GUARD: ContextVar[Guard | None] = ContextVar("guard", default=None)
"""The guard of the request that is being answered."""

_running: set[asyncio.Task[Any]] = set()
_log = structlog.get_logger(__name__)


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
        self.after_commit: list[AfterCommit] = []

    async def run(self, sql: str, parameters: Parameters | None = None) -> Result:
        """Run a statement as `Connection.run` does, inside the transaction."""
        if self._committed:
            raise RuntimeError("the transaction is over")
        if not self._open:
            self._open = True
            sql = self._begin + sql
        return await super().run(sql, parameters)

    async def run_and_commit(self, sql: str, parameters: Parameters | None = None) -> None:
        """Runs a last statement and commits, in one round trip.

        Raises OutcomeUnknown when the answer is lost: the work may or may not be durable.
        """
        try:
            await self.run(sql + "; COMMIT", parameters)
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
        """Commits what was done; nothing happens when nothing was."""
        if self._open and not self._committed:
            try:
                await super().run("COMMIT")
            except (Unavailable, asyncio.CancelledError) as error:
                raise OutcomeUnknown from error
        self._committed = True

    async def run_after_commit(self) -> None:
        """Do what was queued; a failure is logged, since the commit is final."""
        for callback in self.after_commit:
            try:
                await callback()
            except Exception:
                _log.exception("after_commit_failed")

    async def rollback(self) -> None:
        """Takes everything back; a connection that cannot is thrown away by the pool."""
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
    """Runs `work` in a transaction and commits it; any error takes everything back.

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
        tx.after_commit.clear()
        await tx.rollback()
        return result

    return await transact(database, rehearsed)


async def finish_running() -> None:
    """Waits for transactions whose callers have gone; for a clean stop."""
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
    await transaction.run_after_commit()
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
