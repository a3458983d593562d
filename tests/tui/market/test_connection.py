"""The feed against a real server: conflation, people, and a connection that breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from textual.message import Message
from textual.message_pump import MessagePump

from instasell_client import AsyncInstaSell, Forbidden, Unauthenticated
from instasell_tui.board.messages import AuctionOver, BoardChanged
from instasell_tui.market import messages
from instasell_tui.market.connection import ConnectionStatus
from tests.client.cutting_proxy import cutting
from tests.support.market import Market
from tests.tui.market.states import MarketStates
from tests.tui.samples import NOW


class Listener(MessagePump):
    """Keeps what the feed tells."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Message] = []
        self._more = asyncio.Event()

    def post_message(self, message: Message) -> bool:
        self.told.append(message)
        self._more.set()
        return True

    def all(self, kind: type[Message]) -> list[Any]:
        """The messages of one kind."""
        return [message for message in self.told if isinstance(message, kind)]

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for a condition, looked at with each message."""
        while not holds():
            self._more.clear()
            await self._more.wait()


async def quiet(holds: Callable[[], object]) -> None:
    """Wait for what no message tells of."""
    loop = asyncio.get_running_loop()
    while not holds():
        turned = loop.create_future()
        loop.call_later(0.01, turned.set_result, None)
        await turned


@contextlib.asynccontextmanager
async def started(
    base_url: str, token: str | None = None, **options: Any
) -> AsyncIterator[tuple[MarketStates, Listener]]:
    """A feed and one who listens to it."""
    async with AsyncInstaSell(base_url, token) as client:
        states, listener = MarketStates(client, **options), Listener()
        states.feed.subscribe(listener)
        await states.feed.start()
        try:
            await listener.until(lambda: states.board.state.loaded)
            yield states, listener
        finally:
            await states.feed.stop()


async def test_however_many_changes_come_the_board_hears_once_a_beat(market: Market) -> None:
    first, second = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), increments="none")
    beat = asyncio.Event()
    async with started(market.base_url, pace=beat.wait) as (states, listener):
        told = len(listener.all(BoardChanged))
        for amount in range(100, 130):
            await (first if amount % 2 else second).auctions.bid(auction, amount=amount)
        lot = states.board.state.get(auction)
        assert lot is not None
        await quiet(lambda: lot.state.bid_count == 30)
        assert len(listener.all(BoardChanged)) == told
        beat.set()
        await listener.until(lambda: len(listener.all(BoardChanged)) > told)
        beat.clear()
        [change] = listener.all(BoardChanged)[told:]
        assert change.changes.auction_ids == {auction}


async def test_a_followed_auction_has_every_bid_across_a_broken_line(market: Market) -> None:
    first, second = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), increments="none")
    async with (
        cutting(market.base_url) as proxy,
        started(proxy.base_url) as (states, listener),
    ):
        sale = await states.auction.follow(auction)
        for amount in range(100, 120):
            await (first if amount % 2 else second).auctions.bid(auction, amount=amount)
            if amount in (105, 112):
                await listener.until(lambda: states.feed.status is ConnectionStatus.LIVE)
                proxy.cut()
        await listener.until(lambda: len(sale.bids) == 20)
        assert [bid.seq for bid in sale.bids] == list(range(1, 21))
        assert proxy.cuts


async def test_a_lost_connection_goes_stale_by_the_clock_and_comes_back(market: Market) -> None:
    at = [NOW]
    async with (
        cutting(market.base_url) as proxy,
        started(proxy.base_url, clock=lambda: at[0]) as (states, listener),
    ):
        assert states.feed.status is ConnectionStatus.LIVE
        proxy.cut()
        await listener.until(lambda: states.feed.status is ConnectionStatus.RECONNECTING)
        at[0] += timedelta(seconds=6)
        assert states.feed.status is ConnectionStatus.STALE
        await listener.until(lambda: states.feed.status is ConnectionStatus.LIVE)
        assert states.feed.lost_at is None


async def test_a_new_auction_is_on_the_board_and_those_who_watch_hear_of_its_end(
    market: Market,
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    async with started(market.base_url, bidder.token) as (states, listener):
        await listener.until(lambda: states.feed.user is not None)
        auction = await market.auction(seller, buy_now=5000)
        await listener.until(lambda: auction in states.board.state)
        await states.board.watch(auction, on=True)
        await seller.auctions.cancel(auction)
        await listener.until(lambda: listener.all(AuctionOver))
        assert [over.auction.auction_id for over in listener.all(AuctionOver)] == [auction]


async def test_a_later_start_finds_the_bids_of_the_user_again(market: Market) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller())
    async with started(market.base_url, bidder.token) as (states, listener):
        await listener.until(lambda: states.feed.user is not None)
        await states.auction.follow(auction)
        await states.auction.bid(auction, amount=100, max_amount=700)
        await listener.until(lambda: states.board.state.is_watched(auction))
    async with started(market.base_url, bidder.token) as (states, listener):
        await listener.until(lambda: (lot := states.board.state.get(auction)) and lot.leading)
        you = states.board.state.you(auction)
        assert you is not None
        assert you.max_amount == 700


async def test_a_bid_made_elsewhere_reaches_board_and_page_and_is_forgotten_with_the_user(
    market: Market,
) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller())
    async with started(market.base_url, bidder.token) as (states, listener):
        await listener.until(lambda: states.feed.user is not None)
        page = await states.auction.follow(auction)
        await listener.until(lambda: page.view is not None)
        await bidder.auctions.bid(auction, amount=100, max_amount=700)
        await listener.until(lambda: page.you is not None and page.you.max_amount == 700)
        you = states.board.state.you(auction)
        assert you is not None
        assert you.max_amount == 700
        await states.feed.restart()
        assert states.auction.page is None
        assert states.board.state.you(auction) is None


async def test_the_end_of_a_session_is_reported_once(market: Market) -> None:
    bidder = await market.bidder()
    async with started(market.base_url, bidder.token) as (states, listener):
        await listener.until(lambda: states.feed.user is not None)
        await bidder.auth.logout()
        await listener.until(lambda: listener.all(messages.SignedOut))
        assert states.feed.client.token is None
        await states.feed.restart()
        await listener.until(lambda: states.board.state.loaded)
        assert len(listener.all(messages.SignedOut)) == 1


async def test_nothing_is_changed_read_only_or_by_nobody(market: Market) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller(), buy_now=900)
    for token, options, refusal in (
        (bidder.token, {"read_only": True}, Forbidden),
        (None, {}, Unauthenticated),
    ):
        async with started(market.base_url, token, **options) as (states, _):
            with pytest.raises(refusal):
                await states.auction.bid(auction, amount=100, max_amount=None)
            with pytest.raises(refusal):
                await states.auction.buy_now(auction, 900)
            with pytest.raises(refusal):
                await states.board.watch(auction, on=True)
    assert (await bidder.auctions.status(auction)).state.bid_count == 0


async def test_a_server_that_is_not_there_is_waited_for() -> None:
    async with AsyncInstaSell("http://127.0.0.1:9") as client:
        states = MarketStates(client)
        await states.feed.start()
        assert states.feed.status is ConnectionStatus.CONNECTING
        assert not states.board.state.loaded
        await states.feed.stop()


async def test_trends_have_the_prices_before_one_looked(market: Market) -> None:
    first, second = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), increments="none")
    for amount in range(100, 110):
        await (first if amount % 2 else second).auctions.bid(auction, amount=amount)
    async with started(market.base_url) as (states, listener):
        lot = states.board.state.get(auction)
        assert lot is not None
        assert list(lot.prices) == [109]
        states.board.want_trends([auction])
        await listener.until(lambda: lot.has_history)
        assert list(lot.prices) == [100, *range(100, 110)]
