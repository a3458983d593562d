"""One effect for one key: the reply is stored in the transaction that has the effect.

Only replies are stored, so a refusal is judged again. That a first request is still running is an
advisory lock and never a row, so nothing is left behind by a crash.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from psycopg2 import errors as postgres
from pydantic import BaseModel

from instasell_client.models.errors import (
    IdempotencyKeyReused,
    OutcomeUnknown,
    StillRunning,
    Unavailable,
)
from instasell_server.db.connections import Database, Parameters
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction, rehearse, transact

ReplyModel = TypeVar("ReplyModel", bound=BaseModel)

_sql = load(__file__, "idempotency.sql")


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Identify a repeated request: the same user, method, path, key and body."""

    user_id: str
    method: str
    path: str
    key: str
    body_hash: str

    def parameters(self) -> Parameters:
        """Return the key as the parameters of its queries."""
        return {
            "user_id": self.user_id,
            "method": self.method,
            "path": self.path,
            "key": self.key,
            "body_hash": self.body_hash,
            "name": f"{self.user_id} {self.method} {self.path} {self.key}",
        }


async def once(
    database: Database,
    key: RequestKey | None,
    reply_model: type[ReplyModel],
    work: Callable[[Transaction], Awaitable[ReplyModel]],
    *,
    dry_run: bool = False,
) -> ReplyModel:
    """Run `work` in a transaction, or return the reply that an earlier run stored for `key`.

    A `dry_run` has no effect, so its reply is not stored.
    Raises StillRunning when the first request takes over 10 s, IdempotencyKeyReused for another
    body, and OutcomeUnknown when the COMMIT was lost and the key cannot be looked up.
    """
    if dry_run:
        return await rehearse(database, work)
    if key is None:
        return await transact(database, work)

    async def keyed(tx: Transaction) -> ReplyModel:
        stored = await _find_locked(tx, key, reply_model)
        if stored is not None:
            return stored
        reply = await work(tx)
        await tx.execute(_sql.insert_reply, {**key.parameters(), "reply": reply.model_dump_json()})
        return reply

    try:
        return await transact(database, keyed)
    except OutcomeUnknown:
        found = await _resolve(database, key, reply_model)
        if found is None:
            # The lock was free and no reply was there: nothing was committed.
            raise Unavailable from None
        return found


async def _find_locked(
    tx: Transaction, key: RequestKey, reply_model: type[ReplyModel]
) -> ReplyModel | None:
    try:
        await tx.execute(_sql.lock_key, key.parameters())
    except Unavailable as error:
        if isinstance(error.__cause__, postgres.LockNotAvailable):
            raise StillRunning from error
        raise
    row = await tx.maybe(_sql.find_reply, key.parameters())
    if row is None:
        return None
    if row["body_hash"] != key.body_hash:
        raise IdempotencyKeyReused
    await tx.confirm()
    return reply_model.model_validate_json(row["reply"])


async def _resolve(
    database: Database, key: RequestKey, reply_model: type[ReplyModel]
) -> ReplyModel | None:
    async def look(tx: Transaction) -> ReplyModel | None:
        return await _find_locked(tx, key, reply_model)

    try:
        return await transact(database, look)
    except Unavailable as error:
        raise OutcomeUnknown from error


async def delete_old_replies(database: Database) -> int:
    """Delete replies older than 24 hours, and return how many."""
    async with database.connection() as connection:
        return await connection.execute(_sql.delete_old_replies)
