"""GET /listings: filters, search, order, pages and the copies of first pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import redis

from instasell_client.models.listings import Condition, ListingQuery, ListingSort
from instasell_server.domains.listings import search as searching
from instasell_server.domains.listings import store as listing_store
from instasell_server.domains.listings.handlers import SERVICE
from instasell_server.domains.listings.page_cache import PAGE_SECONDS, page_key
from tests.server.accounts_support import Answer, ask
from tests.server.listings.conftest import Shop, Sql
from tests.support.servers import RunningServer


async def search(http: aiohttp.ClientSession, **params: Any) -> Answer:
    return await ask(http, "GET", "/listings", params=params)


async def titles(http: aiohttp.ClientSession, **params: Any) -> list[str]:
    answer = await search(http, **params)
    assert answer.status == 200, answer.body
    return [each["title"] for each in answer.body["items"]]


async def walk(http: aiohttp.ClientSession, **params: Any) -> list[str]:
    """The titles of all pages."""
    found: list[str] = []
    while True:
        page = (await search(http, **params)).body
        found += [each["title"] for each in page["items"]]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


async def test_filters(http: aiohttp.ClientSession, shop: Shop) -> None:
    await shop.list(title="cheap", price=100)
    await shop.list(title="dear", price=900, condition="refurbished")
    await shop.list(title="toy", price=500, category_id=shop.toys)
    await shop.list(title="lot", type="auction", price=None, stock=1)
    assert await titles(http) == ["lot", "toy", "dear", "cheap"]
    assert await titles(http, category=shop.home) == ["lot", "dear", "cheap"]
    assert await titles(http, category=shop.kitchen, type="direct") == ["dear", "cheap"]
    assert await titles(http, condition="refurbished") == ["dear"]
    assert await titles(http, price_min=100, price_max=500) == ["toy", "cheap"]
    assert await titles(http, price_min=901) == []
    assert await titles(http, seller=shop.seller.id, type="auction") == ["lot"]
    assert await titles(http, seller=shop.home) == []
    assert await titles(http, category=shop.seller.id) == []


@pytest.mark.parametrize("condition", [each.value for each in Condition])
async def test_every_condition_is_listed_filtered_changed_and_exported(
    http: aiohttp.ClientSession, shop: Shop, condition: str
) -> None:
    other = "new" if condition != "new" else "for-parts"
    made = await shop.list(title="one", condition=condition)
    await shop.list(title="two", condition=other)
    assert await titles(http, condition=condition) == ["one"]
    changed = await shop.seller.ask("PUT", f"/listings/{made['id']}", {"condition": other})
    assert (changed.status, changed.body["condition"]) == (200, other)
    await shop.seller.ask("PUT", f"/listings/{made['id']}", {"condition": condition})
    signed = {"Authorization": f"Bearer {shop.seller.token}"}
    async with http.get("/listings/export", headers=signed) as answer:
        rows = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert sorted(each["condition"] for each in rows) == sorted([condition, other])
    refused = await shop.seller.ask("POST", "/listings", shop.kettle(condition="used"))
    assert (refused.status, refused.fields) == (422, ["condition"])


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["e", "d", "c", "b", "a"]),
        ("oldest", ["a", "b", "c", "d", "e"]),
        ("price", ["b", "c", "a", "d", "e"]),
        ("-price", ["a", "c", "b", "e", "d"]),
    ],
)
async def test_every_order_pages_without_gap_or_repeat(
    http: aiohttp.ClientSession, shop: Shop, sql: Sql, sort: str, expected: list[str]
) -> None:
    for title, price in (("a", 900), ("b", 100), ("c", 500)):
        await shop.list(title=title, price=price)
    for title in ("d", "e"):
        await shop.list(title=title, type="auction", price=None, stock=1)
    # The ids decide between the two without a price.
    order = sql("SELECT title FROM listings WHERE price IS NULL ORDER BY id")
    if sort == "price":
        expected = expected[:3] + [title for (title,) in order]
    if sort == "-price":
        expected = expected[:3] + [title for (title,) in reversed(order)]
    for limit in (1, 2, 100):
        assert await walk(http, sort=sort, limit=limit) == expected


async def test_pages_are_stable_while_listings_come_and_go(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    made = [await shop.list(title=f"{number}") for number in range(6)]
    first = (await search(http, limit=2)).body
    await shop.list(title="later")
    await shop.seller.ask("DELETE", f"/listings/{made[4]['id']}")
    second = (await search(http, limit=2, cursor=first["next"])).body
    assert [each["title"] for each in second["items"]] == ["3", "2"]


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ({"sort": "colour"}, ["sort"]),
        ({"sort": "created_at; DROP TABLE listings"}, ["sort"]),
        ({"sort": "relevance"}, ["sort"]),
        ({"limit": "-1"}, ["limit"]),
        ({"limit": "0"}, ["limit"]),
        ({"limit": "1000000000"}, ["limit"]),
        ({"limit": "ten"}, ["limit"]),
        ({"price_min": "-1"}, ["price_min"]),
        ({"price_max": str(2**63)}, ["price_max"]),
        *(
            ({"price_min": text}, ["price_min"])
            for text in ("NaN", "1_000", "+5", "12.0", "1e3", "\uff11\uff12", "9" * 5000)
        ),
        ({"category": "kitchen"}, ["category"]),
        ({"q": "a\x00b"}, ["q"]),
        ({"q": "\x1b[31m"}, ["q"]),
        ({"q": "x" * 201}, ["q"]),
        ({"colour": "red"}, ["colour"]),
        ({"cursor": "x"}, ["cursor"]),
        ({"cursor": "WzEsMiwzXQ"}, ["cursor"]),
        ({"cursor": "x" * 513}, ["cursor"]),
        ({"cursor": "\N{SNOWMAN}"}, ["cursor"]),
    ],
)
async def test_bad_questions_are_422(
    http: aiohttp.ClientSession, params: dict[str, str], fields: list[str]
) -> None:
    answer = await search(http, **params)
    assert (answer.status, answer.fields) == (422, fields)


async def test_a_cursor_belongs_to_its_order(http: aiohttp.ClientSession, shop: Shop) -> None:
    for number in range(2):
        await shop.list(title=f"{number}")
    cursor = (await search(http, limit=1, sort="price")).body["next"]
    answer = await search(http, limit=1, sort="newest", cursor=cursor)
    assert (answer.status, answer.fields) == (422, ["cursor"])


async def test_words_are_found_in_titles_and_descriptions_and_spelling_is_forgiven(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    await shop.list(title="Nintendo game console")
    await shop.list(title="A box", description="With a wristwatch by Nintendo inside")
    await shop.list(title="Café crème")
    assert await titles(http, q="nintendo") == ["Nintendo game console", "A box"]
    assert await titles(http, q="nintedo") == ["Nintendo game console"]
    assert await titles(http, q="wristwatches") == ["A box"]
    assert await titles(http, q="CAFE creme") == ["Café crème"]
    assert await titles(http, q="nintendo -console") == ["A box"]
    assert await titles(http, q='"game console"') == ["Nintendo game console"]
    assert await titles(http, q='"console game"') == []
    assert await titles(http, q="zeppelin") == []
    assert await walk(http, q="nintendo", limit=1) == ["Nintendo game console", "A box"]
    assert await titles(http, q="nintendo", sort="newest") == ["A box", "Nintendo game console"]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("%", ["100% wool"]),
        ("100%", ["100% wool"]),
        ("_", ["snake_case"]),
        ("e_c", ["snake_case"]),
        ("\\", ["back\\slash"]),
        ("k\\s", ["back\\slash"]),
        ("%%", []),
        ("a%l", []),
        ("'", []),
        ("' OR 1=1 --", []),
        ("& | ! ( )", []),
    ],
)
async def test_wildcards_and_operators_are_taken_literally(
    http: aiohttp.ClientSession, shop: Shop, q: str, expected: list[str]
) -> None:
    for title in ("100% wool", "100 wool", "snake_case", "snakeXcase", "back\\slash", "plain"):
        await shop.list(title=title)
    assert await titles(http, q=q) == expected


async def test_of_many_matches_the_newest_are_ranked(
    http: aiohttp.ClientSession, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "RANKED_MAX", 2)
    for title in ("lamp", "a lamp for the garden", "lamp and shade"):
        await shop.list(title=title)
    ranked = ["lamp and shade", "a lamp for the garden"]
    assert sorted(await titles(http, q="lamp")) == sorted(ranked)
    assert sorted(await walk(http, q="lamp", limit=1)) == sorted(ranked)
    assert await titles(http, q="lamp", sort="newest") == [*ranked, "lamp"]


async def test_signs_are_looked_for_among_the_newest_only(
    http: aiohttp.ClientSession, shop: Shop, monkeypatch: pytest.MonkeyPatch, sql: Sql
) -> None:
    for title in ("100% wool", "\u02b9\u02b9\u02b9", "50% wool", "x"):
        await shop.list(title=title)
    monkeypatch.setattr(searching, "SCANNED_MAX", 2)
    for sort in ("newest", "oldest", "price", "-price", "relevance"):
        assert await titles(http, q="%", sort=sort) == ["50% wool"]
        assert await titles(http, q="\u02b9\u02b9\u02b9", sort=sort) == []
        assert await titles(http, q="100%", sort=sort) == ["100% wool"]
    # The planner knows of each text whether it has trigrams, or the index would serve none.
    for q, is_scanned in (
        ("\u02b9\u02b9\u02b9", True),
        ("\u00b9\u00b2\u00b3", True),
        ("10%", False),
    ):
        asked = searching.plan(ListingQuery(q=q, sort=ListingSort.NEWEST))
        steps = sql("EXPLAIN " + listing_store._searches.match_newest, dict(asked.parameters))
        plan = "\n".join(line for (line,) in steps)
        limits = plan.count("created_at >= ")
        assert (limits > 0, "show_trgm" in plan, "<%" in plan) == (is_scanned, False, False)


async def test_what_becomes_a_wildcard_is_taken_literally(
    http: aiohttp.ClientSession, shop: Shop, sql: Sql
) -> None:
    folded = sql(
        "SELECT chr(code), plain_text(chr(code)) FROM generate_series(128, 65535) AS code"
        " WHERE code NOT BETWEEN 55296 AND 57343 AND plain_text(chr(code)) ~ E'[%%_\\\\\\\\]'",
        {},
    )
    assert len(folded) >= 6
    for title in ("100% wool", "100 wool", "snake_case", "back\\slash", "plain"):
        made = await shop.list(title=title, type="auction", price=None, stock=1)
        end_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        terms = {"listing_id": made["id"], "end_at": end_at, "min_bid": 100}
        assert (await shop.seller.ask("POST", "/auctions", terms)).status == 201
    titles_of = {"%": ["100% wool"], "_": ["snake_case"], "\\": ["back\\slash"]}
    for letter, plain in folded:
        assert await titles(http, q=letter) == titles_of[plain]
        assert await titles(http, q=letter * 2) == []
        live = (await ask(http, "GET", "/auctions/live", params={"q": letter})).body["items"]
        assert [each["title"] for each in live] == titles_of[plain]
        found = await ask(http, "GET", "/auctions/live", params={"q": letter * 2})
        assert found.body["items"] == []


@pytest.mark.parametrize(
    ("q", "said"),
    [
        (" or ".join(["a"] * 6), "6 alternatives joined by `or`; use 5 at most"),
        ("or " * 19, "20 alternatives"),
        (" OR ".join("abcdef"), "6 alternatives"),
        (" \uff4f\uff52 ".join("abcdef"), "6 alternatives"),
        (" \u00f8r ".join("abcdef"), "6 alternatives"),
        (" ".join(["a"] * 21), "21 words; use 20 at most"),
        ("-a " * 21, "21 words"),
    ],
)
async def test_a_question_that_looks_at_too_much_is_422(
    http: aiohttp.ClientSession, q: str, said: str
) -> None:
    answer = await search(http, q=q)
    assert (answer.status, answer.fields) == (422, ["q"])
    assert said in answer.body["errors"][0]["message"]


async def test_five_alternatives_and_twenty_words_are_looked_for(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    for title in ("red kettle", "blue kettle", "green kettle"):
        await shop.list(title=title)
    found = await titles(http, q="red or blue or white or black or pink", sort="oldest")
    assert found == ["red kettle", "blue kettle"]
    assert await titles(http, q="kettle " * 20) != []


def is_kept(copy: bytes | None) -> bool:
    """Return whether Redis has a page, and not only the mark of an invalidated one."""
    return copy is not None and copy.startswith(b"=")


async def test_the_first_page_of_a_category_is_kept_and_every_write_retires_it(
    http: aiohttp.ClientSession, shop: Shop, admin: Any, redis_url: str
) -> None:
    listing = await shop.list(title="first")
    with redis.Redis.from_url(redis_url) as client:

        async def shown() -> list[str]:
            for category in (shop.home, shop.kitchen):
                found = await titles(http, category=category)
                # On a busy machine Redis may have been left alone for a moment.
                async with asyncio.timeout(30):
                    while not is_kept(client.get(f"listings:category:{category}")):
                        assert await titles(http, category=category) == found
                assert 0 < client.ttl(f"listings:category:{category}") <= 600
                assert await titles(http, category=category) == found
            return found

        assert await shown() == ["first"]
        other = await shop.list(title="second")
        assert await shown() == ["second", "first"]
        await shop.seller.ask("PUT", f"/listings/{listing['id']}", {"title": "new name"})
        assert await shown() == ["second", "new name"]
        await shop.seller.ask("PUT", f"/listings/{other['id']}", {"category_id": shop.toys})
        assert await shown() == ["new name"]
        await shop.seller.ask("DELETE", f"/listings/{listing['id']}")
        assert await shown() == []
        await shop.list(title="third")
        assert await shown() == ["third"]
        await admin.ask("PUT", f"/categories/{shop.kitchen}", {"name": "Kitchen"})
        assert await titles(http, category=shop.home) == []


async def test_only_the_default_page_is_kept(
    http: aiohttp.ClientSession, shop: Shop, redis_url: str
) -> None:
    await shop.list()
    for params in ({"limit": 1}, {"sort": "price"}, {"q": "kettle"}, {"type": "direct"}):
        assert await titles(http, category=shop.kitchen, **params) == ["A kettle"]
    with redis.Redis.from_url(redis_url) as client:
        copy = client.get(f"listings:category:{shop.kitchen}")
    assert not is_kept(copy)


async def test_a_slow_reader_puts_no_old_page_back(
    server: RunningServer, http: aiohttp.ClientSession, shop: Shop, redis_url: str
) -> None:
    await shop.list(title="old")
    cache = server.app[SERVICE].first_pages._cache
    await titles(http, category=shop.kitchen)
    with redis.Redis.from_url(redis_url) as client:
        kept = client.get(f"listings:category:{shop.kitchen}")
    version, _, page = kept[1:].partition(b":")
    await shop.list(title="new")
    await cache.put(page_key(shop.kitchen), page, version=int(version), ttl_seconds=PAGE_SECONDS)
    assert await titles(http, category=shop.kitchen) == ["new", "old"]


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"=1:", b"=1:{}", b'=1:{"items": 3}'])
async def test_behind_a_garbled_page_the_database_answers(
    http: aiohttp.ClientSession, shop: Shop, redis_url: str, garbage: bytes
) -> None:
    await shop.list()
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"listings:category:{shop.kitchen}", garbage)
    assert await titles(http, category=shop.kitchen) == ["A kettle"]


async def test_without_redis_everything_works_and_the_outbox_remembers(
    http: aiohttp.ClientSession,
    shop: Shop,
    start_server: Callable[..., Any],
    server: RunningServer,
    sql: Sql,
) -> None:
    await shop.list(title="first")
    assert await titles(http, category=shop.kitchen) == ["first"]
    cut_off = await start_server(redis_url="redis://127.0.0.1:1/0", parts="api")
    async with aiohttp.ClientSession(cut_off.base_url) as other:
        body = shop.kettle(title="second")
        made = await ask(other, "POST", "/listings", body, token=shop.seller.token)
        assert made.status == 201
        assert await titles(other, category=shop.kitchen) == ["second", "first"]
    # The copy that the first server made is old by now, until the outbox retires it.
    [(payload,)] = sql("SELECT payload FROM outbox WHERE kind = 'cache_drop'")
    handlers = {each.kind: each for each in server.app[SERVICE].outbox_handlers}
    await handlers["cache_drop"].run(payload)
    assert await titles(http, category=shop.kitchen) == ["second", "first"]


async def test_public_lists_come_from_the_replica_and_ones_own_do_not(
    shop: Shop, start_server: Callable[..., Any], engines: Any
) -> None:
    await shop.list(title="mine")
    # Nothing listens there, so whatever is answered came from the primary.
    replica = "postgresql://nobody@127.0.0.1:1/nothing"
    apart = await start_server(database_replica_url=replica, parts="api")
    async with aiohttp.ClientSession(apart.base_url) as http:
        assert (await search(http)).status == 503
        assert (await ask(http, "GET", "/categories")).status == 503
        own = await ask(
            http,
            "GET",
            "/listings",
            token=shop.seller.token,
            params={"seller": shop.seller.id},
        )
        assert [each["title"] for each in own.body["items"]] == ["mine"]
        made = await ask(http, "POST", "/listings", shop.kettle(), token=shop.seller.token)
        assert made.status == 201


async def test_a_page_is_right_after_writes_and_reads_at_once(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    async def read() -> None:
        for _ in range(10):
            await titles(http, category=shop.kitchen)

    async def write(name: str) -> None:
        for number in range(10):
            await shop.list(title=f"{name}-{number}")

    await asyncio.gather(read(), write("a"), read(), write("b"), read())
    kept = await titles(http, category=shop.kitchen)
    assert kept == await titles(http, category=shop.kitchen, sort="newest", type="direct")
    assert len(kept) == 20
