"""Migrations on a market in use: bids do not wait for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from instasell_server.db import migrate as migrating
from instasell_server.db.migrate import Migration, MigrationRefused, migrate, read_migrations
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]
_NEW_COLUMN = Migration(
    "9999_new_column.sql", "ALTER TABLE auctions ADD COLUMN note text", "checksum of a test"
)
_WAITING = (
    "SELECT 1 FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND query LIKE 'ALTER TABLE auctions%'"
)


@contextlib.contextmanager
def _dump(database_url: str) -> Iterator[None]:
    """A transaction that has read auctions and stays open, as that of a dump."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM auctions")
        yield
    finally:
        connection.close()


async def test_bids_pass_a_migration_that_waits_for_a_dump(
    server: RunningServer, database_url: str, sql: Sql
) -> None:
    """The dump ends after the bids have been answered: they cannot have waited for it."""
    async with open_market(server.base_url, sql) as market:
        auction_id, bidder = await _open_auction(market)
        with _dump(database_url):
            wanted = [*read_migrations(), _NEW_COLUMN]
            applied = asyncio.create_task(asyncio.to_thread(migrate, database_url, wanted))
            for number in range(3):
                await until(lambda: bool(sql(_WAITING)))
                await bidder.auctions.bid(auction_id, max_amount=1000 + number)
            assert not applied.done()
        assert await applied == [_NEW_COLUMN.name]


async def _open_auction(market: Market) -> tuple[str, Any]:
    return await market.auction(await market.seller()), await market.bidder()


def test_a_migration_that_never_gets_its_lock_says_so(
    database_url: str, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "LOCK_PATIENCE_SECONDS", 0.0)
    with _dump(database_url), pytest.raises(MigrationRefused, match="End the long transactions"):
        migrate(database_url, [*read_migrations(), _NEW_COLUMN])
    assert not sql("SELECT 1 FROM schema_migrations WHERE name = %s", _NEW_COLUMN.name)


def test_migrations_are_numbered_without_gap_or_repeat() -> None:
    numbers = [each.name.split("_", 1)[0] for each in read_migrations()]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
