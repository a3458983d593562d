"""Requests that were answered with a 500, or in another form than a problem."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from instasell_client.models.listings import ListingQuery
from instasell_server.http.dispatch import whole_number_parameters
from instasell_server.routes import TABLE
from tests.server.accounts_support import Person, ask, log_in, sign_up
from tests.server.edge.raw import exchange
from tests.support.servers import RunningServer

Start = Callable[..., Any]
Sql = Callable[..., list[tuple[Any, ...]]]

UUID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
ODD_INSTANTS = (
    "2030-01-01T00:00:00+16:00",
    "2030-01-01T00:00:00-23:59",
    "0001-01-01T00:00:00+15:00",
    "9999-12-31T23:59:59-15:00",
)
ORIGIN = "https://shop.example"


@pytest.fixture
async def admin(http: aiohttp.ClientSession, sql: Sql) -> Person:
    """An admin, who may see every list."""
    person = await sign_up(http, "seller")
    sql("UPDATE users SET role = 'admin' WHERE id = %s", person.id)
    token = (await log_in(http, person.email)).body["token"]
    return Person(http, person.id, person.email, token)


def _cursor(*parts: str | int) -> str:
    text = json.dumps(parts, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _paged_lists() -> list[str]:
    return sorted(
        route.path
        for route in TABLE
        if route.method == "GET"
        and route.query is not None
        and "cursor" in route.query.model_fields
    )


async def test_instants_that_cannot_be_stored_are_refused(
    http: aiohttp.ClientSession, admin: Person
) -> None:
    seller = await sign_up(http, "seller")
    for instant in ODD_INSTANTS:
        made = {"listing_id": UUID, "min_bid": 100, "end_at": instant}
        answers = [
            await seller.ask("POST", "/auctions", made),
            await seller.ask("POST", "/auctions", {**made, "start_at": instant}),
            await seller.ask("PUT", f"/auctions/{UUID}", {"end_at": instant}),
            await seller.ask("POST", f"/auctions/{UUID}/relist", {"end_at": instant}),
        ]
        for name in ("from", "to"):
            query = {name: instant}
            answers.append(await admin.ask("GET", "/admin/analytics", params=query))
        assert [each.status for each in answers] == [422] * 6, instant
        assert "end_at" in answers[0].fields


async def test_cursors_with_such_instants_are_refused(admin: Person) -> None:
    paths = [path for path in _paged_lists() if "{" not in path]
    assert len(paths) > 5
    for path in paths:
        for instant in (*ODD_INSTANTS, "2030-01-01T00:00:00", "nonsense"):
            for cursor in (_cursor("x", instant, UUID), _cursor("x", 0, instant, UUID)):
                answer = await admin.ask("GET", path, params={"cursor": cursor})
                assert answer.status in (403, 422), (path, instant, answer.body)


async def test_a_cursor_of_another_list_is_refused(
    http: aiohttp.ClientSession, admin: Person
) -> None:
    seller = await sign_up(http, "seller")
    instant = "2030-01-01T00:00:00+00:00"
    # One for each shape of sort key that there is.
    keys = [(1,), (1, UUID), (instant, UUID), (0, 1, UUID), (0, instant, UUID)]
    read = []
    for path in _paged_lists():
        asked = path.replace("{user_id}", seller.id).replace("{conversation_id}", UUID)
        asker = admin if asked.startswith("/admin") else seller
        for key in keys:
            query = {"cursor": _cursor("another list", *key)}
            answer = await asker.ask("GET", asked, params=query)
            if answer.status != 422 or answer.fields != ["cursor"]:
                read.append((path, key, answer.status))
    assert not read


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=1_0", "limit"),
        ("limit=+5", "limit"),
        ("limit=%205", "limit"),
        ("limit=%EF%BC%95", "limit"),
        ("price_min=1_000", "price_min"),
        ("priceMin=1_000", "priceMin"),
        ("q=%ED%A0%80", "q"),
        ("q=%ff", "q"),
        ("q=a%C3", "q"),
        ("%ED%A0%80=1", "\N{REPLACEMENT CHARACTER}" * 3),
    ],
)
async def test_queries_are_read_strictly(
    http: aiohttp.ClientSession, query: str, field: str
) -> None:
    from yarl import URL

    async with http.get(URL(f"/listings?{query}", encoded=True)) as answer:
        body = await answer.json(content_type=None)
        assert answer.status == 422, body
        assert field in [each["field"] for each in body["errors"]]


async def test_raw_bytes_in_a_query_are_refused(server: RunningServer) -> None:
    answer = await exchange(
        server.base_url, b"GET /listings?q=\xed\xa0\x80 HTTP/1.1\r\nHost: market\r\n\r\n"
    )
    assert answer.status in (400, 422)
    assert answer.problem["code"] in ("malformed", "invalid")


def test_numbers_of_a_query_are_known_in_every_spelling() -> None:
    names = whole_number_parameters(ListingQuery)
    assert {"limit", "price_min", "priceMin"} <= names
    assert not {"q", "cursor", "seller"} & names


# Methods -----------------------------------------------------------------------------------------


async def test_a_path_that_exists_with_other_methods_says_which(
    http: aiohttp.ClientSession,
) -> None:
    for method, path, allowed in (
        ("GET", "/listings/bulk", "POST"),
        ("DELETE", "/listings/bulk", "POST"),
        ("PUT", "/listings/export", "GET, HEAD"),
        ("DELETE", "/auctions/live", "GET, HEAD"),
        ("POST", "/auctions/live", "GET, HEAD"),
        ("PATCH", "/categories", "GET, HEAD, POST"),
        ("GET", "/webhooks/stripe", "POST"),
        ("GET", f"/auctions/{UUID}/bid", "POST"),
        ("OPTIONS", "/listings/bulk", "POST"),
    ):
        answer = await ask(http, method, path)
        assert (answer.status, answer.code) == (405, "method_not_allowed"), (method, path)
        assert answer.headers["Allow"] == allowed
        assert answer.body["allowed"] == allowed.split(", ")
    assert (await ask(http, "GET", "/no/such/path")).status == 404
    assert (await ask(http, "GET", "/listings/nonsense")).code == "listing_not_found"


# Browsers of other origins -----------------------------------------------------------------------


async def test_preflights_of_allowed_origins_succeed_and_are_not_counted(
    start_server: Start,
) -> None:
    server = await start_server(cors_origins=[ORIGIN], rate_limit_anonymous=3)
    ask_first = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    async with aiohttp.ClientSession(server.base_url) as http:
        for path in ("/auth/login", "/listings", f"/orders/{UUID}/address", "/no/such") * 2:
            async with http.options(path, headers=ask_first) as answer:
                assert answer.status == 204
                assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
                assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
                assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
                assert "RateLimit" not in answer.headers
        statuses = [
            (await ask(http, *wish, headers={"Origin": ORIGIN}))
            for wish in (
                ("GET", "/auth/me"),
                ("GET", "/listings?limit=0"),
                ("GET", "/no/such"),
                ("GET", "/categories"),
                ("DELETE", "/categories"),
            )
        ]
        assert [each.status for each in statuses] == [401, 422, 404, 429, 429]
        for answer in statuses:
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
            assert "Origin" in answer.headers.getall("Vary")


async def test_other_origins_get_no_headers_and_are_counted(start_server: Start) -> None:
    server = await start_server(cors_origins=[ORIGIN], rate_limit_anonymous=2)
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with aiohttp.ClientSession(server.base_url) as http:
        answers = [await ask(http, "OPTIONS", "/listings", headers=asked) for _ in range(3)]
        assert [each.status for each in answers] == [403, 403, 429]
        assert "Access-Control-Allow-Origin" not in answers[0].headers
        other = await ask(http, "GET", "/healthz", headers={"Origin": "https://evil.example"})
        assert other.status == 200
        assert "Access-Control-Allow-Origin" not in other.headers


# What aiohttp refuses itself ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed"),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: m\r\n\r\n", 431, "head_too_large"),
        (b"GET / HTTP/1.1\r\nHost: m\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431, "head_too_large"),
        (b"GET / HTTP/1.1\r\nHost: m\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431, "head_too_large"),
        (b"GET / HTTP/1.1\r\nHost: m\r\nContent-Length: x\r\n\r\n", 400, "malformed"),
        (b"GET /healthz HTTP/1.1\r\nHost: m\r\nExpect: nonsense\r\n\r\n", 422, "invalid"),
        (b"GET /no/such HTTP/1.1\r\nHost: m\r\nExpect: nonsense\r\n\r\n", 400, "malformed"),
        (b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", 404, "not_found"),
        (b"BREW / HTTP/1.1\r\nHost: m\r\n\r\n", 400, "malformed"),
    ],
)
async def test_what_is_no_http_is_answered_as_a_problem(
    server: RunningServer, raw: bytes, status: int, code: str
) -> None:
    answer = await exchange(server.base_url, raw)
    assert (answer.status, answer.problem["code"]) == (status, code)
    assert b"Traceback" not in answer.body
    assert "x-request-id" in answer.headers


async def test_a_head_without_an_end_is_refused(server: RunningServer) -> None:
    head = b"GET / HTTP/1.1\r\nHost: m\r\n" + b"".join(
        b"X-%d: " % number + b"x" * 8000 + b"\r\n" for number in range(9)
    )
    answer = await exchange(server.base_url, head)
    assert (answer.status, answer.problem["code"]) == (431, "head_too_large")


async def test_a_body_is_asked_for_once_its_sender_is_admitted(server: RunningServer) -> None:
    head = (
        "POST {} HTTP/1.1\r\nHost: m\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    async with asyncio.timeout(30):
        invited = await exchange(server.base_url, head.format("/auth/login").encode())
        assert invited.status == 100
        refused = await exchange(
            server.base_url,
            head.replace("Expect", "Content-Encoding: gzip\r\nExpect")
            .format("/auth/login")
            .encode(),
        )
        assert refused.status == 415
