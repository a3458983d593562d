"""The rows of the outbox: tasks that a commit leaves, which survive the death of the server.

Only `insert_tasks` writes rows, besides two triggers that no change of an account or a listing may
get past (migrations 0001 and 0013). `Transaction.after_commit` is what the domains call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from instasell_server.db.connections import Database, DbConnection, Row
from instasell_server.db.queries import load

_sql = load(__file__, "outbox.sql")


@dataclass(frozen=True)
class OutboxTask:
    """Say what is to be done after a commit: a frozen dataclass of JSON values for each kind.

    Rows of the version before are there after a deploy, so a new field needs a default.
    """

    kind: ClassVar[str]


Task = TypeVar("Task", bound=OutboxTask)


@dataclass(frozen=True, slots=True)
class OutboxHandler:
    """Do the tasks of one kind, from the payloads of their rows."""

    kind: str
    run: Callable[[object], Awaitable[None]]


def handler_of(task_type: type[Task], handle: Callable[[Task], Awaitable[None]]) -> OutboxHandler:
    """Return a handler that reads the task from a row and hands it to `handle`.

    `handle` may see a task twice, when the server dies between its effect and the mark in the row,
    so it has to be harmless when repeated. Whatever it raises has the row tried again later.
    """
    adapter = TypeAdapter(task_type)

    async def run(payload: object) -> None:
        await handle(adapter.validate_python(payload))

    return OutboxHandler(task_type.kind, run)


async def insert_tasks(
    connection: DbConnection, tasks: Sequence[OutboxTask], delay_seconds: float = 0.0
) -> list[int]:
    """Insert a row for each task, for the worker to take after the delay; return their ids."""
    values = {
        "kinds": [each.kind for each in tasks],
        "payloads": [to_json(each).decode() for each in tasks],
        "delay_seconds": delay_seconds,
    }
    return [row["id"] for row in await connection.rows(_sql.insert_tasks, values)]


async def leave_task(database: Database, task: OutboxTask) -> None:
    """Leave a task that is the only thing to be written, in one round trip."""
    async with database.connection() as connection:
        await insert_tasks(connection, [task])


async def close_tasks(database: Database, ids: Sequence[int]) -> None:
    """Mark tasks as done that were done right after their commit."""
    async with database.connection() as connection:
        await connection.execute(_sql.close_free, {"ids": list(ids)})


async def lock_waiting(tx: DbConnection, limit: int) -> list[Row]:
    """Lock rows whose time has come, the oldest first; other workers skip them."""
    return await tx.rows(_sql.lock_waiting, {"limit": limit})


async def update_done(tx: DbConnection, ids: Sequence[int]) -> None:
    """Mark locked rows as done."""
    await tx.execute(_sql.update_done, {"ids": list(ids)})


async def update_failed(tx: DbConnection, ids: Sequence[int]) -> None:
    """Put locked rows off, for longer after each attempt: 1 s at first, 256 s at last."""
    await tx.execute(_sql.update_failed, {"ids": list(ids)})


async def delete_done(connection: DbConnection) -> None:
    """Delete rows that were done a day ago."""
    await connection.execute(_sql.delete_done)
