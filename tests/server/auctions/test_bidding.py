"""Bids over HTTP, judged by the real auctioneer on real engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from instasell_client import errors
from instasell_client.models.accounts import Role
from instasell_client.models.auctions import BidKind, BidOutcome
from instasell_client.models.base import Instant
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]


async def test_the_flow_of_a_bid(market: Market) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)

    opened = await first.auctions.bid(auction, max_amount=5000)
    assert (opened.outcome, opened.current_bid, opened.seq) == (BidOutcome.LEADING, 1000, 1)
    outbid = await second.auctions.bid(auction, amount=2000)
    assert (outbid.outcome, outbid.current_bid) == (BidOutcome.OUTBID, 2050)
    assert outbid.minimum_bid == 2100
    over = await second.auctions.bid(auction, amount=5500)
    assert (over.outcome, over.current_bid) == (BidOutcome.LEADING, 5500)

    state = (await seller.auctions.status(auction)).state
    assert (state.current_bid, state.leader, state.bid_count, state.version) == (
        5500,
        "bidder-2",
        3,
        4,
    )
    bids = [bid async for bid in first.auctions.bids(auction)]
    assert [(bid.seq, bid.bidder, bid.amount, bid.price) for bid in bids] == [
        (1, "bidder-1", 1000, 1000),
        (2, "bidder-2", 2000, 2050),
        (3, "bidder-2", 5500, 5500),
    ]
    assert all(bid.bidder_id is None for bid in bids)
    named = [bid async for bid in seller.auctions.bids(auction)]
    assert named[0].bidder_name is not None
    view = await second.auctions.get(auction)
    assert view.you is not None
    assert (view.you.leading, view.you.max_amount, view.you.bidder) == (True, 5500, "bidder-2")


async def test_one_minor_unit_under_the_minimum_is_refused_with_the_minimum(market: Market) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    with pytest.raises(errors.BidTooLow) as too_low:
        await first.auctions.bid(auction, amount=999)
    assert too_low.value.minimum == 1000
    await first.auctions.bid(auction, amount=1000)
    with pytest.raises(errors.BidTooLow) as too_low:
        await second.auctions.bid(auction, amount=1049)
    assert too_low.value.minimum == 1050
    assert (await second.auctions.bid(auction, amount=1050)).outcome is BidOutcome.LEADING


async def test_who_may_not_bid(market: Market, sql: Sql) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    with pytest.raises(errors.SellerCannotBid):
        await seller.auctions.bid(auction, amount=1000)
    with pytest.raises(errors.Unauthenticated):
        await (await market.anybody()).auctions.bid(auction, amount=1000)
    admin = await market.person(Role.ADMIN)
    with pytest.raises(errors.Forbidden):
        await admin.auctions.bid(auction, amount=1000)
    me = await bidder.auth.me()
    sql("UPDATE users SET status = 'suspended' WHERE id = %s", me.id)
    with pytest.raises(errors.AccountSuspended):
        await bidder.auctions.bid(auction, amount=1000)
    assert sql("SELECT count(*) FROM bids") == [(0,)]


async def test_a_session_that_ended_is_checked_inside_the_batch(market: Market, sql: Sql) -> None:
    """The row is revoked behind the cache's back, as a logout between check and batch would."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    me = await bidder.auth.me()
    sql("UPDATE sessions SET revoked_at = clock_timestamp() WHERE user_id = %s", me.id)
    with pytest.raises(errors.Unauthenticated):
        await bidder.auctions.bid(auction, amount=1000)
    assert sql("SELECT count(*) FROM bids") == [(0,)]


async def test_the_same_key_is_one_bid_and_another_bid_under_it_is_refused(
    market: Market, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    first = await bidder.auctions.bid(auction, amount=1000, idempotency_key="k-1")
    again = await bidder.auctions.bid(auction, amount=1000, idempotency_key="k-1")
    assert not first.repeated
    assert again.repeated
    assert (again.seq, again.current_bid, again.bid_at) == (1, first.current_bid, first.bid_at)
    with pytest.raises(errors.IdempotencyKeyReused):
        await bidder.auctions.bid(auction, amount=1100, idempotency_key="k-1")
    assert sql("SELECT count(*) FROM bids") == [(1,)]


async def test_fifty_of_one_key_at_once_are_one_bid(market: Market, sql: Sql) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    receipts = await asyncio.gather(
        *(bidder.auctions.bid(auction, amount=1000, idempotency_key="same") for _ in range(50))
    )
    assert {receipt.seq for receipt in receipts} == {1}
    assert [receipt.repeated for receipt in receipts].count(False) == 1
    assert sql("SELECT count(*) FROM bids") == [(1,)]


async def test_the_key_of_another_bidder_is_independent(market: Market, sql: Sql) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller)
    await first.auctions.bid(auction, amount=1000, idempotency_key="k")
    await second.auctions.bid(auction, amount=2000, idempotency_key="k")
    assert sql("SELECT count(*) FROM bids") == [(2,)]


async def test_a_leader_raises_their_maximum(market: Market) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100)
    await bidder.auctions.bid(auction, max_amount=500)
    with pytest.raises(errors.AlreadyLeading) as leading:
        await bidder.auctions.bid(auction, max_amount=500)
    assert leading.value.data["minimum"] == 501
    raised = await bidder.auctions.bid(auction, max_amount=900)
    assert (raised.kind, raised.current_bid, raised.seq) == (BidKind.RAISE, 100, 2)


async def test_the_reserve_is_hidden_and_met(market: Market) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100, reserve=2000)
    assert (await bidder.auctions.bid(auction, amount=1000)).reserve_met is False
    state = (await bidder.auctions.status(auction)).state
    assert (state.has_reserve, state.reserve_met) == (True, False)
    assert "2000" not in (await bidder.auctions.get(auction)).model_dump_json()
    met = await bidder.auctions.bid(auction, max_amount=3000)
    assert (met.reserve_met, met.current_bid) == (True, 2000)


async def test_buy_now_ends_the_auction_and_makes_the_order_once(market: Market, sql: Sql) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=100, buy_now=5000)
    with pytest.raises(errors.BuyNowUnavailable) as other_price:
        await first.auctions.buy_now(auction, 4999)
    assert other_price.value.data["buy_now"] == 5000
    results = await asyncio.gather(
        first.auctions.buy_now(auction, 5000),
        second.auctions.buy_now(auction, 5000),
        return_exceptions=True,
    )
    bought = [each for each in results if not isinstance(each, BaseException)]
    assert len(bought) == 1
    assert bought[0].kind is BidKind.BUY_NOW
    [(order_id, status, total)] = sql("SELECT id, status, total_amount FROM orders")
    assert (order_id, status, total) == (bought[0].order_id, "pending", 5000)
    state = (await first.auctions.status(auction)).state
    assert (state.status, state.winner) == ("ended", bought[0].bidder)
    assert sql("SELECT stock FROM listings") == [(0,)]


async def test_buy_now_goes_with_the_first_bid(market: Market) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=100, buy_now=5000)
    await first.auctions.bid(auction, amount=100)
    with pytest.raises(errors.BuyNowUnavailable):
        await second.auctions.buy_now(auction, 5000)


@pytest.mark.parametrize(
    ("microseconds_before_the_end", "taken"), [(1, True), (0, False), (-1, False)]
)
async def test_the_last_instant(
    market: Market,
    market_clock: MarketClock,
    sql: Sql,
    microseconds_before_the_end: int,
    taken: bool,
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    [(end_at,)] = sql("SELECT end_at FROM auctions")
    market_clock.freeze(str(end_at - timedelta(microseconds=microseconds_before_the_end)))
    if taken:
        receipt = await bidder.auctions.bid(auction, amount=1000)
        assert receipt.auction_extended
        assert receipt.end_at == end_at + timedelta(seconds=5)
    else:
        with pytest.raises(errors.AuctionNotOpen):
            await bidder.auctions.bid(auction, amount=1000)
        assert sql("SELECT status, seq FROM auctions") == [("ended", 0)]


async def test_a_refused_bid_never_extends(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    [(end_at,)] = sql("SELECT end_at FROM auctions")
    market_clock.freeze(str(end_at - timedelta(seconds=1)))
    with pytest.raises(errors.BidTooLow):
        await bidder.auctions.bid(auction, amount=999)
    assert sql("SELECT end_at, version FROM auctions") == [(end_at, 1)]


async def test_the_database_has_the_only_clock(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    """An hour later by the market's clock, a bid is judged there, whatever the server believes."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, duration_seconds=7200)
    [(start_at,)] = sql("SELECT start_at FROM auctions")
    later: Instant = start_at + timedelta(hours=1)
    market_clock.freeze(str(later))
    assert (await bidder.auctions.bid(auction, amount=1000)).bid_at == later


async def test_an_auction_that_does_not_exist(market: Market) -> None:
    bidder = await market.bidder()
    missing = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(errors.AuctionNotFound):
        await bidder.auctions.bid(missing, amount=1000)
    with pytest.raises(errors.AuctionNotFound):
        await bidder.auctions.status(missing)


async def test_bids_are_limited_by_the_minute(
    market: Market, start_server: Callable[..., Any]
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    limited = await start_server(rate_limit_bids=2)
    there = await market.anybody(base_url=limited.base_url, token=bidder.token)
    await there.auctions.bid(auction, amount=1000)
    await there.auctions.bid(auction, max_amount=2000)
    with pytest.raises(errors.RateLimited) as refused:
        await there.auctions.bid(auction, max_amount=3000)
    assert refused.value.retry_after_seconds


async def test_a_cached_category_page_shows_the_auction_that_was_created(market: Market) -> None:
    """The page is cached before the auction exists, and again before it is sold."""
    seller, bidder = await market.seller(), await market.bidder()
    listing = await market.listing(seller)
    category = market.category()
    assert (await seller.listings.page(category=category)).items[0].auction_id is None
    made = await seller.auctions.create(listing, min_bid=100, buy_now=500, duration_seconds=60)
    auction = made.state.auction_id
    assert (await seller.listings.page(category=category)).items[0].auction_id == auction
    await bidder.auctions.buy_now(auction, 500)
    [sold] = (await seller.listings.page(category=category)).items
    assert (sold.auction_id, sold.stock) == (None, 0)


async def test_bids_and_closings_are_logged_without_what_is_private(
    market: Market, written: Callable[..., Callable[[], list[str]]]
) -> None:
    lines = written()
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100, reserve=90_000, buy_now=95_000)
    await bidder.auctions.bid(auction, max_amount=77_777)
    await bidder.auctions.buy_now(auction, 95_000)

    def lines_of(event: str) -> list[str]:
        return [line for line in lines() if event in line and auction in line]

    await until(lambda: len(lines_of("bids_placed")) == 2 and lines_of("auction_closed"))
    assert "77777" not in "".join(lines())
