"""Budgets of an address: what is counted together, what a refusal says, and where none applies."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from instasell_client.models.errors import RateLimited
from instasell_server.commands.standalone import with_market_defaults
from instasell_server.config.limit_settings import OF_ADDRESSES
from instasell_server.config.settings import Settings
from instasell_server.ports import Quota
from instasell_server.ports.quotas import require_quota
from tests.server.accounts_support import PASSWORD, ask, sign_up

Start = Callable[..., Any]

LOGIN = "/auth/login"


def _settings(**changes: Any) -> Settings:
    return Settings(_env_file=None, **changes)


async def test_browsing_never_shuts_signing_in(start_server: Start) -> None:
    server = await start_server(rate_limit_anonymous=2, rate_limit_sign_in=4)
    async with aiohttp.ClientSession(server.base_url) as http:
        statuses = [(await ask(http, "GET", "/categories")).status for _ in range(3)]
        assert statuses == [200, 200, 429]
        person = await sign_up(http)
        right = {"email": person.email, "password": PASSWORD}
        answers = [await ask(http, "POST", LOGIN, right) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        refused = answers[-1]
        assert refused.headers["RateLimit-Policy"] == '"sign-in";q=4;w=900'
        assert refused.headers["RateLimit"].startswith('"sign-in";r=0;t=')
        assert refused.body["limit"] == 4
        assert refused.body["window_seconds"] == 900
        assert int(refused.headers["Retry-After"]) == refused.body["retry_after_seconds"]
        assert re.fullmatch(
            r"Too many sign-ins from your address: the limit is 4 in 15 minutes\."
            r" Try again in 1[45] minutes\.",
            refused.body["detail"],
        )
        # Those who are signed in go on.
        assert (await person.ask("GET", "/auth/me")).status == 200


async def test_signing_in_with_a_token_counts_for_the_address_all_the_same(
    start_server: Start,
) -> None:
    server = await start_server(rate_limit_sign_in=2)
    async with aiohttp.ClientSession(server.base_url) as http:
        person = await sign_up(http)
        wrong = {"email": person.email, "password": "not the password"}
        statuses = [(await person.ask("POST", LOGIN, wrong)).status for _ in range(2)]
    assert statuses == [401, 429]


@pytest.mark.parametrize(
    ("method", "path", "setting", "policy"),
    [
        ("POST", "/webhooks/stripe", "rate_limit_webhooks", "webhooks"),
        ("PUT", "/media/x.y", "rate_limit_files", "files"),
        ("GET", "/media/x.y", "rate_limit_files", "files"),
        ("GET", "/payments/return", "rate_limit_anonymous", "default"),
        ("GET", "/docs", "rate_limit_anonymous", "default"),
        ("GET", "/ws", "rate_limit_anonymous", "default"),
        ("GET", "/no/such/path", "rate_limit_anonymous", "default"),
        ("PATCH", "/categories", "rate_limit_anonymous", "default"),
    ],
)
async def test_every_path_counts_for_the_address(
    start_server: Start, method: str, path: str, setting: str, policy: str
) -> None:
    server = await start_server(**{setting: 2})
    async with aiohttp.ClientSession(server.base_url) as http:
        answers = [await _answer(http, method, path) for _ in range(3)]
    statuses = [status for status, _ in answers]
    assert 429 not in statuses[:2]
    assert statuses[2] == 429
    assert answers[2][1]["RateLimit-Policy"] == f'"{policy}";q=2;w=900'


async def _answer(http: aiohttp.ClientSession, method: str, path: str) -> tuple[int, Any]:
    async with http.request(method, path) as response:
        return response.status, response.headers


async def test_a_socket_counts_one(start_server: Start) -> None:
    server = await start_server(rate_limit_anonymous=2)
    async with aiohttp.ClientSession(server.base_url) as http:
        async with http.ws_connect("/ws") as socket:
            for number in range(5):
                await socket.send_json({"event": "ping", "id": number, "data": {}})
                await socket.receive_json(timeout=30)
        assert (await ask(http, "GET", "/categories")).status == 200
        assert (await ask(http, "GET", "/categories")).status == 429


def test_what_a_refusal_says() -> None:
    def said(limit: int, seconds: float, window: int) -> str:
        with pytest.raises(RateLimited) as caught:
            require_quota(Quota(False, limit, 0, seconds, window), "bids by your account")
        return str(caught.value)

    assert said(600, 11.2, 60) == (
        "Too many bids by your account: the limit is 600 in 1 minute. Try again in 12 seconds."
    )
    assert said(12000, 0.0, 900).endswith("is 12,000 in 15 minutes. Try again in 1 second.")
    assert said(30, 60.5, 900).endswith("Try again in 2 minutes.")
    require_quota(Quota(True, 1, 0, 1.0, 60), "bids")


def test_a_market_on_this_machine_does_not_count_by_address() -> None:
    found = with_market_defaults(_settings(), embedded=True)
    assert [getattr(found, name) for name in OF_ADDRESSES] == [0] * len(OF_ADDRESSES)
    # What counts for accounts stays.
    assert found.rate_limit_bids == 600


@pytest.mark.parametrize(
    ("changes", "embedded"),
    [
        ({}, False),
        ({"host": "0.0.0.0"}, True),
        (dict.fromkeys(OF_ADDRESSES, 7), True),
    ],
)
def test_limits_that_were_set_or_that_others_meet_stay(
    changes: dict[str, Any], embedded: bool
) -> None:
    given = _settings(**changes)
    found = with_market_defaults(given, embedded=embedded)
    for name in OF_ADDRESSES:
        assert getattr(found, name) == getattr(given, name) != 0
