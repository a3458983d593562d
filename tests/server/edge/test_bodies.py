"""Bodies, queries and headers that could be read in two ways are refused."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import pytest

from tests.server.accounts_support import Person, ask, sign_up

LOGIN = "/auth/login"


async def _login(http: aiohttp.ClientSession, raw: bytes, **headers: str) -> Any:
    sent = {"Content-Type": "application/json", **headers}
    return await ask(http, "POST", LOGIN, headers=sent, data=io.BytesIO(raw))


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b'{"email": "a@b.co", "email": "c@d.co", "password": "x"}', 422, "invalid"),
        (b'{"email": "a\\u0000b", "password": "x"}', 422, "invalid"),
        (b'{"email": "a\x00b", "password": "x"}', 422, "invalid"),
        (b'{"email": "\\ud800", "password": "x"}', 422, "invalid"),
        (b'{"email": "\xed\xa0\x80", "password": "x"}', 422, "invalid"),
        (b'{"email": "\xff", "password": "x"}', 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b"[" * 100_000 + b"]" * 100_000, 400, "malformed"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, 400, "malformed"),
        (b'{"email": ' + b"1" * 5000 + b"}", 400, "malformed"),
        (b'{"email": "a@b.co",', 400, "malformed"),
        (b"", 400, "malformed"),
        (b"[]", 422, "invalid"),
        (b'"text"', 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'"' + b"x" * 1024 * 1024 + b'"', 413, "too_large"),
    ],
)
async def test_a_body_that_is_not_taken(
    http: aiohttp.ClientSession, raw: bytes, status: int, code: str
) -> None:
    answer = await _login(http, raw)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_a_chunked_body_has_the_same_limit(http: aiohttp.ClientSession) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 65536

    headers = {"Content-Type": "application/json"}
    async with http.post(LOGIN, data=chunks(), headers=headers) as response:
        assert response.status == 413
        assert (await response.json(content_type=None))["limit_bytes"] == 1024 * 1024


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense"])
async def test_another_content_type(http: aiohttp.ClientSession, kind: str) -> None:
    answer = await _login(http, b"{}", **{"Content-Type": kind})
    assert (answer.status, answer.code) == (415, "unsupported")


async def test_every_bad_field_is_named_with_its_remedy(http: aiohttp.ClientSession) -> None:
    body = {"email": "no address", "password": "short", "role": "admin", "balance": 1}
    answer = await ask(http, "POST", "/auth/signup", body)
    told = {each["field"]: each["message"] for each in answer.body["errors"]}
    assert set(told) == {"email", "password", "role", "balance"}
    assert told["password"] == "use at least 8 characters"
    assert told["role"] == "send 'buyer' or 'seller'"
    assert told["balance"].startswith("remove this field")


async def test_camel_case_is_understood_and_errors_speak_snake_case(
    http: aiohttp.ClientSession,
) -> None:
    body = {"email": "camel@example.org", "password": "long enough", "displayName": "Camel"}
    answer = await ask(http, "POST", "/auth/signup", body)
    assert answer.body["user"]["display_name"] == "Camel"
    answer = await ask(http, "POST", "/auth/signup", {**body, "displayName": ""})
    assert answer.fields == ["display_name"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=5&limit=6", "limit"),
        ("no_such=1", "no_such"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1000000000", "limit"),
        ("sort=password", "sort"),
        ("q=%00", "q"),
        ("category=1", "category"),
    ],
)
async def test_a_query_that_is_not_taken(
    http: aiohttp.ClientSession, query: str, field: str
) -> None:
    answer = await ask(http, "GET", f"/auctions/live?{query}")
    assert (answer.status, answer.fields) == (422, [field])


@pytest.mark.parametrize("name", ["1", "x" * 36, "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c1g", "%00"])
async def test_an_id_that_is_none_is_not_found(http: aiohttp.ClientSession, name: str) -> None:
    answer = await ask(http, "GET", f"/auctions/{name}/status")
    assert (answer.status, answer.code) == (404, "auction_not_found")


@pytest.fixture
async def person(http: aiohttp.ClientSession) -> Person:
    return await sign_up(http)


@pytest.mark.parametrize("key", ["", "two words", "x" * 129, "ümlaut"])
async def test_a_key_that_is_none(person: Person, key: str) -> None:
    answer = await person.ask(
        "PATCH", "/auth/me", {"display_name": "Ann"}, headers={"Idempotency-Key": key}
    )
    assert (answer.status, answer.fields) == (422, ["Idempotency-Key"])


async def test_a_key_has_one_effect_whatever_the_order_of_the_fields(person: Person) -> None:
    key = {"Idempotency-Key": "one"}
    first = await person.ask("PATCH", "/auth/me", {"display_name": "Ann"}, headers=key)
    await person.ask("PATCH", "/auth/me", {"display_name": "Bob"})
    again = await person.ask("PATCH", "/auth/me", b'{ "display_name":"Ann" }', headers=key)
    assert again.body == first.body
    other = await person.ask("PATCH", "/auth/me", {"display_name": "Cid"}, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")


async def test_private_replies_are_not_stored(person: Person) -> None:
    answer = await person.ask("GET", "/auth/me")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "Bearer a.b.c", "x" * 5000])
async def test_credentials_that_do_not_hold(http: aiohttp.ClientSession, header: str) -> None:
    answer = await ask(http, "GET", "/auctions/live", headers={"Authorization": header})
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
