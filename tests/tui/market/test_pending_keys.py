"""Writes that are sent again after silence, on a real server whose answers get lost."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from instasell_client import (
    AsyncInstaSell,
    InstaSellError,
    Invalid,
    OutcomeUnknown,
    RateLimited,
    TransportError,
    Unauthenticated,
    Unavailable,
)
from instasell_tui.market import pending_keys
from instasell_tui.market.pending_keys import PENDING_MAX, PendingKeys
from instasell_tui.seller.state import SellerState
from tests.client.cutting_proxy import CuttingProxy, cutting
from tests.support.market import Market
from tests.tui.market.states import MarketStates

Sql = Callable[..., list[tuple[Any, ...]]]

NEW_LISTING = {
    "type": "direct",
    "title": "A lamp",
    "description": "",
    "condition": "new",
    "price": "5.00",
    "stock": "1",
    "shipping": "",
}
NEW_AUCTION = {"min_bid": "1.00", "reserve": "", "buy_now": ""}


@contextlib.asynccontextmanager
async def behind_proxy(
    market: Market, token: str | None
) -> AsyncIterator[tuple[MarketStates, CuttingProxy]]:
    """A connection of the screen whose answers the proxy can lose."""
    async with (
        cutting(market.base_url) as proxy,
        AsyncInstaSell(proxy.base_url, token, max_retries=0) as client,
    ):
        states = MarketStates(client)
        await states.feed.start()
        try:
            await states.board.has_come.wait()
            while states.feed.user is None:
                await states.feed.pace()
            yield states, proxy
        finally:
            await states.feed.stop()


async def sent_twice(
    proxy: CuttingProxy, request: bytes, send: Callable[[], Awaitable[Any]]
) -> None:
    """Send a write whose answer is lost, and then the same again."""
    proxy.unanswered = request
    with pytest.raises((OutcomeUnknown, TransportError, Unavailable)):
        await send()
    proxy.unanswered = None
    await send()


async def test_a_listing_sent_again_is_one_listing(market: Market, sql: Sql) -> None:
    seller = await market.seller()
    async with behind_proxy(market, seller.token) as (states, proxy):
        category = market.category()

        async def send() -> None:
            await SellerState(states.feed).add(NEW_LISTING, category)

        await sent_twice(proxy, b"POST /listings ", send)
        assert sql("SELECT count(*) FROM listings WHERE title = 'A lamp'") == [(1,)]
        # With an answer it is done: the same values once more are another listing.
        await send()
        assert sql("SELECT count(*) FROM listings WHERE title = 'A lamp'") == [(2,)]


async def test_an_auction_and_a_relisting_sent_again_are_one_each(market: Market, sql: Sql) -> None:
    seller = await market.seller()
    auction_id = await market.auction(seller)
    [(listing_id,)] = sql("SELECT listing_id::text FROM auctions")
    async with behind_proxy(market, seller.token) as (states, proxy):
        shop = SellerState(states.feed)
        await shop.cancel_auction(auction_id, None)
        known = {**NEW_AUCTION, "duration": "1h"}

        async def relist() -> None:
            await shop.relist(auction_id, {**known, "min_bid": "2.00"}, known, 3600)

        await sent_twice(proxy, f"POST /auctions/{auction_id}/relist ".encode(), relist)
        assert sql("SELECT count(*) FROM auctions") == [(2,)]
        [(relisted,)] = sql("SELECT id::text FROM auctions WHERE id <> %s", auction_id)
        await shop.cancel_auction(relisted, None)

        async def create() -> None:
            await shop.create_auction(listing_id, NEW_AUCTION, 3600)

        await sent_twice(proxy, b"POST /auctions ", create)
        assert sql("SELECT count(*) FROM auctions") == [(3,)]


async def test_a_message_sent_again_is_one_message(market: Market, sql: Sql) -> None:
    seller, asker = await market.seller(), await market.bidder()
    await market.auction(seller)
    [(listing_id,)] = sql("SELECT listing_id::text FROM auctions")
    async with behind_proxy(market, asker.token) as (states, proxy):

        async def ask() -> None:
            await states.inbox.ask(listing_id, "Is it new?")

        await sent_twice(proxy, b"POST /conversations ", ask)
        assert sql("SELECT count(*) FROM messages") == [(1,)]
        [(conversation_id,)] = sql("SELECT id::text FROM conversations")

        async def send() -> None:
            await states.inbox.send(conversation_id, "And blue?")

        await sent_twice(proxy, f"POST /conversations/{conversation_id}/messages ".encode(), send)
        assert sql("SELECT count(*) FROM messages") == [(2,)]


async def test_a_purchase_sent_again_is_one_bid(market: Market, sql: Sql) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction_id = await market.auction(seller, buy_now=900)
    async with behind_proxy(market, bidder.token) as (states, proxy):

        async def buy() -> None:
            await states.auction.buy_now(auction_id, 900)

        await sent_twice(proxy, f"POST /auctions/{auction_id}/buy-now ".encode(), buy)
        assert sql("SELECT count(*) FROM bids") == [(1,)]


async def test_an_answer_or_another_person_ends_a_key() -> None:
    keys, used = PendingKeys(), []

    def answering(error: Exception | None) -> Callable[[str], Awaitable[None]]:
        async def send(key: str) -> None:
            used.append(key)
            if error is not None:
                raise error

        return send

    bid = ("bid", "a", 100, None)
    for error in (OutcomeUnknown(), Unavailable(), Invalid()):
        with pytest.raises(type(error)):
            await keys.send_once(bid, answering(error))
    assert len(set(used)) == 1
    assert keys.find("bid", "a") is None
    with pytest.raises(OutcomeUnknown):
        await keys.send_once(bid, answering(OutcomeUnknown()))
    assert (len(set(used)), keys.find("bid", "a")) == (2, bid)
    assert keys.find("bid", "b") is None
    keys.forget_person()
    await keys.send_once(bid, answering(None))
    assert len(set(used)) == 3


async def test_a_refusal_of_a_later_try_says_nothing_of_the_first() -> None:
    keys, used = PendingKeys(), []

    async def attempt(error: InstaSellError) -> None:
        async def send(key: str) -> None:
            used.append(key)
            raise error

        with pytest.raises(type(error)):
            await keys.send_once(("send", "a", "hello"), send)

    for error in (OutcomeUnknown(), RateLimited(), Unauthenticated(), InstaSellError(), Invalid()):
        await attempt(error)
    assert len(set(used)) == 1
    # Without silence before it, such a refusal ends the write.
    for _ in range(2):
        await attempt(RateLimited())
    assert len(set(used)) == 3


async def test_a_write_under_way_is_not_ended_by_another() -> None:
    keys, used = PendingKeys(), []

    async def lost(key: str) -> None:
        used.append(key)
        raise OutcomeUnknown

    async def slow(key: str) -> None:
        used.append(key)
        keys.forget_person()
        with pytest.raises(OutcomeUnknown):
            await keys.send_once(("send", 1), lost)

    await keys.send_once(("send", 1), slow)
    with pytest.raises(OutcomeUnknown):
        await keys.send_once(("send", 1), lost)
    assert used[0] != used[1] == used[2]


async def test_an_equal_write_much_later_is_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, used = PendingKeys(), []

    async def lost(key: str) -> None:
        used.append(key)
        raise OutcomeUnknown

    for seconds in (pending_keys.PENDING_SECONDS, -1.0):
        monkeypatch.setattr(pending_keys, "PENDING_SECONDS", seconds)
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                await keys.send_once(("send", "ok"), lost)
    assert used[0] == used[1]
    assert len(set(used)) == 3
    assert keys.find("send") is None


async def test_keys_have_a_bound() -> None:
    keys = PendingKeys()

    async def lost(key: str) -> None:
        raise OutcomeUnknown

    for number in range(PENDING_MAX + 1):
        with pytest.raises(OutcomeUnknown):
            await keys.send_once(("send", number), lost)
    assert keys.find("send", 0) is None
    assert keys.find("send", 1) == ("send", 1)
