"""Hide what a suspended seller offers, refuse its sale, and bring it back with the seller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import psycopg2
import pytest

from instasell_server.db.queries import load
from instasell_server.domains.listings import store
from tests.server.accounts_support import Answer, Person, log_in, sign_up
from tests.server.listings.conftest import Shop
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]
WHY = {"reason": "counterfeits"}


async def count_of(http: aiohttp.ClientSession, shop: Shop) -> int:
    """Return how many listings the tree of categories tells of the kitchen's."""
    async with http.get("/categories") as answer:
        tree = (await answer.json())["items"]
    [home] = [each for each in tree if each["id"] == shop.home]
    assert home["listing_count"] == home["children"][0]["listing_count"]
    return int(home["listing_count"])


async def seen(http: aiohttp.ClientSession, **params: str) -> list[str]:
    """The titles of GET /listings."""
    async with http.get("/listings", params=params) as answer:
        assert answer.status == 200
        return [each["title"] for each in (await answer.json())["items"]]


async def test_what_is_offered_goes_with_its_seller_and_comes_back(
    http: aiohttp.ClientSession, shop: Shop, admin: Person, sql: Sql
) -> None:
    kept = await sign_up(http, "seller")
    buyer = await sign_up(http)
    made = await shop.list(title="A red kettle")
    await kept.ask("POST", "/listings", shop.kettle(title="A blue kettle"))
    path = f"/listings/{made['id']}"
    questions: list[dict[str, str]] = [
        {}, {"q": "kettle"}, {"category": shop.home}, {"category": shop.kitchen},
        {"sort": "price"}, {"sort": "-price"}, {"sort": "oldest"}, {"q": "kettle -blue"},
        {"seller": shop.seller.id}, {"condition": "new"},
    ]  # fmt: skip
    before = [await seen(http, **each) for each in questions]
    assert all("A red kettle" in titles for titles in before)

    await admin.ask("POST", f"/admin/users/{shop.seller.id}/suspend", WHY)
    # The cached pages of both categories are dropped by the outbox.
    for category in (shop.home, shop.kitchen):
        await until_seen(http, category, ["A blue kettle"])
    for each in questions:
        assert "A red kettle" not in await seen(http, **each), each
    assert await count_of(http, shop) == 1
    for reader in (buyer, kept):
        assert (await reader.ask("GET", path)).status == 404
        assert (await reader.ask("GET", f"{path}/images")).status == 404
    async with http.get(path) as answer:
        assert answer.status == 404
    refused = await buyer.ask("POST", "/orders", {"listing_id": made["id"]})
    assert (refused.status, refused.code) == (404, "listing_not_found")
    asked = await buyer.ask("POST", "/conversations", {"listing_id": made["id"], "text": "Hello?"})
    assert (asked.status, asked.code) == (404, "listing_not_found")
    assert sql("SELECT stock FROM listings WHERE id = %s", made["id"]) == [(3,)]

    token = (await log_in(http, shop.seller.email)).body["token"]
    suspended = Person(http, shop.seller.id, shop.seller.email, token)
    for reader in (suspended, admin):
        assert (await reader.ask("GET", path)).status == 200
        own = await reader.ask("GET", f"/listings?seller={shop.seller.id}")
        assert [each["title"] for each in own.body["items"]] == ["A red kettle"]
    other = await suspended.ask("GET", "/listings")
    assert [each["title"] for each in other.body["items"]] == ["A blue kettle"]

    await admin.ask("POST", f"/admin/users/{shop.seller.id}/unsuspend", WHY)
    for category in (shop.home, shop.kitchen):
        await until_seen(http, category, ["A blue kettle", "A red kettle"])
    assert [await seen(http, **each) for each in questions] == before
    assert await count_of(http, shop) == 2
    assert (await buyer.ask("POST", "/orders", {"listing_id": made["id"]})).status == 201


async def until_seen(http: aiohttp.ClientSession, category: str, titles: list[str]) -> None:
    """Wait for the first page of a category to show these."""
    async with asyncio.timeout(60):
        while await seen(http, category=category) != titles:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("is_committed", [True, False])
async def test_an_order_that_meets_a_suspension_sees_how_it_ends(
    http: aiohttp.ClientSession, shop: Shop, sql: Sql, database_url: str, is_committed: bool
) -> None:
    buyer = await sign_up(http)
    made = await shop.list()
    connection = psycopg2.connect(database_url)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users SET status = 'suspended' WHERE id = %s", (shop.seller.id,))
        buying: asyncio.Task[Answer] = asyncio.create_task(
            buyer.ask("POST", "/orders", {"listing_id": made["id"]})
        )
        waiting = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        await until(lambda: buying.done() or sql(waiting) == [(1,)])
        assert not buying.done(), "it did not wait for the suspension"
        connection.commit() if is_committed else connection.rollback()
    connection.close()
    assert (await buying).status == (404 if is_committed else 201)
    assert sql("SELECT count(*) FROM orders") == [(0 if is_committed else 1,)]


async def test_a_suspension_waits_for_no_listing_and_touches_none(
    shop: Shop, admin: Person, sql: Sql, database_url: str
) -> None:
    made = await shop.list()
    connection = psycopg2.connect(database_url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM listings WHERE id = %s FOR UPDATE", (made["id"],))
        answer = await admin.ask("POST", f"/admin/users/{shop.seller.id}/suspend", WHY)
        assert answer.status == 200
    connection.close()
    assert sql("SELECT version FROM listings") == [(made["version"],)]


async def test_followers_are_not_notified_of_listings_of_a_suspended_seller(
    http: aiohttp.ClientSession, shop: Shop, sql: Sql
) -> None:
    follower = await sign_up(http)
    await follower.ask("PUT", f"/subscriptions/seller/{shop.seller.id}")
    queue = (
        "INSERT INTO notice_causes (kind, payload)"
        " SELECT 'new_listing', jsonb_build_object('listing_id', id) FROM listings RETURNING 1"
    )
    sql("UPDATE users SET status = 'suspended' WHERE id = %s", shop.seller.id)
    sql(
        "INSERT INTO listings (seller_id, title, category_id, type, condition, price, stock)"
        " VALUES (%s, 'A kettle', %s, 'direct', 'new', 1000, 1)",
        shop.seller.id, shop.kitchen,
    )  # fmt: skip
    sql(queue)
    await until(lambda: sql("SELECT count(*) FROM notice_causes") == [(0,)])
    assert sql("SELECT count(*) FROM notifications") == [(0,)]
    sql("UPDATE users SET status = 'active' WHERE id = %s", shop.seller.id)
    sql(queue)
    await until(lambda: sql("SELECT kind FROM notifications") == [("new_listing",)])


def test_lists_look_for_suspended_sellers_by_an_index(sql: Sql) -> None:
    queries = load(store.__file__, "search.sql")
    names = (
        *("category", "type", "condition", "price_min", "price_max", "seller", "shown_seller"),
        *("q", "words", "spelling", "literal", "scanned", "after_id", "after_key"),
    )
    values = {**dict.fromkeys(names), "limit": 51}
    # The planner reads empty tables whole unless that is switched off.
    sql("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
    for query in (queries.search_newest, queries.search_cheapest, queries.search_dearest):
        plan = "\n".join(row for (row,) in sql(f"EXPLAIN {query}", values))
        assert "Anti Join" in plan
        assert "users_suspended" in plan
