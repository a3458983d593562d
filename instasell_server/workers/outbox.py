"""Does what a commit left to be done: it is retried until it is done, also after a crash.

Rows are written in the transaction that causes them, by `Transaction.after_commit`. A handler may
run twice for one row, when the server dies between its effect and the mark, so every handler is
harmless when repeated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

import structlog

from instasell_client.models.errors import InstaSellError
from instasell_server.db import outbox
from instasell_server.db.connections import Database, Row
from instasell_server.db.idempotency import delete_old_replies
from instasell_server.db.outbox import OutboxHandler
from instasell_server.db.transaction import Transaction, transact
from instasell_server.workers.loop import run_rounds

POLL_SECONDS = 0.5
BATCH = 100
HANDLER_SECONDS = 5.0
CLEANING_SECONDS = 600.0

Cleaner = Callable[[], Awaitable[int]]
"""Deletes what is too old, and returns how much; called now and then."""

_log = structlog.get_logger(__name__)


class Outbox:
    """Hands waiting rows to the handler of their kind."""

    def __init__(
        self,
        database: Database,
        handlers: Iterable[OutboxHandler],
        cleaners: Sequence[Cleaner] = (),
    ) -> None:
        self._database = database
        self._handlers = {each.kind: each for each in handlers}
        self._cleaners = cleaners
        self._clean_at = 0.0

    @property
    def kinds(self) -> Collection[str]:
        """Return the kinds of tasks that have a handler."""
        return self._handlers.keys()

    async def run(self) -> None:
        """Work until it is cancelled."""
        await run_rounds(
            "outbox", self._round, idle_seconds=POLL_SECONDS, after_failure_seconds=POLL_SECONDS
        )

    async def _round(self) -> bool:
        handled = await self.work()
        await self._clean()
        return handled >= BATCH

    async def work(self) -> int:
        """Handle what waits, `BATCH` rows at most; return how many were looked at."""

        async def handle(tx: Transaction) -> int:
            rows = await outbox.lock_waiting(tx, BATCH)
            done: list[int] = []
            failed: list[int] = []
            for row in rows:
                (done if await self._handle(row) else failed).append(row["id"])
            if done:
                await outbox.update_done(tx, done)
            if failed:
                await outbox.update_failed(tx, failed)
            return len(rows)

        return await transact(self._database, handle)

    async def _handle(self, row: Row) -> bool:
        handler = self._handlers.get(row["kind"])
        if handler is None:
            _log.error("outbox_kind_unknown", kind=row["kind"], outbox_id=row["id"])
            return False
        try:
            async with asyncio.timeout(HANDLER_SECONDS):
                await handler.run(row["payload"])
        except InstaSellError as error:
            # What it needs is away, as Redis may be for hours: no traceback for each row and try.
            _log.warning("outbox_row_waits", kind=row["kind"], outbox_id=row["id"], code=error.code)
            return False
        except Exception:
            _log.exception("outbox_row_failed", kind=row["kind"], outbox_id=row["id"])
            return False
        return True

    async def _clean(self) -> None:
        if time.monotonic() < self._clean_at:
            return
        self._clean_at = time.monotonic() + CLEANING_SECONDS
        async with self._database.connection() as connection:
            await outbox.delete_done(connection)
        await delete_old_replies(self._database)
        for clean in self._cleaners:
            await clean()
