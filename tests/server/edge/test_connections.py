"""Limit the open connections: of an address, in all, and by the limit of open files."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import select
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from instasell_server.commands import serve
from instasell_server.commands.standalone import StartRefused
from instasell_server.config.descriptors import (
    CONNECTIONS_MAX,
    FILES_MAX,
    TooFewDescriptors,
    descriptor_limit,
    raise_descriptor_limit,
    share_descriptors,
)
from instasell_server.http.client_address import limited_as
from instasell_server.http.connections import CONNECTIONS
from tests.server.accounts_support import ask
from tests.server.edge.raw import RawSocket, raw_socket
from tests.support.servers import SECRET, RunningServer, settings_for_tests
from tests.support.waiting import until

Start = Callable[..., Any]

GET = b"GET /healthz HTTP/1.1\r\nHost: market\r\n\r\n"
START_SECONDS = 60


def open_connections(server: RunningServer, address: str) -> int:
    """Return how many connections the server counts for an address."""
    return server.app[CONNECTIONS]._of_address[limited_as(address)]


@contextlib.asynccontextmanager
async def opened(server: RunningServer, number: int) -> AsyncIterator[list[RawSocket]]:
    """Connections that the server has admitted, and that say nothing more."""
    async with contextlib.AsyncExitStack() as stack:
        made = []
        for _ in range(number):
            one = await stack.enter_async_context(raw_socket(server.base_url))
            one.send(GET)
            assert (await one.answer()).status == 200
            made.append(one)
        yield made
    await until(lambda: server.app[CONNECTIONS].total == 0)


async def test_an_address_has_so_many_connections(start_server: Start) -> None:
    server = await start_server(connections_per_address=3)
    async with opened(server, 3) as held:
        async with raw_socket(server.base_url) as fourth:
            fourth.send(b"POST /auth/login HTTP/1.1\r\nHost: market\r\nContent-Length: 9\r\n\r\n")
            refused = await fourth.answer()
            assert (refused.status, refused.problem["code"]) == (429, "rate_limited")
            assert refused.problem["limit"] == 3
            assert int(refused.headers["retry-after"]) > 0
            assert "the limit is 3 at once" in refused.problem["detail"]
            assert await fourth.until_closed() == b""
        held[0].close()
        await until(lambda: open_connections(server, "127.0.0.1") == 2)
        async with raw_socket(server.base_url) as next_one:
            next_one.send(GET)
            assert (await next_one.answer()).status == 200


async def test_a_refused_caller_who_says_nothing_is_hung_up_on(start_server: Start) -> None:
    server = await start_server(connections_per_address=1)
    async with opened(server, 1), raw_socket(server.base_url) as silent:
        assert await silent.until_closed() == b""


async def test_there_are_so_many_connections_in_all(start_server: Start) -> None:
    server = await start_server(connections_max=3)
    async with opened(server, 3), raw_socket(server.base_url) as fourth:
        fourth.send(GET)
        refused = await fourth.answer()
        assert (refused.status, refused.problem["code"]) == (503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0


async def test_web_sockets_count(start_server: Start) -> None:
    server = await start_server(connections_per_address=2)
    async with (
        aiohttp.ClientSession(server.base_url) as http,
        http.ws_connect("/ws"),
        http.ws_connect("/ws"),
    ):
        assert (await ask(http, "GET", "/healthz")).status == 429


async def test_behind_a_proxy_each_caller_is_counted_and_the_proxy_is_not(
    start_server: Start,
) -> None:
    server = await start_server(connections_per_address=2, trusted_proxies=["127.0.0.0/8"])

    def of(address: str) -> dict[str, str]:
        return {"X-Forwarded-For": address}

    async with opened(server, 5), aiohttp.ClientSession(server.base_url) as http:
        async with (
            http.ws_connect("/ws", headers=of("198.51.100.1")),
            http.ws_connect("/ws", headers=of("198.51.100.1")),
            http.ws_connect("/ws", headers=of("2001:db8::1")),
            http.ws_connect("/ws", headers=of("2001:db8::2")),
        ):
            for address, status in (
                ("198.51.100.1", 429),
                ("198.51.100.2", 200),
                ("2001:db8::3", 429),
                ("2001:db8:0:1::3", 200),
            ):
                answer = await ask(http, "GET", "/healthz", headers=of(address))
                assert answer.status == status, address
        await until(lambda: open_connections(server, "198.51.100.1") == 0)
        assert (await ask(http, "GET", "/healthz", headers=of("198.51.100.1"))).status == 200


# The limit of open files -------------------------------------------------------------------------


async def ticks() -> AsyncIterator[None]:
    """Moments between tries."""
    while True:
        yield
        await asyncio.sleep(0.05)


def _settings(**changes: Any) -> Any:
    return settings_for_tests("postgresql://x", "redis://x", **changes)


@pytest.mark.parametrize("limit", [1024, 4096, 20_000, 1_048_576])
def test_what_the_server_needs_itself_is_left_over(limit: int) -> None:
    shares = share_descriptors(_settings(), limit)
    own = _settings().database_connections + 128
    assert shares.connections + shares.files + own <= limit
    assert 0 < shares.files <= FILES_MAX
    assert 64 <= shares.connections <= CONNECTIONS_MAX


@pytest.mark.parametrize(("limit", "wanted"), [(256, None), (1024, 1000), (20_000, 50_000)])
def test_too_few_descriptors_are_reported(limit: int, wanted: int | None) -> None:
    with pytest.raises(TooFewDescriptors, match=r"the limit of open files is .*Raise it"):
        share_descriptors(_settings(connections_max=wanted), limit)


def test_a_wanted_number_is_taken() -> None:
    assert share_descriptors(_settings(connections_max=50), 4096).connections == 50
    one, two = (
        share_descriptors(_settings(database_replica_url=url), 1024).connections
        for url in (None, SecretStr("postgresql://y"))
    )
    assert one > two


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, before[1]), before[1]))
    try:
        assert raise_descriptor_limit() == descriptor_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def limited(database_url: str, redis_url: str) -> Iterator[Callable[[int], Any]]:
    """Start a server that may open so many files; give the process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INSTASELL_")}
    environment = {
        **kept,
        "INSTASELL_DATABASE_URL": database_url,
        "INSTASELL_REDIS_URL": redis_url,
        "INSTASELL_JWT_SECRET": SECRET,
        "INSTASELL_CONNECTIONS_PER_ADDRESS": "0",
        "INSTASELL_RATE_LIMIT_ANONYMOUS": "0",
    }
    started: list[subprocess.Popen[str]] = []

    def start(files: int) -> subprocess.Popen[str]:
        command = f"ulimit -n {files}; exec {sys.executable} -m instasell_server run --port 0"
        made = subprocess.Popen(
            ["sh", "-c", command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(made)
        return made

    yield start
    for each in started:
        each.kill()
        each.communicate()


def test_a_server_without_room_for_callers_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    with pytest.raises(StartRefused, match=r"the limit of open files is 256, .*`ulimit -n`"):
        serve.check_descriptors(_settings())


async def test_more_sockets_than_descriptors_do_not_shut_the_server(
    limited: Callable[[int], Any],
) -> None:
    server = limited(600)
    ready, _, _ = select.select([server.stdout], [], [], START_SECONDS)
    assert ready, "the server did not say where it listens"
    url = json.loads(server.stdout.readline())["url"]
    async with aiohttp.ClientSession(url) as http, contextlib.AsyncExitStack() as stack:
        assert (await ask(http, "GET", "/readyz")).status == 200
        for _ in range(700):
            slow = await stack.enter_async_context(raw_socket(url))
            slow.send(b"POST /webhooks/stripe HTTP/1.1\r\nHost:")
        # Callers that are connected go on, with the database, Redis and files behind it.
        wrong = {"email": "nobody@example.org", "password": "not the password"}
        assert (await ask(http, "POST", "/auth/login", wrong)).status == 401
        async with raw_socket(url) as late:
            late.send(GET)
            # The first of the many were answered, and a few of them at a time still are.
            assert (await late.until_closed())[:12] in (b"", b"HTTP/1.1 503")
    # Once they are gone, others have room.
    async with asyncio.timeout(START_SECONDS):
        async with aiohttp.ClientSession(url) as http:
            async for _ in ticks():
                if (await ask(http, "GET", "/readyz")).status == 200:
                    break
