"""Define the routes of admins."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.accounts import Scope, User
from instasell_client.models.admin import (
    AdminAction,
    AdminOrder,
    AdminOrdersQuery,
    Alert,
    AlertsQuery,
    Analytics,
    AnalyticsQuery,
    AuditLogQuery,
    EnteredUsers,
    EnterUsers,
    Reason,
    SetRole,
    UsersQuery,
)
from instasell_client.models.auctions import AuctionStatusReply
from instasell_client.models.base import Page
from instasell_client.models.errors import (
    AlertNotFound,
    AuctionNotFound,
    AuctionNotOpen,
    LastAdmin,
    ListingInUse,
    ListingNotFound,
    NothingToBook,
    OrderNotFound,
    PaymentFailed,
    Unavailable,
    UserNotFound,
)
from instasell_client.models.listings import Listing
from instasell_client.models.orders import Order
from instasell_server.domains.admin.alerts import AlertService
from instasell_server.domains.admin.bulk_users import BulkUsers
from instasell_server.domains.admin.service import AdminService
from instasell_server.http.route import ADMINS, Call, Route, signed_in

SERVICE = web.AppKey("admin", AdminService)
BULK_USERS = web.AppKey("bulk_users", BulkUsers)
ALERTS = web.AppKey("alerts", AlertService)

_DESK = signed_in(Scope.ADMIN, roles=ADMINS)


async def list_users(call: Call[None, UsersQuery]) -> Page[User]:
    """Handle `GET /admin/users`."""
    return await call.service(SERVICE).list_users(call.query)


async def enter_users(call: Call[EnterUsers, None]) -> EnteredUsers:
    """Handle `POST /admin/users/bulk`."""
    return await call.service(BULK_USERS).enter(call.user, call.body)


async def suspend_user(call: Call[Reason, None]) -> User:
    """Handle `POST /admin/users/{id}/suspend`."""
    admin, user_id = call.service(SERVICE), call.path["user_id"]
    return await admin.suspend(call.user, user_id, call.body.reason, call.idempotency_key)


async def unsuspend_user(call: Call[Reason, None]) -> User:
    """Handle `POST /admin/users/{id}/unsuspend`."""
    admin, user_id = call.service(SERVICE), call.path["user_id"]
    return await admin.unsuspend(call.user, user_id, call.body.reason, call.idempotency_key)


async def set_role(call: Call[SetRole, None]) -> User:
    """Handle `POST /admin/users/{id}/role`."""
    admin, user_id = call.service(SERVICE), call.path["user_id"]
    return await admin.set_role(call.user, user_id, call.body, call.idempotency_key)


async def verify_user(call: Call[Reason, None]) -> User:
    """Handle `POST /admin/users/{id}/verify`."""
    admin, user_id = call.service(SERVICE), call.path["user_id"]
    return await admin.verify(call.user, user_id, call.body.reason, call.idempotency_key)


async def allow_payouts(call: Call[Reason, None]) -> User:
    """Handle `POST /admin/users/{id}/allow-payouts`."""
    admin, user_id = call.service(SERVICE), call.path["user_id"]
    return await admin.allow_payouts(call.user, user_id, call.body.reason, call.idempotency_key)


async def list_actions(call: Call[None, AuditLogQuery]) -> Page[AdminAction]:
    """Handle `GET /admin/audit-log`."""
    return await call.service(SERVICE).list_actions(call.query)


async def list_alerts(call: Call[None, AlertsQuery]) -> Page[Alert]:
    """Handle `GET /admin/alerts`."""
    return await call.service(ALERTS).list(call.query)


async def close_alert(call: Call[Reason, None]) -> Alert:
    """Handle `POST /admin/alerts/{id}/close`."""
    alerts, alert_id = call.service(ALERTS), call.path["alert_id"]
    return await alerts.close(call.user, alert_id, call.body.reason, call.idempotency_key)


async def refund_alert(call: Call[Reason, None]) -> Alert:
    """Handle `POST /admin/alerts/{id}/refund`."""
    alerts, alert_id = call.service(ALERTS), call.path["alert_id"]
    return await alerts.refund(call.user, alert_id, call.body.reason, call.idempotency_key)


async def charge_alert(call: Call[Reason, None]) -> Alert:
    """Handle `POST /admin/alerts/{id}/charge`."""
    alerts, alert_id = call.service(ALERTS), call.path["alert_id"]
    return await alerts.charge(call.user, alert_id, call.body.reason, call.idempotency_key)


async def correct_alert(call: Call[Reason, None]) -> Alert:
    """Handle `POST /admin/alerts/{id}/correct`."""
    alerts, alert_id = call.service(ALERTS), call.path["alert_id"]
    return await alerts.correct(call.user, alert_id, call.body.reason, call.idempotency_key)


async def cancel_auction(call: Call[Reason, None]) -> AuctionStatusReply:
    """Handle `POST /admin/auctions/{id}/cancel`."""
    admin, auction_id = call.service(SERVICE), call.path["auction_id"]
    return await admin.cancel_auction(call.user, auction_id, call.body.reason, call.idempotency_key)


async def remove_listing(call: Call[Reason, None]) -> Listing:
    """Handle `POST /admin/listings/{id}/remove`."""
    admin, listing_id = call.service(SERVICE), call.path["listing_id"]
    return await admin.remove_listing(call.user, listing_id, call.body.reason, call.idempotency_key)


async def list_orders(call: Call[None, AdminOrdersQuery]) -> Page[Order]:
    """Handle `GET /admin/orders`."""
    return await call.service(SERVICE).list_orders(call.query)


async def get_order(call: Call[None, None]) -> AdminOrder:
    """Handle `GET /admin/orders/{id}`."""
    return await call.service(SERVICE).get_order(call.user, call.path["order_id"])


async def analyse(call: Call[None, AnalyticsQuery]) -> Analytics:
    """Handle `GET /admin/analytics`."""
    return await call.service(SERVICE).analyse(call.query)


ROUTES: list[Route] = [
    Route(
        "GET", "/admin/users", list_users, _DESK, "Find accounts, the newest first",
        query=UsersQuery, reply=Page[User], tag="admin",
    ),
    Route(
        "POST", "/admin/users/bulk", enter_users, _DESK,
        "Sign many accounts in by their passwords, or up where there are none",
        body=EnterUsers, reply=EnteredUsers, tag="admin", idempotent=False,
        cache_control="no-store",
    ),
    Route(
        "POST", "/admin/users/{user_id}/suspend", suspend_user, _DESK,
        "Suspend an account: its sessions end, and its open auctions are cancelled",
        body=Reason, reply=User, tag="admin", errors=(UserNotFound, LastAdmin),
    ),
    Route(
        "POST", "/admin/users/{user_id}/unsuspend", unsuspend_user, _DESK,
        "Let a suspended account act again",
        body=Reason, reply=User, tag="admin", errors=(UserNotFound,),
    ),
    Route(
        "POST", "/admin/users/{user_id}/role", set_role, _DESK, "Give an account a role",
        body=SetRole, reply=User, tag="admin", errors=(UserNotFound, LastAdmin),
    ),
    Route(
        "POST", "/admin/users/{user_id}/verify", verify_user, _DESK,
        "Take the e-mail address of an account as proved",
        body=Reason, reply=User, tag="admin", errors=(UserNotFound,),
    ),
    Route(
        "POST", "/admin/users/{user_id}/allow-payouts", allow_payouts, _DESK,
        "Let an account withdraw again that a chargeback has stopped",
        body=Reason, reply=User, tag="admin", errors=(UserNotFound,),
    ),
    Route(
        "GET", "/admin/audit-log", list_actions, _DESK, "What admins did, the newest first",
        query=AuditLogQuery, reply=Page[AdminAction], tag="admin",
    ),
    Route(
        "GET", "/admin/alerts", list_alerts, _DESK, "What has to be looked at, the open ones first",
        query=AlertsQuery, reply=Page[Alert], tag="admin",
    ),
    Route(
        "POST", "/admin/alerts/{alert_id}/close", close_alert, _DESK,
        "Say that an alert is dealt with",
        body=Reason, reply=Alert, tag="admin", errors=(AlertNotFound, PaymentFailed, Unavailable),
    ),
    Route(
        "POST", "/admin/alerts/{alert_id}/refund", refund_alert, _DESK,
        "Send back the money that an alert is about and that nothing waits for",
        body=Reason, reply=Alert, tag="admin", errors=(AlertNotFound, NothingToBook),
    ),
    Route(
        "POST", "/admin/alerts/{alert_id}/charge", charge_alert, _DESK,
        "Have the seller pay for a refund that was made at the payment provider",
        body=Reason, reply=Alert, tag="admin", errors=(AlertNotFound, NothingToBook),
    ),
    Route(
        "POST", "/admin/alerts/{alert_id}/correct", correct_alert, _DESK,
        "Book the amount of a chargeback that the payment provider says now",
        body=Reason, reply=Alert, tag="admin", errors=(AlertNotFound, NothingToBook),
    ),
    Route(
        "POST", "/admin/auctions/{auction_id}/cancel", cancel_auction, _DESK,
        "Call an open auction off, with bids or without",
        body=Reason, reply=AuctionStatusReply, tag="admin",
        errors=(AuctionNotFound, AuctionNotOpen),
    ),
    Route(
        "POST", "/admin/listings/{listing_id}/remove", remove_listing, _DESK,
        "Take a listing out of every list",
        body=Reason, reply=Listing, tag="admin", errors=(ListingNotFound, ListingInUse),
    ),
    Route(
        "GET", "/admin/orders", list_orders, _DESK, "Everybody's orders, the newest first",
        query=AdminOrdersQuery, reply=Page[Order], tag="admin",
    ),
    Route(
        "GET", "/admin/orders/{order_id}", get_order, _DESK,
        "An order, its history, every movement of its money, and what its sides said",
        reply=AdminOrder, tag="admin", errors=(OrderNotFound,),
    ),
    Route(
        "GET", "/admin/analytics", analyse, _DESK, "Figures by hour, day or week",
        query=AnalyticsQuery, reply=Analytics, tag="admin",
    ),
]  # fmt: skip
