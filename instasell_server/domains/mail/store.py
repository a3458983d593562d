"""The rows of e-mails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__)


class DueMail(NamedTuple):
    """Hold a mail that is ours to send until its lease ends; `attempts` counts this try."""

    id: int
    message_key: str
    user_id: str | None
    address: str
    kind: str
    facts: Mapping[str, Any]
    attempts: int
    created_at: datetime
    display_name: str
    leased_at: datetime


async def insert_email(
    tx: Transaction,
    user_id: str,
    kind: str,
    facts: Mapping[str, Any],
    cause: str,
    send_at: datetime | None = None,
) -> None:
    """Queue a mail, unless this cause has one already; it is not sent before `send_at`."""
    values = {
        "user_id": user_id, "kind": kind, "facts": json.dumps(facts), "cause": cause,
        "send_at": send_at,
    }  # fmt: skip
    await tx.execute(_sql.insert_email, values)


async def insert_email_to_address(
    tx: Transaction, address: str, kind: str, facts: Mapping[str, Any], cause: str
) -> None:
    """Insert a mail to an address that has no account, unless this cause has one already."""
    values = {"address": address, "kind": kind, "facts": json.dumps(facts), "cause": cause}
    await tx.execute(_sql.insert_email_to_address, values)


async def find_unread_messages(
    connection: DbConnection, user_id: str | None, conversation_id: str
) -> Mapping[str, Any] | None:
    """Return what a mail says of a conversation with unread messages; None when all are read."""
    values = {"user_id": user_id, "conversation_id": conversation_id}
    return await connection.maybe(_sql.find_unread_messages, values)


async def lease_due(connection: DbConnection, limit: int, lease_seconds: int) -> list[DueMail]:
    """Take up mails that are due and that nobody has in hand."""
    values = {"limit": limit, "lease_seconds": lease_seconds}
    return [DueMail(**row) for row in await connection.rows(_sql.lease_due, values)]


async def update_handed_over(connection: DbConnection, mail: DueMail) -> bool:
    """Say that the content is about to leave; False when the lease has ended."""
    values = {"id": mail.id, "attempts": mail.attempts}
    return await connection.execute(_sql.update_handed_over, values) == 1


async def update_done(
    connection: DbConnection, mail: DueMail, state: str, error: str | None = None
) -> bool:
    """Mark a mail as done and wipe its facts. False when the lease was lost."""
    values = {"id": mail.id, "attempts": mail.attempts, "state": state, "error": error}
    return await connection.execute(_sql.update_done, values) == 1


async def update_postponed(
    connection: DbConnection, mail: DueMail, delay_seconds: float, error: str
) -> None:
    """Postpone the next try by `delay_seconds`."""
    values = {
        "id": mail.id, "attempts": mail.attempts, "delay_seconds": delay_seconds, "error": error,
    }  # fmt: skip
    await connection.execute(_sql.update_postponed, values)


async def close_unknown(tx: Transaction, limit: int, error: str) -> list[tuple[int, str]]:
    """Give up mails whose sender went silent after the content left; their ids and kinds."""
    rows = await tx.rows(_sql.close_unknown, {"limit": limit, "error": error})
    return [(row["id"], row["kind"]) for row in rows]


async def insert_alert(
    connection: DbConnection, kind: str, mail_id: int, details: Mapping[str, Any]
) -> None:
    """Insert an alert for an operator, once for each mail."""
    values = {"kind": kind, "subject": str(mail_id), "details": json.dumps(details)}
    await connection.execute(_sql.insert_alert, values)


async def delete_old(connection: DbConnection, days: int) -> int:
    """Delete mails that were done with `days` ago, 5,000 at most; return how many."""
    return await connection.execute(_sql.delete_old, {"days": days})
