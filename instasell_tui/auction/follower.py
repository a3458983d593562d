"""Follow one auction closely: its events, its listing, and the bids that no event brought."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from instasell_client import AuctionFeed, AuctionJoined, InstaSellError
from instasell_tui.auction.state import BIDS_KEPT_MAX, AuctionPageState
from instasell_tui.market import messages

if TYPE_CHECKING:
    from instasell_tui.market.core import MarketCore

log = logging.getLogger("instasell_tui")


class AuctionFollower:
    """Keeps an `AuctionPageState` up to date from an auction's feed, until it is closed."""

    def __init__(self, feed: MarketCore, sale: AuctionPageState, events: AuctionFeed) -> None:
        self.sale = sale
        self._feed = feed
        self._events = events
        self._tasks = [
            asyncio.create_task(self._read()),
            asyncio.create_task(self._look_when_late()),
        ]

    async def aclose(self) -> None:
        """Leave the auction."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._events.aclose()

    async def _read(self) -> None:
        feed, sale = self._feed, self.sale
        try:
            while batch := await self._events.batch():
                was_open, lacks_view = sale.open, False
                for event in batch:
                    sale.apply(event)
                    if isinstance(event, AuctionJoined):
                        feed.lots.set_you(sale.auction_id, event.data.you)
                        feed.lots.put(event.data.state, feed.now())
                        lacks_view = not self._take_view(event)
                    else:
                        feed.apply_change(event)
                feed.mark_changed()
                feed.post(messages.AuctionPageChanged)
                if sale.missing_after is not None:
                    await self._fill(sale.missing_after)
                # Only those who took part get to know more about the result.
                is_over = was_open and not sale.open and feed.client.token is not None
                if lacks_view or is_over:
                    await self.look()
                await feed.pace()
        except InstaSellError as error:
            sale.failure = str(error)
            feed.post(messages.AuctionPageChanged)

    async def _look_when_late(self) -> None:
        """Ask by another way, and tell why there is nothing, when the socket does not answer."""
        await asyncio.sleep(self._feed.late_seconds)
        if self.sale.view is None:
            await self.look()

    def _take_view(self, event: AuctionJoined) -> bool:
        """Take the listing that came with the snapshot; False when a server does not send it."""
        view = event.data.view
        if view is not None:
            self._feed.currency = view.currency
            self.sale.set_view(view)
        return view is not None or self.sale.view is not None

    async def _fill(self, after: int) -> None:
        feed, sale = self._feed, self.sale
        try:
            page = await feed.client.auctions.bids_page(
                sale.auction_id, after_seq=after, limit=BIDS_KEPT_MAX
            )
        except InstaSellError as error:
            log.info("bids after %d are missing: %s", after, error)
        else:
            sale.take_bids(page.items)
            feed.post(messages.AuctionPageChanged)

    async def look(self) -> None:
        """Read the page of the auction: the item, the currency, the order of the user."""
        feed, sale = self._feed, self.sale
        try:
            view = await feed.client.auctions.get(sale.auction_id)
        except InstaSellError as error:
            if sale.state is None:
                sale.failure = str(error)
        else:
            feed.currency = view.currency
            sale.set_view(view)
            feed.lots.set_you(sale.auction_id, view.you)
        feed.post(messages.AuctionPageChanged)
