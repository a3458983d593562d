"""Auctions in the command palette, found by their titles."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

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
            title = clipped(lot.title, TITLE_CELLS)
            open_it = partial(self._market.open_auction, lot.auction_id)
            # A plain string would be read as markup.
            yield DiscoveryHit(Content(title), open_it, text=title, help=self._help(lot))

    async def search(self, query: str) -> Hits:
        """Every auction whose title matches."""
        matcher = self.matcher(query)
        for lot in self._market.feed.lots.select(Query()):
            title = clipped(lot.title, TITLE_CELLS)
            score, offsets = matcher.fuzzy_search.match(query, title)
            if score > 0:
                found = Content(title)
                for offset in offsets:
                    found = found.stylize(matcher.match_style, offset, offset + 1)
                open_it = partial(self._market.open_auction, lot.auction_id)
                yield Hit(score, found, open_it, text=title, help=self._help(lot))

    def _help(self, lot: Lot) -> str:
        return f"Open this auction, at {money(lot.price, self._market.feed.currency)}"
