"""The rows of chargebacks."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.chargebacks.rules import ClaimedAmounts

_sql = load(__file__)


class Chargeback(NamedTuple):
    """A chargeback whose row is locked; amounts in minor units. `status` is open, won or lost."""

    id: str
    provider_id: str
    intent_id: str
    payment_id: str | None
    order_id: str | None
    dispute_id: str | None
    amount: int
    refunded_amount: int
    escrow_amount: int
    owed_amount: int
    recovered_amount: int
    fee_amount: int
    status: str
    holds_order: bool
    kind: str
    suspense_amount: int


class Debt(NamedTuple):
    """Hold what a user owes for a chargeback; amounts in minor units."""

    debtor_id: str
    owed_amount: int
    recovered_amount: int
    is_due: bool


class ClaimedOrder(NamedTuple):
    """An order that a chargeback takes money of, `escrow_amount` in minor units."""

    order_id: str
    dispute_id: str | None
    escrow_amount: int
    holds_order: bool


async def list_paid_parts(tx: Transaction, payment_id: str, limit: int) -> dict[str, int]:
    """List what of which open order a top-up has paid, in minor units; the largest first."""
    rows = await tx.rows(_sql.list_paid_parts, {"payment_id": payment_id, "limit": limit})
    return {row["order_id"]: row["amount"] for row in rows}


async def list_claimed_ids(tx: Transaction, provider_id: str) -> list[str]:
    """List the orders that a chargeback of a top-up takes money of."""
    rows = await tx.rows(_sql.list_claimed_ids, {"provider_id": provider_id})
    return [row["order_id"] for row in rows]


async def insert_claimed_order(tx: Transaction, chargeback_id: str, claimed: ClaimedOrder) -> None:
    """Note what a chargeback of a top-up takes of an order."""
    values = {"chargeback_id": chargeback_id, **claimed._asdict()}
    await tx.execute(_sql.insert_claimed_order, values)


async def list_claimed_orders(tx: Transaction, found: Chargeback) -> list[ClaimedOrder]:
    """List the orders that a locked chargeback takes money of; at most one of a card payment."""
    if found.order_id is not None:
        own = (found.dispute_id, found.escrow_amount, found.holds_order)
        return [ClaimedOrder(found.order_id, *own)]
    rows = await tx.rows(_sql.list_claimed_orders, {"chargeback_id": found.id})
    return [ClaimedOrder(**row, holds_order=True) for row in rows]


async def list_orders_of_chargeback(tx: Transaction, provider_id: str) -> list[str]:
    """List every order that a chargeback is about, whatever paid it."""
    rows = await tx.rows(_sql.list_orders_of_chargeback, {"provider_id": provider_id})
    return [row["order_id"] for row in rows]


async def find_open_top_up(tx: Transaction, provider_id: str) -> str | None:
    """Return the top-up that a chargeback takes back, if that waits for its verdict."""
    row = await tx.maybe(_sql.find_open_top_up, {"provider_id": provider_id})
    return row["payment_id"] if row else None


async def update_claimed_order(
    tx: Transaction, chargeback_id: str, order_id: str, escrow_amount: int
) -> None:
    """Say how much a chargeback of a top-up takes of an order by now."""
    values = {
        "chargeback_id": chargeback_id, "order_id": order_id, "escrow_amount": escrow_amount,
    }  # fmt: skip
    await tx.execute(_sql.update_claimed_order, values)


async def find_payer(tx: Transaction, chargeback_id: str) -> str | None:
    """Return who made the payment that a chargeback takes back, if that is known."""
    row = await tx.maybe(_sql.find_payer, {"chargeback_id": chargeback_id})
    return row["user_id"] if row else None


async def lock_chargeback(tx: Transaction, provider_id: str) -> Chargeback | None:
    """Lock a chargeback by the provider's id; its order has to be locked before."""
    row = await tx.maybe(_sql.lock_chargeback, {"provider_id": provider_id})
    return Chargeback(**row) if row else None


async def lock_unattached(tx: Transaction, intent_id: str) -> list[Chargeback]:
    """Lock those that came before their payment."""
    rows = await tx.rows(_sql.lock_unattached, {"intent_id": intent_id})
    return [Chargeback(**row) for row in rows]


async def lock_open_debt(tx: Transaction, chargeback_id: str) -> Chargeback | None:
    """Lock a chargeback of which something is owed; None when that is done."""
    row = await tx.maybe(_sql.lock_open_debt, {"chargeback_id": chargeback_id})
    return Chargeback(**row) if row else None


async def list_recoverable(connection: DbConnection, limit: int) -> list[tuple[str, str]]:
    """List chargebacks that are owed by users who have something, each with its debtor."""
    rows = await connection.rows(_sql.list_recoverable, {"limit": limit})
    return [(row["chargeback_id"], row["debtor_id"]) for row in rows]


async def get_claims(tx: Transaction, order_id: str, seller_id: str) -> ClaimedAmounts:
    """Return what the chargebacks of a locked order have taken of it so far."""
    values = {"order_id": order_id, "seller_id": seller_id}
    return ClaimedAmounts(**await tx.one(_sql.get_claims, values))


async def insert_debt(tx: Transaction, chargeback_id: str, debt: Debt) -> None:
    """Write down what a user owes for a chargeback."""
    await tx.execute(_sql.insert_debt, {"chargeback_id": chargeback_id, **debt._asdict()})


async def list_debts(tx: Transaction, chargeback_id: str) -> list[Debt]:
    """List who owes or has paid something for a locked chargeback."""
    rows = await tx.rows(_sql.list_debts, {"chargeback_id": chargeback_id})
    return [Debt(**row) for row in rows]


async def update_debt(tx: Transaction, chargeback_id: str, debt: Debt) -> None:
    """Write a debt of a locked chargeback back."""
    await tx.execute(_sql.update_debt, {"chargeback_id": chargeback_id, **debt._asdict()})


async def insert_chargeback(
    tx: Transaction,
    provider_id: str,
    intent_id: str,
    amount: int,
    now: datetime,
    kind: str = "chargeback",
) -> Chargeback:
    """Insert a chargeback or a refund made at the provider, all of it owed by nobody yet."""
    values = {
        "provider_id": provider_id, "intent_id": intent_id, "amount": amount, "now": now,
        "kind": kind,
    }  # fmt: skip
    return Chargeback(**await tx.one(_sql.insert_chargeback, values))


async def take_kept(tx: Transaction, intent_id: str, amount: int) -> int:
    """Take what is kept apart for a payment of the provider's, `amount` at most."""
    row = await tx.maybe(_sql.take_kept, {"intent_id": intent_id, "amount": amount})
    return int(row["taken"]) if row else 0


async def is_kept(connection: DbConnection, intent_id: str) -> bool:
    """Tell whether anything is kept apart for a payment of the provider's."""
    return await connection.maybe(_sql.is_kept, {"intent_id": intent_id}) is not None


async def find_order_of_refund(tx: Transaction, provider_id: str) -> str | None:
    """Return the order that a refund made at the provider is of."""
    row = await tx.maybe(_sql.find_order_of_refund, {"provider_id": provider_id})
    return row["order_id"] if row else None


async def keep(tx: Transaction, intent_id: str, amount: int) -> None:
    """Keep money of a payment of the provider's apart."""
    await tx.execute(_sql.keep, {"intent_id": intent_id, "amount": amount})


async def lock_uncovered(tx: Transaction, intent_id: str) -> list[Chargeback]:
    """Lock what was taken of a payment and is owed by nobody in particular."""
    rows = await tx.rows(_sql.lock_uncovered, {"intent_id": intent_id})
    return [Chargeback(**row) for row in rows]


async def find_refund(tx: Transaction, provider_id: str) -> Chargeback | None:
    """Find and lock a refund that was made at the provider."""
    found = await lock_chargeback(tx, provider_id)
    return found if found is not None and found.kind == "refund" else None


async def update_chargeback(tx: Transaction, chargeback: Chargeback, now: datetime) -> None:
    """Write a locked chargeback back."""
    await tx.execute(_sql.update_chargeback, {**chargeback._asdict(), "now": now})


async def insert_alert(tx: Transaction, kind: str, subject: str, details: dict[str, Any]) -> None:
    """Insert something for an operator to look at; told once for each subject."""
    values = {"kind": kind, "subject": subject[:255], "details": json.dumps(details)}
    await tx.execute(_sql.insert_alert, values)


async def insert_changed_alert(
    tx: Transaction, kind: str, subject: str, details: dict[str, Any]
) -> None:
    """Leave an alert that is opened again when it has something else to say."""
    values = {"kind": kind, "subject": subject[:255], "details": json.dumps(details)}
    await tx.execute(_sql.insert_changed_alert, values)
