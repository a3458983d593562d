"""Load the earlier prices of the auctions on the screen, for their sparklines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from instasell_client import AsyncInstaSell, InstaSellError, LiveSession
from instasell_tui.board.state import PRICES_KEPT_MAX, BoardState

log = logging.getLogger("instasell_tui")

SIGNED_IN_MAX = 400
"""Of the 3,000 calls that a signed-in person has in a quarter of an hour."""

ANONYMOUS_MAX = 12
"""Of the 100 calls that an address has, which several screens may share."""


class PriceTrends:
    """Fetches one auction's prices after the other, within what the market's limits leave."""

    def __init__(
        self, client: AsyncInstaSell, board: BoardState, mark_changed: Callable[[], None]
    ) -> None:
        self._client = client
        self._board = board
        self._mark_changed = mark_changed
        self._waiting: dict[str, None] = {}
        self._more = asyncio.Event()
        self._asked = 0

    def want(self, auction_ids: Iterable[str]) -> None:
        """Want these auctions, which are visible; earlier ones that are not visible are dropped."""
        self._waiting = {}
        for auction_id in auction_ids:
            auction = self._board.get(auction_id)
            if auction is not None and not auction.has_history and auction.state.bid_count:
                self._waiting[auction_id] = None
        if self._waiting:
            self._more.set()

    async def run(self, _: LiveSession) -> None:
        """Fetch what is wanted until it is cancelled, or the limit is reached."""
        self._asked = 0
        while self._asked < (ANONYMOUS_MAX if self._client.token is None else SIGNED_IN_MAX):
            if not self._waiting:
                self._more.clear()
                await self._more.wait()
                continue
            auction_id = next(iter(self._waiting))
            del self._waiting[auction_id]
            self._asked += 1
            if not await self._fetch(auction_id):
                return

    async def _fetch(self, auction_id: str) -> bool:
        auction = self._board.get(auction_id)
        if auction is None:
            return True
        after = max(0, auction.state.seq - PRICES_KEPT_MAX)
        try:
            page = await self._client.auctions.bids_page(
                auction_id, after_seq=after, limit=PRICES_KEPT_MAX
            )
        except InstaSellError as error:
            log.info("trends are left out from here on: %s", error)
            return False
        self._board.set_history(auction_id, page.items)
        self._mark_changed()
        return True
