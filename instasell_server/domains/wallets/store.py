"""The rows of withdrawals, and of the accounts that they go to."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from instasell_client.models.wallets import Withdrawal
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__)


class PayoutOwner(NamedTuple):
    """Hold what a withdrawal needs to know of its owner."""

    email: str
    is_verified: bool


class PendingWithdrawal(NamedTuple):
    """A withdrawal and where it goes; `amount` in minor units."""

    id: str
    user_id: str
    amount: int
    account_id: str


async def find_payout_account(connection: DbConnection, user_id: str) -> str | None:
    """Find the provider's id of a user's account."""
    row = await connection.maybe(_sql.find_payout_account, {"user_id": user_id})
    return row["account_id"] if row else None


async def insert_payout_account(connection: DbConnection, user_id: str, account_id: str) -> None:
    """Remember an account; the first one stays."""
    values = {"user_id": user_id, "account_id": account_id}
    await connection.execute(_sql.insert_payout_account, values)


async def get_owner(connection: DbConnection, user_id: str) -> PayoutOwner:
    """Get the address of a user, and whether it is proven."""
    return PayoutOwner(**await connection.one(_sql.find_owner, {"user_id": user_id}))


async def insert_withdrawal(tx: Transaction, user_id: str, amount: int) -> Withdrawal:
    """Insert a withdrawal that is to be sent."""
    row = await tx.one(_sql.insert_withdrawal, {"user_id": user_id, "amount": amount})
    return Withdrawal.model_validate(row)


async def lease_pending(connection: DbConnection, limit: int) -> list[PendingWithdrawal]:
    """Take up withdrawals that nobody looks after, each with the account that it goes to."""
    rows = await connection.rows(_sql.lease_pending, {"limit": limit})
    return [PendingWithdrawal(**row) for row in rows]


async def list_stopped(connection: DbConnection, limit: int) -> list[str]:
    """List withdrawals that were never asked for, from wallets that nothing may leave."""
    return [row["id"] for row in await connection.rows(_sql.list_stopped, {"limit": limit})]


async def lock_unsent_withdrawal(tx: Transaction, withdrawal_id: str) -> PendingWithdrawal | None:
    """Lock a withdrawal of which the provider knows nothing yet; None if it may know."""
    row = await tx.maybe(_sql.lock_unsent_withdrawal, {"withdrawal_id": withdrawal_id})
    return PendingWithdrawal(**row, account_id="") if row else None


class SentWithdrawal(NamedTuple):
    """A withdrawal that was sent, and how much of it has come back; in minor units."""

    id: str
    user_id: str
    amount: int
    returned_amount: int


async def lock_sent(
    tx: Transaction, withdrawal_id: str | None, provider_id: str
) -> SentWithdrawal | None:
    """Lock a withdrawal that was sent under an id of the provider's."""
    values = {"withdrawal_id": withdrawal_id, "provider_id": provider_id}
    row = await tx.maybe(_sql.lock_sent, values)
    return SentWithdrawal(**row) if row else None


async def update_returned(tx: Transaction, withdrawal_id: str, amount: int) -> None:
    """Say how much of a withdrawal has come back in all."""
    await tx.execute(_sql.update_returned, {"withdrawal_id": withdrawal_id, "amount": amount})


async def find_owner_of_account(connection: DbConnection, account_id: str) -> str | None:
    """Return whose an account at the provider is."""
    row = await connection.maybe(_sql.find_owner_of_account, {"account_id": account_id})
    return row["user_id"] if row else None


async def insert_alert(tx: Transaction, kind: str, subject: str, details: dict[str, Any]) -> None:
    """Leave something for an operator to look at; once for each subject."""
    values = {"kind": kind, "subject": subject[:255], "details": json.dumps(details)}
    await tx.execute(_sql.insert_alert, values)


async def lock_pending(tx: Transaction, withdrawal_id: str) -> bool:
    """Lock a withdrawal; whether it still waits for its outcome."""
    row = await tx.maybe(_sql.lock_withdrawal, {"withdrawal_id": withdrawal_id})
    return row is not None and row["status"] == "pending"


async def update_succeeded(tx: Transaction, withdrawal_id: str, provider_id: str) -> None:
    """Record that the provider has sent a withdrawal."""
    values = {"withdrawal_id": withdrawal_id, "provider_id": provider_id}
    await tx.execute(_sql.update_succeeded, values)


async def update_failed(tx: Transaction, withdrawal_id: str, failure: str) -> None:
    """Record that the provider will not send a withdrawal."""
    values = {"withdrawal_id": withdrawal_id, "failure": failure[:500]}
    await tx.execute(_sql.update_failed, values)


async def list_withdrawals(
    connection: DbConnection,
    user_id: str,
    after_key: int | None,
    after_id: str | None,
    limit: int,
) -> list[tuple[Withdrawal, tuple[int, str]]]:
    """List a user's withdrawals below a place, the newest first, each with its own."""
    rows = await connection.rows(
        _sql.list_withdrawals,
        {"user_id": user_id, "after_key": after_key, "after_id": after_id, "limit": limit},
    )
    return [(Withdrawal.model_validate(row), (row["sort_key"], row["id"])) for row in rows]
