"""Auctions start, end and are cancelled: the effects, and for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from instasell_client import AsyncInstaSell, errors
from instasell_client.models.accounts import Role
from instasell_client.models.errors import Unavailable
from instasell_server.domains.accounts import handlers as accounts
from instasell_server.wiring.engines import make_engines
from instasell_server.wiring.services import build_services
from instasell_server.workers.outbox import Outbox
from tests.support.databases import MarketClock
from tests.support.locks import row_locked
from tests.support.market import Market
from tests.support.servers import RunningServer, settings_for_tests
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]

HOUR = 3600.0


async def ended(sql: Sql) -> None:
    """Return once every auction is over."""
    await until(lambda: sql("SELECT 1 FROM auctions WHERE status IN ('pending', 'live')") == [])


async def user_id(person: AsyncInstaSell) -> str:
    """The id of a user who is signed in."""
    return (await person.auth.me()).id


async def test_a_pending_auction_takes_no_bids_and_starts_by_itself(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    [(start_at,)] = sql("SELECT clock_timestamp() + interval '1 hour'")
    auction = await market.auction(seller, start_at=start_at, duration_seconds=3600)
    with pytest.raises(errors.AuctionNotOpen) as early:
        await bidder.auctions.bid(auction, amount=1000)
    assert early.value.data["auction_status"] == "pending"
    market_clock.shift(HOUR + 1)
    await until(lambda: sql("SELECT status, version FROM auctions") == [("live", 2)])
    assert (await bidder.auctions.bid(auction, amount=1000)).seq == 1


async def test_a_bid_counts_from_the_start_whatever_the_workers_have_done(
    market: Market, market_clock: MarketClock, database_url: str, sql: Sql
) -> None:
    """The row is kept from the workers, so that the bid comes upon an auction still pending."""
    seller, bidder = await market.seller(), await market.bidder()
    [(start_at,)] = sql("SELECT clock_timestamp() + interval '1 hour'")
    auction = await market.auction(seller, start_at=start_at, duration_seconds=3600)
    with row_locked(database_url, auction):
        market_clock.freeze(str(start_at))
        bidding = asyncio.create_task(bidder.auctions.bid(auction, amount=1000))
        await asyncio.wait([bidding], timeout=0.1)
    assert (await bidding).seq == 1


async def test_the_winner_gets_one_order_and_the_item_is_sold(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    seller, winner, other = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    await other.auctions.bid(auction, amount=2000)
    await winner.auctions.bid(auction, max_amount=5000)
    sql("UPDATE listings SET shipping_amount = 300")
    market_clock.shift(2 * HOUR)
    await ended(sql)
    assert sql("SELECT winner_id::text, status FROM auctions") == [(await user_id(winner), "ended")]
    assert sql("SELECT buyer_id::text, status, unit_amount, total_amount FROM orders") == [
        (await user_id(winner), "pending", 2050, 2350)
    ]
    [(due,)] = sql("SELECT payment_due_at - created_at FROM orders")
    assert due == timedelta(hours=48)
    assert sql("SELECT from_status, to_status, reason FROM order_events") == [
        (None, "pending", "auction won")
    ]
    assert sql("SELECT stock FROM listings") == [(0,)]
    view = await winner.auctions.get(auction)
    assert view.order_id is not None
    assert (await other.auctions.get(auction)).order_id is None


@pytest.mark.parametrize("terms", [{}, {"reserve": 5000}])
async def test_without_a_winner_there_is_no_order_and_the_item_stays(
    market: Market, market_clock: MarketClock, sql: Sql, terms: dict[str, int]
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000, **terms)
    if terms:
        await bidder.auctions.bid(auction, amount=4999)
    market_clock.shift(2 * HOUR)
    await ended(sql)
    assert sql("SELECT winner_id, reserve_met FROM auctions") == [(None, False)]
    assert sql("SELECT count(*) FROM orders") == [(0,)]
    assert sql("SELECT stock FROM listings") == [(1,)]
    # The item may be auctioned again.
    [(listing_id,)] = sql("SELECT id FROM listings")
    await seller.auctions.create(str(listing_id), min_bid=1, duration_seconds=60)


async def test_the_maximum_at_the_reserve_wins_at_the_reserve(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000, reserve=5000)
    await bidder.auctions.bid(auction, max_amount=5000)
    market_clock.shift(2 * HOUR)
    await ended(sql)
    assert sql("SELECT unit_amount FROM orders") == [(5000,)]


async def test_a_bid_that_comes_upon_the_end_closes_the_auction(
    market: Market, market_clock: MarketClock, database_url: str, sql: Sql
) -> None:
    """The auctioneer closes as the closer does: one order, one event, in either order."""
    seller, winner, late = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    await winner.auctions.bid(auction, amount=1000)
    with row_locked(database_url, auction):
        market_clock.shift(2 * HOUR)
        bidding = asyncio.create_task(late.auctions.bid(auction, amount=5000))
        await asyncio.wait([bidding], timeout=0.1)
    with pytest.raises(errors.AuctionNotOpen):
        await bidding
    await ended(sql)
    assert sql("SELECT seq, version FROM auctions") == [(1, 3)]
    assert sql("SELECT buyer_id::text FROM orders") == [(await user_id(winner),)]


async def test_a_seller_cancels_without_bids_and_only_then(market: Market, sql: Sql) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    free, taken = await market.auction(seller), await market.auction(seller)
    await bidder.auctions.bid(taken, amount=1000)
    state = (await seller.auctions.cancel(free, "broken")).state
    assert (state.status, state.version) == ("cancelled", 2)
    with pytest.raises(errors.AuctionHasBids) as refused:
        await seller.auctions.cancel(taken, "broken")
    assert refused.value.data["bid_count"] == 1
    with pytest.raises(errors.AuctionNotOpen):
        await bidder.auctions.bid(free, amount=1000)
    with pytest.raises(errors.AuctionNotOpen):
        await seller.auctions.cancel(free, "again")


async def test_strangers_neither_cancel_nor_edit(market: Market) -> None:
    seller, stranger = await market.seller(), await market.seller()
    auction = await market.auction(seller)
    with pytest.raises(errors.AuctionNotFound):
        await stranger.auctions.cancel(auction, "mine now")
    with pytest.raises(errors.AuctionNotFound):
        await stranger.auctions.update(auction, min_bid=1)


async def test_an_admin_cancels_with_bids_and_nobody_wins(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    await bidder.auctions.bid(auction, amount=1000)
    admin = await market.person(Role.ADMIN)
    assert (await admin.auctions.cancel(auction, "fraud")).state.status == "cancelled"
    market_clock.shift(2 * HOUR)
    assert sql("SELECT winner_id, cancel_reason FROM auctions") == [(None, "fraud")]
    assert sql("SELECT count(*) FROM orders") == [(0,)]


async def test_with_bids_the_terms_stay_as_they_are(market: Market, sql: Sql) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    await seller.auctions.update(auction, min_bid=2000)
    with pytest.raises(errors.BidTooLow) as low:
        await bidder.auctions.bid(auction, amount=1000)
    assert low.value.minimum == 2000
    await bidder.auctions.bid(auction, amount=2000)
    with pytest.raises(errors.AuctionHasBids):
        await seller.auctions.update(auction, min_bid=1)
    assert sql("SELECT min_bid, version FROM auctions") == [(2000, 3)]


async def test_a_suspended_leader_forfeits_to_the_runner_up(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql
) -> None:
    """The bids stay, the order is cancelled at once, the next pays min(their maximum, price)."""
    seller, leader, second = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    await second.auctions.bid(auction, max_amount=3000)
    await leader.auctions.bid(auction, max_amount=9000)
    leader_id = await user_id(leader)
    await server.app[accounts.SERVICE].suspend(leader_id, "fraud")
    assert sql("SELECT current_bid, seq FROM auctions") == [(3100, 2)]
    market_clock.shift(2 * HOUR)
    await ended(sql)
    assert sql("SELECT buyer_id::text, status, unit_amount FROM orders ORDER BY status") == [
        (leader_id, "cancelled", 3100),
        (await user_id(second), "pending", 3000),
    ]
    assert sql("SELECT to_status, reason FROM order_events ORDER BY to_status") == [
        ("cancelled", "the winner is suspended"),
        ("pending", "offered to the runner-up"),
    ]
    assert sql("SELECT stock FROM listings") == [(0,)]


async def test_a_runner_up_under_the_reserve_gets_nothing(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql
) -> None:
    seller, leader, second = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000, reserve=5000)
    await second.auctions.bid(auction, max_amount=3000)
    await leader.auctions.bid(auction, max_amount=9000)
    await server.app[accounts.SERVICE].suspend(await user_id(leader), "fraud")
    market_clock.shift(2 * HOUR)
    await ended(sql)
    assert sql("SELECT status, unit_amount FROM orders") == [("cancelled", 5000)]
    assert sql("SELECT stock FROM listings") == [(1,)]


async def test_a_suspended_runner_up_is_passed_over(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql
) -> None:
    seller = await market.seller()
    leader, second, third = [await market.bidder() for _ in range(3)]
    auction = await market.auction(seller, min_bid=1000)
    await third.auctions.bid(auction, max_amount=2000)
    await second.auctions.bid(auction, max_amount=3000)
    await leader.auctions.bid(auction, max_amount=9000)
    for person in (leader, second):
        await server.app[accounts.SERVICE].suspend(await user_id(person), "fraud")
    market_clock.shift(2 * HOUR)
    await ended(sql)
    assert sql("SELECT buyer_id::text, unit_amount FROM orders WHERE status = 'pending'") == [
        (await user_id(third), 2000)
    ]


async def test_alone_and_suspended_the_leader_leaves_the_item(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql
) -> None:
    seller, leader = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    await leader.auctions.bid(auction, amount=1000)
    await server.app[accounts.SERVICE].suspend(await user_id(leader), "fraud")
    market_clock.shift(2 * HOUR)
    await ended(sql)
    assert sql("SELECT status FROM orders") == [("cancelled",)]
    assert sql("SELECT stock FROM listings") == [(1,)]


async def test_the_auctions_of_a_suspended_seller_are_cancelled(
    market: Market, server: RunningServer, sql: Sql
) -> None:
    seller, other, bidder = await market.seller(), await market.seller(), await market.bidder()
    first, second = await market.auction(seller), await market.auction(seller)
    others = await market.auction(other)
    await bidder.auctions.bid(first, amount=1000)
    await server.app[accounts.SERVICE].suspend(await user_id(seller), "counterfeits")
    gone = "SELECT count(*) FROM auctions WHERE status = 'cancelled' AND id::text = ANY(%s)"
    await until(lambda: sql(gone, [first, second]) == [(2,)])
    assert (await bidder.auctions.status(others)).state.status == "live"
    assert sql("SELECT count(*) FROM orders") == [(0,)]


async def test_an_end_and_a_start_missed_in_one_sleep(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    """A server that was away over a whole auction ends it without ever having started it."""
    seller = await market.seller()
    [(start_at,)] = sql("SELECT clock_timestamp() + interval '1 hour'")
    await market.auction(seller, start_at=start_at, duration_seconds=60)
    market_clock.shift(3 * HOUR)
    await ended(sql)
    assert sql("SELECT status, version FROM auctions") == [("ended", 2)]


async def test_the_status_is_fresh_after_every_change(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    """The cached copy never shows an older version than an answer that went before."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100)
    for number in range(5):
        assert (await bidder.auctions.status(auction)).state.version == number + 1
        receipt = await bidder.auctions.bid(auction, max_amount=1000 + number)
        assert receipt.version == number + 2
    market_clock.shift(2 * HOUR)
    await ended(sql)

    async def settled() -> str:
        return str((await bidder.auctions.status(auction)).state.status)

    async with asyncio.timeout(20):
        while await settled() != "ended":
            await bidder.auctions.get(auction)


async def test_the_copy_of_a_cancelled_auction_is_invalidated_until_redis_takes_it(
    market: Market, database_url: str, sql: Sql
) -> None:
    seller = await market.seller()
    auction = await market.auction(seller)
    await seller.auctions.cancel(auction)
    [(payload,)] = sql("SELECT payload FROM outbox WHERE kind = 'auction_cancelled'")
    settings = settings_for_tests(database_url, "redis://127.0.0.1:1/0")
    engines = make_engines(settings)
    async with engines.database, engines.public:
        lifecycle = build_services(engines, settings).auctioneer._lifecycle
        handlers = {each.kind: each for each in lifecycle.outbox_handlers}
        with pytest.raises(Unavailable):
            await handlers["auction_cancelled"].run(payload)


async def test_a_row_that_waits_for_redis_is_a_line_and_no_traceback(
    market: Market,
    database_url: str,
    sql: Sql,
    written: Callable[..., Callable[[], list[str]]],
) -> None:
    """Redis may be away for hours, in which each row is tried again and again."""
    seller = await market.seller()
    await seller.auctions.cancel(await market.auction(seller))
    waiting = "UPDATE outbox SET done_at = NULL, available_at = market_now()"
    sql(f"{waiting} WHERE kind = 'auction_cancelled'")
    settings = settings_for_tests(database_url, "redis://127.0.0.1:1/0")
    engines = make_engines(settings)
    lines = written()
    async with engines.database, engines.public:
        lifecycle = build_services(engines, settings).auctioneer._lifecycle
        assert await Outbox(engines.database, lifecycle.outbox_handlers).work() == 1
    shown = "\n".join(lines())
    assert "outbox_row_waits" in shown
    assert "Traceback" not in shown
