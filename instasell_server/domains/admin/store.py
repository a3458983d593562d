"""Read and write what admins look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from instasell_client.models.accounts import User
from instasell_client.models.admin import AdminAction, Alert, Figures, LedgerRow
from instasell_client.models.errors import AlertNotFound
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.admin.rules import Span

_sql = load(__file__)
_analytics = load(__file__, "analytics.sql")


async def lock_admins(tx: Transaction) -> None:
    """Wait for other requests that demote an admin."""
    await tx.execute(_sql.lock_admins)


async def has_other_admin(tx: Transaction, user_id: str) -> bool:
    """Return whether there is an active admin besides this account."""
    return bool((await tx.one(_sql.has_other_admin, {"user_id": user_id}))["found"])


async def list_users(
    connection: DbConnection, filters: Mapping[str, Any], limit: int
) -> list[User]:
    """Return accounts below a place, the newest first."""
    rows = await connection.rows(_sql.list_users, {**filters, "limit": limit})
    return [User.model_validate(row) for row in rows]


async def insert_action(
    tx: Transaction,
    *,
    admin_id: str,
    action: str,
    subject: tuple[str, str],
    reason: str,
    details: Mapping[str, Any],
) -> None:
    """Write down what an admin did to a subject: its kind and its id."""
    values = {
        "admin_id": admin_id,
        "action": action,
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "reason": reason,
        "details": json.dumps(details),
    }
    await tx.execute(_sql.insert_action, values)


async def list_actions(
    connection: DbConnection, filters: Mapping[str, Any], limit: int
) -> list[AdminAction]:
    """List actions of admins before a position, newest first."""
    rows = await connection.rows(_sql.list_actions, {**filters, "limit": limit})
    return [AdminAction.model_validate(row) for row in rows]


async def list_alerts(
    connection: DbConnection, filters: Mapping[str, Any], limit: int
) -> list[Alert]:
    """Return alerts below a place: the open ones first, each part the newest first."""
    rows = await connection.rows(_sql.list_alerts, {**filters, "limit": limit})
    return [Alert.model_validate(row) for row in rows]


async def close_alert(tx: Transaction, alert_id: str) -> bool:
    """Close an alert; False when it was closed, or does not exist."""
    return await tx.maybe(_sql.close_alert, {"alert_id": alert_id}) is not None


async def get_alert(connection: DbConnection, alert_id: str) -> Alert:
    """Get one alert. Raises AlertNotFound."""
    row = await connection.maybe(_sql.find_alert, {"alert_id": alert_id})
    if row is None:
        raise AlertNotFound
    return Alert.model_validate(row)


async def list_ledger_of_order(connection: DbConnection, order_id: str) -> list[LedgerRow]:
    """List every row of the transfers that an order took part in, the oldest first."""
    rows = await connection.rows(_sql.list_ledger_of_order, {"order_id": order_id})
    return [LedgerRow.model_validate(row) for row in rows]


async def list_figures(connection: DbConnection, span: Span, now: datetime) -> list[Figures]:
    """List the figures of every bucket of a span, the oldest first."""
    values = {**span._asdict(), "until_at": min(span.to_at, now)}
    rows = await connection.rows(_analytics.list_figures, values)
    return [Figures.model_validate(row) for row in rows]
