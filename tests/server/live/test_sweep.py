"""The sweep: what nobody published is found by what transactions have noted, and by that alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from instasell_server.db.connections import DbConnection
from instasell_server.domains.auctions import changes
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.realtime import hub as hubs
from instasell_server.realtime import sweep as sweeps
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.subscriber import Subscriber
from instasell_server.routes import LIVE
from tests.server.live.conftest import Connect, Sql
from tests.server.live.test_slow_readers import Pipe
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.sockets import LiveSocket
from tests.support.waiting import until

RAISE = "UPDATE auctions SET version = version + 1 WHERE id = %s"

MANY_AUCTIONS = """
WITH items AS (
    INSERT INTO listings (seller_id, title, category_id, type, condition, stock)
    SELECT seller_id, 'A steel watch', category_id, 'auction', 'new', 1
    FROM listings, generate_series(1, 2000) LIMIT 2000
    RETURNING id, seller_id
)
INSERT INTO auctions (listing_id, seller_id, status, start_at, end_at, planned_end_at, min_bid)
SELECT id, seller_id, 'live', now(), now() + interval '1 hour', now() + interval '1 hour', 100
FROM items
"""


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hub ticks by itself; the test does it."""
    monkeypatch.setattr(hubs, "BOARD_TICK_SECONDS", 3600.0)
    monkeypatch.setattr(hubs, "SWEEP_SECONDS", 3600.0)
    monkeypatch.setattr(hubs, "WINDOW_SECONDS", 3600.0)


@pytest.fixture
async def hub(_still: None, server: RunningServer) -> Hub:
    """The hub of a server that was started with its clockwork still, after its first look."""
    found: Hub = server.app[LIVE].hub
    await until(lambda: found._sweep._last is not None)
    return found


@pytest.fixture
def late(database_url: str) -> Iterator[psycopg2.extensions.cursor]:
    """A transaction that its test commits."""
    connection = psycopg2.connect(database_url)
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


class Statements:
    """Every statement that the server's connections run, with the rows that came back."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.rows: list[int] = []
        run = DbConnection.run

        async def note(connection: DbConnection, *arguments: Any) -> Any:
            found = await run(connection, *arguments)
            self.rows.append(len(found.rows))
            return found

        patch.setattr(DbConnection, "run", note)


async def join(connect: Connect, auction_id: str) -> LiveSocket:
    """A socket that has joined an auction, or the board."""
    socket = await connect()
    await socket.ack("join_auction", {"auction_id": auction_id})
    return socket


async def test_an_idle_market_costs_one_short_question(
    hub: Hub, market: Market, connect: Connect, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the board open, a room joined, and 2,000 open auctions."""
    auction = await market.auction(await market.seller())
    sql(MANY_AUCTIONS)
    await join(connect, "*")
    await join(connect, auction)
    await hub._compare()
    hub._send_board()
    # Old rows go every ten seconds, by a statement of their own.
    monkeypatch.setattr(sweeps, "KEPT_SECONDS", 1e9)
    statements = Statements(monkeypatch)
    for _ in range(3):
        await hub._compare()
    # One row each, which says from where to ask the next time.
    assert statements.rows == [1, 1, 1]


async def test_the_question_reads_neither_every_auction_nor_every_change(
    hub: Hub, market: Market, sql: Sql
) -> None:
    await market.auction(await market.seller())
    sql(MANY_AUCTIONS)
    [(newest,)] = sql("SELECT xid::text FROM auction_changes ORDER BY xid DESC LIMIT 1")
    sql(
        "INSERT INTO auction_changes"
        " SELECT '3'::xid8, ARRAY[]::uuid[] FROM generate_series(1, 9000)"
    )
    sql("ANALYZE auctions; ANALYZE auction_changes")
    asked = {"seen": f"{newest}:{newest}:", "ids": [], "limit": sweeps.CHANGES_MAX + 1}
    plan = "\n".join(row for (row,) in sql(f"EXPLAIN {changes._sql.list_changes}", asked))
    assert "Seq Scan" not in plan, plan
    assert "auction_changes_xid" in plan
    assert "auctions_pkey" in plan


async def test_a_transaction_that_commits_after_the_look_is_found_by_the_next(
    hub: Hub, market: Market, connect: Connect, late: psycopg2.extensions.cursor
) -> None:
    """Its number is older than that of one which the look has seen: no counter would tell."""
    seller = await market.seller()
    slow, quick = await market.auction(seller), await market.auction(seller)
    watching, board = await join(connect, slow), await join(connect, "*")
    await hub._compare()
    hub._send_board()
    board.events.clear()
    late.execute(RAISE, (slow,))
    await seller.auctions.update(quick, min_bid=200)
    await hub._compare()
    await watching.ack("ping")
    assert watching.events == []
    late.connection.commit()
    await hub._compare()
    assert (await watching.event("auction_updated"))["version"] == 2
    hub._send_board()
    await board.event("auction_updated", lambda data: data["auction_id"] == slow)


async def test_a_change_that_could_not_be_read_is_found_again(
    hub: Hub, market: Market, connect: Connect, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    auction = await market.auction(await market.seller())
    watching = await join(connect, auction)
    sql(RAISE, auction)
    with monkeypatch.context() as patch:
        patch.setattr(AuctionHistory, "events_since", _unavailable)
        await hub._compare()
    await hub._compare()
    assert (await watching.event("auction_updated"))["version"] == 2


async def _unavailable(*_: object) -> None:
    raise hubs.InstaSellError("the database is away")


async def test_a_room_without_its_snapshot_is_looked_at_again(
    server: RunningServer, hub: Hub, market: Market, sql: Sql
) -> None:
    """The snapshot that is on its way may be from before a change that the look has seen."""
    auction = await market.auction(await market.seller())
    before = await server.app[LIVE].history.snapshot(auction, None, None)
    pipe = Pipe()
    joining = Subscriber(pipe, lambda is_over: None)
    hub.add(joining)
    hub.start_joining(joining, auction)
    sql(RAISE, auction)
    await hub._compare()
    hub.finish_joining(joining, auction, before.state.version, before.state.seq)
    assert not pipe.waiting
    await hub._compare()
    assert b"auction_updated" in pipe.waiting
    hub.remove(joining)


async def test_who_comes_while_nobody_watches_loses_nothing(
    server: RunningServer, hub: Hub, market: Market, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look of an empty hub reads no changes; one who joins meanwhile has an older state."""
    auction = await market.auction(await market.seller())
    history = server.app[LIVE].history
    before = await history.snapshot(auction, None, None)
    pipe = Pipe()
    joining = Subscriber(pipe, lambda is_over: None)
    hub.add(joining)
    read = AuctionHistory.changes

    async def join_meanwhile(*arguments: Any) -> Any:
        hub.start_joining(joining, auction)
        hub.finish_joining(joining, auction, before.state.version, before.state.seq)
        sql(RAISE, auction)
        return await read(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(AuctionHistory, "changes", join_meanwhile)
        await hub._compare()
    await hub._compare()
    assert b"auction_updated" in pipe.waiting
    hub.remove(joining)


@pytest.mark.parametrize("reason", ["long ago", "another cluster", "too many"])
async def test_where_changes_are_not_known_all_that_is_watched_is_compared(
    hub: Hub,
    market: Market,
    connect: Connect,
    sql: Sql,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
) -> None:
    seller = await market.seller()
    auction, other = await market.auction(seller), await market.auction(seller)
    watching, board = await join(connect, auction), await join(connect, "*")
    await hub._compare()
    hub._send_board()
    board.events.clear()
    sql("UPDATE auctions SET version = version + 1")
    if reason == "too many":
        monkeypatch.setattr(sweeps, "CHANGES_MAX", 1)
    else:
        sql("DELETE FROM auction_changes")
    last = hub._sweep._last
    assert last is not None
    if reason == "long ago":
        hub._sweep._last = last._replace(began=last.began - sweeps.TRUSTED_SECONDS - 1)
    elif reason == "another cluster":
        hub._sweep._last = last._replace(seen="9000000000:9000000000:")
    await hub._compare()
    assert (await watching.event("auction_updated"))["version"] == 2
    hub._send_board()
    await board.event("auction_updated", lambda data: data["auction_id"] == other)


async def test_changes_are_kept_until_every_server_could_have_seen_them(
    hub: Hub, market: Market, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those of a cluster whose dump was restored, with higher numbers, not at all."""
    monkeypatch.setattr(sweeps, "KEPT_SECONDS", 0.0)
    seller = await market.seller()
    first = await market.auction(seller)
    sql("INSERT INTO auction_changes SELECT '9000000000'::xid8, ARRAY[%s::uuid]", first)
    kept = "SELECT DISTINCT auction_ids::text[], xid > '8000000000' FROM auction_changes"
    await _see_all(hub, sql)
    assert sql(kept) == [([first], False)]
    second = await market.auction(seller)
    await _see_all(hub, sql)
    assert sql(kept) == [([second], False)]


async def _see_all(hub: Hub, sql: Sql) -> None:
    """Look until no older transaction is under way, as those of other tests may be."""
    [(newest,)] = sql("SELECT max(xid::text::bigint) FROM auction_changes WHERE xid < '8000000000'")
    async with asyncio.timeout(30):
        while True:
            await hub._compare()
            assert hub._sweep._last is not None
            if int(hub._sweep._last.seen.split(":")[0]) > newest:
                return


async def test_every_statement_that_changes_auctions_is_noted(
    hub: Hub, market: Market, sql: Sql
) -> None:
    """One row for each statement, however many auctions it changes."""
    sql("DELETE FROM auction_changes")
    seller, bidder = await market.seller(), await market.bidder()
    auctions = [await market.auction(seller) for _ in range(3)]
    await bidder.auctions.bid(auctions[0], amount=500)
    await seller.auctions.cancel(auctions[1])
    noted = {
        auction
        for (ids,) in sql("SELECT auction_ids::text[] FROM auction_changes")
        for auction in ids
    }
    assert noted == set(auctions)
    sql("DELETE FROM auction_changes")
    sql("UPDATE auctions SET version = version + 1")
    [(ids,)] = sql("SELECT auction_ids::text[] FROM auction_changes")
    assert set(ids) == set(auctions)
    sql("DELETE FROM auction_changes")
    sql("UPDATE auctions SET version = version + 1 WHERE false")
    assert sql("SELECT count(*) FROM auction_changes") == [(0,)]
