"""Every call of both clients: what goes out, and what the answer becomes."""

from __future__ import annotations

from datetime import UTC, datetime

from instasell_client.models import accounts, auctions, listings, lookups, orders
from instasell_client.models import bids as bidding
from instasell_client.models import seller_auctions as selling
from instasell_client.models.base import Page
from instasell_client.models.operations import Health, Readiness
from tests.client import samples
from tests.client.admin_calls import ADMIN
from tests.client.call_case import Case
from tests.client.media_calls import MEDIA
from tests.client.message_calls import MESSAGES
from tests.client.money_calls import MONEY
from tests.client.samples import AUCTION, CATEGORY, LISTING, OTHER, SELLER

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
    "signup proved first": Case(
        lambda c: c.auth.signup("a@b.org", "long enough"),
        "POST", "/auth/signup", {"status": "pending", "message": "Read your mail."},
        accounts.SignupPending,
        {"email": "a@b.org", "password": "long enough", "role": "buyer"},
    ),
    "login": Case(
        lambda c: c.auth.login("a@b.org", "secret"),
        "POST", "/auth/login", samples.grant(), accounts.Grant,
        {"email": "a@b.org", "password": "secret"},
    ),
    "open_session": Case(
        lambda c: c.auth.open_session(), "POST", "/auth/sessions", samples.grant(), accounts.Grant
    ),
    "logout": Case(lambda c: c.auth.logout(), "POST", "/auth/logout", None, None),
    "change_password": Case(
        lambda c: c.auth.change_password("old", "new and long"),
        "POST", "/auth/password", None, None,
        {"old_password": "old", "new_password": "new and long"},
    ),
    "verify": Case(
        lambda c: c.auth.verify("a-token"),
        "POST", "/auth/verify", None, None, {"token": "a-token"},
    ),
    "verify a signup": Case(
        lambda c: c.auth.verify("a-token", "long enough"),
        "POST", "/auth/verify", None, None, {"token": "a-token", "password": "long enough"},
    ),
    "forgot": Case(
        lambda c: c.auth.forgot("a@b.org"),
        "POST", "/auth/forgot", None, None, {"email": "a@b.org"},
    ),
    "reset": Case(
        lambda c: c.auth.reset("a-token", "new and long"),
        "POST", "/auth/reset", None, None, {"token": "a-token", "password": "new and long"},
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
    "auctions.check": Case(
        lambda c: c.auctions.check([{"listing_id": LISTING, "min_bid": 1, "duration_seconds": 9}]),
        "POST", "/auctions/check", samples.checks(), auctions.AuctionChecks,
        {"auctions": [{"listing_id": LISTING, "min_bid": 1, "duration_seconds": 9}]}, keyed=True,
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
    "auctions.list_page": Case(
        lambda c: c.auctions.list_page(status="ended", seller=SELLER, cursor="x"),
        "GET", "/auctions", {"items": [], "server_time": samples.NOON}, auctions.LivePage,
        query={"status": "ended", "seller": SELLER, "cursor": "x", "limit": "50"},
    ),
    "lookups.find": Case(
        lambda c: c.lookups.find("auction", "steel watch"),
        "GET", "/lookup", {"items": [], "more": False}, lookups.Matches,
        query={"kind": "auction", "text": "steel watch"},
    ),
    "lookups.find_own": Case(
        lambda c: c.lookups.find_own("order", "0d5c2f"),
        "GET", "/lookup/own", {"items": [], "more": False}, lookups.Matches,
        query={"kind": "order", "text": "0d5c2f"},
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
    "auctions.offer_runner_up": Case(
        lambda c: c.auctions.offer_runner_up(AUCTION),
        "POST", f"/auctions/{AUCTION}/offer-runner-up", samples.order_view(), orders.OrderView,
        keyed=True,
    ),
    "auctions.relist": Case(
        lambda c: c.auctions.relist(
            AUCTION, duration_seconds=60, min_bid=50, without=["reserve"]
        ),
        "POST", f"/auctions/{AUCTION}/relist", samples.status(), auctions.AuctionStatusReply,
        {"duration_seconds": 60, "min_bid": 50, "reserve": None}, keyed=True,
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
    "auctions.bidding_page": Case(
        lambda c: c.auctions.bidding_page(part="outbid", limit=3),
        "GET", "/auctions/bidding",
        {"items": [samples.bidding()], "server_time": samples.NOON, "currency": "USD"},
        bidding.BiddingPage, query={"part": "outbid", "limit": "3"},
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
    **MONEY,
    **ADMIN,
    **MESSAGES,
}  # fmt: skip
