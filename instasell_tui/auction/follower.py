"""Follow one auction closely: its events, its listing, and the bids that no event brought."""

from __future__ import annotations

import asyncio
import logging

from instasell_client import AuctionFeed, AuctionJoined, InstaSellError
from instasell_tui.auction.state import BIDS_KEPT_MAX, AuctionPageState
from instasell_tui.board.live_board import LiveBoard
from instasell_tui.market import messages
from instasell_tui.market.connection import MarketConnection

log = logging.getLogger("instasell_tui")


class AuctionFollower:
    """Keeps an `AuctionPageState` up to date from an auction's feed, until it is closed."""

    def __init__(
        self,
        feed: MarketConnection,
        board: LiveBoard,
        page: AuctionPageState,
        events: AuctionFeed,
        *,
        late_seconds: float,
    ) -> None:
        self._feed = feed
        self._board = board
        self._page = page
        self._events = events
        self._tasks = [
            feed.spawn(self._read()),
            feed.spawn(self._look_when_late(late_seconds)),
        ]

    async def aclose(self) -> None:
        """Leave the auction."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._events.aclose()

    async def _read(self) -> None:
        feed, board, page = self._feed, self._board, self._page
        try:
            while batch := await self._events.batch():
                was_open, lacks_view = page.open, False
                for event in batch:
                    page.apply(event)
                    if isinstance(event, AuctionJoined):
                        board.state.set_you(page.auction_id, event.data.you)
                        board.state.put(event.data.state, feed.now())
                        lacks_view = not self._take_view(event)
                    else:
                        board.apply_change(event)
                board.mark_changed()
                feed.post(messages.AuctionPageChanged)
                if page.missing_after is not None:
                    await self._fill(page.missing_after)
                # Only those who took part get to know more about the result.
                is_over = was_open and not page.open and feed.client.token is not None
                if lacks_view or is_over:
                    await self.look()
                await feed.pace()
        except InstaSellError as error:
            page.failure = str(error)
            feed.post(messages.AuctionPageChanged)

    async def _look_when_late(self, late_seconds: float) -> None:
        """Ask by another way, and tell why there is nothing, when the socket does not answer."""
        await asyncio.sleep(late_seconds)
        if self._page.view is None:
            await self.look()

    def _take_view(self, event: AuctionJoined) -> bool:
        """Take the listing that came with the snapshot; False when a server does not send it."""
        view = event.data.view
        if view is not None:
            self._feed.currency = view.currency
            self._page.set_view(view)
        return view is not None or self._page.view is not None

    async def _fill(self, after: int) -> None:
        feed, page = self._feed, self._page
        try:
            found = await feed.client.auctions.bids_page(
                page.auction_id, after_seq=after, limit=BIDS_KEPT_MAX
            )
        except InstaSellError as error:
            log.info("bids after %d are missing: %s", after, error)
        else:
            page.take_bids(found.items)
            feed.post(messages.AuctionPageChanged)

    async def look(self) -> None:
        """Read the page of the auction: the item, the currency, the order of the user."""
        feed, board, page = self._feed, self._board, self._page
        try:
            view = await feed.client.auctions.get(page.auction_id)
        except InstaSellError as error:
            if page.state is None:
                page.failure = str(error)
        else:
            feed.currency = view.currency
            page.set_view(view)
            board.state.set_you(page.auction_id, view.you)
        feed.post(messages.AuctionPageChanged)
