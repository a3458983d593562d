"""The short way for plain requests gives the answers of the ordinary way, and keeps its limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from instasell_server.domains.listings.handlers import SERVICE as LISTINGS
from instasell_server.http import listener
from instasell_server.http.connection import HttpConnection
from instasell_server.http.connections import CONNECTIONS
from instasell_server.http.page_lane import LANE
from instasell_server.http.plain_requests import is_whole_message
from tests.server.edge.raw import RawAnswer, exchange, raw_socket
from tests.support.servers import RunningServer
from tests.support.waiting import until

Start = Callable[..., Any]

UNKNOWN = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
PATHS = (
    "/auctions/live", "/auctions/live?limit=3&sort=price", "/listings", "/listings?q=lamp",
    "/categories", f"/auctions/{UNKNOWN}", f"/auctions/{UNKNOWN}/status",
    f"/auctions/{UNKNOWN}/bids?limit=2", f"/listings/{UNKNOWN}",
    f"/listings?category={UNKNOWN}",
)  # fmt: skip
# A header that the short way does not know sends a request along the ordinary one.
ORDINARY = "X-Other: 1\r\n"
VARYING = frozenset({"date", "x-request-id"})


def head(path: str, *headers: str) -> bytes:
    lines = "".join(f"{each}\r\n" for each in headers)
    return f"GET {path} HTTP/1.1\r\nHost: market\r\n{lines}\r\n".encode()


def is_recognized(server: RunningServer, data: bytes) -> bool:
    return server.app[LANE].recognize(data) is not None


def comparable(answer: RawAnswer) -> tuple[int, dict[str, str], Any]:
    headers = {name: text for name, text in answer.headers.items() if name not in VARYING}
    body = json.loads(answer.body) if answer.body else None
    if isinstance(body, dict):
        for name in ("request_id", "server_time"):
            body.pop(name, None)
    if "server_time" in answer.body.decode():
        headers.pop("etag", None)
    return answer.status, headers, body


@pytest.mark.parametrize("settings", [{}, {"cors_origins": ["https://shop.example"]},
                                      {"rate_limit_anonymous": 100_000}])  # fmt: skip
async def test_both_ways_give_the_same_answer(
    start_server: Start, settings: dict[str, Any]
) -> None:
    server = await start_server(**settings)
    for path in PATHS:
        plain, other = head(path), head(path, ORDINARY.strip())
        assert is_recognized(server, plain), path
        assert not is_recognized(server, other), path
        short = comparable(await exchange(server.base_url, plain))
        ordinary = comparable(await exchange(server.base_url, other))
        if "rate_limit_anonymous" in settings:
            for _, headers, _ in (short, ordinary):
                assert headers.pop("ratelimit").startswith('"default";r=')
        assert short == ordinary, path


async def test_both_ways_give_the_same_304(server: RunningServer) -> None:
    tag = (await exchange(server.base_url, head("/categories"))).headers["etag"]
    known = f"If-None-Match: {tag}"
    short = await exchange(server.base_url, head("/categories", known))
    ordinary = await exchange(server.base_url, head("/categories", known, "X-Other: 1"))
    assert short.status == 304
    assert comparable(short)[:2] == comparable(ordinary)[:2]


@pytest.mark.parametrize(
    "data",
    [
        b"GET /auctions/live HTTP/1.0\r\nHost: a\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nX-Request-Id: <b>\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\nAccept: b\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\n Accept: b\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nAccept: \xc3\xa4\r\n\r\n",
        b"GET /auctions/live?limit=0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/live?limit=1&limit=2 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/live?limit=1_0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/live?q=%ff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/live#top HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/../auctions/live HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET //auctions/live HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/live/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /categories HTTP/1.1\r\nHost: a\r\n\r\nGET /categories HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\n",
        b"GET http://market/auctions/live HTTP/1.1\r\nHost: a\r\n\r\n",
        b"HEAD /auctions/live HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/watched HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /auctions/live HTTP/1.1\r\nHost: a\r\nAccept: " + b"a" * 3000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_plain_goes_the_ordinary_way(server: RunningServer, data: bytes) -> None:
    assert not is_recognized(server, data)


async def test_every_bad_query_has_its_usual_answer(server: RunningServer) -> None:
    for query in ("limit=0", "limit=1&limit=2", "limit=1_0", "q=%ff", "odd=1"):
        answer = await exchange(server.base_url, head(f"/auctions/live?{query}"))
        assert answer.status == 422, query
        assert answer.problem["errors"][0]["field"] in ("limit", "q", "odd")


async def test_requests_on_one_connection_are_answered_in_order(server: RunningServer) -> None:
    async with raw_socket(server.base_url) as opened:
        wanted = []
        for path in ("/categories", f"/listings/{UNKNOWN}", "/auctions/live", "/healthz") * 5:
            # Those of a lone request, of two in one packet, and of one behind a request that waits.
            opened.send(head(path, f"X-Request-Id: a{len(wanted)}"))
            wanted.append(f"a{len(wanted)}")
            if len(wanted) % 3 == 0:
                opened.send(head(path, f"X-Request-Id: a{len(wanted)}"))
                wanted.append(f"a{len(wanted)}")
        found = [(await opened.answer()).headers["x-request-id"] for _ in wanted]
    assert found == wanted


async def test_a_limit_counts_both_ways_together(start_server: Start) -> None:
    server = await start_server(rate_limit_anonymous=4)
    statuses = []
    for number in range(6):
        data = head("/categories", *(["X-Other: 1"] if number % 2 else []))
        answer = await exchange(server.base_url, data)
        statuses.append(answer.status)
    assert statuses == [200] * 4 + [429] * 2
    refused = await exchange(server.base_url, head("/categories"))
    ordinary = await exchange(server.base_url, head("/categories", "X-Other: 1"))
    for answer in (refused, ordinary):
        assert answer.problem["code"] == "rate_limited"
        assert answer.headers["ratelimit"].startswith('"default";r=0;t=')
        assert int(answer.headers["retry-after"]) > 0
    assert sorted(refused.headers) == sorted(ordinary.headers)


@pytest.mark.parametrize("limit", [199, 200, 1234])
async def test_a_large_limit_is_taken_in_parts_and_still_exact(
    start_server: Start, limit: int
) -> None:
    server = await start_server(rate_limit_anonymous=limit)
    async with raw_socket(server.base_url) as opened:
        left = []
        for _ in range(limit):
            opened.send(head("/categories"))
            answer = await opened.answer()
            assert answer.status == 200
            left.append(int(answer.headers["ratelimit"].split(";r=")[1].split(";")[0]))
        assert left == list(range(limit - 1, -1, -1))
        opened.send(head("/categories"))
        assert (await opened.answer()).status == 429


async def test_the_client_behind_a_proxy_is_the_one_who_is_counted(start_server: Start) -> None:
    server = await start_server(
        rate_limit_anonymous=1, trusted_proxies=["127.0.0.1/32"], connections_per_address=5
    )
    for client in ("192.0.2.1", "192.0.2.2"):
        data = head("/categories", f"X-Forwarded-For: {client}")
        assert is_recognized(server, data)
        assert (await exchange(server.base_url, data)).status == 200
        assert (await exchange(server.base_url, data)).status == 429
    assert not server.app[CONNECTIONS]._of_address


async def test_a_caller_that_leaves_while_its_page_is_read_leaves_nothing(
    start_server: Start, sql: Callable[..., Any]
) -> None:
    server = await start_server(trusted_proxies=["127.0.0.1/32"], connections_per_address=50)
    for number in range(20):
        async with raw_socket(server.base_url) as opened:
            opened.send(head(f"/listings/{UNKNOWN}", f"X-Forwarded-For: 192.0.2.{number}"))
    await until(lambda: server.app[CONNECTIONS].total == 0)
    await until(lambda: not server.app[CONNECTIONS]._of_address)


async def test_a_caller_that_reads_nothing_is_read_from_no_more(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[HttpConnection] = []
    begin = HttpConnection.connection_made

    def note(self: HttpConnection, transport: asyncio.BaseTransport) -> None:
        made.append(self)
        begin(self, transport)

    monkeypatch.setattr(HttpConnection, "connection_made", note)
    url = urlsplit(server.base_url)
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    opened.connect((url.hostname, url.port))
    opened.setblocking(False)
    _, writer = await asyncio.open_connection(sock=opened, limit=1024)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    # The kernel takes some megabytes of answers before the server has to keep any.
    taken = 0
    try:
        while taken < 1000:
            writer.write(head("/auctions/live"))
            await asyncio.sleep(0)
            taken += bool(made and made[0]._wire and made[0]._wire.get_write_buffer_size())
        assert made[0]._wire is not None
        assert made[0]._wire.get_write_buffer_size() < 200_000
        assert (await exchange(server.base_url, head("/categories"))).status == 200
    finally:
        writer.transport.abort()


async def test_metrics_and_log_have_what_went_the_short_way(
    server: RunningServer, http: aiohttp.ClientSession, written: Callable[..., Any]
) -> None:
    lines = written(log_format="json")
    await exchange(server.base_url, head("/auctions/live?limit=7", "X-Request-Id: lane-7"))
    [line] = [each for each in map(json.loads, lines()) if each.get("request_id") == "lane-7"]
    assert {key: line[key] for key in ("method", "path", "route", "status", "user_id")} == {
        "method": "GET", "path": "/auctions/live", "route": "/auctions/live", "status": 200,
        "user_id": None,
    }  # fmt: skip
    async with http.get("/metrics") as response:
        text = await response.text()
    assert 'request_seconds_count{method="GET",route="/auctions/live",status="200"}' in text


# What an attacker sends ---------------------------------------------------------------------------


@pytest.mark.timeout(20)
@pytest.mark.parametrize("filling", [" ", "\t", "a ", " a", "\t "])
def test_a_head_is_read_in_linear_time(server: RunningServer, filling: str) -> None:
    for _ in range(20):
        padding = filling * (1900 // len(filling))
        data = f"GET /auctions/live HTTP/1.1\r\nHost: a\r\nAccept:{padding}\x01\r\n\r\n".encode()
        assert not is_recognized(server, data)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # A request with a part of another behind it, then what looks like one of its own.
        (head("/healthz") + b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Split: ", head("/categories")),
        (
            b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n",
            head("/categories"),
        ),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\nab", head("/categories")),
        (
            b"POST /auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n",
            head("/categories"),
        ),
    ],
)
async def test_the_bytes_of_one_message_are_never_taken_for_another(
    server: RunningServer, first: bytes, second: bytes
) -> None:
    """Whatever comes back, no page answers bytes that belong to an unfinished message."""
    async with raw_socket(server.base_url) as opened:
        opened.send(first)
        if first.startswith(b"GET /healthz HTTP/1.1\r\nHost: market"):
            assert (await opened.answer()).status == 200
        else:
            await asyncio.gather(*(exchange(server.base_url, head("/healthz")) for _ in range(3)))
        opened.send(second)
        await exchange(server.base_url, head("/healthz"))
        opened.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        opened.send(b" " * 200 + b"\r\n\r\n")
        rest = await opened.until_closed()
    assert b'"items"' not in rest


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (head("/healthz"), True),
        (b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nab", True),
        (b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\na", False),
        (b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc", False),
        (b"POST /a HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", False),
        (b"POST /a HTTP/1.1\r\nX: content-length: 2\r\n\r\n", False),
        (b"POST /a HTTP/1.1\r\nContent-Length: +2\r\n\r\nab", False),
        (b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (head("/healthz") * 2, False),
        (head("/healthz")[:-2], False),
        (b"", False),
    ],
)
def test_a_message_is_whole_or_not(data: bytes, whole: bool) -> None:
    assert is_whole_message(data) is whole


async def test_a_page_that_is_read_for_long_is_answered_and_not_cut(
    start_server: Start, sql: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "KEEPALIVE_SECONDS", 1)
    server = await start_server()
    database = server.app[LISTINGS]._database
    async with contextlib.AsyncExitStack() as held, raw_socket(server.base_url) as opened:
        for _ in range(server.settings.database_connections):
            await held.enter_async_context(database.connection())
        opened.send(head(f"/listings/{UNKNOWN}"))
        # The pool gives up after five seconds, long after the connection would have been idle.
        answer = await opened.answer()
    assert (answer.status, answer.problem["code"]) == (503, "unavailable")
