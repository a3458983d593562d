"""GET /listings in a large market: plans and bounds, and that what is found stays the same."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from instasell_client.models.listings import ListingQuery, ListingSort
from instasell_server.db.connections import Database
from instasell_server.domains.listings import search as searching
from instasell_server.domains.listings import store

Sql = Callable[..., list[tuple[Any, ...]]]

SELLERS = [str(uuid.UUID(int=number)) for number in (1, 2, 3)]
HIDDEN = SELLERS[2]
TOP, LEFT, RIGHT, EMPTY = (str(uuid.UUID(int=number)) for number in (11, 12, 13, 14))
WORDS = (
    "copper compass tripod filter antique album golden clock"
    " lantern bench birch walnut bowl canvas chart almanac"
)

_MARKET = """
INSERT INTO users (id, email, password_hash, display_name, role, status)
SELECT id, id || '@example.org', '-', 'N', 'seller',
       CASE id WHEN %(hidden)s::uuid THEN 'suspended' ELSE 'active' END
FROM unnest(%(sellers)s::uuid[]) AS id;
INSERT INTO categories (id, parent_id, name, path, lineage) VALUES
    (%(top)s, NULL, 'top', 'top', ARRAY[%(top)s::uuid]),
    (%(left)s, %(top)s, 'left', 'top > left', ARRAY[%(top)s, %(left)s]::uuid[]),
    (%(right)s, %(top)s, 'right', 'top > right', ARRAY[%(top)s, %(right)s]::uuid[]),
    (%(empty)s, NULL, 'empty', 'empty', ARRAY[%(empty)s::uuid]);
INSERT INTO listings (
    seller_id, title, description, category_id, type, condition, stock, price, created_at
)
SELECT (%(sellers)s::uuid[])[CASE WHEN g %% 50 = 0 THEN 3 ELSE 1 + g %% 2 END],
       initcap(w[1 + (g * 7) %% 16] || ' ' || w[1 + (g * 5 + 3) %% 16]) || ' ' || g,
       'A fine thing and ' || w[1 + (g * 3) %% 16],
       CASE WHEN g %% 3 = 0 THEN %(left)s::uuid ELSE %(right)s::uuid END,
       CASE g %% 5 WHEN 0 THEN 'auction' ELSE 'direct' END,
       CASE WHEN g %% 100 = 7 THEN 'refurbished' ELSE 'new' END, 1,
       CASE g %% 5 WHEN 0 THEN NULL ELSE 100 + (g * 7919) %% 5000 END,
       now() - (g / 2) * interval '1 second'
FROM generate_series(1, %(count)s) AS g, (SELECT string_to_array(%(words)s, ' ') AS w) AS x;
"""
_PLAIN = """
SELECT l.id::text FROM listings l
WHERE l.status = 'active'
  AND NOT EXISTS (SELECT FROM users u WHERE u.id = l.seller_id AND u.status = 'suspended'
                    AND u.id IS DISTINCT FROM %(shown_seller)s::uuid)
  AND (%(category)s::uuid IS NULL OR l.category_id IN (
      SELECT c.id FROM categories c WHERE c.lineage @> ARRAY[%(category)s::uuid]))
  AND (%(type)s::text IS NULL OR l.type = %(type)s::text)
  AND (%(condition)s::text IS NULL OR l.condition = %(condition)s::text)
  AND (%(price_min)s::bigint IS NULL OR l.price >= %(price_min)s::bigint)
  AND (%(price_max)s::bigint IS NULL OR l.price <= %(price_max)s::bigint)
  AND (%(seller)s::uuid IS NULL OR l.seller_id = %(seller)s::uuid)
  AND (%(q)s::text IS NULL
       OR l.search @@ websearch_to_tsquery('pg_catalog.english', plain_text(%(words)s::text))
       OR plain_text(%(spelling)s::text) <%% plain_text(l.title)
       OR plain_text(l.title) LIKE like_pattern(%(literal)s::text))
"""
_ORDER = {
    ListingSort.NEWEST: "ORDER BY l.created_at DESC, l.id DESC",
    ListingSort.OLDEST: "ORDER BY l.created_at, l.id",
    ListingSort.PRICE_ASC: "ORDER BY l.price NULLS LAST, l.id",
    ListingSort.PRICE_DESC: "ORDER BY l.price DESC NULLS LAST, l.id DESC",
    ListingSort.RELEVANCE: """ORDER BY (1000000 * (coalesce(ts_rank(l.search,
        websearch_to_tsquery('pg_catalog.english', plain_text(%(words)s::text))), 0)
        + word_similarity(plain_text(%(q)s::text), plain_text(l.title))))::bigint DESC,
        l.id DESC""",
}
_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"category": TOP},
    {"category": LEFT, "type": "auction"},
    {"category": EMPTY},
    {"seller": SELLERS[1]},
    {"seller": HIDDEN},
    {"type": "auction"},
    {"condition": "refurbished"},
    {"condition": "for-parts"},
    {"type": "auction", "condition": "refurbished"},
    {"price_min": 2000, "price_max": 2010},
    {"price_min": 5090},
    {"price_max": 110},
    {"price_min": 10**9},
    {"category": RIGHT, "price_min": 2000, "price_max": 2100},
    {"category": TOP, "condition": "for-parts"},
)
_TEXTS = (
    "compass",
    "commpass",
    "copper birch",
    '"birch lantern"',
    "lantern -birch",
    "opper",
    "7%",
    "zzqx",
    "an",
)


def _grow(sql: Sql, count: int) -> None:
    places = {"top": TOP, "left": LEFT, "right": RIGHT, "empty": EMPTY}
    people = {"sellers": SELLERS, "hidden": HIDDEN}
    sql(_MARKET, {**places, **people, "words": WORDS, "count": count})


async def _walk(database: Database, **asked: Any) -> list[str]:
    """Return the ids of all pages."""
    found: list[str] = []
    cursor, shown = None, asked.get("seller")
    async with database.connection() as connection:
        while True:
            planned = searching.plan(ListingQuery(**asked, cursor=cursor), shown)
            rows, cursor = searching.cut_page(await store.search(connection, planned), planned)
            found += [row["id"] for row in rows]
            if cursor is None:
                return found


def _due(sql: Sql, **asked: Any) -> list[str]:
    planned = searching.plan(ListingQuery(**asked), asked.get("seller"))
    return [row[0] for row in sql(_PLAIN + _ORDER[planned.sort], dict(planned.parameters))]


async def test_lists_are_what_a_plain_query_finds(database: Database, sql: Sql) -> None:
    _grow(sql, 300)
    sorts = [each for each in ListingSort if each is not ListingSort.RELEVANCE]
    for sort, filters in product(sorts, _FILTERS):
        asked = {"sort": sort, **filters}
        assert await _walk(database, limit=40, **asked) == _due(sql, **asked), asked


@pytest.mark.parametrize("few", [searching.FEW_MAX, 3], ids=["few", "common"])
async def test_a_search_is_what_a_plain_query_finds(
    database: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Of a common text only the words count, but of these every one is found."""
    _grow(sql, 120)
    monkeypatch.setattr(searching, "FEW_MAX", few)
    is_common = few == 3
    monkeypatch.setattr(searching, "SPELLED_BELOW", 3 if is_common else 100)
    for text, sort, filters in product(_TEXTS, ListingSort, ({}, {"category": LEFT}, _FILTERS[4])):
        asked: dict[str, Any] = {"q": text, "sort": sort, **filters}
        if not is_common or text in ('"birch lantern"', "lantern -birch"):
            assert await _walk(database, limit=7, **asked) == _due(sql, **asked), asked
        elif text in ("compass", "copper birch"):
            found, due = await _walk(database, limit=7, **asked), _due(sql, **asked)
            assert set(found) <= set(due), asked


async def test_of_a_common_text_the_newest_are_ranked_and_all_are_listed(
    database: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    _grow(sql, 200)
    limits = {"FEW_MAX": 3, "SPELLED_BELOW": 3, "RANKED_MAX": 5, "RECENT_MAX": 90}
    for name, value in limits.items():
        monkeypatch.setattr(searching, name, value)
    asked = {"q": "compass", "sort": ListingSort.NEWEST}
    newest = await _walk(database, **asked)
    assert newest == _due(sql, **asked)
    assert len(newest) > 20
    assert sorted(await _walk(database, q="compass")) == sorted(newest[:5])


async def test_where_there_are_many_listings_words_are_corrected_to_common_ones(
    database: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    _grow(sql, 200)
    sql("ANALYZE listings")
    monkeypatch.setattr(searching, "MANY_LISTINGS", 0)
    for typed, meant in (("commpass", "compass"), ("antiqe trpod", "antique tripod")):
        assert set(await _walk(database, q=typed)) == set(await _walk(database, q=meant))
    for typed in ("zzqx", "commpass zzqx", "'\u00b4\\", " ".join(["commpass"] * 6), "; &|!():*"):
        found = await _walk(database, q=typed)
        assert bool(found) == typed.startswith("commpass commpass"), typed


@pytest.fixture
def large(sql: Sql) -> Sql:
    """10,000 listings, at which the planner shows what it does with a million."""
    _grow(sql, 10_000)
    sql("ANALYZE")
    return sql


def _plan(sql: Sql, later: int | None = None, **asked: Any) -> str:
    planned = searching.plan(ListingQuery(**asked))
    values = dict(planned.parameters)
    if later is not None:
        [place] = sql("SELECT now() - interval '1 hour', 4000, id FROM listings LIMIT 1")
        is_time = planned.sort in (ListingSort.NEWEST, ListingSort.OLDEST)
        values |= {"after_key": place[0 if is_time else 1], "after_id": place[2]}
    settings, _, query = store.query_of(planned).rpartition("off;\n")
    sql(f"BEGIN; {settings}off" if settings else "BEGIN")
    lines = sql("EXPLAIN " + query, values)
    sql("COMMIT")
    return "\n".join(line for (line,) in lines)


@pytest.mark.parametrize("later", [None, 1], ids=["first page", "later page"])
def test_every_sort_and_filter_has_its_index(large: Sql, later: int | None) -> None:
    sorts = [each for each in ListingSort if each is not ListingSort.RELEVANCE]
    for sort, filters in product(sorts, _FILTERS):
        plan = _plan(large, later, sort=sort, **filters)
        assert "Seq Scan on listings" not in plan, (sort, filters, plan)
        if set(filters) <= {"category", "seller"} and not {EMPTY, HIDDEN} & {*filters.values()}:
            assert "Bitmap" not in plan, (sort, filters, plan)
            assert " using listings_" in plan


@pytest.mark.parametrize("sort", ListingSort)
def test_a_search_reads_no_table_whole(large: Sql, sort: ListingSort) -> None:
    for text, filters in product((*_TEXTS, "copper " * 20, "%"), ({}, {"category": TOP})):
        plan = _plan(large, sort=sort, q=text, **filters)
        assert "Seq Scan on listings" not in plan, (text, filters, plan)
