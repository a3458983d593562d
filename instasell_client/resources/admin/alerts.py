"""Read what admins have done, and work on what the market reports to them."""

from __future__ import annotations

from functools import partial
from typing import TypedDict, Unpack

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.admin import AdminAction, Alert, AlertsQuery, AuditLogQuery, Reason
from instasell_client.models.base import Page
from instasell_client.operation import Operation, Pages, get, pages, path, post, reads, request


class ActionFilters(TypedDict, total=False):
    """Select entries of the audit log."""

    admin: str | None
    action: str | None
    subject: str | None


class AlertCalls(Resource[Mode]):
    """Work on alerts, and read the audit log."""

    @paged
    def audit_log(
        self, *, page_size: int = 100, **filters: Unpack[ActionFilters]
    ) -> Pages[AdminAction]:
        """List the actions of admins, the newest first.

        Args:
            admin: Id of an admin.
            action: Only one kind of action, such as `suspend_user`.
            subject: Id of what was changed.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of AdminAction; pages are requested as you read.

        Raises:
            Forbidden, Invalid

        Example:
            for entry in client.admin.audit_log(subject=user_id):
                print(entry.action, entry.reason)

        See docs/api.md#get-adminaudit-log.
        """
        return pages(partial(_actions, limit=page_size, **filters))

    @endpoint
    def audit_log_page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[ActionFilters]
    ) -> Operation[Page[AdminAction]]:
        """Return one page of `audit_log`.

        Args:
            filters: Those of `audit_log`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[AdminAction].

        Raises:
            Forbidden, Invalid

        Example:
            page = client.admin.audit_log_page(limit=20)

        See docs/api.md#get-adminaudit-log.
        """
        return _actions(cursor, limit=limit, **filters)

    @paged
    def alerts(self, *, closed: bool | None = None, page_size: int = 100) -> Pages[Alert]:
        """List the alerts, the open ones first.

        Args:
            closed: True for the closed ones only, False for the open ones only.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Alert; pages are requested as you read.

        Raises:
            Forbidden, Invalid

        Example:
            for alert in client.admin.alerts(closed=False):
                print(alert.kind, alert.remedy)

        See docs/api.md#get-adminalerts.
        """
        return pages(partial(_alerts, closed=closed, limit=page_size))

    @endpoint
    def alerts_page(
        self, *, closed: bool | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[Page[Alert]]:
        """Return one page of `alerts`.

        Args:
            closed: True for the closed ones only, False for the open ones only.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Alert].

        Raises:
            Forbidden, Invalid

        Example:
            page = client.admin.alerts_page(closed=False, limit=20)

        See docs/api.md#get-adminalerts.
        """
        return _alerts(cursor, closed=closed, limit=limit)

    @endpoint
    def close_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Close an alert; a refund by hand of its payment is booked.

        Args:
            alert_id: Id of the alert.
            reason: Text for the audit log.

        Returns:
            Alert.

        Raises:
            AlertNotFound, PaymentFailed, Unavailable, Forbidden, Invalid

        Example:
            client.admin.close_alert(alert_id, "Refunded by hand")

        See docs/api.md#post-adminalertsalert_idclose.
        """
        at = path("/admin/alerts/{}/close", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def refund_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Refund the unmatched payment of an alert, and close it.

        Args:
            alert_id: Id of the alert.
            reason: Text for the audit log.

        Returns:
            Alert.

        Raises:
            AlertNotFound, NothingToBook, Forbidden, Invalid

        Example:
            client.admin.refund_alert(alert_id, "No order")

        See docs/api.md#post-adminalertsalert_idrefund.
        """
        at = path("/admin/alerts/{}/refund", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def charge_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Charge the seller for a refund made at the payment provider, and close the alert.

        Args:
            alert_id: Id of the alert.
            reason: Text for the audit log.

        Returns:
            Alert.

        Raises:
            AlertNotFound, NothingToBook, Forbidden, Invalid

        Example:
            client.admin.charge_alert(alert_id, "Agreed")

        See docs/api.md#post-adminalertsalert_idcharge.
        """
        at = path("/admin/alerts/{}/charge", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def correct_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Book the amount of a chargeback that the provider reports now, and close the alert.

        Args:
            alert_id: Id of the alert.
            reason: Text for the audit log.

        Returns:
            Alert.

        Raises:
            AlertNotFound, NothingToBook, Forbidden, Invalid

        Example:
            client.admin.correct_alert(alert_id, "New amount")

        See docs/api.md#post-adminalertsalert_idcorrect.
        """
        at = path("/admin/alerts/{}/correct", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))


def _actions(cursor: str | None, **filters: object) -> Operation[Page[AdminAction]]:
    query = request(AuditLogQuery, cursor=cursor, **filters)
    return get("/admin/audit-log", Page[AdminAction], query)


def _alerts(cursor: str | None, **filters: object) -> Operation[Page[Alert]]:
    return get("/admin/alerts", Page[Alert], request(AlertsQuery, cursor=cursor, **filters))
