"""Administer the market: accounts, alerts, the audit log, orders with their ledger, figures.

Every call needs an admin; a script token needs the scope `admin`. Each change takes a `reason`,
which stays in the audit log. `page_size` and `limit` are 1 to 100. See docs/api.md#admin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Literal

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.accounts import Role, User, UserStatus
from instasell_client.models.admin import (
    AdminAction,
    AdminOrder,
    AdminOrdersQuery,
    Alert,
    AlertsQuery,
    Analytics,
    AnalyticsQuery,
    AuditLogQuery,
    Bucket,
    EnteredUsers,
    EnterUsers,
    Reason,
    SetRole,
    UsersQuery,
)
from instasell_client.models.auctions import AuctionStatusReply
from instasell_client.models.base import Page
from instasell_client.models.disputes import (
    Dispute,
    DisputesQuery,
    DisputeStatus,
    DisputeView,
    ResolveDispute,
)
from instasell_client.models.listings import Listing
from instasell_client.models.orders import Order, OrderStatus
from instasell_client.operation import (
    Operation,
    Pages,
    get,
    pages,
    path,
    post,
    post_once,
    reads,
    request,
)

RoleName = Role | Literal["buyer", "seller", "admin"]
StatusName = UserStatus | Literal["active", "suspended"]
BucketName = Bucket | Literal["hour", "day", "week"]
OrderStatusName = (
    OrderStatus | Literal["pending", "processing", "shipped", "delivered", "disputed", "cancelled"]
)
DisputeStatusName = DisputeStatus | Literal["open", "resolved"]


class Admin(Resource[Mode]):
    """Group the calls of `client.admin`. Raises Forbidden and ScopeMissing for all but admins."""

    @paged
    def users(
        self,
        *,
        q: str | None = None,
        role: RoleName | None = None,
        status: StatusName | None = None,
        page_size: int = 100,
    ) -> Pages[User]:
        """List accounts, the newest first; `q` is a part of the address or the name, or an id.

        Example: `client.admin.users(q="ada", status="suspended")`
        """
        return pages(partial(_users, q=q, role=role, status=status, limit=page_size))

    @endpoint
    def users_page(
        self,
        *,
        q: str | None = None,
        role: RoleName | None = None,
        status: StatusName | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[User]]:
        """Return one page of `users`; `limit` is 1 to 100, `cursor` the `next` of the page before.

        Example: `client.admin.users_page(role="seller", limit=20)`
        """
        return _users(cursor, q=q, role=role, status=status, limit=limit)

    @endpoint
    def enter_users(
        self, users: Sequence[Mapping[str, object]], reason: str
    ) -> Operation[EnteredUsers]:
        """Sign in up to 100 accounts by their passwords, or create those that do not exist.

        `users` may have `display_name`, `role`; refused ones get a `code`. A repeat is safe.
        Example: `client.admin.enter_users([{"email": email, "password": password}], "Migration")`
        """
        body = request(EnterUsers, users=[dict(each) for each in users], reason=reason)
        return post_once("/admin/users/bulk", reads(EnteredUsers), body)

    @endpoint
    def suspend(self, user_id: str, reason: str) -> Operation[User]:
        """Suspend an account: its sessions end, its open auctions are cancelled, it may only read.

        Raises UserNotFound, LastAdmin, Forbidden for your own account.
        Example: `client.admin.suspend(user_id, "Fraud")`
        """
        at = path("/admin/users/{}/suspend", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def unsuspend(self, user_id: str, reason: str) -> Operation[User]:
        """Let a suspended account act again. Raises UserNotFound.

        Example: `client.admin.unsuspend(user_id, "Appeal accepted")`
        """
        at = path("/admin/users/{}/unsuspend", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def set_role(self, user_id: str, role: RoleName, reason: str) -> Operation[User]:
        """Give an account a role, in all its sessions at once.

        Raises UserNotFound, LastAdmin, Forbidden for your own account.
        Example: `client.admin.set_role(user_id, "seller", "Contract")`
        """
        at = path("/admin/users/{}/role", user_id)
        return post(at, reads(User), request(SetRole, role=role, reason=reason))

    @endpoint
    def verify(self, user_id: str, reason: str) -> Operation[User]:
        """Mark the e-mail address of an account as verified. Raises UserNotFound.

        Example: `client.admin.verify(user_id, "Called back")`
        """
        at = path("/admin/users/{}/verify", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def allow_payouts(self, user_id: str, reason: str) -> Operation[User]:
        """Allow withdrawals again that a chargeback stopped. Raises UserNotFound.

        Example: `client.admin.allow_payouts(user_id, "Debt paid")`
        """
        at = path("/admin/users/{}/allow-payouts", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @paged
    def audit_log(
        self,
        *,
        admin: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        page_size: int = 100,
    ) -> Pages[AdminAction]:
        """List the actions of admins, the newest first; `admin` and `subject` are ids.

        Example: `client.admin.audit_log(subject=user_id)`
        """
        return pages(
            partial(_actions, admin=admin, action=action, subject=subject, limit=page_size)
        )

    @endpoint
    def audit_log_page(
        self,
        *,
        admin: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[AdminAction]]:
        """Return one page of `audit_log`; `limit` is 1 to 100.

        Example: `client.admin.audit_log_page(limit=20)`
        """
        return _actions(cursor, admin=admin, action=action, subject=subject, limit=limit)

    @paged
    def alerts(self, *, closed: bool | None = None, page_size: int = 100) -> Pages[Alert]:
        """List the alerts, the open ones first; `closed` selects one state.

        Example: `client.admin.alerts(closed=False)`
        """
        return pages(partial(_alerts, closed=closed, limit=page_size))

    @endpoint
    def alerts_page(
        self, *, closed: bool | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[Page[Alert]]:
        """Return one page of `alerts`; `limit` is 1 to 100.

        Example: `client.admin.alerts_page(closed=False, limit=20)`
        """
        return _alerts(cursor, closed=closed, limit=limit)

    @endpoint
    def close_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Close an alert; a refund by hand of its payment is booked.

        Raises AlertNotFound, PaymentFailed, Unavailable.
        Example: `client.admin.close_alert(alert_id, "Refunded by hand")`
        """
        at = path("/admin/alerts/{}/close", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def refund_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Refund the unmatched payment of an alert, and close it.

        Raises AlertNotFound, NothingToBook.
        Example: `client.admin.refund_alert(alert_id, "No order")`
        """
        at = path("/admin/alerts/{}/refund", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def charge_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Charge the seller for a refund made at the payment provider; closes the alert.

        Raises AlertNotFound, NothingToBook.
        Example: `client.admin.charge_alert(alert_id, "Agreed")`
        """
        at = path("/admin/alerts/{}/charge", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def correct_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Book the amount of a chargeback that the provider names now; closes the alert.

        Raises AlertNotFound, NothingToBook.
        Example: `client.admin.correct_alert(alert_id, "New amount")`
        """
        at = path("/admin/alerts/{}/correct", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def cancel_auction(self, auction_id: str, reason: str) -> Operation[AuctionStatusReply]:
        """Cancel an open auction, also one with bids; bidders read the reason.

        Raises AuctionNotFound, AuctionNotOpen.
        Example: `client.admin.cancel_auction(auction_id, "Counterfeit")`
        """
        at = path("/admin/auctions/{}/cancel", auction_id)
        return post(at, reads(AuctionStatusReply), request(Reason, reason=reason))

    @endpoint
    def remove_listing(self, listing_id: str, reason: str) -> Operation[Listing]:
        """Remove a listing from all lists.

        Raises ListingNotFound, ListingInUse while an auction of it is open.
        Example: `client.admin.remove_listing(listing_id, "Counterfeit")`
        """
        at = path("/admin/listings/{}/remove", listing_id)
        return post(at, reads(Listing), request(Reason, reason=reason))

    @paged
    def disputes(
        self,
        *,
        status: DisputeStatusName | None = None,
        order_id: str | None = None,
        page_size: int = 100,
    ) -> Pages[Dispute]:
        """List the disputes of all users; the one that waited longest is first.

        Example: `client.admin.disputes(status="open")`
        """
        return pages(partial(_disputes, status=status, order_id=order_id, limit=page_size))

    @endpoint
    def disputes_page(
        self,
        *,
        status: DisputeStatusName | None = None,
        order_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[Dispute]]:
        """Return one page of `disputes`; `limit` is 1 to 100.

        Example: `client.admin.disputes_page(order_id=order_id)`
        """
        return _disputes(cursor, status=status, order_id=order_id, limit=limit)

    @endpoint
    def resolve_dispute(
        self,
        dispute_id: str,
        refund_amount: int,
        reason: str,
        *,
        idempotency_key: str | None = None,
    ) -> Operation[DisputeView]:
        """Resolve a dispute: `refund_amount` minor units go to the buyer, the rest to the seller.

        Raises DisputeNotFound, DisputeClosed, Forbidden for a side of it, Invalid for an amount.
        Example: `client.admin.resolve_dispute(dispute_id, 2500, "Half each")`
        """
        at = path("/admin/disputes/{}/resolve", dispute_id)
        body = request(ResolveDispute, refund_amount=refund_amount, reason=reason)
        return post(at, reads(DisputeView), body, key=idempotency_key)

    @paged
    def orders(
        self,
        *,
        status: OrderStatusName | None = None,
        buyer: str | None = None,
        seller: str | None = None,
        page_size: int = 100,
    ) -> Pages[Order]:
        """List the orders of all users, the newest first; `buyer` and `seller` are ids.

        Example: `client.admin.orders(status="disputed")`
        """
        return pages(partial(_orders, status=status, buyer=buyer, seller=seller, limit=page_size))

    @endpoint
    def orders_page(
        self,
        *,
        status: OrderStatusName | None = None,
        buyer: str | None = None,
        seller: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[Order]]:
        """Return one page of `orders`; `limit` is 1 to 100.

        Example: `client.admin.orders_page(seller=user_id, limit=20)`
        """
        return _orders(cursor, status=status, buyer=buyer, seller=seller, limit=limit)

    @endpoint
    def order(self, order_id: str) -> Operation[AdminOrder]:
        """Return an order, its history, its money and its messages. Raises OrderNotFound.

        Example: `client.admin.order(order_id)`
        """
        return get(path("/admin/orders/{}", order_id), AdminOrder)

    @endpoint
    def analytics(
        self,
        *,
        from_at: datetime | None = None,
        to_at: datetime | None = None,
        bucket: BucketName = "day",
    ) -> Operation[Analytics]:
        """Return figures for each bucket, in UTC and minor units, the oldest first; 400 at most.

        Raises Invalid.
        Example: `client.admin.analytics(from_at=start, to_at=end, bucket="week")`
        """
        query = request(AnalyticsQuery, from_at=from_at, to_at=to_at, bucket=bucket)
        return get("/admin/analytics", Analytics, query)


def _users(cursor: str | None, **filters: object) -> Operation[Page[User]]:
    return get("/admin/users", Page[User], request(UsersQuery, cursor=cursor, **filters))


def _actions(cursor: str | None, **filters: object) -> Operation[Page[AdminAction]]:
    query = request(AuditLogQuery, cursor=cursor, **filters)
    return get("/admin/audit-log", Page[AdminAction], query)


def _alerts(cursor: str | None, **filters: object) -> Operation[Page[Alert]]:
    return get("/admin/alerts", Page[Alert], request(AlertsQuery, cursor=cursor, **filters))


def _disputes(cursor: str | None, **filters: object) -> Operation[Page[Dispute]]:
    return get("/admin/disputes", Page[Dispute], request(DisputesQuery, cursor=cursor, **filters))


def _orders(
    cursor: str | None,
    *,
    status: OrderStatusName | None,
    buyer: str | None,
    seller: str | None,
    limit: int,
) -> Operation[Page[Order]]:
    query = request(
        AdminOrdersQuery, status=status, buyer=buyer, seller=seller, cursor=cursor, limit=limit
    )
    return get("/admin/orders", Page[Order], query)
