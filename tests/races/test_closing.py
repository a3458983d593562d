"""Bids, buy-nows, cancellations and closers that meet at one auction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from instasell_client import AsyncInstaSell, errors
from instasell_client.models.accounts import Role
from instasell_server.config.settings import ServerPart, Settings
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.handlers import SERVICE
from instasell_server.domains.audit.service import audit
from tests.races.conftest import Sql, StartServer
from tests.races.unprotected import (
    Meeting,
    without_row_locks,
    without_unique_orders,
    without_version_check,
)
from tests.support.databases import MarketClock
from tests.support.locks import row_locked
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer, settings_for_tests
from tests.support.waiting import until

pytestmark = pytest.mark.races

ROUNDS = 8


async def elsewhere(
    market: Market, servers: list[RunningServer], person: AsyncInstaSell
) -> AsyncInstaSell:
    """The same person at the second server."""
    return await market.anybody(base_url=servers[1].base_url, token=person.token)


async def either(*asked: Awaitable[Any]) -> list[Any]:
    """All results, refusals as values; any other error fails the test."""
    results = await asyncio.gather(*asked, return_exceptions=True)
    for each in results:
        if isinstance(each, BaseException) and not isinstance(each, errors.InstaSellError):
            raise each
    return results


async def test_an_accepted_bid_is_never_passed_over_by_the_closing(
    servers: list[RunningServer],
    market: Market,
    market_clock: MarketClock,
    database: Database,
    sql: Sql,
) -> None:
    """The clock reaches the end while bids are on their way: the last accepted one wins."""
    seller = await market.seller()
    first, second = await market.bidder(), await market.bidder()
    second_there = await elsewhere(market, servers, second)
    me = {first: (await first.auth.me()).id, second_there: (await second.auth.me()).id}
    for number in range(ROUNDS):
        auction = await market.auction(seller, min_bid=100, extension_window_seconds=0)
        [(left,)] = sql(
            "SELECT extract(epoch FROM end_at - clock_timestamp())::float8"
            " FROM auctions WHERE id = %s",
            auction,
        )
        accepted: list[tuple[int, str]] = []

        async def bid(who: AsyncInstaSell, auction: str, into: list[tuple[int, str]]) -> None:
            amount = 100
            while True:
                try:
                    receipt = await who.auctions.bid(auction, amount=amount)
                    into.append((receipt.seq, me[who]))
                    amount = receipt.minimum_bid
                except errors.BidTooLow as low:
                    amount = int(low.minimum or amount)
                except errors.AlreadyLeading as leading:
                    amount = int(leading.data["minimum"])
                except errors.AuctionNotOpen:
                    return

        bidding = [
            asyncio.create_task(bid(who, auction, accepted)) for who in (first, second_there)
        ]
        enough = number + 1
        await until(lambda into=accepted, enough=enough: len(into) >= enough)  # type: ignore[misc]
        market_clock.shift(left)
        await asyncio.gather(*bidding)
        market_clock.restore()
        rows = sql("SELECT status, winner_id::text, seq FROM auctions WHERE id = %s", auction)
        leader = sql(
            "SELECT leader_after::text FROM bids WHERE auction_id = %s ORDER BY seq DESC LIMIT 1",
            auction,
        )
        assert rows == [("ended", leader[0][0], max(accepted)[0])]
        assert len(accepted) == max(accepted)[0]
    assert sql("SELECT count(*), count(DISTINCT auction_id) FROM orders") == [(ROUNDS, ROUNDS)]
    assert (await audit(database, auctions=True)).findings == []


async def test_a_buy_now_and_a_bid_at_once(
    servers: list[RunningServer], market: Market, sql: Sql, database: Database
) -> None:
    """Whichever is first decides: the sale, or the bid that ends the offer."""
    seller, bidder, buyer = await market.seller(), await market.bidder(), await market.bidder()
    buyer_there = await elsewhere(market, servers, buyer)
    seen = set()
    for _ in range(ROUNDS):
        auction = await market.auction(seller, min_bid=100, buy_now=5000)
        bid, sale = await either(
            bidder.auctions.bid(auction, amount=1000), buyer_there.auctions.buy_now(auction, 5000)
        )
        state = sql("SELECT status, seq FROM auctions WHERE id = %s", auction)
        if isinstance(sale, errors.BuyNowUnavailable):
            assert state == [("live", 1)]
            assert bid.seq == 1
        else:
            assert sale.seq == 1
            assert isinstance(bid, errors.AuctionNotOpen)
            assert state == [("ended", 1)]
        seen.add(type(sale).__name__)
    assert seen <= {"BidReceipt", "BuyNowUnavailable"}
    assert (await audit(database, auctions=True)).findings == []


async def test_a_cancellation_and_a_bid_at_once(
    servers: list[RunningServer], market: Market, sql: Sql
) -> None:
    """Either the seller was faster and there is no bid, or there is one and they may not cancel."""
    seller, bidder = await market.seller(), await market.bidder()
    bidder_there = await elsewhere(market, servers, bidder)
    for _ in range(ROUNDS):
        auction = await market.auction(seller)
        cancelled, bid = await either(
            seller.auctions.cancel(auction, "broken"),
            bidder_there.auctions.bid(auction, amount=1000),
        )
        [(status, seq)] = sql("SELECT status, seq FROM auctions WHERE id = %s", auction)
        if isinstance(cancelled, errors.AuctionHasBids):
            assert (status, seq, bid.seq) == ("live", 1, 1)
        else:
            assert isinstance(bid, errors.AuctionNotOpen)
            assert (status, seq) == ("cancelled", 0)


async def test_an_admins_cancellation_and_the_closing_at_once(
    servers: list[RunningServer],
    market: Market,
    market_clock: MarketClock,
    database_url: str,
    sql: Sql,
) -> None:
    """One of the two, never an order of a cancelled auction."""
    seller, bidder = await market.seller(), await market.bidder()
    admin = await market.person(Role.ADMIN)
    auction = await market.auction(seller)
    await bidder.auctions.bid(auction, amount=1000)
    with row_locked(database_url, auction):
        cancelling = asyncio.create_task(either(admin.auctions.cancel(auction, "fraud")))
        await asyncio.wait([cancelling], timeout=0.1)
        market_clock.shift(7200)
    [answer] = await cancelling
    await until(lambda: sql("SELECT 1 FROM auctions WHERE status = 'live'") == [])
    [(status, orders)] = sql("SELECT status, (SELECT count(*) FROM orders) FROM auctions")
    assert isinstance(answer, errors.AuctionNotOpen) == (status == "ended")
    assert orders == (1 if status == "ended" else 0)


@pytest.fixture
async def closers(start_server: StartServer) -> list[Lifecycle]:
    """Yield the closers of two workers; no worker of the servers themselves comes between."""
    parts = frozenset({ServerPart.API, ServerPart.WS})
    made = [await start_server(log_level="warning", parts=parts) for _ in range(2)]
    return [each.app[SERVICE]._lifecycle for each in made]


@pytest.fixture
def server_settings(database_url: str, redis_url: str) -> Settings:
    """A server that closes nothing by itself."""
    parts = frozenset({ServerPart.API, ServerPart.WS})
    return settings_for_tests(database_url, redis_url, log_level="warning", parts=parts)


async def _won_and_due(base_url: str, sql: Sql, clock: MarketClock) -> str:
    async with open_market(base_url, sql) as market:
        bidder = await market.bidder()
        auction = await market.auction(await market.seller())
        await bidder.auctions.bid(auction, amount=1000)
    clock.shift(7200)
    return auction


async def test_two_closers_make_one_order(
    server: RunningServer,
    closers: list[Lifecycle],
    market_clock: MarketClock,
    sql: Sql,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auction = await _won_and_due(server.base_url, sql, market_clock)
    Meeting(monkeypatch, clock, "get_now")
    changed = await asyncio.gather(*(each.carry_out(auction) for each in closers))
    assert sorted(changed) == [0, 1]
    assert sql("SELECT count(*) FROM orders") == [(1,)]
    assert sql("SELECT status, version FROM auctions") == [("ended", 3)]


async def test_two_closers_that_skip_what_is_locked_make_one_order(
    server: RunningServer,
    closers: list[Lifecycle],
    market_clock: MarketClock,
    sql: Sql,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await _won_and_due(server.base_url, sql, market_clock)
    Meeting(monkeypatch, clock, "get_now")
    changed = await asyncio.gather(*(each.carry_out_due() for each in closers))
    assert sorted(changed) == [0, 1]
    assert sql("SELECT count(*) FROM orders") == [(1,)]


async def test_control_without_lock_version_and_index_there_are_two_orders(
    server: RunningServer,
    closers: list[Lifecycle],
    market_clock: MarketClock,
    sql: Sql,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auction = await _won_and_due(server.base_url, sql, market_clock)
    without_row_locks(monkeypatch)
    without_version_check(monkeypatch)
    without_unique_orders(sql)
    Meeting(monkeypatch, clock, "get_now")
    changed = await asyncio.gather(*(each.carry_out(auction) for each in closers))
    assert changed == [1, 1]
    assert sql("SELECT count(*) FROM orders") == [(2,)]
