"""Signing up and in: what is refused, what is disclosed, and how much work it costs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import aiohttp
import bcrypt
import pytest

from tests.server.accounts_support import PASSWORD, ask, log_in, sign_up

Sql = Callable[..., list[tuple[Any, ...]]]


async def test_signup_makes_an_account_with_a_wallet_that_has_gas_alone(
    http: aiohttp.ClientSession, sql: Sql
) -> None:
    answer = await ask(
        http,
        "POST",
        "/auth/signup",
        {"email": " Ada@Example.ORG ", "password": PASSWORD, "display_name": "Ada"},
    )
    assert answer.status == 201
    user = answer.body["user"]
    assert (user["email"], user["display_name"], user["role"]) == (
        "ada@example.org",
        "Ada",
        "buyer",
    )
    assert "password" not in str(answer.body)
    assert answer.headers["Cache-Control"] == "no-store"
    assert sql("SELECT balance, gas_balance FROM wallets WHERE user_id = %s", user["id"]) == [
        (0, 100_000)
    ]
    me = await ask(http, "GET", "/auth/me", token=answer.body["token"])
    assert me.body == user


async def test_an_address_is_taken_in_any_spelling(http: aiohttp.ClientSession) -> None:
    await sign_up(http, email="ada@example.org")
    wanted = {"email": "ADA@example.org", "password": PASSWORD}
    answer = await ask(http, "POST", "/auth/signup", wanted)
    assert (answer.status, answer.code) == (409, "email_taken")
    assert (await log_in(http, "aDa@EXAMPLE.org")).status == 200


async def test_one_address_signed_up_at_once_is_one_account(
    http: aiohttp.ClientSession, sql: Sql
) -> None:
    wanted = {"email": "ada@example.org", "password": PASSWORD}
    answers = await asyncio.gather(*(ask(http, "POST", "/auth/signup", wanted) for _ in range(10)))
    assert sorted(each.status for each in answers) == [201] + [409] * 9
    assert sql("SELECT count(*) FROM users") == [(1,)]


@pytest.mark.parametrize(
    "extra",
    [{"role": "admin"}, {"balance": 100}, {"id": "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"}],
)
async def test_what_is_not_the_callers_to_set_writes_nothing(
    http: aiohttp.ClientSession, sql: Sql, extra: dict[str, Any]
) -> None:
    wanted = {"email": "eve@example.org", "password": PASSWORD, **extra}
    answer = await ask(http, "POST", "/auth/signup", wanted)
    assert answer.status == 422
    assert answer.fields == list(extra)
    assert sql("SELECT count(*) FROM users") == [(0,)]


async def test_a_key_given_twice_is_refused(http: aiohttp.ClientSession, sql: Sql) -> None:
    body = b'{"email":"eve@example.org","password":"correct horse","role":"buyer","role":"seller"}'
    answer = await ask(http, "POST", "/auth/signup", body)
    assert (answer.status, answer.fields) == (422, ["role"])
    assert sql("SELECT count(*) FROM users") == [(0,)]


@pytest.mark.parametrize(
    "password", ["short", "x" * 73, "\N{SNOWMAN}" * 25, "with a \x00 NUL in it"]
)
async def test_signup_refuses_passwords_that_bcrypt_could_not_keep(
    http: aiohttp.ClientSession, password: str
) -> None:
    wanted = {"email": "eve@example.org", "password": password}
    answer = await ask(http, "POST", "/auth/signup", wanted)
    assert (answer.status, answer.fields) == (422, ["password"])


LONGEST = "".join(f"{number:03}-" for number in range(18))


async def test_72_bytes_are_a_password_and_the_73rd_is_not_cut_off(
    http: aiohttp.ClientSession,
) -> None:
    person = await sign_up(http, password=LONGEST)
    assert (await log_in(http, person.email, LONGEST)).status == 200
    assert (await log_in(http, person.email, LONGEST + "x")).status == 401


async def test_unknown_user_wrong_password_and_impossible_password_read_the_same(
    http: aiohttp.ClientSession,
) -> None:
    person = await sign_up(http)
    attempts = [
        ("nobody@example.org", PASSWORD),
        ("no\x7faddress", PASSWORD),
        (person.email, "wrong"),
        (person.email, "x" * 73),
    ]
    bodies = []
    for email, password in attempts:
        answer = await log_in(http, email, password)
        assert answer.status == 401
        bodies.append({**answer.body, "request_id": None})
    assert bodies == [bodies[0]] * len(attempts)
    assert bodies[0]["code"] == "bad_credentials"


async def test_an_unknown_user_costs_the_same_work(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await sign_up(http)
    costs: list[bytes] = []
    check = bcrypt.checkpw

    def counted(password: bytes, hashed: bytes) -> bool:
        costs.append(hashed[:7])
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    for email, password in [
        (person.email, "wrong"),
        ("nobody@example.org", "wrong"),
        (person.email, "x" * 73),
        ("no\x01body", "wrong"),
    ]:
        assert (await log_in(http, email, password)).status == 401
    assert costs == [b"$2b$04$"] * 4


async def test_bcrypt_runs_in_as_many_threads_as_there_are_cores(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import threading

    person = await sign_up(http)
    running: list[int] = []
    most: list[int] = []
    names: set[str] = set()
    priorities: set[int] = set()
    guard = threading.Lock()
    check = bcrypt.checkpw

    def watched(password: bytes, hashed: bytes) -> bool:
        with guard:
            running.append(1)
            most.append(len(running))
            names.add(threading.current_thread().name)
            priorities.add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        try:
            return check(password, hashed)
        finally:
            with guard:
                running.pop()

    monkeypatch.setattr(bcrypt, "checkpw", watched)
    answers = await asyncio.gather(*(log_in(http, person.email) for _ in range(20)))
    assert [each.status for each in answers] == [200] * 20
    assert max(most) <= (os.cpu_count() or 1)
    assert all(name.startswith("bcrypt") for name in names)
    # The loop, and with it every bid, comes before a password.
    assert sys.platform != "linux" or min(priorities) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_ten_failures_close_an_account_for_a_while(
    http: aiohttp.ClientSession,
) -> None:
    person = await sign_up(http)
    other = await sign_up(http)
    for email in (person.email, "nobody@example.org"):
        statuses = [(await log_in(http, email, "wrong")).status for _ in range(11)]
        assert statuses == [401] * 10 + [429]
    refused = await log_in(http, person.email.upper())
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert (await log_in(http, other.email)).status == 200


async def test_signing_in_often_is_no_failure(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    statuses = [(await log_in(http, person.email)).status for _ in range(15)]
    assert statuses == [200] * 15


async def test_guesses_sent_at_once_gain_nothing(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    guesses = [log_in(http, person.email, f"guess {number}") for number in range(40)]
    answers = await asyncio.gather(*guesses)
    assert sorted(each.status for each in answers) == [401] * 10 + [429] * 30
    assert (await log_in(http, person.email)).status == 429


async def test_a_hash_of_another_cost_is_renewed(http: aiohttp.ClientSession, sql: Sql) -> None:
    person = await sign_up(http)
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()
    sql("UPDATE users SET password_hash = %s WHERE id = %s", old, person.id)
    assert (await log_in(http, person.email)).status == 200
    [(new,)] = sql("SELECT password_hash FROM users WHERE id = %s", person.id)
    assert new.startswith("$2b$04$")
    assert (await log_in(http, person.email)).status == 200
