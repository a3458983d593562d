"""The rows of the ledger, and the wallets that they move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from instasell_client.models.wallets import WalletEntry
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.ledger.postings import Hold, Posting, SpendHeld

_sql = load(__file__)


class WalletRow(NamedTuple):
    """A wallet's row; amounts in minor units."""

    user_id: str
    balance: int
    gas_balance: int
    version: int
    updated_at: datetime
    payouts_stopped: bool
    held_amount: int
    owed_amount: int
    held: list[dict[str, Any]]


class PostedEntries(NamedTuple):
    """A posting on its way into the table, with what its wallet has after it."""

    transfer_id: str
    key: str
    reference: str
    posting: Posting
    balance_after: int | None


async def lock_wallets(tx: Transaction, user_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Lock wallets in order of their users; balance and gas of each."""
    rows = await tx.rows(_sql.lock_wallets, {"user_ids": list(user_ids)})
    return {row["user_id"]: (row["balance"], row["gas_balance"]) for row in rows}


async def insert_postings(tx: Transaction, rows: Sequence[PostedEntries]) -> None:
    """Insert rows. Raises psycopg2's UniqueViolation for a key that is there already."""
    await tx.execute(
        _sql.insert_postings,
        {
            "transfer_ids": [each.transfer_id for each in rows],
            "accounts": [each.posting.account.value for each in rows],
            "user_ids": [each.posting.user_id for each in rows],
            "order_ids": [each.posting.order_id for each in rows],
            "amounts": [each.posting.amount for each in rows],
            "types": [each.posting.type.value for each in rows],
            "references": [each.reference for each in rows],
            "keys": [each.key for each in rows],
            "balances": [each.balance_after for each in rows],
        },
    )


async def update_wallets(
    tx: Transaction, wallets: Mapping[str, tuple[int, int]]
) -> list[WalletRow]:
    """Set balance and gas of wallets whose rows are locked."""
    rows = await tx.rows(
        _sql.update_wallets,
        {
            "user_ids": list(wallets),
            "balances": [balance for balance, _ in wallets.values()],
            "gas_balances": [gas for _, gas in wallets.values()],
        },
    )
    return [WalletRow(**row) for row in rows]


async def move_held(tx: Transaction, amounts: Mapping[str, int]) -> None:
    """Move what orders hold by amounts that may be negative."""
    await tx.rows(_sql.move_held, {"order_ids": list(amounts), "amounts": list(amounts.values())})


async def insert_hold(tx: Transaction, user_id: str, amount: int, hold: Hold) -> None:
    """Keep money that came into a locked wallet from being withdrawn for a while."""
    values = {"user_id": user_id, "amount": amount, **hold._asdict()}
    await tx.execute(_sql.insert_hold, values)


async def spend_held(tx: Transaction, user_id: str, amount: int, spending: SpendHeld) -> None:
    """Take money out of a locked wallet: held money first, as far as there is any."""
    values = {"user_id": user_id, "amount": amount, **spending._asdict()}
    await tx.execute(_sql.spend_held, values)


async def return_held(tx: Transaction, user_id: str, amount: int, purpose_id: str) -> None:
    """Hold money again that comes back from what it was spent on."""
    values = {"user_id": user_id, "amount": amount, "purpose_id": purpose_id}
    await tx.execute(_sql.return_held, values)


async def find_left(tx: Transaction, payment_id: str) -> int:
    """Return what of a payment is left in a locked wallet; spent money that was free counts."""
    return int((await tx.one(_sql.find_left, {"payment_id": payment_id}))["amount"])


async def move_use(
    tx: Transaction, payment_id: str, source_id: str, target_id: str, amount: int
) -> None:
    """Have held money of a top-up be spent on something else than before."""
    values = {
        "payment_id": payment_id, "source_id": source_id, "target_id": target_id, "amount": amount,
    }  # fmt: skip
    await tx.execute(_sql.move_use, values)


async def find_free_at(tx: Transaction, user_id: str, amount: int) -> datetime | None:
    """Return when `amount` more can be withdrawn because holds end; None if they never do."""
    row = await tx.one(_sql.find_free_at, {"user_id": user_id, "amount": amount})
    free_at: datetime | None = row["free_at"]
    return free_at


async def stop_payouts(tx: Transaction, user_id: str) -> None:
    """Let nothing leave a wallet until an admin allows it."""
    await tx.execute(_sql.stop_payouts, {"user_id": user_id})


async def allow_payouts(tx: Transaction, user_id: str) -> bool:
    """Let money leave a wallet again; False when nothing had stopped it."""
    return await tx.execute(_sql.allow_payouts, {"user_id": user_id}) == 1


async def find_wallet(connection: DbConnection, user_id: str) -> WalletRow | None:
    """Find the wallet of a user."""
    row = await connection.maybe(_sql.find_wallet, {"user_id": user_id})
    return WalletRow(**row) if row else None


async def list_entries(
    connection: DbConnection, user_id: str, account: str | None, before: int | None, limit: int
) -> list[tuple[int, WalletEntry]]:
    """Return rows of a wallet below a `seq`, the newest first, each with its own."""
    values: dict[str, Any] = {
        "user_id": user_id, "account": account, "before": before, "limit": limit,
    }  # fmt: skip
    rows = await connection.rows(_sql.list_entries, values)
    return [(row["seq"], WalletEntry.model_validate(row)) for row in rows]
