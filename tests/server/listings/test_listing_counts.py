"""The counts of GET /categories: kept by what each statement changes, never counted again."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from instasell_server.domains.listings import category_store
from instasell_server.workers.listing_counts import ListingCounts

Sql = Callable[..., list[tuple[Any, ...]]]

SELLERS = [str(uuid.UUID(int=number)) for number in (1, 2, 3)]
TOP, LEFT, RIGHT = CATEGORIES = [str(uuid.UUID(int=number)) for number in (11, 12, 13)]

_MARKET = """
INSERT INTO users (id, email, password_hash, display_name, role)
SELECT id, id || '@example.org', '-', 'N', 'seller' FROM unnest(%(sellers)s::uuid[]) AS id;
INSERT INTO categories (id, parent_id, name, path, lineage) VALUES
    (%(top)s, NULL, 'top', 'top', ARRAY[%(top)s::uuid]),
    (%(left)s, %(top)s, 'left', 'top > left', ARRAY[%(top)s, %(left)s]::uuid[]),
    (%(right)s, %(top)s, 'right', 'top > right', ARRAY[%(top)s, %(right)s]::uuid[])
"""
_INSERT = """
INSERT INTO listings (seller_id, title, category_id, type, condition, stock, price)
SELECT %(seller)s, 'A thing', %(category)s, 'direct', 'new', 1, 100
FROM generate_series(1, %(count)s)
"""
_SOME = "id IN (SELECT id FROM listings WHERE category_id = %(category)s LIMIT %(count)s)"
_CHANGES = (
    _INSERT,
    _INSERT,
    f"UPDATE listings SET status = 'removed' WHERE {_SOME}",
    f"UPDATE listings SET category_id = %(other)s WHERE {_SOME}",
    f"UPDATE listings SET stock = 0, version = version + 1 WHERE {_SOME}",
    f"DELETE FROM listings WHERE {_SOME}",
    "UPDATE users SET status = 'suspended' WHERE id = %(seller)s",
    "UPDATE users SET status = 'active'",
)
_DUE = """
SELECT c.id::text, (SELECT count(*) FROM listings l JOIN categories b ON b.id = l.category_id
    JOIN users u ON u.id = l.seller_id
    WHERE l.status = 'active' AND u.status = 'active' AND b.lineage @> ARRAY[c.id])
FROM categories c ORDER BY 1
"""


@pytest.fixture
def market(sql: Sql) -> Sql:
    """Three sellers and three categories, one above the others."""
    sql(_MARKET, {"sellers": SELLERS, "top": TOP, "left": LEFT, "right": RIGHT})
    return sql


async def _counts(database: Database) -> list[tuple[str, int]]:
    async with database.connection() as connection:
        rows = await category_store.list_categories(connection)
        found = sorted((row["id"], row["listing_count"]) for row in rows)
        for category_id, count in found:
            state = await category_store.find_category(connection, category_id)
            assert state is not None
            assert state.category.listing_count == count
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_counts_follow_every_change(database: Database, market: Sql, seed: int) -> None:
    """Also what is taken back, and whether the changes have been added up or not."""
    chance = random.Random(seed)
    for _ in range(25):
        category, other = chance.sample(CATEGORIES, 2)
        values = {"seller": chance.choice(SELLERS), "category": category, "other": other}
        market("BEGIN")
        market(chance.choice(_CHANGES), {**values, "count": chance.randint(1, 9)})
        market(chance.choice(("COMMIT", "COMMIT", "ROLLBACK")))
        assert await _counts(database) == market(_DUE)
        if chance.random() < 0.3:
            await ListingCounts(database).work()
            assert market("SELECT count(*) FROM listing_count_changes") == [(0,)]
            assert await _counts(database) == market(_DUE)
    assert (await audit(database, auctions=False)).findings == []


async def test_importers_and_several_folders_wait_for_no_common_row(
    database: Database, market: Sql
) -> None:
    """Two statements that are not committed yet count in the same category, and neither waits."""
    values = {"seller": SELLERS[0], "category": LEFT, "count": 5}
    async with database.connection() as one, database.connection() as other:
        for each in (one, other):
            await each.execute("BEGIN")
            await each.execute("SET LOCAL lock_timeout = '1s'")
            await each.execute(_INSERT, values)
        for each in (one, other):
            await each.execute("COMMIT")
    await asyncio.gather(*(ListingCounts(database).work() for _ in range(4)))
    assert market("SELECT listing_count FROM category_listing_counts") == [(10,)]
    assert await _counts(database) == market(_DUE)


@pytest.mark.parametrize(
    ("harm", "kinds"),
    [
        ("UPDATE category_listing_counts SET listing_count = listing_count + 1", {"category"}),
        ("UPDATE seller_listing_counts SET listing_count = listing_count + 1", {"seller"}),
        ("DELETE FROM seller_listing_counts", {"seller"}),
        (
            "ALTER TABLE listings DISABLE TRIGGER listings_counted_new; " + _INSERT,
            {"category", "seller"},
        ),
    ],
)
async def test_an_audit_finds_wrong_counts(
    database: Database, market: Sql, harm: str, kinds: set[str]
) -> None:
    values = {"seller": SELLERS[0], "category": LEFT, "count": 5}
    market(_INSERT, values)
    await ListingCounts(database).work()
    assert (await audit(database, auctions=False)).findings == []
    market(harm, values)
    findings = (await audit(database, auctions=False)).findings
    assert {each.kind for each in findings} == kinds
    assert {each.field for each in findings} == {"listing_count"}


async def test_an_audit_finds_an_auction_in_a_wrong_place(database: Database, market: Sql) -> None:
    market(
        "WITH l AS (INSERT INTO listings (seller_id, title, category_id, type, condition, stock)"
        " VALUES (%(seller)s, 'A lot', %(category)s, 'auction', 'new', 1) RETURNING id, seller_id)"
        " INSERT INTO auctions (listing_id, seller_id, status, start_at, end_at, planned_end_at,"
        " min_bid) SELECT id, seller_id, 'live', now(), now() + interval '1 day', now(), 5 FROM l",
        {"seller": SELLERS[0], "category": LEFT},
    )
    assert (await audit(database, auctions=False)).findings == []
    for harm in ("UPDATE live_auctions SET price = 6", "DELETE FROM live_auctions"):
        market(harm)
        [finding] = (await audit(database, auctions=False)).findings
        assert (finding.kind, finding.field, finding.expected) == ("auction", "listed_price", 5)


def test_counts_are_read_without_a_listing(market: Sql) -> None:
    queries = category_store._sql
    for query in (queries.list_categories, queries.find_category):
        plan = market("EXPLAIN " + query, {"category_id": TOP})
        assert not any(" listings " in line for (line,) in plan)
