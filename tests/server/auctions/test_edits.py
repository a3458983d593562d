"""An auction shows its listing's words, also those that changed while copies were about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from instasell_client.live import AuctionChange, AuctionJoined
from tests.support.market import Market


async def test_an_edited_title_reaches_the_state_and_those_who_watch(
    market: Market, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    seller = await market.seller()
    auction = await market.auction(seller, title="A stel watch")
    state = (await seller.auctions.status(auction)).state
    assert state.title == "A stel watch"
    async with seller.live() as live, live.auction(auction) as feed:
        assert isinstance(await anext(feed), AuctionJoined)
        await seller.listings.update(state.listing_id, title="A steel watch")
        async with asyncio.timeout(20):
            change = await anext(feed)
    assert isinstance(change, AuctionChange)
    assert change.data.state is not None
    assert change.data.state.title == "A steel watch"
    after = (await seller.auctions.status(auction)).state
    assert (after.title, after.version) == ("A steel watch", state.version + 1)


async def test_a_listing_without_a_running_auction_leaves_nothing_to_do(
    market: Market, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    seller = await market.seller()
    listing = await market.listing(seller)
    await seller.listings.update(listing, title="Another title")
    assert sql("SELECT count(*) FROM outbox WHERE kind = 'listing_edited'") == [(0,)]
