"""Tokens of scripts: what they may be given, and what they may not do."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from instasell_server.domains.accounts.service import OPENED_MAX
from tests.server.accounts_support import Person, ask, sign_up


async def token_of(person: Person, *scopes: str) -> str:
    answer = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": list(scopes)})
    assert answer.status == 201, answer.body
    return str(answer.body["token"])


async def test_tokens_are_made_listed_and_ended(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    first = await person.ask("POST", "/auth/tokens", {"name": "one", "scopes": ["read"]})
    wanted = {"name": "two", "scopes": ["pay", "read", "read"], "expires_in_days": 1}
    second = await person.ask("POST", "/auth/tokens", wanted)
    assert second.body["scopes"] == ["read", "pay"]
    listed = (await person.ask("GET", "/auth/tokens")).body["items"]
    assert [each["name"] for each in listed] == ["two", "one"]
    assert all("token" not in each for each in listed)
    gone = await person.ask("DELETE", f"/auth/tokens/{first.body['id']}")
    assert gone.status == 204
    assert (await ask(http, "GET", "/auth/me", token=first.body["token"])).status == 401
    assert (await ask(http, "GET", "/auth/me", token=second.body["token"])).status == 200
    again = await person.ask("DELETE", f"/auth/tokens/{first.body['id']}")
    assert (again.status, again.code) == (404, "token_not_found")


async def test_another_users_token_and_the_current_session_are_not_found(
    http: aiohttp.ClientSession,
) -> None:
    person, other = await sign_up(http), await sign_up(http)
    made = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": ["read"]})
    answer = await other.ask("DELETE", f"/auth/tokens/{made.body['id']}")
    assert answer.status == 404
    assert (await ask(http, "GET", "/auth/me", token=made.body["token"])).status == 200
    assert (await person.ask("DELETE", "/auth/tokens/not-an-id")).status == 404


@pytest.mark.parametrize(
    ("role", "scopes"),
    [("buyer", ["list"]), ("buyer", ["sell", "read"]), ("seller", ["admin"]), ("buyer", ["admin"])],
)
async def test_nobody_grants_a_scope_they_do_not_have(
    http: aiohttp.ClientSession, role: str, scopes: list[str]
) -> None:
    person = await sign_up(http, role)
    answer = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": scopes})
    assert (answer.status, answer.fields) == (422, ["scopes"])


async def test_a_script_does_what_its_scopes_say_and_makes_no_tokens(
    http: aiohttp.ClientSession,
) -> None:
    seller = await sign_up(http, "seller")
    reader, lister = await token_of(seller, "read"), await token_of(seller, "list")
    listing = {"type": "direct", "title": "A kettle", "condition": "new", "price": 1500}
    refused = await ask(http, "POST", "/listings", listing, token=reader)
    assert (refused.status, refused.code, refused.body["scope"]) == (403, "scope_missing", "list")
    assert (await ask(http, "POST", "/listings", listing, token=lister)).status == 422
    for method, path in [
        ("POST", "/auth/tokens"),
        ("GET", "/auth/tokens"),
        ("POST", "/auth/password"),
        ("POST", "/auth/become-seller"),
    ]:
        answer = await ask(http, method, path, {}, token=await token_of(seller, "read", "list"))
        assert (answer.status, answer.code) == (403, "scope_missing"), path


async def test_an_account_has_a_hundred_tokens_at_most(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    for _ in range(100):
        await token_of(person, "read")
    answer = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": ["read"]})
    assert (answer.status, answer.code) == (409, "conflict")


async def open_session(http: aiohttp.ClientSession, token: str) -> str:
    answer = await ask(http, "POST", "/auth/sessions", token=token)
    assert answer.status == 201, answer.body
    return str(answer.body["token"])


async def may(http: aiohttp.ClientSession, token: str) -> bool:
    return (await ask(http, "GET", "/auth/me", token=token)).status == 200


async def test_a_session_of_a_session_ends_alone(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    opened = await open_session(http, person.token)
    assert (await ask(http, "POST", "/auth/logout", token=opened)).status == 204
    assert not await may(http, opened)
    assert await may(http, person.token)


async def test_a_session_of_a_session_ends_with_the_one_that_opened_it(
    http: aiohttp.ClientSession,
) -> None:
    person = await sign_up(http)
    opened, other = await open_session(http, person.token), await token_of(person, "read")
    assert (await person.ask("POST", "/auth/logout")).status == 204
    assert not await may(http, opened)
    assert await may(http, other)


async def test_a_session_of_a_token_has_its_scopes_and_its_end(
    http: aiohttp.ClientSession,
) -> None:
    person = await sign_up(http)
    made = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": ["read"]})
    answer = await ask(http, "POST", "/auth/sessions", token=made.body["token"])
    assert answer.body["expires_at"] <= made.body["expires_at"]
    opened = answer.body["token"]
    assert await may(http, opened)
    refused = await ask(http, "POST", "/auth/tokens", {"name": "x", "scopes": ["read"]},
                        token=opened)  # fmt: skip
    assert (refused.status, refused.code) == (403, "scope_missing")
    listed = (await person.ask("GET", "/auth/tokens")).body["items"]
    assert [each["name"] for each in listed] == ["ci"]
    assert (await person.ask("DELETE", f"/auth/tokens/{made.body['id']}")).status == 204
    assert not await may(http, opened)


async def test_a_session_that_was_opened_opens_no_more(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    opened = await open_session(http, person.token)
    answer = await ask(http, "POST", "/auth/sessions", token=opened)
    assert (answer.status, answer.code) == (409, "conflict")


async def test_of_too_many_opened_sessions_the_oldest_end(http: aiohttp.ClientSession) -> None:
    person = await sign_up(http)
    opened = [await open_session(http, person.token) for _ in range(OPENED_MAX + 1)]
    assert not await may(http, opened[0])
    assert await may(http, opened[1])
    assert await may(http, opened[-1])


async def test_a_session_opened_while_another_ends_does_not_survive(
    http: aiohttp.ClientSession,
) -> None:
    person = await sign_up(http)
    answers = await asyncio.gather(
        *(ask(http, "POST", "/auth/sessions", token=person.token) for _ in range(8)),
        person.ask("POST", "/auth/logout"),
        *(ask(http, "POST", "/auth/sessions", token=person.token) for _ in range(8)),
    )
    tokens = [each.body["token"] for each in answers if each.status == 201]
    assert not any([await may(http, token) for token in tokens])
