"""The rows of sign-ups that wait for the proof of their address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from instasell_client.models.accounts import Role
from instasell_client.models.errors import Invalid
from instasell_server.db import postgres
from instasell_server.db.connections import DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.accounts.emails import ODD_EMAIL

_sql = load(__file__, "pending.sql")


@dataclass(frozen=True, slots=True)
class PendingSignup:
    """An account that is made once its address is proved."""

    email: str
    display_name: str | None
    role: Role
    expires_at: datetime


async def insert_pending(
    tx: Transaction,
    signup_id: str,
    *,
    email: str,
    display_name: str | None,
    role: Role,
    hours: int,
) -> None:
    """Insert a sign-up. Raises Invalid for an address that no account could have."""
    values = {
        "signup_id": signup_id,
        "email": email,
        "display_name": display_name,
        "role": role.value,
        "hours": hours,
    }
    try:
        await tx.execute(_sql.insert_pending, values)
    except postgres.CheckViolation:
        raise Invalid.one("email", ODD_EMAIL) from None


async def find_pending(connection: DbConnection, signup_id: str) -> PendingSignup | None:
    """Return a sign-up, or None for one that is used, expired or absent."""
    return _pending(await connection.maybe(_sql.find_pending, {"signup_id": signup_id}))


async def use_pending(tx: Transaction, signup_id: str) -> PendingSignup | None:
    """Use up a sign-up and all others of its address; None when it is used, expired or absent."""
    return _pending(await tx.maybe(_sql.use_pending, {"signup_id": signup_id}))


async def delete_pending(tx: Transaction, signup_id: str) -> None:
    """Delete a sign-up."""
    await tx.execute(_sql.delete_pending, {"signup_id": signup_id})


async def delete_old_pending(connection: DbConnection) -> int:
    """Delete sign-ups that have expired, 5,000 at most; return how many."""
    return await connection.execute(_sql.delete_old_pending)


def _pending(row: Row | None) -> PendingSignup | None:
    if row is None:
        return None
    role = Role(row["role"])
    return PendingSignup(row["email"], row["display_name"], role, row["expires_at"])
