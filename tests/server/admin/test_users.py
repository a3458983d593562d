"""Admins find, suspend, promote and verify users, with a row of the log for each."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import psycopg2
import pytest

from instasell_client import AuctionNotOpen
from instasell_client.models.accounts import Role
from instasell_client.models.admin import SetRole
from instasell_client.models.errors import LastAdmin
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts.handlers import SERVICE as ACCOUNTS
from instasell_server.domains.admin import store
from instasell_server.domains.admin.handlers import SERVICE
from instasell_server.realtime.connection import SESSION_ENDED
from tests.server.accounts_support import PASSWORD, Person, ask, log_in, sign_up
from tests.server.admin.conftest import WHY, MakeAdmin, Sql, actions
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.sockets import live_socket
from tests.support.waiting import LIMIT_SECONDS, until


async def found(admin: Person, **query: str) -> list[str]:
    """The addresses of the accounts that a query finds."""
    answer = await admin.ask("GET", "/admin/users", params=query)
    assert answer.status == 200, answer.body
    return [each["email"] for each in answer.body["items"]]


async def test_people_are_found_by_a_part_of_address_or_name(
    admin: Person, http: aiohttp.ClientSession
) -> None:
    await sign_up(http, email="ann.lee@example.org", display_name="Zoë 100% silk")
    await sign_up(http, "seller", email="bob_ray@example.org", display_name="Bob\\Ray")
    await sign_up(http, email="bobxray@example.org", display_name="Carl")
    assert await found(admin, q="ANN.L") == ["ann.lee@example.org"]
    assert await found(admin, q="zoe") == ["ann.lee@example.org"]
    assert await found(admin, q="bob_ray") == ["bob_ray@example.org"]
    assert await found(admin, q="100%") == ["ann.lee@example.org"]
    assert await found(admin, q="\\") == ["bob_ray@example.org"]
    assert await found(admin, q="bob", role="seller") == ["bob_ray@example.org"]
    assert await found(admin, role="admin") == [admin.email]
    assert len(await found(admin, q="example.org")) == 4
    [me] = (await admin.ask("GET", "/admin/users?role=admin")).body["items"]
    assert "password_hash" not in me
    assert (me["id"], me["role"], me["status"]) == (admin.id, "admin", "active")


@pytest.mark.parametrize("q", ["%", "_", "%%", "' OR 1=1 --", "\\%", "%(q)s", "{}", "nobody"])
async def test_a_hostile_text_is_a_text(admin: Person, http: aiohttp.ClientSession, q: str) -> None:
    await sign_up(http, email="plain@example.org", display_name="Plain")
    assert await found(admin, q=q) == []


@pytest.mark.parametrize("q", ["", " ", "\x00", "\u202e", "x" * 101])
async def test_what_is_no_text_to_look_for_is_refused(admin: Person, q: str) -> None:
    answer = await admin.ask("GET", "/admin/users", params={"q": q})
    assert (answer.status, answer.fields) == (422, ["q"])


async def test_people_page_by_key_while_others_sign_up(
    admin: Person, http: aiohttp.ClientSession, sql: Sql
) -> None:
    people = [await sign_up(http) for _ in range(4)]
    # Several of the same instant, so that only the id tells them apart.
    sql("UPDATE users SET created_at = '2026-01-01T00:00:00.000001Z' WHERE role <> 'admin'")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2", "role": "buyer", **({"cursor": cursor} if cursor else {})}
        page = (await admin.ask("GET", "/admin/users", params=query)).body
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        await sign_up(http)
    assert seen == sorted((each.id for each in people), reverse=True)


@pytest.mark.parametrize("path", ["users", "alerts", "audit-log"])
@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", "WyJ1c2VycyIsIjIwMjYtMDEtMDEiLCJ4Il0"])
async def test_a_cursor_that_is_none_is_refused(admin: Person, path: str, cursor: str) -> None:
    answer = await admin.ask("GET", f"/admin/{path}?cursor={cursor}")
    assert (answer.status, answer.fields) == (422, ["cursor"])


async def test_a_suspension_ends_everything_at_once(
    server: RunningServer, admin: Person, market: Market, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    with_bids, without = await market.auction(seller), await market.auction(seller)
    await bidder.auctions.bid(with_bids, amount=500)
    seller_id, token = (await seller.auth.me()).id, seller.token
    async with live_socket(server.base_url, token) as socket:
        answer = await admin.ask("POST", f"/admin/users/{seller_id}/suspend", WHY)
        assert (answer.status, answer.body["status"]) == (200, "suspended")
        late = await ask(admin.http, "GET", "/auth/me", token=token)
        assert (late.status, late.code) == (401, "unauthenticated")
        assert await socket.ended() == SESSION_ENDED
    await until(
        lambda: sql("SELECT DISTINCT status FROM auctions") == [("cancelled",)],
        seconds=LIMIT_SECONDS,
    )
    with pytest.raises(AuctionNotOpen):
        await bidder.auctions.bid(without, amount=500)
    email = answer.body["email"]
    again = (await log_in(admin.http, email)).body["token"]
    assert (await ask(admin.http, "GET", "/auth/me", token=again)).status == 200
    renamed = await ask(admin.http, "PATCH", "/auth/me", {"display_name": "X"}, token=again)
    assert (renamed.status, renamed.code) == (403, "account_suspended")
    assert await found(admin, status="suspended") == [email]
    assert actions(sql) == [("suspend_user", "user", seller_id)]


async def test_a_second_suspension_changes_nothing(
    admin: Person, http: aiohttp.ClientSession, sql: Sql
) -> None:
    person = await sign_up(http)
    for _ in range(2):
        answer = await admin.ask("POST", f"/admin/users/{person.id}/suspend", WHY)
        assert (answer.status, answer.body["status"]) == (200, "suspended")
    assert sql("SELECT count(*) FROM outbox WHERE kind = 'user_suspended'") == [(1,)]
    for _ in range(2):
        answer = await admin.ask("POST", f"/admin/users/{person.id}/unsuspend", WHY)
        assert (answer.status, answer.body["status"]) == (200, "active")
    subject = ("user", person.id)
    assert actions(sql) == [("suspend_user", *subject), ("unsuspend_user", *subject)]
    token = (await log_in(http, person.email)).body["token"]
    assert (await ask(http, "PATCH", "/auth/me", {"display_name": "X"}, token=token)).status == 200


async def test_one_key_is_one_suspension(
    admin: Person, http: aiohttp.ClientSession, sql: Sql
) -> None:
    person = await sign_up(http)
    headers = {"Idempotency-Key": "k1"}
    path = f"/admin/users/{person.id}"
    first = await admin.ask("POST", f"{path}/suspend", WHY, headers=headers)
    await admin.ask("POST", f"{path}/unsuspend", WHY)
    repeat = await admin.ask("POST", f"{path}/suspend", WHY, headers=headers)
    assert repeat.body == first.body
    assert sql("SELECT status FROM users WHERE id = %s", person.id) == [("active",)]


async def test_a_new_role_holds_at_once(
    admin: Person, http: aiohttp.ClientSession, sql: Sql
) -> None:
    person = await sign_up(http)
    path, wish = f"/admin/users/{person.id}/role", {"role": "admin", "reason": "a colleague"}
    for _ in range(2):
        answer = await admin.ask("POST", path, wish)
        assert (answer.status, answer.body["role"]) == (200, "admin")
    assert (await person.ask("GET", "/admin/users")).status == 200
    made = await person.ask("POST", "/auth/tokens", {"name": "ci", "scopes": ["admin"]})
    script = Person(http, person.id, person.email, made.body["token"])
    assert (await script.ask("GET", "/admin/audit-log")).status == 200
    await admin.ask("POST", path, {"role": "buyer", "reason": "left"})
    for each in (person, script):
        refused = await each.ask("GET", "/admin/users")
        assert (refused.status, refused.code) == (403, "forbidden")
    rows = sql("SELECT reason, details FROM admin_actions ORDER BY id")
    assert rows == [
        ("a colleague", {"role": "admin", "role_before": "buyer"}),
        ("left", {"role": "buyer", "role_before": "admin"}),
    ]


async def test_verification(admin: Person, http: aiohttp.ClientSession, sql: Sql) -> None:
    person = await sign_up(http)
    for _ in range(2):
        answer = await admin.ask("POST", f"/admin/users/{person.id}/verify", WHY)
        assert (answer.status, answer.body["verification_status"]) == (200, "verified")
    assert actions(sql) == [("verify_user", "user", person.id)]


async def test_nobody_suspends_or_demotes_their_own_account(
    admin: Person, make_admin: MakeAdmin, sql: Sql
) -> None:
    await make_admin()
    path = f"/admin/users/{admin.id}"
    for step, body in (("suspend", WHY), ("role", {**WHY, "role": "seller"})):
        answer = await admin.ask("POST", f"{path}/{step}", body)
        assert (answer.status, answer.code) == (403, "forbidden")
    kept = await admin.ask("POST", f"{path}/role", {**WHY, "role": "admin"})
    assert (kept.status, kept.body["role"]) == (200, "admin")
    assert actions(sql) == []


@pytest.mark.parametrize("step", ["suspend", "role"])
async def test_two_admins_who_take_each_other_away_leave_one(
    admin: Person, make_admin: MakeAdmin, sql: Sql, step: str
) -> None:
    other = await make_admin()
    body = WHY if step == "suspend" else {**WHY, "role": "buyer"}
    answers = await asyncio.gather(
        admin.ask("POST", f"/admin/users/{other.id}/{step}", body),
        other.ask("POST", f"/admin/users/{admin.id}/{step}", body),
    )
    assert sorted(each.status for each in answers)[0] == 200
    # The second gets a conflict, or is no admin any more when the request is checked.
    assert sorted(each.status for each in answers)[1] in (401, 403, 409)
    left = sql("SELECT count(*) FROM users WHERE role = 'admin' AND status = 'active'")
    assert left == [(1,)]
    assert len(actions(sql)) == 1


@pytest.mark.parametrize("locked", [True, False])
async def test_without_the_lock_nobody_would_be_left(
    database: Database, make_admin: MakeAdmin, sql: Sql, locked: bool
) -> None:
    admins = [await make_admin(), await make_admin()]
    both_looked = asyncio.Barrier(2)

    async def demote(user_id: str) -> None:
        async def work(tx: Transaction) -> None:
            if locked:
                await store.lock_admins(tx)
            has_other = await store.has_other_admin(tx, user_id)
            if not locked:
                await both_looked.wait()
            if has_other:
                await tx.execute(
                    "UPDATE users SET role = 'buyer' WHERE id = %(id)s", {"id": user_id}
                )

        await transact(database, work)

    await asyncio.gather(*(demote(each.id) for each in admins))
    assert sql("SELECT count(*) FROM users WHERE role = 'admin'") == [(1 if locked else 0,)]


async def test_the_last_admin_stays(
    server: RunningServer, admin: Person, make_admin: MakeAdmin, sql: Sql
) -> None:
    """As a request finds it that was let in just before its admin was demoted."""
    other = await make_admin()
    let_in = await server.app[ACCOUNTS].authenticate(other.token)
    sql("UPDATE users SET role = 'buyer' WHERE id = %s", other.id)
    service = server.app[SERVICE]
    with pytest.raises(LastAdmin):
        await service.suspend(let_in, admin.id, "why", None)
    with pytest.raises(LastAdmin):
        await service.set_role(let_in, admin.id, SetRole(role=Role.BUYER, reason="why"), None)
    assert actions(sql) == []


@pytest.mark.parametrize("step", ["suspend", "unsuspend", "role", "verify"])
async def test_a_reason_is_needed_and_an_account(
    admin: Person, http: aiohttp.ClientSession, sql: Sql, step: str
) -> None:
    person = await sign_up(http)
    more: dict[str, Any] = {"role": "seller"} if step == "role" else {}
    for reason in ({}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 501}, {"reason": "a\x1b"}):
        answer = await admin.ask("POST", f"/admin/users/{person.id}/{step}", {**reason, **more})
        assert (answer.status, answer.fields) == (422, ["reason"])
    nobody = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
    answer = await admin.ask("POST", f"/admin/users/{nobody}/{step}", {**WHY, **more})
    assert (answer.status, answer.code) == (404, "user_not_found")
    assert actions(sql) == []


async def test_the_log_is_final_and_pages_by_key(
    admin: Person, make_admin: MakeAdmin, http: aiohttp.ClientSession, sql: Sql
) -> None:
    other, person = await make_admin(), await sign_up(http)
    for _ in range(2):
        await admin.ask("POST", f"/admin/users/{person.id}/suspend", WHY)
        await other.ask("POST", f"/admin/users/{person.id}/unsuspend", {"reason": "a mistake"})
    for statement in ("UPDATE admin_actions SET reason = 'x'", "DELETE FROM admin_actions"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            sql(statement)
    page = (await admin.ask("GET", "/admin/audit-log?limit=3")).body
    newest = page["items"][0]
    assert (newest["admin_id"], newest["admin_name"]) == (other.id, "Ada")
    assert (newest["subject_kind"], newest["subject_id"]) == ("user", person.id)
    assert (newest["action"], newest["reason"]) == ("unsuspend_user", "a mistake")
    await admin.ask("POST", f"/admin/users/{person.id}/verify", WHY)
    rest = (await admin.ask("GET", f"/admin/audit-log?limit=3&cursor={page['next']}")).body
    assert [each["action"] for each in rest["items"]] == ["suspend_user"]
    assert rest["next"] is None
    for query, count in (
        (f"admin={admin.id}", 3), ("action=unsuspend_user", 2), (f"subject={person.id}", 5),
        (f"subject={admin.id}", 0), (f"admin={other.id}&action=suspend_user", 0),
    ):  # fmt: skip
        items = (await admin.ask("GET", f"/admin/audit-log?{query}")).body["items"]
        assert len(items) == count, query


async def test_a_change_that_fails_leaves_no_row(
    admin: Person, http: aiohttp.ClientSession, sql: Sql
) -> None:
    person = await sign_up(http)
    sql("ALTER TABLE admin_actions ADD CHECK (action <> 'suspend_user')")
    answer = await admin.ask("POST", f"/admin/users/{person.id}/suspend", WHY)
    assert answer.status == 500
    assert sql("SELECT status FROM users WHERE id = %s", person.id) == [("active",)]
    assert (await person.ask("GET", "/auth/me")).status == 200


async def test_the_client_pages_by_itself(market: Market, sql: Sql) -> None:
    desk = await market.person(Role.ADMIN)
    people = [await market.bidder() for _ in range(3)]
    names = [each.display_name async for each in desk.admin.users(role="buyer", page_size=2)]
    assert names == [(await each.auth.me()).display_name for each in reversed(people)]
    person_id = (await people[0].auth.me()).id
    assert (await desk.admin.set_role(person_id, "seller", "asked for it")).role is Role.SELLER
    assert (await desk.admin.verify(person_id, "by post")).verification_status == "verified"
    assert (await desk.admin.suspend(person_id, "spam")).status == "suspended"
    assert (await desk.admin.unsuspend(person_id, "no spam")).status == "active"
    log = [each.action async for each in desk.admin.audit_log(subject=person_id, page_size=3)]
    assert log == ["unsuspend_user", "suspend_user", "verify_user", "set_role"]
    assert PASSWORD not in str(sql("SELECT details FROM admin_actions"))
