"""Alerts: what an operator has to look at, and what is done about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from instasell_client.models.admin import Alert, AlertsQuery
from instasell_client.models.base import Page
from instasell_client.models.errors import NothingToBook
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.admin import store
from instasell_server.domains.admin.action_log import Action, note_action
from instasell_server.domains.admin.alert_hints import remedy_of
from instasell_server.domains.chargebacks.service import ChargebackService
from instasell_server.domains.payments.service import PaymentService
from instasell_server.paging import (
    INSTANT,
    ROW_ID,
    Cursor,
    integer,
)
from instasell_server.ports.principal import Principal

_PAGES = Cursor("alerts", integer(0, 1), INSTANT, ROW_ID)
_Step = Callable[[Transaction, Alert], Awaitable[int]]


class AlertService:
    """List and close alerts, and book what they are about."""

    def __init__(
        self, database: Database, payments: PaymentService, chargebacks: ChargebackService
    ) -> None:
        self._database = database
        self._refunds = payments.refunds
        self._chargebacks = chargebacks

    async def list(self, query: AlertsQuery) -> Page[Alert]:
        """Return alerts, the open ones first. Raises Invalid for a cursor of another list."""
        is_closed, before_at, before_id = _PAGES.read(query.cursor)
        filters = {
            "closed": query.closed,
            "is_closed": bool(is_closed),
            "before_at": before_at,
            "before_id": before_id,
        }
        async with self._database.connection() as connection:
            found = await store.list_alerts(connection, filters, query.limit + 1)
        alerts, following = _PAGES.cut(
            found,
            query.limit,
            lambda last: (int(last.closed_at is not None), last.created_at, last.id),
        )
        return Page[Alert](items=[_with_remedy(alert) for alert in alerts], next=following)

    async def close(
        self, admin: Principal, alert_id: str, reason: str, key: RequestKey | None
    ) -> Alert:
        """Say that an alert is dealt with; a refund by hand of what it is about is booked.

        Raises AlertNotFound, PaymentFailed, Unavailable.
        """
        async with self._database.connection() as connection:
            alert = await store.get_alert(connection, alert_id)
        is_open = alert.kind == "unknown_payment" and alert.closed_at is None
        if is_open and await self._chargebacks.is_kept(alert.subject):
            await self._refunds.check(alert.subject)

        async def work(tx: Transaction) -> Alert:
            if await store.close_alert(tx, alert_id):
                subject = ("alert", alert_id)
                await note_action(tx, admin, Action.CLOSE_ALERT, subject, reason, {})
            return _with_remedy(await store.get_alert(tx, alert_id))

        return await once(self._database, key, Alert, work)

    async def refund(
        self, admin: Principal, alert_id: str, reason: str, key: RequestKey | None
    ) -> Alert:
        """Send back what is kept apart of the payment that an alert is about, and close it.

        Raises AlertNotFound, NothingToBook.
        """

        async def step(tx: Transaction, alert: Alert) -> int:
            intent_id: str | None = alert.subject
            if alert.kind == "refund_failed":
                intent_id = await self._refunds.find_intent(tx, alert.subject)
            elif alert.kind != "unknown_payment":
                return 0
            return await self._refunds.send_kept_back(tx, intent_id) if intent_id else 0

        return await self._book(admin, alert_id, Action.REFUND_PAYMENT, reason, step, key)

    async def charge(
        self, admin: Principal, alert_id: str, reason: str, key: RequestKey | None
    ) -> Alert:
        """Have the seller pay what a refund at the provider has cost, and close the alert.

        Raises AlertNotFound, NothingToBook.
        """

        async def step(tx: Transaction, alert: Alert) -> int:
            if alert.kind != "refund_at_provider":
                return 0
            return await self._chargebacks.charge_seller(tx, alert.subject)

        return await self._book(admin, alert_id, Action.CHARGE_SELLER, reason, step, key)

    async def correct(
        self, admin: Principal, alert_id: str, reason: str, key: RequestKey | None
    ) -> Alert:
        """Book the amount of a chargeback that the provider says now, and close the alert.

        Raises AlertNotFound, NothingToBook.
        """

        async def step(tx: Transaction, alert: Alert) -> int:
            amount = alert.details.get("told")
            if alert.kind != "chargeback_amount" or not isinstance(amount, int):
                return 0
            return await self._chargebacks.correct(tx, alert.subject, amount)

        return await self._book(admin, alert_id, Action.CORRECT_CHARGEBACK, reason, step, key)

    async def _book(
        self,
        admin: Principal,
        alert_id: str,
        action: Action,
        reason: str,
        step: _Step,
        key: RequestKey | None,
    ) -> Alert:
        async def work(tx: Transaction) -> Alert:
            alert = await store.get_alert(tx, alert_id)
            amount = await step(tx, alert)
            if amount:
                details = {"kind": alert.kind, "subject": alert.subject, "amount": amount}
                await note_action(tx, admin, action, ("alert", alert_id), reason, details)
                await store.close_alert(tx, alert_id)
            elif alert.closed_at is None:
                raise NothingToBook("nothing of this alert is left to book; close it")
            return _with_remedy(await store.get_alert(tx, alert_id))

        return await once(self._database, key, Alert, work)


def _with_remedy(alert: Alert) -> Alert:
    return alert.model_copy(update={"remedy": remedy_of(alert.kind, alert.id)})


__all__ = ["AlertService"]
