"""The admin's desk: people, alerts, what admins did, orders with their ledger, and figures.

Every call needs an admin; a script's token needs the scope `admin`. What changes something takes a
reason, which stays in the audit log.
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
    """`client.admin`. Raises Forbidden and ScopeMissing for everybody but admins."""

    @paged
    def users(
        self,
        *,
        q: str | None = None,
        role: RoleName | None = None,
        status: StatusName | None = None,
        page_size: int = 100,
    ) -> Pages[User]:
        """Accounts, the newest first; `q` is a part of the e-mail address or the name, or an id."""
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
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _users(cursor, q=q, role=role, status=status, limit=limit)

    @endpoint
    def enter_users(
        self, users: Sequence[Mapping[str, object]], reason: str
    ) -> Operation[EnteredUsers]:
        """Signs 100 accounts at most in by their passwords, or up where there are none.

        `users` have `email`, `password`, and optionally `display_name` and `role`. Sent again it
        makes nothing twice. A password that is wrong, or that the market refuses, is an item's
        `code`.
        """
        body = request(EnterUsers, users=[dict(each) for each in users], reason=reason)
        return post_once("/admin/users/bulk", reads(EnteredUsers), body)

    @endpoint
    def suspend(self, user_id: str, reason: str) -> Operation[User]:
        """Ends the sessions of an account and calls its open auctions off; it may only read.

        Raises UserNotFound, Forbidden for the own account, LastAdmin.
        """
        at = path("/admin/users/{}/suspend", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def unsuspend(self, user_id: str, reason: str) -> Operation[User]:
        """Lets a suspended account act again. Raises UserNotFound."""
        at = path("/admin/users/{}/unsuspend", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def set_role(self, user_id: str, role: RoleName, reason: str) -> Operation[User]:
        """Gives an account a role, in every session at once.

        Raises UserNotFound, Forbidden for an admin who demotes himself, LastAdmin.
        """
        at = path("/admin/users/{}/role", user_id)
        return post(at, reads(User), request(SetRole, role=role, reason=reason))

    @endpoint
    def verify(self, user_id: str, reason: str) -> Operation[User]:
        """Takes the e-mail address of an account as proved. Raises UserNotFound."""
        at = path("/admin/users/{}/verify", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def allow_payouts(self, user_id: str, reason: str) -> Operation[User]:
        """Lets an account withdraw again that a chargeback has stopped. Raises UserNotFound."""
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
        """What admins did, the newest first; `admin` and `subject` are ids."""
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
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _actions(cursor, admin=admin, action=action, subject=subject, limit=limit)

    @paged
    def alerts(self, *, closed: bool | None = None, page_size: int = 100) -> Pages[Alert]:
        """What has to be looked at: the open ones first, or only those that are `closed` or not."""
        return pages(partial(_alerts, closed=closed, limit=page_size))

    @endpoint
    def alerts_page(
        self, *, closed: bool | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[Page[Alert]]:
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _alerts(cursor, closed=closed, limit=limit)

    @endpoint
    def close_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Says that an alert is dealt with; a refund by hand of its payment is booked.

        Raises AlertNotFound, PaymentFailed, Unavailable.
        """
        at = path("/admin/alerts/{}/close", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def refund_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Sends back the money that an alert is about and that nothing waits for; closes it.

        Raises AlertNotFound, NothingToBook.
        """
        at = path("/admin/alerts/{}/refund", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def charge_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Has the seller pay for a refund that was made at the payment provider; closes the alert.

        Raises AlertNotFound, NothingToBook.
        """
        at = path("/admin/alerts/{}/charge", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def correct_alert(self, alert_id: str, reason: str) -> Operation[Alert]:
        """Book the amount of a chargeback that the payment provider says now; closes the alert.

        Raises AlertNotFound, NothingToBook.
        """
        at = path("/admin/alerts/{}/correct", alert_id)
        return post(at, reads(Alert), request(Reason, reason=reason))

    @endpoint
    def cancel_auction(self, auction_id: str, reason: str) -> Operation[AuctionStatusReply]:
        """Calls an open auction off, with bids or without; the bidders read the reason.

        Raises AuctionNotFound, AuctionNotOpen.
        """
        at = path("/admin/auctions/{}/cancel", auction_id)
        return post(at, reads(AuctionStatusReply), request(Reason, reason=reason))

    @endpoint
    def remove_listing(self, listing_id: str, reason: str) -> Operation[Listing]:
        """Takes a listing out of every list.

        Raises ListingNotFound, and ListingInUse while an auction of it is open.
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
        """Everybody's disputes; who has waited longest comes first."""
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
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
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
        """Decides: `refund_amount` minor units of what is held go to the buyer's wallet.

        The rest is the seller's. Raises DisputeNotFound, DisputeClosed, Invalid for more than is
        held, and Forbidden for an admin who is a side of it.
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
        """Everybody's orders, the newest first; `buyer` and `seller` are ids."""
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
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _orders(cursor, status=status, buyer=buyer, seller=seller, limit=limit)

    @endpoint
    def order(self, order_id: str) -> Operation[AdminOrder]:
        """An order, its history, its money and what its sides said. Raises OrderNotFound."""
        return get(path("/admin/orders/{}", order_id), AdminOrder)

    @endpoint
    def analytics(
        self,
        *,
        from_at: datetime | None = None,
        to_at: datetime | None = None,
        bucket: BucketName = "day",
    ) -> Operation[Analytics]:
        """Figures of every bucket of a span, in UTC and in minor units, the oldest first.

        The span is widened to whole buckets. Raises Invalid for an empty one, and for one of more
        than 400 buckets.
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
