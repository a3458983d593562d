"""Joining, resuming and leaving auctions, and the events of their lives."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from instasell_client.models.accounts import Role
from tests.server.live.conftest import Connect, Sql
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.sockets import LiveSocket


async def raise_often(socket: LiveSocket, auction_id: str, first: int, count: int) -> None:
    """`count` accepted bids: raises of one bidder's own maximum."""
    for begin in range(first, first + count, 50):
        amounts = range(begin, min(begin + 50, first + count))
        answers = await asyncio.gather(
            *(socket.bid(auction_id, f"raise-{each}", max_amount=each) for each in amounts)
        )
        assert {each["event"] for each in answers} == {"ack"}, answers


async def test_resuming_gives_exactly_what_was_missed(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100)
    socket = await connect(bidder.token)
    await raise_often(socket, auction, 1000, 7)
    joined = await socket.ack("join_auction", {"auction_id": auction, "after_seq": 3})
    assert [bid["seq"] for bid in joined["missed"]] == [4, 5, 6, 7]
    assert (joined["seq"], joined["truncated"]) == (7, False)
    assert {bid["kind"] for bid in joined["missed"]} == {"raise"}
    level = await socket.ack("join_auction", {"auction_id": auction, "after_seq": 7})
    assert (level["missed"], level["truncated"]) == ([], False)
    without = await socket.ack("join_auction", {"auction_id": auction})
    assert (without["missed"], without["truncated"]) == ([], False)


async def test_500_missed_bids_are_published_and_of_more_the_newest(
    market: Market, connect: Connect
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100)
    socket = await connect(bidder.token)
    await raise_often(socket, auction, 1000, 502)
    whole = await socket.ack("join_auction", {"auction_id": auction, "after_seq": 2})
    assert [bid["seq"] for bid in whole["missed"]] == list(range(3, 503))
    assert not whole["truncated"]
    cut = await socket.ack("join_auction", {"auction_id": auction, "after_seq": 1})
    assert [bid["seq"] for bid in cut["missed"]] == list(range(3, 503))
    assert cut["truncated"]


async def test_an_event_has_the_newest_50_bids_of_its_batch(
    market: Market, connect: Connect, sql: Sql
) -> None:
    """A row that is locked from outside makes 60 bids wait, and so share one commit."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100)
    watcher, socket = await connect(), await connect(bidder.token)
    await watcher.ack("join_auction", {"auction_id": auction})
    await asyncio.gather(
        *(socket.bid(auction, f"k-{each}", max_amount=1000 + each) for each in range(60))
    )
    last = await watcher.event("bid_placed", lambda data: data["seq"] == 60)
    placed = [each["data"] for each in watcher.events if each["event"] == "bid_placed"]
    # However the bids were cut into batches, the events carry on from each other.
    assert placed[0]["first_seq"] == 1
    for before, after in itertools.pairwise(placed):
        assert after["first_seq"] == before["seq"] + 1
        assert after["version"] == before["version"] + 1
    for each in placed:
        size = each["seq"] - each["first_seq"] + 1
        newest = list(range(each["seq"] - min(size, 50) + 1, each["seq"] + 1))
        assert [bid["seq"] for bid in each["bids"]] == newest
        assert each["truncated"] == (size > 50)
    rows = sql("SELECT count(*), count(DISTINCT auction_version), max(seq) FROM bids")
    assert rows == [(60, len(placed), last["seq"])]


async def test_leaving_ends_the_events_of_one_auction(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    left, stayed = await market.auction(seller), await market.auction(seller)
    socket = await connect()
    for auction in (left, stayed):
        await socket.ack("join_auction", {"auction_id": auction})
    assert await socket.ack("leave_auction", {"auction_id": left}) == {}
    await bidder.auctions.bid(left, amount=1000)
    await bidder.auctions.bid(stayed, amount=1000)
    await socket.event("bid_placed")
    assert {each["data"]["auction_id"] for each in socket.events} == {stayed}
    # Leaving what one is not in is no error, so that a client need not keep count.
    assert await socket.ack("leave_auction", {"auction_id": left}) == {}


async def test_joining_twice_tells_nothing_twice(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    socket = await connect(bidder.token)
    for _ in range(2):
        await socket.ack("join_auction", {"auction_id": auction})
    await socket.bid(auction, "k-1", max_amount=1000)
    await socket.bid(auction, "k-2", max_amount=2000)
    await socket.event("bid_placed", lambda data: data["seq"] == 2)
    placed = [each["data"] for each in socket.events if each["event"] == "bid_placed"]
    assert [each["version"] for each in placed] == [2, 3]


async def test_a_join_under_load_misses_nothing_and_repeats_nothing(
    market: Market, connect: Connect
) -> None:
    """Sockets join while bids are committed: snapshot and events join without a seam."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100)
    socket = await connect(bidder.token)
    watchers = [await connect() for _ in range(8)]

    async def bid() -> None:
        for number in range(200):
            await socket.bid(auction, f"k-{number}", max_amount=1000 + number)

    async def join(watcher: LiveSocket) -> int:
        # Each joins at another moment of the bidding, which the bids themselves decide.
        await watcher.ack("ping")
        joined = await watcher.ack("join_auction", {"auction_id": auction, "after_seq": 0})
        assert [each["seq"] for each in joined["missed"]] == list(range(1, joined["seq"] + 1))
        seq: int = joined["seq"]
        return seq

    bidding = asyncio.create_task(bid())
    seen = []
    for watcher in watchers:
        seen.append(await join(watcher))
    await bidding
    for watcher, joined_at in zip(watchers, seen, strict=True):
        if joined_at < 200:
            await watcher.event("bid_placed", lambda data: data["seq"] == 200)
        told = [bid["seq"] for each in watcher.events for bid in each["data"]["bids"]]
        assert told == list(range(joined_at + 1, 201))


async def test_the_start_is_published(
    market: Market, connect: Connect, market_clock: MarketClock, sql: Sql
) -> None:
    seller = await market.seller()
    [(start_at,)] = sql("SELECT date_trunc('second', clock_timestamp()) + interval '1 hour'")
    auction = await market.auction(seller, start_at=start_at, duration_seconds=3600)
    socket = await connect()
    joined = await socket.ack("join_auction", {"auction_id": auction})
    assert joined["state"]["status"] == "pending"
    market_clock.shift(3601)
    started = await socket.event("auction_started")
    assert (started["version"], started["state"]["status"]) == (2, "live")
    assert sql("SELECT status, version FROM auctions") == [("live", 2)]


async def test_the_end_is_published_with_the_winner_by_number(
    market: Market, connect: Connect, market_clock: MarketClock
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    await bidder.auctions.bid(auction, max_amount=9000)
    socket = await connect()
    await socket.ack("join_auction", {"auction_id": auction})
    market_clock.shift(7200)
    ended = await socket.event("auction_ended")
    assert (ended["winner"], ended["price"], ended["reserve_met"]) == ("bidder-1", 1000, True)
    assert (ended["version"], ended["seq"]) == (3, 1)


async def test_an_end_below_the_reserve_names_nobody(
    market: Market, connect: Connect, market_clock: MarketClock
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000, reserve=5000)
    await bidder.auctions.bid(auction, amount=2000)
    socket = await connect()
    await socket.ack("join_auction", {"auction_id": auction})
    market_clock.shift(7200)
    ended = await socket.event("auction_ended")
    assert (ended["winner"], ended["price"], ended["reserve_met"]) == (None, None, False)


async def test_buy_now_is_published_as_an_end_with_a_bid(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000, buy_now=5000)
    socket = await connect()
    await socket.ack("join_auction", {"auction_id": auction})
    await bidder.auctions.buy_now(auction, 5000)
    ended = await socket.event("auction_ended")
    assert (ended["winner"], ended["price"], ended["version"]) == ("bidder-1", 5000, 2)
    assert [(bid["seq"], bid["kind"]) for bid in ended["bids"]] == [(1, "buy_now")]


async def test_a_cancellation_is_published_with_a_reason(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    await bidder.auctions.bid(auction, amount=1000)
    socket = await connect()
    await socket.ack("join_auction", {"auction_id": auction})
    admin = await market.person(Role.ADMIN)
    await admin.auctions.cancel(auction, "counterfeit")
    told = await socket.event("auction_cancelled")
    assert (told["reason"], told["version"]) == ("counterfeit", 3)


async def test_an_edit_is_published_with_the_new_terms(market: Market, connect: Connect) -> None:
    seller = await market.seller()
    auction = await market.auction(seller, min_bid=1000)
    socket = await connect()
    await socket.ack("join_auction", {"auction_id": auction})
    await seller.auctions.update(auction, min_bid=2000)
    told = await socket.event("auction_updated")
    assert (told["version"], told["state"]["minimum_bid"]) == (2, 2000)


@pytest.mark.parametrize("seconds_left", [3, 3600])
async def test_an_extension_is_published(
    market: Market, connect: Connect, market_clock: MarketClock, sql: Sql, seconds_left: int
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    [(end_at,)] = sql("SELECT end_at FROM auctions")
    socket = await connect()
    await socket.ack("join_auction", {"auction_id": auction})
    [(instant,)] = sql("SELECT end_at - make_interval(secs => %s) FROM auctions", seconds_left)
    market_clock.freeze(str(instant))
    receipt = await bidder.auctions.bid(auction, amount=1000)
    placed = await socket.event("bid_placed")
    assert placed["auction_extended"] == (seconds_left < 5)
    assert receipt.auction_extended == placed["auction_extended"]
    moved = (receipt.end_at - end_at).total_seconds()
    assert moved == (5 if seconds_left < 5 else 0)
