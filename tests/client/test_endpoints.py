"""Every call of both clients: what goes out, and what the answer becomes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from instasell_client import InstaSell, Invalid
from instasell_client.models import accounts, auctions, listings, orders, wallets
from instasell_client.models.base import Page
from instasell_client.models.operations import Health, Readiness
from tests.client import samples
from tests.client.conftest import Both, Call
from tests.client.peer import Peer
from tests.client.samples import ADDRESS, AUCTION, CATEGORY, LISTING, ORDER, OTHER, SELLER


class Case(NamedTuple):
    """A call, the request that it should make, and the answer to give.

    A call that is `owned` asks first whose the token is, as its path names the account.
    """

    call: Call
    method: str
    path: str
    reply: Any
    becomes: type | None
    body: Any = None
    query: dict[str, str] | None = None
    keyed: bool = False
    owned: bool = False


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
    "wallet.use_gas": Case(
        lambda c: c.wallet.use_gas(AUCTION),
        "POST", f"/wallet/{SELLER}/use-gas",
        {"auction_id": AUCTION, "featured_until": samples.LATER, "wallet": samples.wallet()},
        wallets.UseGasReply, {"purpose": "feature", "auction_id": AUCTION},
        keyed=True, owned=True,
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


@pytest.mark.parametrize("name", CASES)
def test_call_says_what_the_contract_says(both: Both, name: str) -> None:
    case = CASES[name]
    peer = both.peer
    if case.owned:
        peer.reply(samples.user())
    if case.reply is None:
        peer.reply(None, 204)
    else:
        peer.reply(case.reply)
    found = both.run(case.call)
    *before, seen = peer.seen
    assert [each.path for each in before] == ["/auth/me"] * case.owned
    assert (seen.method, seen.path) == (case.method, case.path)
    assert seen.query == (case.query or {})
    assert (seen.json() if seen.body else None) == case.body
    assert bool(seen.key) is case.keyed
    if case.becomes is None:
        assert found is None
    else:
        assert isinstance(found, case.becomes)


def test_every_call_is_in_the_table() -> None:
    from instasell_client.endpoint import Endpoint, Resource

    def calls(resource: Resource[Any], prefix: str) -> set[str]:
        found = {
            prefix + name
            for kind in type(resource).__mro__
            for name, value in vars(kind).items()
            if isinstance(value, Endpoint)
        }
        for name, value in vars(resource).items():
            if isinstance(value, Resource):
                found |= calls(value, f"{prefix}{name}.")
        return found

    with InstaSell() as client:
        known = {name.removeprefix("auth.") for name in calls(client, "")}
    assert known == {name for name in CASES if " " not in name}


def test_every_route_has_a_call() -> None:
    from instasell_server.http.routes import TABLE

    listed = {"GET /listings/export", "POST /listings/bulk"}
    for_others = {
        *("GET /docs", "GET /openapi.json", "GET /metrics", "GET /ws"),
        *("POST /webhooks/stripe", "GET /payments/return"),
    }
    called = {f"{case.method} {case.path}" for case in CASES.values()} | listed | for_others
    for route in TABLE:
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", f"{route.method} {route.path}")
        assert any(re.fullmatch(pattern, each) for each in called), pattern


def test_signature_and_docstring_are_those_of_the_definition() -> None:
    import inspect

    with InstaSell() as client:
        signature = inspect.signature(client.auctions.bid)
        assert [*signature.parameters] == [
            "auction_id", "amount", "max_amount", "idempotency_key"
        ]  # fmt: skip
        assert "BidTooLow" in (inspect.getdoc(client.auctions.bid) or "")


def test_lists_fetch_page_after_page(both: Both) -> None:
    first, second = samples.listing(), {**samples.listing(), "id": OTHER}
    both.peer.reply({"items": [first], "next": "after-the-first"})
    both.peer.reply({"items": [second], "next": None})
    found = both.run(lambda client: client.listings.list(q="lamp", page_size=1))
    assert [item.id for item in found] == [LISTING, OTHER]
    assert [seen.query for seen in both.peer.seen] == [
        {"q": "lamp", "limit": "1"},
        {"q": "lamp", "limit": "1", "cursor": "after-the-first"},
    ]


def test_bids_page_by_seq(both: Both) -> None:
    both.peer.reply({"items": [samples.bid(1), samples.bid(2)], "next": 2})
    both.peer.reply({"items": [samples.bid(3)]})
    found = both.run(lambda client: client.auctions.bids(AUCTION, page_size=2))
    assert [item.seq for item in found] == [1, 2, 3]
    assert [seen.query["after_seq"] for seen in both.peer.seen] == ["0", "2"]


@pytest.mark.parametrize("name", ["live", "watched"])
def test_auctions_page_by_cursor(both: Both, name: str) -> None:
    for cursor in ("more", None):
        both.peer.reply({"items": [samples.state()], "next": cursor, "server_time": samples.NOON})
    found = both.run(lambda client: getattr(client.auctions, name)())
    assert [item.auction_id for item in found] == [AUCTION, AUCTION]
    assert both.peer.seen[1].query["cursor"] == "more"


def test_orders_page_by_cursor(both: Both) -> None:
    both.peer.reply({"items": [samples.order()], "next": "more"})
    both.peer.reply({"items": [samples.order(OTHER)]})
    found = both.run(lambda client: client.orders.list(role="buyer"))
    assert [item.id for item in found] == [ORDER, OTHER]
    assert both.peer.seen[1].query == {"role": "buyer", "limit": "100", "cursor": "more"}


def test_the_owner_is_asked_for_once_for_all_pages(both: Both) -> None:
    both.peer.reply(samples.user())
    both.peer.reply({"items": [samples.entry(1)], "next": "more"})
    both.peer.reply({"items": [samples.entry(2)]})
    found = both.run(lambda client: client.wallet.entries())
    assert [item.amount for item in found] == [1, 2]
    at = f"/wallet/{SELLER}/transactions"
    assert [seen.path for seen in both.peer.seen] == ["/auth/me", at, at]


def test_another_token_is_another_owner(peer: Peer) -> None:
    for user_id in (SELLER, OTHER):
        peer.reply({**samples.user(), "id": user_id})
        peer.reply(samples.wallet())
        peer.reply(samples.wallet())
    with InstaSell(peer.base_url, "a-token") as client:
        for token in ("a-token", "another"):
            client.token = token
            client.wallet.get()
            client.wallet.get()
    asked = [seen.path.rpartition("/")[2] for seen in peer.seen]
    assert asked == ["me", SELLER, SELLER, "me", OTHER, OTHER]


def test_an_address_is_judged_before_it_is_sent(both: Both) -> None:
    bad = {**ADDRESS, "country": "Germany", "model": "T"}
    del bad["city"]
    for call, prefix in (
        (lambda c: c.orders.set_address(ORDER, bad), ""),
        (lambda c: c.orders.buy(LISTING, address=bad), "address."),
    ):
        with pytest.raises(Invalid) as caught:
            both.run(call)
        fields = {error.field for error in caught.value.errors}
        assert fields == {prefix + name for name in ("city", "country", "model")}
    assert both.peer.seen == []
