"""Sessions: tokens that do not hold, sessions that end at once, and Redis lost, silent or wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import jwt
import pytest
import redis

from instasell_server.domains.accounts.handlers import SERVICE
from instasell_server.domains.accounts.jwt import kid_of
from instasell_server.domains.accounts.sessions import FRESH_SECONDS
from tests.server.accounts_support import PASSWORD, Person, ask, log_in, sign_up
from tests.support.servers import SECRET, RunningServer

Sql = Callable[..., list[tuple[Any, ...]]]

SILENT_REDIS = "redis://127.0.0.1:1/0"


def session_of(person: Person) -> str:
    """The id of the session that a token stands for."""
    claims = jwt.decode(person.token, options={"verify_signature": False})
    return str(claims["sid"])


async def status_of(person: Person) -> int:
    return (await person.ask("GET", "/auth/me")).status


async def wait_for_copy(client: redis.Redis, person: Person) -> str:
    """The key of a session's copy, once Redis has it: a busy machine may have missed the first."""
    key = f"session:{session_of(person)}"
    async with asyncio.timeout(30):
        while not client.exists(key):
            assert await status_of(person) == 200
    return key


def forged(person: Person, **changes: Any) -> str:
    """The person's token with other claims, key, algorithm or header."""
    claims = jwt.decode(person.token, options={"verify_signature": False})
    key = changes.pop("key", SECRET)
    algorithm = changes.pop("algorithm", "HS256")
    headers = changes.pop("headers", {"kid": kid_of(SECRET)})
    claims |= changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "none", "key": None},
        {"algorithm": "HS512", "key": SECRET + SECRET},
        {"algorithm": "HS384", "key": SECRET + SECRET},
        {"key": "another secret of thirty-two bytes or more"},
        {"exp": 1_600_000_000},
        {"exp": None},
        {"sub": None},
        {"sid": None},
        {"sid": "not an id"},
        {"sid": 7},
        {"sub": "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"},
        {"headers": {}},
        {"headers": {"kid": "unknown"}},
    ],
)
async def test_a_token_that_is_not_ours_is_401(
    http: aiohttp.ClientSession, changes: dict[str, Any]
) -> None:
    person = await sign_up(http)
    assert await status_of(person) == 200
    answer = await ask(http, "GET", "/auth/me", token=forged(person, **changes))
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "e30.e30.e30", "." * 200])
async def test_a_token_that_is_none_is_401(http: aiohttp.ClientSession, token: str) -> None:
    assert (await ask(http, "GET", "/auth/me", token=token)).status == 401


async def test_tokens_of_the_secret_before_are_taken(
    start_server: Callable[..., Any],
) -> None:
    old = await start_server()
    new_secret = "a newer secret, which has 32 bytes at least"
    new = await start_server(jwt_secret=new_secret, jwt_previous_secret=SECRET)
    newest = await start_server(jwt_secret=new_secret)
    async with aiohttp.ClientSession(old.base_url) as http:
        person = await sign_up(http)
    statuses = []
    for server in (new, newest):
        async with aiohttp.ClientSession(server.base_url) as http:
            statuses.append((await ask(http, "GET", "/auth/me", token=person.token)).status)
    assert statuses == [200, 401]


async def test_logout_ends_this_session_and_no_other(http: aiohttp.ClientSession, sql: Sql) -> None:
    person = await sign_up(http)
    again = (await log_in(http, person.email)).body["token"]
    assert (await person.ask("POST", "/auth/logout")).status == 204
    assert await status_of(person) == 401
    assert (await ask(http, "GET", "/auth/me", token=again)).status == 200
    [(waiting,)] = sql(
        "SELECT count(*) FROM outbox WHERE kind = 'session_closed' AND done_at IS NULL"
    )
    assert waiting == 0


async def test_a_new_password_ends_every_other_session(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    other = (await log_in(http, person.email)).body["token"]
    script = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": ["read"]})
    changed = await person.ask(
        "POST", "/auth/password", {"old_password": PASSWORD, "new_password": "another password"}
    )
    assert changed.status == 204
    assert await status_of(person) == 200
    for token in (other, script.body["token"]):
        assert (await ask(http, "GET", "/auth/me", token=token)).status == 401
    assert (await log_in(http, person.email)).status == 401
    assert (await log_in(http, person.email, "another password")).status == 200


async def test_the_old_password_is_needed(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    wanted = {"old_password": "wrong", "new_password": "another password"}
    answers = [await person.ask("POST", "/auth/password", wanted) for _ in range(11)]
    assert [each.status for each in answers] == [422] * 10 + [429]
    assert answers[0].fields == ["old_password"]
    assert await status_of(person) == 200


async def test_suspension_ends_sessions_and_leaves_reading(
    server: RunningServer, http: aiohttp.ClientSession, sql: Sql
) -> None:
    person = await sign_up(http, "seller")
    await server.app[SERVICE].suspend(person.id, "sold what was not there")
    assert await status_of(person) == 401
    token = (await log_in(http, person.email)).body["token"]
    assert (await ask(http, "GET", "/auth/me", token=token)).body["status"] == "suspended"
    renamed = await ask(http, "PATCH", "/auth/me", {"display_name": "X"}, token=token)
    assert (renamed.status, renamed.code) == (403, "account_suspended")
    assert sql("SELECT payload FROM outbox WHERE kind = 'user_suspended'") == [
        ({"user_id": person.id, "reason": "sold what was not there"},)
    ]
    await server.app[SERVICE].unsuspend(person.id)
    renamed = await ask(http, "PATCH", "/auth/me", {"display_name": "X"}, token=token)
    assert renamed.status == 200


async def test_a_new_role_holds_in_every_session_at_once(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    other = (await log_in(http, person.email)).body["token"]
    listing = {"type": "direct", "title": "A kettle", "condition": "new", "price": 1500}
    assert (await ask(http, "POST", "/listings", listing, token=other)).status == 403
    for _ in range(2):
        answer = await person.ask("POST", "/auth/become-seller")
        assert (answer.status, answer.body["role"]) == (200, "seller")
    # The missing category is what is wrong by now, and no longer the role.
    assert (await ask(http, "POST", "/listings", listing, token=other)).fields == ["category_id"]


async def test_a_session_lost_from_redis_is_over(
    http: aiohttp.ClientSession, redis_url: str, sql: Sql
) -> None:
    person = await sign_up(http)
    with redis.Redis.from_url(redis_url) as client:
        assert client.delete(await wait_for_copy(client, person)) == 1
    assert await status_of(person) == 401
    [(revoked,)] = sql(
        "SELECT revoked_at IS NOT NULL FROM sessions WHERE id = %s", session_of(person)
    )
    assert revoked


async def test_while_redis_is_silent_the_row_decides(
    start_server: Callable[..., Any], sql: Sql
) -> None:
    server = await start_server(redis_url=SILENT_REDIS)
    async with aiohttp.ClientSession(server.base_url) as http:
        person, leaver = await sign_up(http), await sign_up(http)
        assert await status_of(person) == 200
        assert (await leaver.ask("POST", "/auth/logout")).status == 204
        assert await status_of(leaver) == 401
        sql("UPDATE sessions SET expires_at = now() WHERE id = %s", session_of(person))
        assert await status_of(person) == 401
    # The copy could not be dropped, so the outbox has it to do.
    [(waiting,)] = sql(
        "SELECT count(*) FROM outbox WHERE kind = 'session_closed' AND done_at IS NULL"
    )
    assert waiting == 1


async def test_a_logout_during_an_outage_holds_once_redis_is_back(
    server: RunningServer, http: aiohttp.ClientSession, start_server: Callable[..., Any], sql: Sql
) -> None:
    person = await sign_up(http)
    cut_off = await start_server(redis_url=SILENT_REDIS, parts="api")
    async with aiohttp.ClientSession(cut_off.base_url) as other:
        answer = await ask(other, "POST", "/auth/logout", token=person.token)
        assert answer.status == 204
    [(payload,)] = sql("SELECT payload FROM outbox WHERE kind = 'session_closed'")
    handlers = {each.kind: each for each in server.app[SERVICE].outbox_handlers}
    await handlers["session_closed"].run(payload)
    assert await status_of(person) == 401


@pytest.mark.parametrize(
    "garbage",
    ["", "garbage", "=1:", "=1:{}", '=1:{"user_id": 1}', "=1:[[", "=1:null", "=99:\xff", "~", "="],
)
async def test_behind_garbage_in_the_cache_the_database_answers(
    http: aiohttp.ClientSession, redis_url: str, garbage: str
) -> None:
    person = await sign_up(http)
    key = f"session:{session_of(person)}"
    with redis.Redis.from_url(redis_url) as client:
        if garbage == "~":
            client.delete(key)
            client.rpush(key, "a list")
        else:
            client.set(key, garbage)
        assert await status_of(person) == 200
        assert await status_of(person) == 200


async def test_a_copy_of_another_user_does_not_help(
    http: aiohttp.ClientSession, redis_url: str, sql: Sql
) -> None:
    person, admin = await sign_up(http), await sign_up(http)
    sql("UPDATE users SET role = 'admin' WHERE id = %s", admin.id)
    with redis.Redis.from_url(redis_url) as client:
        copy = client.get(await wait_for_copy(client, admin))
        client.set(f"session:{session_of(person)}", copy)
    me = await person.ask("GET", "/auth/me")
    assert (me.status, me.body["id"]) == (200, person.id)
    assert (await person.ask("GET", "/admin/users")).status == 403


@pytest.mark.parametrize("role", ["admin", "seller"])
async def test_a_role_written_into_redis_is_not_believed(
    http: aiohttp.ClientSession, redis_url: str, role: str
) -> None:
    person = await sign_up(http)
    with redis.Redis.from_url(redis_url) as client:
        key = await wait_for_copy(client, person)
        copy = client.get(key)
        assert isinstance(copy, bytes)
        client.set(key, copy.replace(b"buyer", role.encode()))
        asked = ("GET", "/admin/users") if role == "admin" else ("GET", "/auctions/selling")
        assert (await person.ask(*asked)).status == 403
        assert (await person.ask("GET", "/auth/me")).body["role"] == "buyer"
        # The row has repaired the copy.
        assert role.encode() not in (client.get(key) or b"")


async def test_an_old_copy_that_is_put_back_is_not_believed(
    server: RunningServer, http: aiohttp.ClientSession, redis_url: str, sql: Sql
) -> None:
    admin, other = await sign_up(http), await sign_up(http)
    sessions = server.app[SERVICE]._sessions
    with redis.Redis.from_url(redis_url) as client:
        for person in (admin, other):
            sql("UPDATE users SET role = 'admin' WHERE id = %s", person.id)
            session = await sessions._find(session_of(person))
            age = 0.0 if person is admin else FRESH_SECONDS + 1
            old = sessions.seal(session, signed_at=time.time() - age)
            key = await wait_for_copy(client, person)
            sql("UPDATE users SET role = 'buyer' WHERE id = %s", person.id)
            client.set(key, b"=99:" + old)
    # A session that claims to be an admin's is always looked up; other copies hold for a minute.
    assert (await admin.ask("GET", "/admin/users")).status == 403
    assert (await other.ask("GET", "/auth/me")).body["role"] == "buyer"


async def test_a_copy_of_an_ended_session_does_not_bring_it_back(
    server: RunningServer, http: aiohttp.ClientSession, redis_url: str
) -> None:
    person = await sign_up(http)
    sessions = server.app[SERVICE]._sessions
    session = await sessions._find(session_of(person))
    old = sessions.seal(session, signed_at=time.time() - FRESH_SECONDS - 1)
    assert (await person.ask("POST", "/auth/logout")).status == 204
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"session:{session_of(person)}", b"=99:" + old)
    assert await status_of(person) == 401


async def test_a_script_token_outlives_its_copy(
    http: aiohttp.ClientSession, redis_url: str
) -> None:
    person = await sign_up(http)
    made = await person.ask(
        "POST", "/auth/tokens", {"name": "ci", "scopes": ["read"], "expires_in_days": 365}
    )
    script = Person(http, person.id, person.email, made.body["token"])
    with redis.Redis.from_url(redis_url) as client:
        assert await status_of(script) == 200
        client.flushdb()
        assert await status_of(script) == 200
        assert client.exists(f"session:{session_of(script)}")
        assert 0 < client.ttl(f"session:{session_of(script)}") <= 7 * 86400


async def test_a_dropped_copy_is_not_put_back_by_a_slow_reader(
    server: RunningServer, http: aiohttp.ClientSession
) -> None:
    person = await sign_up(http)
    made = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": ["read"]})
    script = Person(http, person.id, person.email, made.body["token"])
    sessions = server.app[SERVICE]._sessions
    slow = await sessions._find(session_of(script))
    assert (await person.ask("DELETE", f"/auth/tokens/{session_of(script)}")).status == 204
    await sessions.remember(slow)
    assert await status_of(script) == 401


async def test_a_sign_in_that_races_a_new_password_does_not_survive_it(
    server: RunningServer, http: aiohttp.ClientSession, sql: Sql
) -> None:
    person = await sign_up(http)
    service = server.app[SERVICE]
    for number in range(10):
        old, new = f"grey otter {number:04}", f"grey otter {number + 1:04}"
        if number == 0:
            old = PASSWORD
        change = person.ask("POST", "/auth/password", {"old_password": old, "new_password": new})
        answers = await asyncio.gather(change, *(log_in(http, person.email, old) for _ in range(4)))
        assert answers[0].status == 204
        for answer in answers[1:]:
            if answer.status == 200:
                late = await ask(http, "GET", "/auth/me", token=answer.body["token"])
                assert late.status == 401
    assert sql("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == [(1,)]
    assert (await service.authenticate(person.token)).expires_at > time.time()


async def test_a_sign_in_that_redis_never_had_is_not_lost(
    http: aiohttp.ClientSession,
    start_server: Callable[..., Any],
    redis_url: str,
) -> None:
    cut_off = await start_server(redis_url=SILENT_REDIS, parts="api")
    async with aiohttp.ClientSession(cut_off.base_url) as other:
        person = await sign_up(other)
    same = Person(http, person.id, person.email, person.token)
    assert await status_of(same) == 200
    with redis.Redis.from_url(redis_url) as client:
        assert client.delete(await wait_for_copy(client, same)) == 1
    assert await status_of(same) == 401
