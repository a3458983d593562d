"""Sign-ups that wait for the proof of their address, and tell nobody who has an account."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from instasell_server.config.settings import Settings
from instasell_server.domains.accounts.handlers import SERVICE
from instasell_server.domains.accounts.links import LinkSigner, Purpose
from instasell_server.domains.accounts.pending_signups import MailAboutSignup
from tests.server.accounts_support import PASSWORD, Answer, ask, log_in
from tests.support.databases import MarketClock
from tests.support.mailboxes import mails, token_in
from tests.support.servers import SECRET, RunningServer, settings_for_tests

Sql = Callable[..., list[tuple[Any, ...]]]
EMAIL = "ada@example.org"
CHOSEN = "chosen with the proof"
FINISH = "Finish your sign-up"
THERE = "You already have an account"
CHANGING = {"Date", "X-Request-ID"}


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """The mailbox of the server."""
    return tmp_path / "mailbox"


@pytest.fixture
def server_settings(database_url: str, redis_url: str, box: Path) -> Settings:
    """A server that has each address proved."""
    return settings_for_tests(database_url, redis_url, mail_dir=box, signup_needs_proof=True)


async def request(http: aiohttp.ClientSession, email: str = EMAIL, **fields: Any) -> Answer:
    """A sign-up."""
    return await ask(http, "POST", "/auth/signup", {"email": email, "password": PASSWORD, **fields})


async def prove(http: aiohttp.ClientSession, token: str, password: str | None = CHOSEN) -> Answer:
    """The proof of a sign-up, with or without a password."""
    given = {} if password is None else {"password": password}
    return await ask(http, "POST", "/auth/verify", {"token": token, **given})


async def made(http: aiohttp.ClientSession, box: Path) -> None:
    """Have the account of `EMAIL` made."""
    await request(http)
    assert (await prove(http, token_in((await mails(box, FINISH))[0]))).status == 204


async def test_a_sign_up_is_answered_alike_for_every_address(
    http: aiohttp.ClientSession, box: Path
) -> None:
    await made(http, box)
    answers = [
        await request(http, email) for email in (EMAIL, "new@example.org", "ADA@example.org")
    ]
    told = [
        (
            answer.status,
            answer.body,
            {name: said for name, said in answer.headers.items() if name not in CHANGING},
        )
        for answer in answers
    ]
    assert told == [told[0]] * 3
    assert told[0][0] == 202
    assert told[0][1]["status"] == "pending"
    assert "auth verify" in told[0][1]["message"]
    for wanted in ({"password": "password"}, {"email": EMAIL + "\u200b"}):
        refused = [
            await request(http, **{"email": email, **wanted}) for email in (EMAIL, "b@example.org")
        ]
        assert [each.status for each in refused] == [422, 422]
        assert refused[0].fields == refused[1].fields


async def test_an_account_is_made_by_the_proof_with_the_password_that_comes_with_it(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    answer = await request(http, role="seller", display_name="Ada")
    assert answer.status == 202
    [kept] = await mails(box, FINISH)
    assert kept.to == EMAIL
    assert "Ada" not in kept.text
    token = token_in(kept)
    assert sql("SELECT count(*) FROM users") == [(0,)]
    stored = str(sql("SELECT * FROM pending_signups")) + str(sql("SELECT * FROM emails"))
    assert token not in stored
    before, unknown = await log_in(http, EMAIL), await log_in(http, "nobody@example.org")
    assert (before.status, before.code) == (401, "bad_credentials")
    assert {**before.body, "request_id": None} == {**unknown.body, "request_id": None}
    asked = await prove(http, token, None)
    assert (asked.status, asked.fields) == (422, ["password"])
    assert (await prove(http, token, "password")).fields == ["password"]
    answers = await asyncio.gather(*(prove(http, token) for _ in range(20)))
    assert sorted(each.status for each in answers) == [204] + [422] * 19
    again = await prove(http, token)
    assert (again.status, again.fields) == (422, ["token"])
    assert (await log_in(http, EMAIL)).status == 401
    granted = (await log_in(http, EMAIL, CHOSEN)).body
    user = granted["user"]
    assert (user["role"], user["display_name"]) == ("seller", "Ada")
    assert user["verification_status"] == "verified"
    assert sql("SELECT balance, gas_balance FROM wallets WHERE user_id = %s", user["id"]) == [
        (0, 100_000)
    ]


async def test_the_owner_of_an_account_hears_of_a_sign_up_and_nothing_changes(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    await made(http, box)
    before = sql("SELECT * FROM users")
    assert (await request(http, display_name="Mallory")).status == 202
    [kept] = await mails(box, THERE)
    assert kept.to == EMAIL
    assert "instasell auth login" in " ".join(kept.text.split())
    assert "instasell auth forgot" in kept.text
    assert "Token:" not in kept.text
    assert "Mallory" not in kept.text
    assert sql("SELECT * FROM users") == before
    assert sql("SELECT count(*) FROM pending_signups") == [(0,)]


async def test_nobody_prepares_an_account_for_the_address_of_another(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    await request(http, password="what Mallory knows")
    await request(http)
    newest, oldest = await mails(box, FINISH, 2)
    # Even the mail that Mallory caused gives the account to the reader of the mailbox.
    assert (await prove(http, token_in(oldest))).status == 204
    assert (await log_in(http, EMAIL, "what Mallory knows")).status == 401
    assert (await log_in(http, EMAIL, CHOSEN)).status == 200
    late = await prove(http, token_in(newest), "what Mallory knows")
    assert (late.status, late.fields) == (422, ["token"])
    assert sql("SELECT count(*) FROM pending_signups") == [(0,)]


async def test_an_address_gets_three_mails_a_day_and_the_answer_stays_the_same(
    http: aiohttp.ClientSession, server: RunningServer, box: Path, sql: Sql
) -> None:
    answers = [await request(http) for _ in range(5)]
    assert [(each.status, each.body) for each in answers] == [(202, answers[0].body)] * 5
    await mails(box, FINISH, 3)
    # A worker that died may do its work again.
    for (signup_id,) in sql("SELECT id::text FROM pending_signups"):
        await server.app[SERVICE].pending_signups.carry_out(MailAboutSignup(signup_id))
    assert sql("SELECT count(*) FROM emails") == [(3,)]


async def test_a_network_address_asks_for_twenty_sign_ups_an_hour(
    http: aiohttp.ClientSession,
) -> None:
    statuses = [(await request(http, f"a{number}@example.org")).status for number in range(21)]
    assert statuses == [202] * 20 + [429]


async def test_a_proof_that_comes_too_late_makes_nothing(
    http: aiohttp.ClientSession,
    server: RunningServer,
    box: Path,
    sql: Sql,
    market_clock: MarketClock,
) -> None:
    await request(http)
    token = token_in((await mails(box, FINISH))[0])
    market_clock.shift(72 * 3600 + 60)
    late = await prove(http, token)
    assert (late.status, late.fields) == (422, ["token"])
    assert "expired" in late.body["errors"][0]["message"]
    # A worker of the server deletes, too, and may have been first.
    await server.app[SERVICE].pending_signups.delete_old()
    assert sql("SELECT count(*) FROM pending_signups") == [(0,)]
    assert sql("SELECT count(*) FROM users") == [(0,)]


async def test_an_account_that_came_meanwhile_is_not_replaced(
    http: aiohttp.ClientSession, server: RunningServer, box: Path
) -> None:
    await request(http)
    token = token_in((await mails(box, FINISH))[0])
    await server.app[SERVICE].create_admin(EMAIL, PASSWORD)
    taken = await prove(http, token)
    assert (taken.status, taken.code) == (409, "email_taken")
    assert (await log_in(http, EMAIL)).status == 200


async def test_no_password_comes_with_the_token_of_an_account(
    http: aiohttp.ClientSession,
) -> None:
    token = LinkSigner(SECRET).sign(Purpose.VERIFY, str(uuid.uuid4()))
    assert (await prove(http, token)).fields == ["password"]
    assert (await prove(http, token, None)).fields == ["token"]
    assert (await prove(http, "x" * 64)).fields == ["token"]


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({}, False),
        ({"host": "0.0.0.0"}, False),
        ({"smtp_host": "mail.example"}, False),
        ({"host": "0.0.0.0", "smtp_host": "mail.example"}, True),
        ({"host": "0.0.0.0", "smtp_host": "mail.example", "signup_needs_proof": False}, False),
        ({"signup_needs_proof": True}, True),
    ],
)
def test_proof_is_needed_where_others_come_and_mail_goes_out(
    given: dict[str, Any], needed: bool
) -> None:
    assert Settings(_env_file=None, **given).proves_signups is needed
