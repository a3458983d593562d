"""Wrong passwords slow down guessing, and never lock out an owner who has the right one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from instasell_client.models.errors import RateLimited
from instasell_server.config.settings import Settings
from instasell_server.domains.accounts.failed_sign_ins import (
    WAITERS_OF_SOURCE_MAX,
    DelayQueue,
    from_address,
)
from instasell_server.domains.accounts.handlers import SERVICE
from instasell_server.domains.accounts.rules import delay_seconds
from tests.server.accounts_support import PASSWORD, Answer, ask, log_in, sign_up
from tests.support.mailboxes import mails
from tests.support.servers import RunningServer, settings_for_tests
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]

OFFICE, HOME, ATTACKER = "198.51.100.7", "2001:db8:1::1", "203.0.113.9"
SILENT_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """The mailbox of the server."""
    return tmp_path / "mailbox"


@pytest.fixture(params=["redis", "without redis"])
def server_settings(
    request: pytest.FixtureRequest, database_url: str, redis_url: str, box: Path
) -> Settings:
    """A server behind a proxy, so that a test can come from several addresses."""
    redis = redis_url if request.param == "redis" else SILENT_REDIS
    return settings_for_tests(database_url, redis, trusted_proxies=["127.0.0.1"], mail_dir=box)


async def log_in_from(
    http: aiohttp.ClientSession, address: str, email: str, password: str = PASSWORD
) -> Answer:
    credentials = {"email": email, "password": password}
    headers = {"X-Forwarded-For": address}
    return await ask(http, "POST", "/auth/login", credentials, headers=headers)


async def fail_from(http: aiohttp.ClientSession, address: str, email: str, count: int) -> list[int]:
    guesses = (log_in_from(http, address, email, f"guess {number}") for number in range(count))
    return sorted([answer.status for answer in await asyncio.gather(*guesses)])


async def test_wrong_passwords_from_elsewhere_never_lock_out_the_right_one(
    http: aiohttp.ClientSession, sql: Sql
) -> None:
    owner, admin = await sign_up(http), await sign_up(http)
    sql("UPDATE users SET role = 'admin' WHERE id = %s", admin.id)
    for person in (owner, admin):
        assert await fail_from(http, ATTACKER, person.email, 12) == [401] * 10 + [429] * 2
        refused = await log_in_from(http, ATTACKER, person.email)
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 900
        assert (await log_in_from(http, OFFICE, person.email)).status == 200
        assert (await log_in_from(http, HOME, person.email)).status == 200
    # Another account is not touched by what the address did to the first.
    other = await sign_up(http)
    assert (await log_in_from(http, ATTACKER, other.email)).status == 200


async def test_a_slash_64_is_one_address(http: aiohttp.ClientSession) -> None:
    owner = await sign_up(http)
    statuses = [
        (await log_in_from(http, f"2001:db8:9::{number + 1:x}", owner.email, "wrong")).status
        for number in range(11)
    ]
    assert statuses == [401] * 10 + [429]


async def test_an_unknown_account_counts_alike(http: aiohttp.ClientSession) -> None:
    statuses = await fail_from(http, ATTACKER, "nobody@example.org", 11)
    assert statuses == [401] * 10 + [429]
    assert (await log_in_from(http, OFFICE, "nobody@example.org")).status == 401


async def test_a_known_address_is_not_slowed_down(
    http: aiohttp.ClientSession, server: RunningServer, sql: Sql
) -> None:
    owner = await sign_up(http)
    assert (await log_in_from(http, OFFICE, owner.email)).status == 200
    [(kept,)] = sql("SELECT array_agg(address_hash) FROM known_addresses")
    assert len(kept) == 2
    assert OFFICE not in str(kept)
    failures = server.app[SERVICE].failures
    for number in range(30):
        await failures.record(owner.email, from_address(f"203.0.113.{number}"), ATTACKER)
    assert await failures.delay_for(owner.email, is_known=True) == 0.0
    assert await failures.delay_for(owner.email, is_known=False) == 1.0


async def test_what_waits_is_bounded_and_keeps_nobody_out() -> None:
    queue = DelayQueue(size=2 * WAITERS_OF_SOURCE_MAX)
    guesses = [
        asyncio.create_task(queue.wait(source, 3600))
        for source in ("first", "second")
        for _ in range(WAITERS_OF_SOURCE_MAX)
    ]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited) as caught:
        await queue.wait("first", 3600)
    assert caught.value.data == {"retry_after_seconds": 3600}
    other = asyncio.create_task(queue.wait("other", 3600))
    await guesses[0]
    assert not any(each.done() for each in (other, *guesses[1:]))
    for each in (other, *guesses[1:]):
        each.cancel()
    await asyncio.gather(other, *guesses, return_exceptions=True)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0.0), (9, 0.0), (10, 0.25), (19, 0.25), (20, 0.5), (49, 2.0), (50, 4.0), (10**6, 4.0)],
)
def test_delays_grow_up_to_four_seconds(failures: int, seconds: float) -> None:
    assert delay_seconds(failures) == seconds


async def test_a_new_password_forgets_the_known_addresses(
    http: aiohttp.ClientSession, sql: Sql
) -> None:
    owner = await sign_up(http)
    assert (await log_in_from(http, ATTACKER, owner.email)).status == 200
    wanted = {"old_password": PASSWORD, "new_password": "another good phrase"}
    assert (await owner.ask("POST", "/auth/password", wanted)).status == 204
    assert sql("SELECT count(*) FROM known_addresses") == [(0,)]


async def test_wrong_old_passwords_are_counted_by_session(http: aiohttp.ClientSession) -> None:
    owner = await sign_up(http)
    await fail_from(http, ATTACKER, owner.email, 10)
    wrong = {"old_password": "wrong", "new_password": "another good phrase"}
    statuses = [
        (
            await owner.ask(
                "POST", "/auth/password", wrong, headers={"X-Forwarded-For": f"192.0.2.{number}"}
            )
        ).status
        for number in range(11)
    ]
    assert statuses == [422] * 10 + [429]
    # The holder of the session has not locked the owner out of signing in.
    assert (await log_in(http, owner.email)).status == 200


async def test_the_owner_is_notified_once_of_a_burst(
    http: aiohttp.ClientSession, box: Path, sql: Sql
) -> None:
    owner, calm = await sign_up(http), await sign_up(http)
    await fail_from(http, ATTACKER, calm.email, 9)
    for number in range(3):
        await fail_from(http, f"203.0.113.{number + 1}", owner.email, 11)
    await fail_from(http, ATTACKER, "nobody@example.org", 10)
    [mail] = await mails(box, "Failed sign-ins")
    assert mail.to == owner.email
    assert "203.0.113." in mail.text
    assert "instasell auth forgot" in mail.text
    await until(lambda: bool(sql("SELECT 1 FROM notifications")))
    [notice] = (await owner.ask("GET", "/notifications")).body["items"]
    assert (notice["kind"], notice["payload"]["attempts"]) == ("failed_sign_ins", 10)
    await until(lambda: not sql("SELECT 1 FROM outbox WHERE done_at IS NULL"))
    assert sql("SELECT count(*) FROM notifications") == [(1,)]
    assert sql("SELECT count(*) FROM emails WHERE kind = 'failed_sign_ins'") == [(1,)]
    # The request did the same for the address that has no account.
    assert sql("SELECT count(*) FROM outbox WHERE kind = 'sign_ins_failed'") == [(2,)]
