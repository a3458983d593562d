"""The rows of accounts and of their sessions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instasell_client.models.accounts import (
    Role,
    Scope,
    Token,
    User,
    UserStatus,
    VerificationStatus,
)
from instasell_client.models.errors import EmailTaken, Invalid, UserNotFound
from instasell_server.db import postgres
from instasell_server.db.connections import DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__)


@dataclass(frozen=True, slots=True)
class Session:
    """A live sign-in or token, with what its owner may do. `version` is that of the user.

    `is_copied` tells whether Redis was given a copy.
    """

    id: str
    kind: str
    scopes: frozenset[Scope]
    expires_at: datetime
    user_id: str
    role: Role
    status: UserStatus
    version: int
    is_copied: bool


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new sign-in."""

    user: User
    session: Session


@dataclass(frozen=True, slots=True)
class EndedSessions:
    """Tell of sessions that were revoked: if there was any, and which had not expired by then."""

    any: bool
    live_ids: Sequence[str]


async def insert_user(
    tx: Transaction, *, email: str, password_hash: str, display_name: str | None, role: Role
) -> User:
    """Insert an account and its wallet. Raises EmailTaken; Invalid for an impossible address."""
    values = {
        "email": email,
        "password_hash": password_hash,
        "display_name": display_name,
        "role": role.value,
    }
    try:
        return User.model_validate(await tx.one(_sql.insert_user, values))
    except postgres.UniqueViolation:
        raise EmailTaken("sign in, or choose another address") from None
    except postgres.CheckViolation:
        raise Invalid.one("email", "send an address in plain lower-case letters") from None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Hold what a sign-in is checked against; `is_known` is about the address it comes from."""

    user_id: str
    password_hash: str
    is_known: bool


async def find_sign_in(
    connection: DbConnection, emails: Sequence[str], address_hash: str
) -> Credentials | None:
    """Find the password hash of an e-mail address, and whether it was used from the address before.

    `emails` are the spellings of one e-mail address; an earlier one goes before a later one.
    """
    values = {"emails": list(emails), "address_hash": address_hash}
    row = await connection.maybe(_sql.find_sign_in, values)
    return Credentials(row["id"], row["password_hash"], row["is_known"]) if row else None


async def find_account(connection: DbConnection, emails: Sequence[str]) -> str | None:
    """Find the id of the account that has one of the spellings of an e-mail address."""
    row = await connection.maybe(_sql.find_account, {"emails": list(emails)})
    return row["id"] if row else None


async def get_password_hash(connection: DbConnection, user_id: str) -> tuple[str, str, str]:
    """Get the e-mail address, the display name and the password hash of an account."""
    row = await connection.maybe(_sql.get_password_hash, {"user_id": user_id})
    if row is None:
        raise UserNotFound
    return row["email"], row["display_name"], row["password_hash"]


async def get_user(connection: DbConnection, user_id: str) -> User:
    """Get an account. Raises UserNotFound."""
    return _user(await connection.maybe(_sql.get_user, {"user_id": user_id}))


async def update_display_name(tx: Transaction, user_id: str, display_name: str) -> User:
    """Rename an account. Raises UserNotFound."""
    values = {"user_id": user_id, "display_name": display_name}
    return _user(await tx.maybe(_sql.update_display_name, values))


async def replace_password_hash(
    connection: DbConnection, user_id: str, old_hash: str, new_hash: str
) -> bool:
    """Store a new hash, unless the old one is not there any more."""
    values = {"user_id": user_id, "old_hash": old_hash, "new_hash": new_hash}
    return await connection.execute(_sql.replace_password_hash, values) == 1


async def update_password_hash(tx: Transaction, user_id: str, password_hash: str) -> None:
    """Store a new hash, whatever the old one was."""
    values = {"user_id": user_id, "password_hash": password_hash}
    await tx.execute(_sql.update_password_hash, values)


async def update_role(tx: Transaction, user_id: str, role: Role) -> bool:
    """Give an account a role; False when it had it."""
    values = {"user_id": user_id, "role": role.value}
    return await tx.maybe(_sql.update_role, values) is not None


async def update_status(tx: Transaction, user_id: str, status: UserStatus) -> bool:
    """Suspend an account or take that back; False when it was so already."""
    values = {"user_id": user_id, "status": status.value}
    return await tx.maybe(_sql.update_status, values) is not None


async def update_verification(tx: Transaction, user_id: str, status: VerificationStatus) -> bool:
    """Say how far the proof of an address has come; False when nothing changed."""
    values = {"user_id": user_id, "status": status.value}
    return await tx.maybe(_sql.update_verification, values) is not None


async def insert_login(
    connection: DbConnection, user_id: str, password_hash: str, days: int, address_hash: str
) -> OpenedSession | None:
    """Open a sign-in, and remember its address; None when the password is another one by now."""
    values = {
        "user_id": user_id,
        "password_hash": password_hash,
        "days": days,
        "address_hash": address_hash,
    }
    row = await connection.maybe(_sql.insert_login, values)
    if row is None:
        return None
    session = _session(
        {**row, "user_id": row["id"], "kind": "login", "scopes": [], "is_copied": True}
    )
    return OpenedSession(User.model_validate(row), session)


async def open_session(
    tx: Transaction, user_id: str, session_id: str, *, name: str, days: int
) -> OpenedSession | None:
    """Open a session from another; None when that has ended, or was itself opened like this."""
    values = {"user_id": user_id, "session_id": session_id, "name": name, "days": days}
    row = await tx.maybe(_sql.open_session, values)
    return OpenedSession(User.model_validate(row), _session(row)) if row else None


async def is_opened_by_another(connection: DbConnection, session_id: str) -> bool:
    """Return whether a session was opened from another."""
    row = await connection.maybe(_sql.is_opened_by_another, {"session_id": session_id})
    return row is not None and bool(row["is_opened"])


async def list_surplus_opened(
    connection: DbConnection, user_id: str, session_id: str, keep: int
) -> list[str]:
    """List the sessions that one has opened, but for the newest `keep`."""
    values = {"user_id": user_id, "session_id": session_id, "keep": keep}
    return [row["session_id"] for row in await connection.rows(_sql.list_surplus_opened, values)]


async def lock_owner(tx: Transaction, user_id: str) -> None:
    """Wait for whatever is ending sessions of the account."""
    await tx.execute(_sql.lock_owner, {"user_id": user_id})


async def insert_token(
    tx: Transaction,
    *,
    user_id: str,
    session_id: str,
    name: str,
    scopes: Sequence[Scope],
    days: int,
) -> Token | None:
    """Insert a script's token, made in a live session; None when that has ended."""
    values = {
        "user_id": user_id,
        "session_id": session_id,
        "name": name,
        "scopes": [scope.value for scope in scopes],
        "days": days,
    }
    row = await tx.maybe(_sql.insert_token, values)
    return Token.model_validate(row) if row else None


async def count_tokens(connection: DbConnection, user_id: str) -> int:
    """Count the live tokens of an account."""
    row = await connection.one(_sql.count_tokens, {"user_id": user_id})
    return int(row["live"])


async def list_tokens(connection: DbConnection, user_id: str) -> list[Token]:
    """List the live tokens of an account, newest first."""
    rows = await connection.rows(_sql.list_tokens, {"user_id": user_id})
    return [Token.model_validate(row) for row in rows]


async def find_session(connection: DbConnection, session_id: str) -> Session | None:
    """Find a session that is neither revoked nor expired."""
    row = await connection.maybe(_sql.find_session, {"session_id": session_id})
    return _session(row) if row else None


async def update_copied(connection: DbConnection, session_id: str, *, is_copied: bool) -> None:
    """Note whether Redis has a copy of a session."""
    values = {"session_id": session_id, "is_copied": is_copied}
    await connection.execute(_sql.update_copied, values)


async def list_sessions(connection: DbConnection, user_id: str) -> list[Session]:
    """List the live sessions of an account, tokens included."""
    rows = await connection.rows(_sql.list_sessions, {"user_id": user_id})
    return [_session(row) for row in rows]


async def revoke_sessions(
    tx: DbConnection,
    user_id: str,
    *,
    only: str | None = None,
    kind: str | None = None,
    keep: str | None = None,
) -> EndedSessions:
    """End live sessions of an account: one, those of a kind, or all but one.

    What a session has opened ends with it.
    """
    values = {"user_id": user_id, "only": only, "kind": kind, "keep": keep}
    # A statement of its own: the next one sees what was opened while this one waited.
    await tx.execute(_sql.lock_sessions, values)
    row = await tx.one(_sql.revoke_sessions, values)
    return EndedSessions(row["any"], row["live_ids"])


async def delete_known_addresses(tx: Transaction, user_id: str) -> None:
    """Forget where an account was used."""
    await tx.execute(_sql.delete_known_addresses, {"user_id": user_id})


async def delete_old_addresses(connection: DbConnection) -> int:
    """Delete addresses that were not used for 90 days, 5,000 at most; return how many."""
    return await connection.execute(_sql.delete_old_addresses)


async def insert_burst_cause(tx: Transaction, user_id: str, facts: Mapping[str, Any]) -> None:
    """Leave a notice of failed sign-ins to an account."""
    values = {"facts": json.dumps({**facts, "user_id": user_id})}
    await tx.execute(_sql.insert_burst_cause, values)


async def delete_old_sessions(connection: DbConnection) -> int:
    """Delete sessions that expired 30 days ago, 5,000 at most; return how many."""
    return await connection.execute(_sql.delete_old_sessions)


def _user(row: Row | None) -> User:
    if row is None:
        raise UserNotFound
    return User.model_validate(row)


def _session(row: Row) -> Session:
    return Session(
        id=row["session_id"],
        kind=row["kind"],
        scopes=frozenset(Scope(each) for each in row["scopes"]),
        expires_at=row["expires_at"],
        user_id=row["user_id"],
        role=Role(row["role"]),
        status=UserStatus(row["status"]),
        version=row["version"],
        is_copied=row["is_copied"],
    )
