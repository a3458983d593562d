"""Auctions in the command palette, found by their titles."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from instasell_tui.formats import clipped, money
from instasell_tui.lots import Lot, Query

if TYPE_CHECKING:
    from instasell_tui.app import InstaSellApp

SUGGESTED = 5
TITLE_CELLS = 60


class AuctionCommands(Provider):
    """Opens an auction of the board."""

    @property
    def _market(self) -> InstaSellApp:
        app = self.app
        if TYPE_CHECKING:
            assert isinstance(app, InstaSellApp)
        return app

    async def discover(self) -> Hits:
        """The auctions that end soonest."""
        for lot in self._market.feed.lots.select(Query())[:SUGGESTED]:
            yield DiscoveryHit(
                clipped(lot.title, TITLE_CELLS),
                partial(self._market.open_auction, lot.auction_id),
                help=self._help(lot),
            )

    async def search(self, query: str) -> Hits:
        """Every auction whose title matches."""
        matcher = self.matcher(query)
        for lot in self._market.feed.lots.select(Query()):
            title = clipped(lot.title, TITLE_CELLS)
            score = matcher.match(title)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(title),
                    partial(self._market.open_auction, lot.auction_id),
                    help=self._help(lot),
                )

    def _help(self, lot: Lot) -> str:
        return f"Open this auction, at {money(lot.price, self._market.feed.currency)}"
