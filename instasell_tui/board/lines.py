"""The lines of the board: how wide the columns are, what a line shows, and when it is another.

Pure: what a auction, a moment and a width come to.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from instasell_client.models.auctions import AuctionStatus, You
from instasell_tui.board.state import BoardAuction
from instasell_tui.widgets.formats import (
    NOTHING,
    Countdown,
    Urgency,
    countdown,
    duration,
    fit,
    money,
    safe_text,
    sparkline,
)
from instasell_tui.widgets.line_table import GAP, MARK_CELLS, Cell

_URGENCY = {
    Urgency.CALM: "calm",
    Urgency.SOON: "soon",
    Urgency.URGENT: "urgent",
    Urgency.OVER: "quiet",
}


class BoardLayout(NamedTuple):
    """Widths of the columns, in cells; 0 leaves a column out."""

    title: int
    price: int
    trend: int
    bids: int
    leader: int
    ends: int

    @property
    def cells(self) -> int:
        """Return the width of a line: the columns, the gaps between them, the mark and a margin."""
        columns = [each for each in self if each]
        return MARK_CELLS + sum(columns) + len(GAP) * (len(columns) - 1) + 1

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, width: int) -> BoardLayout:
        """Return the layout for a table of `width` cells: the title has what the others leave."""
        trend = 0 if width < 70 else 6 if width < 100 else 16
        # Beside the categories there are 50 cells: the time left stays whole, and the sign in front
        # tells who leads.
        leader = 0 if width < 60 else 9 if width < 100 else 14
        price, bids, ends = (10 if width < 100 else 16), 5, 9
        columns = [each for each in (price, bids, leader, ends, trend) if each]
        title = width - MARK_CELLS - sum(columns) - len(GAP) * len(columns) - 1
        return cls(max(title, 8), price, trend, bids, leader, ends)


class LineInputs(NamedTuple):
    """All that a line depends on, so that one that is the same is not built again."""

    layout: BoardLayout
    currency: str
    version: int
    title: str
    you: You | None
    watching: bool
    selling: bool
    has_history: bool
    flashing: bool
    left: Countdown

    @classmethod
    def of(
        cls, auction: BoardAuction, layout: BoardLayout, now: datetime, currency: str
    ) -> LineInputs:
        """Return the values on which the line of an auction depends at a moment."""
        return cls(
            layout,
            currency,
            auction.state.version,
            auction.title,
            auction.you,
            auction.watching,
            auction.selling,
            auction.has_history,
            auction.flashing(now),
            _left(auction, now),
        )


def line_parts(auction: BoardAuction, inputs: LineInputs) -> tuple[Cell, ...]:
    """Return the parts of an auction's line: texts of exact width, and their styles."""
    layout, left, state = inputs.layout, inputs.left, auction.state
    place, place_style = _place(auction)
    mark = _mark(auction)
    price_style = "price" if state.bid_count else "quiet"
    price = fit(money(auction.price, inputs.currency, layout.price), layout.price, right=True)
    trend = GAP + sparkline(auction.prices, layout.trend) if layout.trend else ""
    return (
        (mark, "good" if mark.startswith("▲") else "bad" if mark.startswith("▼") else "quiet"),
        (fit(auction.title, layout.title), "quiet" if auction.over else "plain"),
        (GAP + price, "quiet" if auction.over else price_style),
        (trend, "trend"),
        (GAP + fit(_number(state.bid_count, layout.bids), layout.bids, right=True), "quiet"),
        (GAP + fit(place, layout.leader) if layout.leader else "", place_style),
        (GAP + fit(left.text, layout.ends, right=True) + " ", _URGENCY[left.urgency]),
    )


def _left(auction: BoardAuction, now: datetime) -> Countdown:
    state = auction.state
    if state.status is AuctionStatus.CANCELLED:
        return Countdown("cancelled", Urgency.OVER)
    if state.status is AuctionStatus.ENDED:
        return Countdown("ended", Urgency.OVER)
    if state.start_at > now:
        # Only the larger unit has room here.
        wait = duration((state.start_at - now).total_seconds()).split()[0]
        return Countdown(f"in {wait}", Urgency.OVER)
    return countdown((state.end_at - now).total_seconds())


def _mark(auction: BoardAuction) -> str:
    """Return the sign of the user's position: ▲ leads, ▼ outbid, ★ watched, ◆ selling."""
    if auction.leading or auction.won:
        return "▲ "
    if auction.outbid and (auction.state.winner is not None or not auction.over):
        return "▼ "
    if auction.selling:
        return "◆ "
    return "★ " if auction.watching else "  "


def _place(auction: BoardAuction) -> tuple[str, str]:
    if auction.won:
        return "you won", "good"
    if auction.leading:
        return "you lead", "good"
    if auction.over and auction.state.winner is None:
        return ("no sale" if auction.state.ended_below_reserve else NOTHING), "quiet"
    if auction.outbid:
        return ("lost" if auction.over else "outbid"), "bad"
    if auction.selling and auction.state.leader is None:
        return "you sell", "quiet"
    return safe_text(auction.state.winner or auction.state.leader or NOTHING), "quiet"


def _number(number: int, width: int) -> str:
    """Return a number in the cells that there are for it, as exact as they allow."""
    short = f"{number // 1000}k" if number < 1_000_000 else f"{number // 1_000_000}m"
    fitting = (text for text in (f"{number:,}", str(number), short) if len(text) <= width)
    return next(fitting, short)
