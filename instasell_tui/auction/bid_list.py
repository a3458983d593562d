"""The bids of one auction, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from instasell_client.models.auctions import Bid, BidKind
from instasell_tui.widgets.formats import fit, local_time, money

_KINDS = {BidKind.RAISE: "↑", BidKind.BUY_NOW: "bought"}
"""The signs of bids; ↑ marks a leader who raises a maximum."""
AMOUNT_CELLS = 12


class BidLine(NamedTuple):
    """One line: when, who, whether that is the signed-in user, and what was bid."""

    time: str
    bidder: str
    own: bool
    amount: str


class BidListView(ScrollView, can_focus=True):
    """Shows bids as they come; drawn line by line, so that its length costs nothing."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"bids--time", "bids--own", "bids--other"}

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__()
        self._zone = zone
        self._entries: list[BidLine] = []
        self._known: tuple[int, str | None] = (0, None)

    def show(self, bids: Sequence[Bid], bidder: str | None, currency: str) -> None:
        """Replace the bids, which come in order of `seq`; `bidder` is the signed-in user."""
        known = (bids[-1].seq if bids else 0, bidder)
        if known == self._known and len(bids) == len(self._entries):
            return
        self._known = known
        self._entries = [self._entry(bid, bidder, currency) for bid in reversed(bids)]
        self._measure()
        self.refresh()

    def _entry(self, bid: Bid, bidder: str | None, currency: str) -> BidLine:
        own = bid.bidder == bidder
        kind = _KINDS.get(bid.kind)
        name = "you" if own else bid.bidder
        who = f"{name} {kind}" if kind else name
        amount = money(bid.amount, currency, AMOUNT_CELLS)
        return BidLine(local_time(bid.created_at, self._zone), who, own, amount)

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._entries))

    def on_resize(self) -> None:
        self._measure()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        row = self.scroll_offset.y + y
        ground = Style(bgcolor=self.rich_style.bgcolor)
        if row >= len(self._entries):
            return Strip.blank(width, ground)
        entry = self._entries[row]
        mark = "● " if entry.own else "• "
        name_width = max(4, width - 2 - 9 - AMOUNT_CELLS - 1)
        quiet = self.get_component_rich_style("bids--time")
        ink = self.get_component_rich_style("bids--own" if entry.own else "bids--other")
        segments = [
            Segment(mark, ink),
            Segment(f"{entry.time} ", quiet),
            Segment(fit(entry.bidder, name_width), ink),
            Segment(fit(entry.amount, AMOUNT_CELLS, right=True) + " ", ink),
        ]
        return Strip(segments).adjust_cell_length(width, ground)
