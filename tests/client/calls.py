"""Every call of both clients: what goes out, and what the answer becomes."""

from __future__ import annotations

from datetime import UTC, datetime

from instasell_client.models import (
    accounts,
    admin,
    auctions,
    disputes,
    listings,
    orders,
    selling,
    wallets,
)
from instasell_client.models.base import Page
from instasell_client.models.operations import Health, Readiness
from tests.client import samples
from tests.client.case import Case
from tests.client.media_calls import MEDIA
from tests.client.samples import ADDRESS, AUCTION, CATEGORY, LISTING, ORDER, OTHER, SELLER

NEW_LISTING = {
    "type": "direct",
    "title": "A lamp",
    "description": "",
    "category_id": CATEGORY,
    "condition": "new",
    "price": 1250,
    "stock": 1,
    "shipping_amount": 0,
}
NEW_AUCTION = {
    "listing_id": LISTING,
    "duration_seconds": 60,
    "min_bid": 100,
    "increments": "ebay",
    "extension_window_seconds": 5,
    "extension_seconds": 5,
}

CASES = {
    "signup": Case(
        lambda c: c.auth.signup("a@b.org", "long enough", role="seller"),
        "POST", "/auth/signup", samples.grant(), accounts.Grant,
        {"email": "a@b.org", "password": "long enough", "role": "seller"},
    ),
    "login": Case(
        lambda c: c.auth.login("a@b.org", "secret"),
        "POST", "/auth/login", samples.grant(), accounts.Grant,
        {"email": "a@b.org", "password": "secret"},
    ),
    "logout": Case(lambda c: c.auth.logout(), "POST", "/auth/logout", None, None),
    "change_password": Case(
        lambda c: c.auth.change_password("old", "new and long"),
        "POST", "/auth/password", None, None,
        {"old_password": "old", "new_password": "new and long"},
    ),
    "me": Case(lambda c: c.auth.me(), "GET", "/auth/me", samples.user(), accounts.User),
    "update_me": Case(
        lambda c: c.auth.update_me(display_name="Ann"),
        "PATCH", "/auth/me", samples.user(), accounts.User,
        {"display_name": "Ann"}, keyed=True,
    ),
    "become_seller": Case(
        lambda c: c.auth.become_seller(),
        "POST", "/auth/become-seller", samples.user(), accounts.User, keyed=True,
    ),
    "tokens.list": Case(
        lambda c: c.auth.tokens.list(),
        "GET", "/auth/tokens", {"items": [samples.token()]}, accounts.TokenList,
    ),
    "tokens.create": Case(
        lambda c: c.auth.tokens.create("ci", ["bid"], expires_in_days=1),
        "POST", "/auth/tokens", {**samples.token(), "token": "t"}, accounts.TokenGrant,
        {"name": "ci", "scopes": ["bid"], "expires_in_days": 1},
    ),
    "tokens.delete": Case(
        lambda c: c.auth.tokens.delete(OTHER),
        "DELETE", f"/auth/tokens/{OTHER}", None, None, keyed=True,
    ),
    "categories.tree": Case(
        lambda c: c.categories.tree(),
        "GET", "/categories", {"items": [samples.category()]}, listings.CategoryTree,
    ),
    "categories.create": Case(
        lambda c: c.categories.create("Lamps", parent_id=CATEGORY),
        "POST", "/categories", samples.category(), listings.Category,
        {"name": "Lamps", "parent_id": CATEGORY}, keyed=True,
    ),
    "categories.update": Case(
        lambda c: c.categories.update(CATEGORY, name="Lamps"),
        "PUT", f"/categories/{CATEGORY}", samples.category(), listings.Category,
        {"name": "Lamps"}, keyed=True,
    ),
    "categories.delete": Case(
        lambda c: c.categories.delete(CATEGORY),
        "DELETE", f"/categories/{CATEGORY}", None, None, keyed=True,
    ),
    "listings.page": Case(
        lambda c: c.listings.page(q="a lamp", sort="-price", price_min=5, cursor="x", limit=3),
        "GET", "/listings", {"items": [samples.listing()]}, Page[listings.Listing],
        query={"q": "a lamp", "sort": "-price", "price_min": "5", "cursor": "x", "limit": "3"},
    ),
    "listings.get": Case(
        lambda c: c.listings.get(LISTING),
        "GET", f"/listings/{LISTING}", samples.listing(), listings.Listing,
    ),
    "listings.create": Case(
        lambda c: c.listings.create(
            type="direct", title="A lamp", category_id=CATEGORY, condition="new", price=1250
        ),
        "POST", "/listings", samples.listing(), listings.Listing, NEW_LISTING, keyed=True,
    ),
    "listings.update": Case(
        lambda c: c.listings.update(LISTING, stock=0),
        "PUT", f"/listings/{LISTING}", samples.listing(), listings.Listing,
        {"stock": 0}, keyed=True,
    ),
    "listings.delete": Case(
        lambda c: c.listings.delete(LISTING),
        "DELETE", f"/listings/{LISTING}", None, None, keyed=True,
    ),
    "auctions.create": Case(
        lambda c: c.auctions.create(LISTING, min_bid=100, duration_seconds=60),
        "POST", "/auctions", samples.status(), auctions.AuctionStatusReply,
        NEW_AUCTION, keyed=True,
    ),
    "auctions.update": Case(
        lambda c: c.auctions.update(AUCTION, end_at=datetime(2026, 3, 1, 13, tzinfo=UTC)),
        "PUT", f"/auctions/{AUCTION}", samples.status(), auctions.AuctionStatusReply,
        {"end_at": "2026-03-01T13:00:00Z"}, keyed=True,
    ),
    "auctions.get": Case(
        lambda c: c.auctions.get(AUCTION),
        "GET", f"/auctions/{AUCTION}", samples.view(), auctions.AuctionView,
    ),
    "auctions.status": Case(
        lambda c: c.auctions.status(AUCTION),
        "GET", f"/auctions/{AUCTION}/status", samples.status(), auctions.AuctionStatusReply,
    ),
    "auctions.live_page": Case(
        lambda c: c.auctions.live_page(category=CATEGORY, sort="bids"),
        "GET", "/auctions/live", {"items": [], "server_time": samples.NOON}, auctions.LivePage,
        query={"category": CATEGORY, "sort": "bids", "limit": "50"},
    ),
    "auctions.bid": Case(
        lambda c: c.auctions.bid(AUCTION, amount=1250, max_amount=2000),
        "POST", f"/auctions/{AUCTION}/bid", samples.receipt(), auctions.BidReceipt,
        {"amount": 1250, "max_amount": 2000}, keyed=True,
    ),
    "auctions.bids_page": Case(
        lambda c: c.auctions.bids_page(AUCTION, after_seq=7, limit=2),
        "GET", f"/auctions/{AUCTION}/bids", {"items": [samples.bid(8)]}, auctions.BidList,
        query={"after_seq": "7", "limit": "2"},
    ),
    **MEDIA,
    "auctions.buy_now": Case(
        lambda c: c.auctions.buy_now(AUCTION, 5000),
        "POST", f"/auctions/{AUCTION}/buy-now", samples.receipt(), auctions.BidReceipt,
        {"amount": 5000}, keyed=True,
    ),
    "auctions.cancel": Case(
        lambda c: c.auctions.cancel(AUCTION, "it broke"),
        "POST", f"/auctions/{AUCTION}/cancel", samples.status(), auctions.AuctionStatusReply,
        {"reason": "it broke"}, keyed=True,
    ),
    "auctions.watch": Case(
        lambda c: c.auctions.watch(AUCTION),
        "PUT", f"/auctions/{AUCTION}/watch", None, None, keyed=True,
    ),
    "auctions.unwatch": Case(
        lambda c: c.auctions.unwatch(AUCTION),
        "DELETE", f"/auctions/{AUCTION}/watch", None, None, keyed=True,
    ),
    "auctions.watched_page": Case(
        lambda c: c.auctions.watched_page(),
        "GET", "/auctions/watched", {"items": [], "server_time": samples.NOON},
        auctions.LivePage, query={"limit": "50"},
    ),
    "auctions.selling_page": Case(
        lambda c: c.auctions.selling_page(part="unsold", limit=3),
        "GET", "/auctions/selling",
        {
            "items": [samples.selling()], "server_time": samples.NOON, "currency": "USD",
            "auction_gas_fee": 50, "feature_gas_fee": 20,
        },
        selling.SellingPage, query={"part": "unsold", "limit": "3"},
    ),
    "orders.buy": Case(
        lambda c: c.orders.buy(LISTING, quantity=2, address=ADDRESS),
        "POST", "/orders", samples.order_view(), orders.OrderView,
        {"listing_id": LISTING, "quantity": 2, "address": ADDRESS}, keyed=True,
    ),
    "orders.take": Case(
        lambda c: c.orders.take(AUCTION),
        "POST", "/orders", samples.order_view(), orders.OrderView,
        {"auction_id": AUCTION, "quantity": 1}, keyed=True,
    ),
    "orders.page": Case(
        lambda c: c.orders.page(role="seller", status="processing", limit=3),
        "GET", "/orders", {"items": [samples.order()]}, Page[orders.Order],
        query={"role": "seller", "status": "processing", "limit": "3"},
    ),
    "orders.get": Case(
        lambda c: c.orders.get(ORDER),
        "GET", f"/orders/{ORDER}", samples.order_view(address=ADDRESS), orders.OrderView,
    ),
    "orders.set_address": Case(
        lambda c: c.orders.set_address(ORDER, orders.Address(**ADDRESS)),
        "PUT", f"/orders/{ORDER}/address", samples.order_view(), orders.OrderView,
        ADDRESS, keyed=True,
    ),
    "orders.pay": Case(
        lambda c: c.orders.pay(ORDER, "card"),
        "POST", f"/orders/{ORDER}/pay", samples.order_view(), orders.OrderView,
        {"method": "card"}, keyed=True,
    ),
    "orders.confirm_payment": Case(
        lambda c: c.orders.confirm_payment(ORDER),
        "POST", f"/orders/{ORDER}/confirm-payment", samples.order_view(), orders.OrderView,
        keyed=True,
    ),
    "orders.ship": Case(
        lambda c: c.orders.ship(ORDER, carrier="DHL", tracking="00340"),
        "POST", f"/orders/{ORDER}/ship", samples.order_view(), orders.OrderView,
        {"carrier": "DHL", "tracking": "00340"}, keyed=True,
    ),
    "orders.confirm_delivery": Case(
        lambda c: c.orders.confirm_delivery(ORDER),
        "POST", f"/orders/{ORDER}/confirm-delivery", samples.order_view(), orders.OrderView,
        keyed=True,
    ),
    "orders.cancel": Case(
        lambda c: c.orders.cancel(ORDER, "it broke"),
        "POST", f"/orders/{ORDER}/cancel", samples.order_view(), orders.OrderView,
        {"reason": "it broke"}, keyed=True,
    ),
    "orders.refund": Case(
        lambda c: c.orders.refund(ORDER, 500, to="wallet"),
        "POST", f"/orders/{ORDER}/refund", samples.order_view(), orders.OrderView,
        {"amount": 500, "to": "wallet"}, keyed=True,
    ),
    "disputes.open": Case(
        lambda c: c.disputes.open(ORDER, "damaged", "It came in two parts."),
        "POST", f"/orders/{ORDER}/dispute", samples.dispute_view(), disputes.DisputeView,
        {"reason": "damaged", "text": "It came in two parts."}, keyed=True,
    ),
    "disputes.page": Case(
        lambda c: c.disputes.page(status="open", order_id=ORDER, cursor="x", limit=3),
        "GET", "/disputes", {"items": [samples.dispute()]}, Page[disputes.Dispute],
        query={"status": "open", "order_id": ORDER, "cursor": "x", "limit": "3"},
    ),
    "disputes.get": Case(
        lambda c: c.disputes.get(OTHER),
        "GET", f"/disputes/{OTHER}", samples.dispute_view(), disputes.DisputeView,
    ),
    "disputes.reply": Case(
        lambda c: c.disputes.reply(OTHER, "It left whole."),
        "POST", f"/disputes/{OTHER}/reply", samples.dispute_view(), disputes.DisputeView,
        {"text": "It left whole."}, keyed=True,
    ),
    "wallet.get": Case(
        lambda c: c.wallet.get(),
        "GET", f"/wallet/{SELLER}", samples.wallet(), wallets.Wallet, owned=True,
    ),
    "wallet.top_up": Case(
        lambda c: c.wallet.top_up(5000, "gas"),
        "POST", f"/wallet/{SELLER}/topup",
        {"payment_id": OTHER, "status": "pending", "amount": 5000, "target": "gas"},
        wallets.TopUpReply, {"amount": 5000, "target": "gas"}, keyed=True, owned=True,
    ),
    "wallet.entries_page": Case(
        lambda c: c.wallet.entries_page(account="balance", limit=2),
        "GET", f"/wallet/{SELLER}/transactions", {"items": [samples.entry()]},
        Page[wallets.WalletEntry], query={"account": "balance", "limit": "2"}, owned=True,
    ),
    "wallet.payout_account": Case(
        lambda c: c.wallet.payout_account(),
        "POST", f"/wallet/{SELLER}/payout-account", {"ready": True}, wallets.PayoutAccount,
        keyed=True, owned=True,
    ),
    "wallet.withdraw": Case(
        lambda c: c.wallet.withdraw(3000),
        "POST", f"/wallet/{SELLER}/withdraw", samples.withdrawal(), wallets.Withdrawal,
        {"amount": 3000}, keyed=True, owned=True,
    ),
    "wallet.withdrawals_page": Case(
        lambda c: c.wallet.withdrawals_page(limit=2),
        "GET", f"/wallet/{SELLER}/withdrawals", {"items": [samples.withdrawal()]},
        Page[wallets.Withdrawal], query={"limit": "2"}, owned=True,
    ),
    "wallet.use_gas": Case(
        lambda c: c.wallet.use_gas(AUCTION),
        "POST", f"/wallet/{SELLER}/use-gas",
        {"auction_id": AUCTION, "featured_until": samples.LATER, "wallet": samples.wallet()},
        wallets.UseGasReply, {"purpose": "feature", "auction_id": AUCTION},
        keyed=True, owned=True,
    ),
    "admin.users_page": Case(
        lambda c: c.admin.users_page(q="50%", role="seller", status="active", limit=3),
        "GET", "/admin/users", {"items": [samples.user()]}, Page[accounts.User],
        query={"q": "50%", "role": "seller", "status": "active", "limit": "3"},
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
    "admin.cancel_auction": Case(
        lambda c: c.admin.cancel_auction(AUCTION, "stolen goods"),
        "POST", f"/admin/auctions/{AUCTION}/cancel", samples.status(),
        auctions.AuctionStatusReply, {"reason": "stolen goods"}, keyed=True,
    ),
    "admin.remove_listing": Case(
        lambda c: c.admin.remove_listing(LISTING, "stolen goods"),
        "POST", f"/admin/listings/{LISTING}/remove", samples.listing(), listings.Listing,
        {"reason": "stolen goods"}, keyed=True,
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
    "operations.health": Case(
        lambda c: c.operations.health(), "GET", "/healthz", {"status": "ok"}, Health
    ),
    "operations.ready": Case(
        lambda c: c.operations.ready(), "GET", "/readyz",
        {"status": "degraded", "database": "ok", "redis": "degraded"}, Readiness
    ),
    "api": Case(
        lambda c: c.api("get", "/auctions/live", query={"limit": 3, "deep": True}),
        "GET", "/auctions/live", [1, 2], list, query={"limit": "3", "deep": "true"},
    ),
    "api with a body": Case(
        lambda c: c.api("POST", "/categories", body={"name": "Lamps"}),
        "POST", "/categories", {"id": 1}, dict, {"name": "Lamps"}, keyed=True,
    ),
}  # fmt: skip
