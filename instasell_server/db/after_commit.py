"""Do what a transaction wants done once it is committed: the one mechanism for it.

An effect runs right after the commit, in the order in which the effects were asked for. One that
must not be lost has durable tasks behind it: rows of the outbox, written in the same transaction.
When the effect has run they are closed; what a crash or a failure leaves, the worker does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from instasell_client.models.errors import InstaSellError
from instasell_server.db import outbox
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.outbox import OutboxTask

GRACE_SECONDS = 2.0
"""So long the worker leaves a task to the process whose effect does it; most take milliseconds."""

Effect = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Step:
    effect: Effect | None
    durable: Sequence[OutboxTask]
    delay_seconds: float
    row_ids: list[int] = field(default_factory=list)


class AfterCommit:
    """Hold the steps that one transaction asked for."""

    def __init__(self) -> None:
        self._steps: list[_Step] = []

    def add(
        self, effect: Effect | None, durable: Sequence[OutboxTask], delay_seconds: float
    ) -> None:
        """Add a step behind the others."""
        self._steps.append(_Step(effect, durable, delay_seconds))

    def clear(self) -> None:
        """Forget all steps, as nothing is committed."""
        self._steps.clear()

    async def write_tasks(self, connection: DbConnection) -> None:
        """Insert the rows of the durable tasks, as the last thing before the COMMIT."""
        for step in self._steps:
            if step.durable:
                delay = step.delay_seconds if step.effect is None else GRACE_SECONDS
                step.row_ids = await outbox.insert_tasks(connection, step.durable, delay)

    async def run(self, database: Database) -> None:
        """Run the effects and close their rows. A failure is logged, since the commit is final."""
        done: list[int] = []
        for step in self._steps:
            if step.effect is not None and await _is_done(step.effect):
                done += step.row_ids
        if done:
            await _is_done(lambda: outbox.close_tasks(database, done))


async def _is_done(effect: Effect) -> bool:
    try:
        await effect()
    except InstaSellError as error:
        _log.warning("after_commit_failed", code=error.code, detail=str(error))
        return False
    except Exception:
        _log.exception("after_commit_failed")
        return False
    return True
