"""The rows of payments, of refunds at the provider, and of its events."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__)


class Payment(NamedTuple):
    """A payment; `amount` in minor units. `status` is opening, open, succeeded or failed."""

    id: str
    user_id: str
    purpose: str
    order_id: str | None
    amount: int
    currency: str
    status: str
    session_id: str | None
    intent_id: str | None
    checkout_url: str | None


class Refund(NamedTuple):
    """A refund at the provider. `status` is asking, asked, succeeded or failed."""

    id: str
    payment_id: str | None
    order_id: str | None
    amount: int
    status: str
    provider_id: str | None
    intent_id: str | None
    user_id: str | None
    paid_at: datetime | None = None


async def find_open_payment_of_order(tx: Transaction, order_id: str) -> str | None:
    """Find the payment that waits for the payer of an order."""
    row = await tx.maybe(_sql.find_open_payment_of_order, {"order_id": order_id})
    return row["id"] if row else None


async def find_paid_payment_of_order(tx: Transaction, order_id: str) -> Payment | None:
    """Find the payment that paid an order."""
    row = await tx.maybe(_sql.find_paid_payment_of_order, {"order_id": order_id})
    return Payment(**row) if row else None


async def insert_payment(
    tx: Transaction, user_id: str, purpose: str, order_id: str | None, amount: int, currency: str
) -> str:
    """Insert a payment that the provider has not been asked for yet; returns its id."""
    values = {
        "user_id": user_id, "purpose": purpose, "order_id": order_id, "amount": amount,
        "currency": currency,
    }  # fmt: skip
    payment_id: str = (await tx.one(_sql.insert_payment, values))["id"]
    return payment_id


async def find_payment(connection: DbConnection, payment_id: str) -> Payment | None:
    """Find a payment."""
    row = await connection.maybe(_sql.find_payment, {"payment_id": payment_id})
    return Payment(**row) if row else None


async def find_payment_of_intent(connection: DbConnection, intent_id: str) -> str | None:
    """Find the id of the payment that the provider knows as `intent_id`."""
    row = await connection.maybe(_sql.find_payment_of_intent, {"intent_id": intent_id})
    return row["id"] if row else None


async def lock_intent(tx: Transaction, intent_id: str) -> None:
    """Have all who speak of one payment of the provider's wait for each other.

    A payment and its chargeback may come at the same moment, before either has a row to lock.
    """
    await tx.rows(_sql.lock_intent, {"intent_id": intent_id})


async def lock_payment(tx: Transaction, payment_id: str) -> Payment | None:
    """Lock a payment; its order has to be locked before."""
    row = await tx.maybe(_sql.lock_payment, {"payment_id": payment_id})
    return Payment(**row) if row else None


async def update_open(
    connection: DbConnection, payment_id: str, session_id: str, checkout_url: str | None
) -> None:
    """Record that the provider's page waits."""
    values = {"payment_id": payment_id, "session_id": session_id, "checkout_url": checkout_url}
    await connection.execute(_sql.update_open, values)


async def update_succeeded(tx: Transaction, payment_id: str, intent_id: str) -> None:
    """Record that the provider has the money."""
    await tx.execute(_sql.update_succeeded, {"payment_id": payment_id, "intent_id": intent_id})


async def update_failed(
    connection: DbConnection, payment_id: str, failure: str, intent_id: str | None = None
) -> bool:
    """Record that a payment failed; one that succeeded stays as it is.

    Returns whether that was not known before.
    """
    values = {"payment_id": payment_id, "failure": failure[:500], "intent_id": intent_id}
    row = await connection.maybe(_sql.update_failed, values)
    return row is not None and bool(row["is_news"])


async def lease_unfinished(connection: DbConnection, limit: int) -> list[Payment]:
    """Take up payments that nobody has looked at for a minute."""
    rows = await connection.rows(_sql.lease_unfinished, {"limit": limit})
    return [Payment(**row) for row in rows]


async def insert_event(tx: Transaction, event_id: str, kind: str) -> bool:
    """Write an event of the provider down; False for one that was written down before."""
    return await tx.execute(_sql.insert_event, {"id": event_id, "type": kind}) == 1


async def insert_refund(tx: Transaction, payment_id: str, order_id: str | None, amount: int) -> str:
    """Insert a refund that the provider is to be asked for; returns its id."""
    values = {"payment_id": payment_id, "order_id": order_id, "amount": amount}
    refund_id: str = (await tx.one(_sql.insert_refund, values))["id"]
    return refund_id


async def lease_refunds(connection: DbConnection, limit: int) -> list[Refund]:
    """Take up refunds whose outcome is open and that nobody looks after."""
    rows = await connection.rows(_sql.lease_refunds, {"limit": limit})
    return [Refund(**row) for row in rows]


async def lock_refund(
    tx: Transaction, refund_id: str | None, provider_id: str | None
) -> Refund | None:
    """Lock a refund by our id or by the provider's."""
    values = {"refund_id": refund_id, "provider_id": provider_id}
    row = await tx.maybe(_sql.lock_refund, values)
    return Refund(**row) if row else None


async def update_refund(
    tx: Transaction, refund_id: str, status: str, provider_id: str | None
) -> None:
    """Set the status of a refund."""
    values = {"refund_id": refund_id, "status": status, "provider_id": provider_id}
    await tx.execute(_sql.update_refund, values)


async def insert_refund_of_intent(tx: Transaction, intent_id: str, amount: int) -> str:
    """Insert a refund of a payment that is nobody's; returns its id."""
    values = {"intent_id": intent_id, "amount": amount}
    refund_id: str = (await tx.one(_sql.insert_refund_of_intent, values))["id"]
    return refund_id


async def find_intent_of_refund(tx: Transaction, refund_id: str) -> str | None:
    """Return which payment of the provider's a refund of ours is of, if no order's."""
    row = await tx.maybe(_sql.find_intent_of_refund, {"refund_id": refund_id})
    return row["intent_id"] if row else None


async def sum_refunds(connection: DbConnection, intent_id: str) -> int:
    """Return what is known to have gone back of a payment of the provider's."""
    row = await connection.one(_sql.sum_refunds, {"intent_id": intent_id})
    return int(row["amount"])


async def list_known_refunds(connection: DbConnection, provider_ids: list[str]) -> set[str]:
    """Return those of some refunds of the provider's that the market has asked for."""
    rows = await connection.rows(_sql.list_known_refunds, {"provider_ids": provider_ids})
    return {row["provider_id"] for row in rows}


async def insert_alert(tx: Transaction, kind: str, subject: str, details: dict[str, Any]) -> bool:
    """Insert an alert for an operator; False if there was one for this subject."""
    values = {"kind": kind, "subject": subject[:255], "details": json.dumps(details)}
    return await tx.execute(_sql.insert_alert, values) == 1
