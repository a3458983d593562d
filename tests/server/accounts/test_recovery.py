"""Links by mail: proving an address, and a new password."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from instasell_server.config.settings import Settings
from instasell_server.domains.accounts.links import LinkSigner, Purpose
from tests.server.accounts_support import PASSWORD, Answer, Person, ask, log_in, sign_up
from tests.support.databases import MarketClock
from tests.support.mailboxes import mails, token_in
from tests.support.servers import SECRET, settings_for_tests
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]
NEW = "another password"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """The mailbox of the server."""
    return tmp_path / "mailbox"


@pytest.fixture
def server_settings(database_url: str, redis_url: str, box: Path) -> Settings:
    """A server with a mailbox."""
    return settings_for_tests(database_url, redis_url, mail_dir=box)


async def verified(person: Person) -> str:
    return str((await person.ask("GET", "/auth/me")).body["verification_status"])


async def forgotten(http: aiohttp.ClientSession, box: Path, person: Person) -> str:
    """A token for a new password."""
    assert (await ask(http, "POST", "/auth/forgot", {"email": person.email})).status == 204
    return token_in((await mails(box, "Reset your password"))[0])


async def reset(http: aiohttp.ClientSession, token: str, password: str = NEW) -> Answer:
    return await ask(http, "POST", "/auth/reset", {"token": token, "password": password})


async def test_a_new_account_proves_its_address(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    person = await sign_up(http)
    assert await verified(person) == "pending"
    [kept] = await mails(box, "Confirm your address")
    assert kept.to == person.email
    token = token_in(kept)
    stored = str(sql("SELECT * FROM account_links")) + str(sql("SELECT * FROM emails"))
    assert token not in stored
    answers = await asyncio.gather(
        *(ask(http, "POST", "/auth/verify", {"token": token}) for _ in range(50))
    )
    assert sorted(each.status for each in answers) == [204] + [422] * 49
    assert await verified(person) == "verified"
    again = await person.ask("POST", "/auth/verify", {})
    assert (again.status, again.code) == (409, "conflict")


async def test_the_link_is_sent_again_and_not_without_end(
    http: aiohttp.ClientSession, box: Path
) -> None:
    person = await sign_up(http)
    assert (await ask(http, "POST", "/auth/verify")).status == 401
    statuses = [(await person.ask("POST", "/auth/verify")).status for _ in range(4)]
    assert statuses == [204, 204, 204, 429]
    kept = await mails(box, "Confirm your address", 4)
    # Each of them opens, and the first that is used closes the others.
    opened = [
        (await ask(http, "POST", "/auth/verify", {"token": token_in(each)})).status
        for each in kept[::-1]
    ]
    assert opened == [204, 422, 422, 422]


async def test_no_script_asks_for_mail(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    made = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": ["read"]})
    answer = await ask(http, "POST", "/auth/verify", {}, token=made.body["token"])
    assert (answer.status, answer.code) == (403, "scope_missing")


async def test_a_new_password_ends_everything(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    person = await sign_up(http)
    script = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": ["read"]})
    async with http.ws_connect("/ws", headers={"Authorization": f"Bearer {person.token}"}) as live:
        token = await forgotten(http, box, person)
        assert (await reset(http, token)).status == 204
        async with asyncio.timeout(5):
            while (await live.receive()).type is not aiohttp.WSMsgType.CLOSE:
                pass
    for old in (person.token, script.body["token"]):
        assert (await ask(http, "GET", "/auth/me", token=old)).status == 401
    assert (await log_in(http, person.email)).status == 401
    assert (await log_in(http, person.email, NEW)).status == 200
    assert (await mails(box, "Your password was changed"))[0].to == person.email
    used = await reset(http, token)
    assert (used.status, used.fields) == (422, ["token"])
    assert "auth forgot" in used.body["errors"][0]["message"]


async def test_a_token_sets_one_password_of_fifty_at_once(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    person = await sign_up(http)
    token = await forgotten(http, box, person)
    answers = await asyncio.gather(*(reset(http, token, f"grey otter {n}") for n in range(50)))
    assert sorted(each.status for each in answers) == [204] + [422] * 49
    won = [each.status for each in answers].index(204)
    assert (await log_in(http, person.email, f"grey otter {won}")).status == 200
    assert sql("SELECT count(*) FROM emails WHERE kind = 'password_changed'") == [(1,)]


async def test_two_tokens_at_once_set_one_password(http: aiohttp.ClientSession, box: Path) -> None:
    person = await sign_up(http)
    for _ in range(2):
        await ask(http, "POST", "/auth/forgot", {"email": person.email})
    tokens = [token_in(kept) for kept in await mails(box, "Reset your password", 2)]
    answers = await asyncio.gather(
        *(reset(http, tokens[n % 2], f"brown otter {n}") for n in range(20))
    )
    assert sorted(each.status for each in answers) == [204] + [422] * 19


async def test_tokens_expire(
    http: aiohttp.ClientSession, box: Path, market_clock: MarketClock
) -> None:
    person = await sign_up(http)
    token = await forgotten(http, box, person)
    [first] = await mails(box, "Confirm your address")
    market_clock.shift(3601)
    assert (await reset(http, token)).status == 422
    market_clock.shift(72 * 3600 + 1)
    answer = await ask(http, "POST", "/auth/verify", {"token": token_in(first)})
    assert answer.status == 422


async def test_a_token_opens_what_it_is_for(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    person = await sign_up(http)
    proof = token_in((await mails(box, "Confirm your address"))[0])
    [(link_id,)] = sql("SELECT id::text FROM account_links")
    forged = LinkSigner("another secret of thirty-two bytes or more")
    bad = [
        proof,
        forged.sign(Purpose.RESET, link_id),
        LinkSigner(SECRET).sign(Purpose.RESET, link_id),
        *("x", "é" * 64, "A" * 64, proof[:-1], "-" * 200),
    ]
    for token in bad:
        answer = await reset(http, token)
        assert (answer.status, answer.fields) == (422, ["token"]), token
    assert (await log_in(http, person.email)).status == 200


async def test_the_secret_before_still_opens() -> None:
    link_id = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
    old = LinkSigner(SECRET).sign(Purpose.RESET, link_id)
    new = "a newer secret, which has 32 bytes at least"
    assert LinkSigner(new, SECRET).read(Purpose.RESET, old) == link_id
    assert LinkSigner(new).read(Purpose.RESET, old) is None


async def test_nobody_learns_whether_an_account_exists(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    person = await sign_up(http)
    told = []
    for email in (person.email, "nobody@example.org", "no address", "", "x" * 1024):
        answer = await ask(http, "POST", "/auth/forgot", {"email": email})
        headers = {name.lower(): value for name, value in answer.headers.items()}
        for name in ("date", "x-request-id"):
            headers.pop(name)
        told.append((answer.status, answer.body, headers))
    assert told == [told[0]] * 5
    assert told[0][0] == 204
    await mails(box, "Reset your password")
    # The request did the same, too: it left a row for the outbox, which looked later.
    assert sql("SELECT count(*) FROM outbox WHERE kind = 'password_forgotten'") == [(5,)]
    assert sql("SELECT count(*) FROM account_links WHERE purpose = 'reset'") == [(1,)]


async def test_forgetting_is_limited_by_account_and_by_address(
    http: aiohttp.ClientSession, sql: Sql
) -> None:
    person = await sign_up(http)
    answers = [
        (await ask(http, "POST", "/auth/forgot", {"email": person.email})).status for _ in range(21)
    ]
    assert answers == [204] * 20 + [429]
    assert sql("SELECT count(*) FROM outbox WHERE kind = 'password_forgotten'") == [(3,)]


async def test_a_changed_password_is_notified(http: aiohttp.ClientSession, box: Path) -> None:
    person = await sign_up(http)
    await person.ask("POST", "/auth/password", {"old_password": PASSWORD, "new_password": NEW})
    [kept] = await mails(box, "Your password was changed")
    assert "instasell auth forgot" in kept.text


async def test_a_token_is_in_no_log(
    written: Callable[..., Callable[[], list[str]]], http: aiohttp.ClientSession, box: Path
) -> None:
    lines = written()
    person = await sign_up(http)
    tokens = [await forgotten(http, box, person)]
    tokens.append(token_in((await mails(box, "Confirm your address"))[0]))
    await ask(http, "POST", "/auth/verify", {"token": tokens[1], "no_such": tokens[1]})
    await ask(http, "POST", "/auth/reset", {"token": tokens[0], "password": "short"})
    assert (await reset(http, tokens[0])).status == 204
    assert (await ask(http, "POST", "/auth/verify", {"token": tokens[1]})).status == 204
    # A request's line comes after its answer.
    await until(lambda: sum('"path":"/auth/verify"' in line for line in lines()) == 2)
    logged = "\n".join(lines())
    assert "/auth/reset" in logged
    for token in tokens:
        assert token not in logged
    assert person.email not in logged
