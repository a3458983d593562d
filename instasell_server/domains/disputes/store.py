"""The rows of disputes and of what was said in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from instasell_client.models.disputes import (
    Dispute,
    DisputeKind,
    DisputeMessage,
    DisputeReason,
    DisputeStatus,
)
from instasell_server.db.connections import DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.disputes.rules import DisputeState

_sql = load(__file__)

DisputeKey = tuple[int, str]
"""Where a dispute stands in a list: when it was opened, in microseconds, and its id."""


class LockedDispute(NamedTuple):
    """A dispute whose row is locked."""

    id: str
    order_id: str
    state: DisputeState


class NewDispute(NamedTuple):
    """Hold what a buyer opens, or the buyer's bank."""

    order_id: str
    buyer_id: str
    seller_id: str
    reason: DisputeReason
    text: str
    now: datetime
    kind: DisputeKind = DisputeKind.COMPLAINT


class Resolution(NamedTuple):
    """Hold how a dispute ends; `refund_amount` in minor units."""

    refund_amount: int
    resolution: str
    resolved_by: str | None
    now: datetime


async def insert_dispute(tx: Transaction, dispute: NewDispute) -> str:
    """Insert an open dispute of an order whose row is locked; return its id."""
    values = {**dispute._asdict(), "reason": dispute.reason.value, "kind": dispute.kind.value}
    dispute_id: str = (await tx.one(_sql.insert_dispute, values))["id"]
    return dispute_id


async def find_order_of_dispute(connection: DbConnection, dispute_id: str) -> str | None:
    """Find the id of the order, which never changes."""
    row = await connection.maybe(_sql.find_order_of_dispute, {"dispute_id": dispute_id})
    return row["order_id"] if row else None


async def lock_dispute(tx: Transaction, dispute_id: str) -> LockedDispute | None:
    """Lock a dispute; its order, if that is needed too, has to be locked before."""
    row = await tx.maybe(_sql.lock_dispute, {"dispute_id": dispute_id})
    return _locked(row) if row else None


async def lock_open_dispute_of_order(tx: Transaction, order_id: str) -> LockedDispute | None:
    """Lock the dispute that an order waits for; those of banks are locked by their own ids."""
    row = await tx.maybe(_sql.lock_open_dispute_of_order, {"order_id": order_id})
    return _locked(row) if row else None


def _locked(row: Row) -> LockedDispute:
    status, kind = DisputeStatus(row["status"]), DisputeKind(row["kind"])
    state = DisputeState(row["buyer_id"], row["seller_id"], status, kind)
    return LockedDispute(row["id"], row["order_id"], state)


async def update_resolved(tx: Transaction, dispute_id: str, resolution: Resolution) -> None:
    """Open to resolved, of a dispute whose row is locked."""
    await tx.execute(_sql.update_resolved, {"dispute_id": dispute_id, **resolution._asdict()})


async def insert_message(
    tx: Transaction, dispute_id: str, author_id: str, text: str, now: datetime
) -> None:
    """Write down what a side said."""
    values = {"dispute_id": dispute_id, "author_id": author_id, "text": text, "now": now}
    await tx.execute(_sql.insert_message, values)


async def find_dispute(connection: DbConnection, dispute_id: str, currency: str) -> Dispute | None:
    """Find a dispute as the wire has it."""
    row = await connection.maybe(_sql.find_dispute, {"dispute_id": dispute_id})
    return Dispute(**row, currency=currency) if row else None


async def list_messages(connection: DbConnection, dispute_id: str) -> list[DisputeMessage]:
    """List the messages of a dispute, oldest first."""
    rows = await connection.rows(_sql.list_messages, {"dispute_id": dispute_id})
    return [DisputeMessage(**row) for row in rows]


async def list_disputes(
    connection: DbConnection, filters: dict[str, Any], limit: int, currency: str
) -> list[tuple[Dispute, DisputeKey]]:
    """List a user's disputes below a place, the newest first, each with its own."""
    rows = await connection.rows(_sql.list_disputes, {**filters, "limit": limit})
    return _placed(rows, currency)


async def list_all_disputes(
    connection: DbConnection, filters: dict[str, Any], limit: int, currency: str
) -> list[tuple[Dispute, DisputeKey]]:
    """Return everybody's disputes above a place, the oldest first, each with its own."""
    rows = await connection.rows(_sql.list_all_disputes, {**filters, "limit": limit})
    return _placed(rows, currency)


def _placed(rows: list[Row], currency: str) -> list[tuple[Dispute, DisputeKey]]:
    return [(Dispute(**row, currency=currency), (row["sort_key"], row["id"])) for row in rows]
