"""Many accounts at once: for admins only, by their passwords only, and none twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from instasell_client.models.errors import Forbidden
from instasell_server.domains.accounts.service import AccountService
from tests.server.accounts_support import PASSWORD, Answer, Person, ask, log_in, sign_up
from tests.server.admin.conftest import MakeAdmin, Sql, actions
from tests.support.servers import RunningServer


async def enter(admin: Person, *users: dict[str, Any]) -> Answer:
    return await admin.ask("POST", "/admin/users/bulk", {"users": [*users], "reason": "a move"})


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {"email": f"p{number}@example.org", "password": PASSWORD, **fields}


async def test_people_are_signed_up_once_and_in_later(
    admin: Person, http: aiohttp.ClientSession, sql: Sql
) -> None:
    users = [person(1, role="seller", display_name="One"), person(2)]
    first = await enter(admin, *users)
    assert first.status == 200
    assert first.headers["Cache-Control"] == "no-store"
    one, two = first.body["items"]
    assert (one["outcome"], one["user"]["role"], one["user"]["display_name"]) == (
        *("created", "seller"),
        "One",
    )
    assert (await ask(http, "GET", "/auth/me", token=two["token"])).body["email"] == two["email"]
    again = await enter(admin, *users)
    assert [each["outcome"] for each in again.body["items"]] == ["existing"] * 2
    assert [each["user"]["id"] for each in again.body["items"]] == [
        one["user"]["id"],
        two["user"]["id"],
    ]
    assert (await log_in(http, "p1@example.org")).status == 200
    assert (
        sql(
            "SELECT gas_balance FROM wallets w JOIN users u ON u.id = w.user_id"
            " WHERE u.email LIKE 'p_@example.org'"
        )
        == [(100_000,)] * 2
    )
    noted = sql("SELECT subject_id::text, reason FROM admin_actions WHERE action = 'create_user'")
    assert sorted(noted) == sorted([(one["user"]["id"], "a move"), (two["user"]["id"], "a move")])


async def test_an_admin_cannot_sign_in_for_others_without_the_password(
    admin: Person, http: aiohttp.ClientSession, make_admin: MakeAdmin
) -> None:
    other, colleague = await sign_up(http), await make_admin()
    users = [{"email": each.email, "password": "guess, guess"} for each in (other, colleague)]
    for _ in range(11):
        answer = await enter(admin, *users)
        assert {each["outcome"] for each in answer.body["items"]} == {"refused"}
        assert not any(each["token"] for each in answer.body["items"])
    # Ten guesses are all that there are, and the owner signs in as ever.
    assert {each["code"] for each in answer.body["items"]} == {"rate_limited"}
    assert (await log_in(http, other.email)).status == 200


async def test_what_one_cannot_have_leaves_the_others(admin: Person) -> None:
    answer = await enter(
        admin, person(1, password="password"), person(2), person(3, email="a\u200bb@example.org")
    )
    items = answer.body["items"]
    assert [each["outcome"] for each in items] == ["refused", "created", "refused"]
    assert [each["code"] for each in items] == ["invalid", None, "invalid"]
    assert "password: " in items[0]["message"]


@pytest.mark.parametrize("count", [0, 101])
async def test_a_request_is_bounded(admin: Person, count: int, sql: Sql) -> None:
    assert (await enter(admin, *map(person, range(count)))).status == 422
    assert sql("SELECT count(*) FROM users WHERE role <> 'admin'") == [(0,)]


async def test_one_address_at_once_is_one_account(admin: Person, sql: Sql) -> None:
    answers = await asyncio.gather(*(enter(admin, *[person(1)] * 3) for _ in range(3)))
    outcomes = [each["outcome"] for answer in answers for each in answer.body["items"]]
    assert sorted(outcomes) == ["created", *["existing"] * 8]
    assert sql("SELECT count(*) FROM users WHERE email = 'p1@example.org'") == [(1,)]


async def test_it_is_for_admins(http: aiohttp.ClientSession, admin: Person, sql: Sql) -> None:
    seller = await sign_up(http, "seller")
    assert (await enter(seller, person(1))).status == 403
    answer = await ask(http, "POST", "/admin/users/bulk", {"users": [person(1)], "reason": "x"})
    assert answer.status == 401
    for extra in ({"role": "admin"}, {"balance": 5}):
        assert (await enter(admin, person(1, **extra))).status == 422
    assert actions(sql) == []


async def test_it_ends_with_the_admins_rights(
    server: RunningServer,
    admin: Person,
    sql: Sql,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enter_one: Callable[..., Any] = AccountService.enter

    async def demoted_meanwhile(*arguments: Any) -> Any:
        sql("UPDATE users SET role = 'buyer' WHERE id = %s", admin.id)
        return await enter_one(*arguments)

    monkeypatch.setattr(AccountService, "enter", demoted_meanwhile)
    answer = await enter(admin, person(1))
    assert (answer.status, answer.code) == (403, Forbidden.code)
    assert sql("SELECT count(*) FROM users") == [(1,)]
