"""Every call of both clients does what the table of calls says, and every route has one."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from instasell_client import AsyncInstaSell, Forbidden, InstaSell, Invalid
from instasell_client.network import Network, Socket
from tests.client import samples
from tests.client.calls import CASES
from tests.client.conftest import Both
from tests.client.peer import Peer
from tests.client.samples import ADDRESS, AUCTION, LISTING, ORDER, OTHER, SELLER


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


@pytest.mark.parametrize("name", CASES)
async def test_a_client_that_only_reads_sends_nothing_else(name: str) -> None:
    case = CASES[name]
    sent: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.method, request.url.path))
        if request.url.path == "/auth/me":
            return httpx.Response(200, json=samples.user())
        return httpx.Response(204 if case.reply is None else 200, json=case.reply)

    async def nobody(base_url: str, token: str | None) -> Socket:
        raise AssertionError("no socket is asked for")

    network = Network(httpx.MockTransport(answer), nobody)
    async with AsyncInstaSell(token="t", network=network, read_only=True) as client:
        if case.method == "GET" or case.path in ("/auth/login", "/auth/logout"):
            await case.call(client)
            assert sent[-1] == (case.method, case.path)
        else:
            with pytest.raises(Forbidden, match="read-only"):
                await case.call(client)
            assert sent == []
            with pytest.raises(Forbidden, match="read-only"):
                await client.live().bid(AUCTION, amount=100)


def test_every_call_is_in_the_table() -> None:
    from instasell_client.endpoint import Endpoint, Resource

    def calls(resource: Resource[Any], prefix: str) -> set[str]:
        found = {
            prefix + name
            for kind in type(resource).__mro__
            for name, value in vars(kind).items()
            if isinstance(value, Endpoint)
        }
        for name in dir(resource):
            if not name.startswith("_") and isinstance(value := getattr(resource, name), Resource):
                found |= calls(value, f"{prefix}{name}.")
        return found

    with InstaSell() as client:
        known = {name.removeprefix("auth.") for name in calls(client, "")}
    assert known == {name for name in CASES if " " not in name}


def test_every_route_has_a_call() -> None:
    from instasell_server.routes import TABLE

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


@pytest.mark.parametrize(
    ("noun", "name", "page"),
    [
        ("auctions", "live", "live_page"),
        ("listings", "list", "page"),
        ("wallet", "entries", "entries_page"),
    ],
)
@pytest.mark.parametrize("argument", ["cursor", "limit"])
def test_an_iteration_refuses_the_arguments_of_a_single_page(
    both: Both, noun: str, name: str, page: str, argument: str
) -> None:
    with pytest.raises(Invalid, match=rf"^{argument}: {name}\(\) .* call {page}\(\)$"):
        both.run(lambda client: getattr(getattr(client, noun), name)(**{argument: 1}))
    assert both.peer.seen == []


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
