"""The calls of `client.admin`: what goes out, and what the answer becomes."""

from __future__ import annotations

from datetime import UTC, datetime

from instasell_client.models import accounts, admin, auctions, disputes, listings, orders
from instasell_client.models.base import Page
from tests.client import samples
from tests.client.call_case import Case
from tests.client.samples import AUCTION, LISTING, ORDER, OTHER, SELLER

ADMIN = {
    "admin.users_page": Case(
        lambda c: c.admin.users_page(q="50%", role="seller", status="active", limit=3),
        "GET", "/admin/users", {"items": [samples.user()]}, Page[accounts.User],
        query={"q": "50%", "role": "seller", "status": "active", "limit": "3"},
    ),
    "admin.enter_users": Case(
        lambda c: c.admin.enter_users(
            [{"email": "a@b.example", "password": "long enough", "role": "seller"}], "a move"
        ),
        "POST", "/admin/users/bulk",
        {"items": [{"email": "a@b.example", "outcome": "refused", "code": "bad_credentials"}]},
        admin.EnteredUsers,
        {
            "users": [{"email": "a@b.example", "password": "long enough", "role": "seller"}],
            "reason": "a move",
        },
    ),
    "admin.suspend": Case(
        lambda c: c.admin.suspend(SELLER, "spam"),
        "POST", f"/admin/users/{SELLER}/suspend", samples.user(), accounts.User,
        {"reason": "spam"}, keyed=True,
    ),
    "admin.unsuspend": Case(
        lambda c: c.admin.unsuspend(SELLER, "a mistake"),
        "POST", f"/admin/users/{SELLER}/unsuspend", samples.user(), accounts.User,
        {"reason": "a mistake"}, keyed=True,
    ),
    "admin.set_role": Case(
        lambda c: c.admin.set_role(SELLER, "admin", "a colleague"),
        "POST", f"/admin/users/{SELLER}/role", samples.user(), accounts.User,
        {"reason": "a colleague", "role": "admin"}, keyed=True,
    ),
    "admin.verify": Case(
        lambda c: c.admin.verify(SELLER, "by post"),
        "POST", f"/admin/users/{SELLER}/verify", samples.user(), accounts.User,
        {"reason": "by post"}, keyed=True,
    ),
    "admin.allow_payouts": Case(
        lambda c: c.admin.allow_payouts(SELLER, "a passport"),
        "POST", f"/admin/users/{SELLER}/allow-payouts", samples.user(), accounts.User,
        {"reason": "a passport"}, keyed=True,
    ),
    "admin.audit_log_page": Case(
        lambda c: c.admin.audit_log_page(admin=SELLER, action="set_role", subject=OTHER),
        "GET", "/admin/audit-log", {"items": [samples.admin_action()]}, Page[admin.AdminAction],
        query={"admin": SELLER, "action": "set_role", "subject": OTHER, "limit": "50"},
    ),
    "admin.alerts_page": Case(
        lambda c: c.admin.alerts_page(closed=False, cursor="x"),
        "GET", "/admin/alerts", {"items": [samples.alert()]}, Page[admin.Alert],
        query={"closed": "false", "cursor": "x", "limit": "50"},
    ),
    "admin.close_alert": Case(
        lambda c: c.admin.close_alert(OTHER, "paid back"),
        "POST", f"/admin/alerts/{OTHER}/close", samples.alert(), admin.Alert,
        {"reason": "paid back"}, keyed=True,
    ),
    "admin.refund_alert": Case(
        lambda c: c.admin.refund_alert(OTHER, "a mistake"),
        "POST", f"/admin/alerts/{OTHER}/refund", samples.alert(), admin.Alert,
        {"reason": "a mistake"}, keyed=True,
    ),
    "admin.charge_alert": Case(
        lambda c: c.admin.charge_alert(OTHER, "as agreed"),
        "POST", f"/admin/alerts/{OTHER}/charge", samples.alert(), admin.Alert,
        {"reason": "as agreed"}, keyed=True,
    ),
    "admin.correct_alert": Case(
        lambda c: c.admin.correct_alert(OTHER, "looked up"),
        "POST", f"/admin/alerts/{OTHER}/correct", samples.alert(), admin.Alert,
        {"reason": "looked up"}, keyed=True,
    ),
    "admin.cancel_auction": Case(
        lambda c: c.admin.cancel_auction(AUCTION, "stolen item"),
        "POST", f"/admin/auctions/{AUCTION}/cancel", samples.status(),
        auctions.AuctionStatusReply, {"reason": "stolen item"}, keyed=True,
    ),
    "admin.remove_listing": Case(
        lambda c: c.admin.remove_listing(LISTING, "stolen item"),
        "POST", f"/admin/listings/{LISTING}/remove", samples.listing(), listings.Listing,
        {"reason": "stolen item"}, keyed=True,
    ),
    "admin.disputes_page": Case(
        lambda c: c.admin.disputes_page(status="resolved", limit=3),
        "GET", "/admin/disputes", {"items": [samples.dispute()]}, Page[disputes.Dispute],
        query={"status": "resolved", "limit": "3"},
    ),
    "admin.resolve_dispute": Case(
        lambda c: c.admin.resolve_dispute(OTHER, 500, "half of it"),
        "POST", f"/admin/disputes/{OTHER}/resolve", samples.dispute_view(),
        disputes.DisputeView, {"refund_amount": 500, "reason": "half of it"}, keyed=True,
    ),
    "admin.orders_page": Case(
        lambda c: c.admin.orders_page(status="shipped", buyer=OTHER, seller=SELLER, limit=3),
        "GET", "/admin/orders", {"items": [samples.order()]}, Page[orders.Order],
        query={"status": "shipped", "buyer": OTHER, "seller": SELLER, "limit": "3"},
    ),
    "admin.order": Case(
        lambda c: c.admin.order(ORDER),
        "GET", f"/admin/orders/{ORDER}", {**samples.order_view(), "ledger": []},
        admin.AdminOrder,
    ),
    "admin.analytics": Case(
        lambda c: c.admin.analytics(from_at=datetime(2026, 3, 1, tzinfo=UTC), bucket="hour"),
        "GET", "/admin/analytics", samples.analytics(), admin.Analytics,
        query={"from_at": "2026-03-01T00:00:00+00:00", "bucket": "hour"},
    ),
}  # fmt: skip
