"""Rate limits over HTTP: who is counted as whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from pydantic import ValidationError

from instasell_server.adapters.redis import breaker
from instasell_server.http.client_address import client_address, limited_as, networks_of
from tests.server.accounts_support import ask, sign_up
from tests.support.servers import settings_for_tests

Start = Callable[..., Any]


async def test_exactly_a_hundred_of_two_hundred_at_once_over_two_servers(
    start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The count is looked at here, and not the patience with a Redis on a busy machine.
    monkeypatch.setattr(breaker, "TIMEOUT_SECONDS", 10.0)
    servers = [await start_server(rate_limit_anonymous=100) for _ in range(2)]
    connector = aiohttp.TCPConnector(limit=50)
    async with aiohttp.ClientSession(connector=connector) as http:
        answers = await asyncio.gather(
            *(ask(http, "GET", f"{servers[n % 2].base_url}/auctions/live") for n in range(200))
        )
    assert sorted(answer.status for answer in answers) == [200] * 100 + [429] * 100
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.code == "rate_limited"
    assert 0 < int(refused.headers["Retry-After"]) <= 901
    assert refused.headers["RateLimit-Policy"] == '"default";q=100;w=900'
    assert refused.headers["RateLimit"].startswith('"default";r=0;t=')


async def test_probes_and_metrics_are_not_counted(start_server: Start) -> None:
    server = await start_server(rate_limit_anonymous=1)
    async with aiohttp.ClientSession(server.base_url) as http:
        for path in ("/healthz", "/readyz", "/metrics") * 2:
            async with http.get(path) as response:
                assert response.status == 200
                assert "RateLimit" not in response.headers
        assert (await ask(http, "GET", "/categories")).status == 200
        assert (await ask(http, "GET", "/categories")).status == 429


async def test_users_and_tokens_have_limits_of_their_own(start_server: Start) -> None:
    server = await start_server(rate_limit_signed_in=3, rate_limit_token=2)
    async with aiohttp.ClientSession(server.base_url) as http:
        one, two = await sign_up(http), await sign_up(http)
        wish = {"name": "script", "scopes": ["read"]}
        token = (await one.ask("POST", "/auth/tokens", wish)).body["token"]
        assert [(await one.ask("GET", "/auth/me")).status for _ in range(3)] == [200, 200, 429]
        assert (await two.ask("GET", "/auth/me")).status == 200
        with_token = [(await ask(http, "GET", "/auth/me", token=token)).status for _ in range(3)]
        assert with_token == [200, 200, 429]


async def test_made_up_credentials_count_for_the_address(start_server: Start) -> None:
    server = await start_server(rate_limit_anonymous=2)
    async with aiohttp.ClientSession(server.base_url) as http:
        statuses = [
            (await ask(http, "GET", "/categories", token=f"made.up.{n}")).status for n in range(4)
        ]
    assert statuses == [401, 401, 429, 429]


async def test_rotating_x_forwarded_for_gains_nothing(start_server: Start) -> None:
    server = await start_server(rate_limit_anonymous=2)
    async with aiohttp.ClientSession(server.base_url) as http:
        statuses = [
            (
                await ask(
                    http, "GET", "/categories", headers={"X-Forwarded-For": f"198.51.100.{n}"}
                )
            ).status
            for n in range(3)
        ]
    assert statuses == [200, 200, 429]


async def test_a_configured_proxy_is_believed(start_server: Start) -> None:
    server = await start_server(rate_limit_anonymous=1, trusted_proxies=["127.0.0.0/8"])
    async with aiohttp.ClientSession(server.base_url) as http:
        for number in range(3):
            headers = {"X-Forwarded-For": f"10.0.0.{number}, 198.51.100.{number}"}
            assert (await ask(http, "GET", "/categories", headers=headers)).status == 200
        headers = {"X-Forwarded-For": "10.9.9.9, 198.51.100.0"}
        assert (await ask(http, "GET", "/categories", headers=headers)).status == 429


PROXIES = networks_of(["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["1.1.1.1", "198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, nonsense"], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        (None, ["198.51.100.1"], "local"),
    ],
)
def test_the_nearest_address_that_is_no_proxy(
    peer: str | None, forwarded: list[str], expected: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == expected


def test_one_customer_of_ipv6_is_one_address() -> None:
    assert limited_as("2001:db8::1") == limited_as("2001:db8::ffff:1")
    assert limited_as("2001:db8::1") != limited_as("2001:db8:0:1::1")
    assert limited_as("192.0.2.1") == "192.0.2.1"


def test_a_limit_of_zero_only_on_loopback() -> None:
    with pytest.raises(ValidationError, match="only while listening on loopback"):
        settings_for_tests("postgresql://x", "redis://x", host="0.0.0.0")
