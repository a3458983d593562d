"""GET /auctions/live in a large market: the order of an index, and never an old price."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from instasell_client.models.auctions import LiveSort
from instasell_server.db.connections import Database
from instasell_server.domains.auctions import store
from instasell_server.workers.live_auctions import LiveAuctionsRefresh

Sql = Callable[..., list[tuple[Any, ...]]]

SELLERS = [str(uuid.UUID(int=number)) for number in (1, 2)]
TOP, LEFT, RIGHT, EMPTY = (str(uuid.UUID(int=number)) for number in (11, 12, 13, 14))
BIDDER = str(uuid.UUID(int=21))

_MARKET = """
INSERT INTO users (id, email, password_hash, display_name, role)
SELECT id, id || '@example.org', '-', 'N', role FROM unnest(
    %(sellers)s::uuid[] || %(bidder)s::uuid, '{seller,seller,buyer}'::text[]) AS n(id, role);
INSERT INTO categories (id, parent_id, name, path, lineage) VALUES
    (%(top)s, NULL, 'top', 'top', ARRAY[%(top)s::uuid]),
    (%(left)s, %(top)s, 'left', 'top > left', ARRAY[%(top)s, %(left)s]::uuid[]),
    (%(right)s, %(top)s, 'right', 'top > right', ARRAY[%(top)s, %(right)s]::uuid[]),
    (%(empty)s, NULL, 'empty', 'empty', ARRAY[%(empty)s::uuid]);
INSERT INTO listings (id, seller_id, title, category_id, type, condition, stock)
SELECT gen_random_uuid(), (%(sellers)s::uuid[])[1 + g %% 2],
       CASE WHEN g %% (%(count)s / 4) = 0 THEN 'Rare ' ELSE 'Lot ' END || g,
       CASE WHEN g %% 3 = 0 THEN %(left)s::uuid ELSE %(right)s::uuid END, 'auction', 'new', 1
FROM generate_series(1, %(count)s) AS g;
INSERT INTO auctions (id, listing_id, seller_id, status, start_at, end_at, planned_end_at, min_bid)
SELECT gen_random_uuid(), id, seller_id, CASE g %% 4 WHEN 0 THEN 'pending' ELSE 'live' END,
       now() + CASE WHEN g %% 4 = 0 AND g %% 8 <> 0 THEN 1 ELSE -1 END * interval '1 hour',
       now() + interval '1 day' + g * interval '1 s', now() + interval '1 day', 1 + g %% 40
FROM (SELECT *, row_number() OVER (ORDER BY id) AS g FROM listings) AS l;
"""
# What a page must be, without any index or copy.
_PLAIN = """
SELECT auction_id::text FROM (
    SELECT s.auction_id, CASE %(sort)s
        WHEN 'ending' THEN (extract(epoch FROM s.end_at) * 1000000)::bigint
        WHEN 'price' THEN coalesce(s.current_bid, s.min_bid)
        WHEN '-price' THEN -coalesce(s.current_bid, s.min_bid) WHEN 'bids' THEN -s.seq END AS key
    FROM auction_states s
    WHERE s.status IN ('pending', 'live') AND s.start_at <= now() AND s.end_at > now()
      AND (%(category)s::uuid IS NULL OR s.category_id IN (
          SELECT id FROM categories WHERE lineage @> ARRAY[%(category)s::uuid]))
      AND (%(seller)s::uuid IS NULL OR s.seller_id = %(seller)s::uuid)
      AND (%(price_min)s::bigint IS NULL OR coalesce(s.current_bid, s.min_bid) >= %(price_min)s)
      AND (%(price_max)s::bigint IS NULL OR coalesce(s.current_bid, s.min_bid) <= %(price_max)s)
      AND (%(q)s::text IS NULL OR plain_text(s.title) LIKE like_pattern(%(q)s::text))
) AS every ORDER BY key, auction_id
"""
_BID = """
UPDATE auctions SET current_bid = coalesce(current_bid + 7, min_bid), seq = seq + 1,
    current_bidder_id = %(bidder)s, leader_no = 1, leader_max = coalesce(current_bid + 7, min_bid),
    bidder_count = 1, version = version + 1
WHERE id = ANY(%(ids)s::uuid[])
"""
_CHANGES = (
    _BID,
    "UPDATE auctions SET end_at = end_at + interval '30 s' WHERE id = ANY(%(ids)s::uuid[])",
    "UPDATE auctions SET status = 'cancelled', closed_at = now() WHERE id = ANY(%(ids)s::uuid[])",
    "UPDATE auctions SET status = 'live', start_at = least(start_at, now())"
    " WHERE status = 'pending' AND id = ANY(%(ids)s::uuid[])",
    "UPDATE auctions SET start_at = now() WHERE status = 'pending' AND id = ANY(%(ids)s::uuid[])",
    "UPDATE auctions SET min_bid = min_bid + 1 WHERE seq = 0 AND id = ANY(%(ids)s::uuid[])",
)
_NO_FILTER: dict[str, Any] = dict.fromkeys(("category", "seller", "price_min", "price_max", "q"))
_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"category": TOP},
    {"category": LEFT, "seller": SELLERS[0]},
    {"category": EMPTY},
    {"seller": SELLERS[1]},
    {"price_min": 5, "price_max": 9},
    {"category": RIGHT, "price_min": 39},
    {"q": "rare"},
    {"q": "LOT 1"},
    {"q": "5"},
)


def _grow(sql: Sql, count: int) -> None:
    sql(
        _MARKET,
        {
            "sellers": SELLERS,
            "bidder": BIDDER,
            "count": count,
            "top": TOP,
            "left": LEFT,
            "right": RIGHT,
            "empty": EMPTY,
        },
    )


async def _walk(database: Database, filters: dict[str, Any], limit: int) -> list[str]:
    """Return the ids of all pages."""
    found: list[str] = []
    after: tuple[Any, Any] = (None, None)
    async with database.connection() as connection:
        while True:
            asked = {**filters, "after_key": after[0], "after_id": after[1]}
            page = await store.list_live(connection, asked, limit)
            found += [state.auction_id for state, _ in page]
            if len(page) < limit:
                return found
            after = page[-1][1]


async def _check(database: Database, sql: Sql, limit: int) -> None:
    for sort, filters in product(LiveSort, _FILTERS):
        asked = {**_NO_FILTER, "sort": sort.value, **filters}
        due = [row[0] for row in sql(_PLAIN, asked)]
        assert await _walk(database, asked, limit) == due, (sort, filters)


@pytest.mark.parametrize("seed", range(3))
async def test_no_list_shows_an_old_order_while_auctions_move(
    database: Database, sql: Sql, seed: int
) -> None:
    """Any change of an auction is in every list at once, before it is copied and after."""
    _grow(sql, 60)
    chance = random.Random(seed)
    refresh = LiveAuctionsRefresh(database)
    await _check(database, sql, 7)
    for _ in range(4):
        for change in chance.choices(_CHANGES, k=3):
            open_ones = sql("SELECT id FROM auctions WHERE status IN ('pending', 'live')")
            ids = [row[0] for row in chance.sample(open_ones, 5)]
            sql(change, {"ids": ids, "bidder": BIDDER})
        await _check(database, sql, chance.choice((3, 20)))
        if chance.random() < 0.7:
            await refresh.work()
            assert sql("SELECT count(*) FROM auctions WHERE is_moved") == [(0,)]
            await _check(database, sql, 20)
    await refresh.work()
    assert sql("SELECT count(*) FROM live_auctions") == sql(
        "SELECT count(*) FROM auctions WHERE status = 'live'"
    )


async def test_what_a_bid_has_locked_is_left_for_the_next_round(
    database: Database, sql: Sql, database_url: str
) -> None:
    _grow(sql, 8)
    [(busy,), (free,)] = sql("SELECT id FROM auctions WHERE status = 'live' ORDER BY id LIMIT 2")
    sql(_BID, {"ids": [busy, free], "bidder": BIDDER})
    async with database.connection() as bid:
        await bid.execute("BEGIN")
        await bid.execute(_BID, {"ids": [busy], "bidder": BIDDER})
        await LiveAuctionsRefresh(database).work()
        assert sql("SELECT id FROM auctions WHERE is_moved") == [(busy,)]
        await bid.execute("COMMIT")
    await _check(database, sql, 5)


async def test_to_copy_an_auction_is_no_change_of_it(database: Database, sql: Sql) -> None:
    """Servers ask for what has changed, and read that again."""
    _grow(sql, 8)
    [(auction_id,)] = sql("SELECT id FROM auctions WHERE status = 'live' LIMIT 1")
    sql("DELETE FROM auction_changes")
    sql(_BID, {"ids": [auction_id], "bidder": BIDDER})
    noted = sql("SELECT auction_ids::text[] FROM auction_changes")
    assert noted == [([auction_id],)]
    await LiveAuctionsRefresh(database).work()
    assert sql("SELECT count(*) FROM auctions WHERE is_moved") == [(0,)]
    assert sql("SELECT auction_ids::text[] FROM auction_changes") == noted


def _plan(sql: Sql, query: str, values: dict[str, Any]) -> str:
    return "\n".join(line for (line,) in sql("EXPLAIN " + query, values))


@pytest.mark.parametrize("after", [None, 12], ids=["first page", "later page"])
def test_every_sort_and_filter_has_its_index(sql: Sql, after: int | None) -> None:
    """At 10,000 auctions the planner shows what it does with 200,000."""
    _grow(sql, 10_000)
    sql("ANALYZE")
    place = {"after_key": after, "after_id": SELLERS[0] if after else None, "limit": 51}
    for sort, filters in product(LiveSort, _FILTERS):
        of_all, of_category = store._LIVE_BY_SORT[sort]
        query = of_all if filters.get("category") is None else of_category
        if filters.get("q") == "5":
            continue  # Of such a text the ids are found first.
        plan = _plan(sql, query, {**_NO_FILTER, "among": None, **filters, **place})
        for table in ("auctions", "listings", "live_auctions", "users"):
            assert f"Seq Scan on {table}" not in plan, (sort, filters, plan)
        if set(filters) <= {"category", "seller"}:
            # Of each category the first rows of its index, so that no sort sees more.
            assert "Scan using live_auctions_" in plan, (sort, filters, plan)
            assert "Bitmap Heap Scan on live_auctions" not in plan, (sort, filters, plan)


def test_auctions_of_every_status_have_their_index(sql: Sql) -> None:
    """Also those of one seller in one status, which may be few of many."""
    _grow(sql, 10_000)
    sql("ANALYZE")
    filters = product(("live", "ended", None), (SELLERS[0], None), (None, SELLERS[1]))
    for status, seller, before_id in filters:
        place = {"before_at": "2099-01-01" if before_id else None, "before_id": before_id}
        values = {"status": status, "seller": seller, **place, "limit": 51}
        plan = _plan(sql, store._sql.list_newest, values)
        assert "Seq Scan on auctions" not in plan, (values, plan)
        assert "Seq Scan on listings" not in plan, (values, plan)


def test_a_bid_on_an_auction_that_has_moved_writes_to_no_index(sql: Sql) -> None:
    """Such an update is HOT; the first one after a copy is not."""
    _grow(sql, 8)
    [(auction_id,)] = sql("SELECT id FROM auctions WHERE status = 'live' LIMIT 1")
    for _ in range(10):
        sql(_BID, {"ids": [auction_id], "bidder": BIDDER})
    sql("SELECT pg_stat_force_next_flush()")
    assert sql(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'auctions'"
    ) == [(10, 9)]


async def test_a_text_that_no_index_knows_is_looked_for_in_those_that_end_first(
    database: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    _grow(sql, 40)
    monkeypatch.setattr(store, "SCANNED_MAX", 10)
    for q, is_bounded in (("t", True), ("o", True), ("\u00b9\u00b2\u00b3", True), ("lot", False)):
        asked = {**_NO_FILTER, "sort": "price", "q": q}
        due = sql("SELECT auction_id::text FROM live_auctions ORDER BY end_key, 1 LIMIT 10")
        started = "SELECT id::text FROM auctions WHERE status = 'pending' AND start_at <= now()"
        found = set(await _walk(database, asked, 20))
        wanted = {row[0] for row in (*due, *sql(started))}
        assert found <= wanted if is_bounded else not found <= wanted, q
