"""The table of the board: draws what is in sight, and a line only when it is different.

Of a thousand auctions some forty are in sight. Each of their lines is built from its lot when it
is drawn; ten times a second their texts are compared with those drawn last, and the lines that
differ are drawn again. Nothing is done for a lot that nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from instasell_client.models.auctions import AuctionStatus
from instasell_tui.formats import (
    NOTHING,
    Countdown,
    Urgency,
    countdown,
    duration,
    fitted,
    money,
    sparkline,
)
from instasell_tui.lots import Column, Lot

TICK_SECONDS = 0.1
GAP = "  "
_URGENCY = {
    Urgency.CALM: "calm",
    Urgency.SOON: "soon",
    Urgency.URGENT: "urgent",
    Urgency.OVER: "quiet",
}


class Layout(NamedTuple):
    """Widths of the columns, in cells; 0 leaves a column out."""

    title: int
    price: int
    trend: int
    bids: int
    leader: int
    ends: int

    @classmethod
    def of(cls, width: int) -> Layout:
        """The layout for a table of `width` cells: the title has what the others leave."""
        trend = 0 if width < 70 else 6 if width < 100 else 16
        leader = 9 if width < 100 else 14
        price, bids, ends = (10 if width < 100 else 16), 5, 9
        columns = [price, bids, leader, ends] + ([trend] if trend else [])
        mark = 2
        title = width - mark - sum(columns) - len(GAP) * len(columns) - 1
        return cls(max(title, 8), price, trend, bids, leader, ends)


class Cells(NamedTuple):
    """What a line shows: pairs of a text of exact width and the name of its style."""

    parts: tuple[tuple[str, str], ...]
    flashing: bool


class BoardTable(ScrollView, can_focus=True):
    """The lots in the order that they are given. The cursor stays on its auction."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--plain",
        "table--quiet",
        "table--price",
        "table--trend",
        "table--good",
        "table--bad",
        "table--calm",
        "table--soon",
        "table--urgent",
        "table--flash",
        "table--selected",
        "table--blurred",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="rows.open"),
        Binding("down,j", "move(1)", "Down", show=False, id="rows.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="rows.up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="rows.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="rows.page_up"),
        Binding("home,g", "edge(0)", "First", show=False, id="rows.first"),
        Binding("end,G", "edge(-1)", "Last", show=False, id="rows.last"),
    ]

    class Opened(Message):
        """An auction was chosen."""

        def __init__(self, auction_id: str) -> None:
            super().__init__()
            self.auction_id = auction_id

    class Sorted(Message):
        """The head of a column was clicked."""

        def __init__(self, column: Column) -> None:
            super().__init__()
            self.column = column

    class InSight(Message):
        """Other auctions than before are in sight."""

        def __init__(self, auction_ids: Sequence[str]) -> None:
            super().__init__()
            self.auction_ids = auction_ids

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._lots: list[Lot] = []
        self._index = 0
        self._cursor_id: str | None = None
        self._drawn: dict[int, Cells] = {}
        self._styles: dict[str, Style] = {}
        self._sight: tuple[str, ...] = ()
        self.currency = "USD"
        self.sorting: tuple[Column, bool] = (Column.ENDS, False)

    def on_mount(self) -> None:
        self.set_interval(TICK_SECONDS, self.tick)

    # Contents ---------------------------------------------------------------------------------

    @property
    def shown_lots(self) -> Sequence[Lot]:
        """The lots in their order."""
        return self._lots

    @property
    def cursor_lot(self) -> Lot | None:
        """The lot under the cursor."""
        return self._lots[self._index] if self._lots else None

    def show(self, lots: list[Lot], *, anew: bool = False) -> None:
        """Replaces the lots. The cursor goes with its auction, unless that is over.

        `anew` is for another choice or order than before: the cursor begins at the top.
        """
        seen = self._in_sight(self._index)
        self._lots = lots
        self._index = 0 if anew else self._place_of_cursor()
        self._remember()
        self._measure()
        if seen or anew:
            self._keep_in_sight()
        self._drawn.clear()
        self.refresh()

    def _place_of_cursor(self) -> int:
        for place, lot in enumerate(self._lots):
            if lot.auction_id == self._cursor_id and not lot.over:
                return place
        return min(self._index, max(len(self._lots) - 1, 0))

    def _in_sight(self, index: int) -> bool:
        top = self.scroll_offset.y
        return top <= index < top + self.size.height - 1

    def tick(self) -> None:
        """Draws again the lines in sight whose texts are different from those drawn."""
        if not self.screen.is_current:
            return
        top, layout = self.scroll_offset.y, self._layout_now
        for y in range(1, self.size.height):
            row = top + y - 1
            if row >= len(self._lots):
                break
            if self._drawn.get(row) != self._cells(self._lots[row], layout):
                self.refresh(Region(0, y, self.size.width, 1))
        self._look()

    def _look(self) -> None:
        top, height = self.scroll_offset.y, max(self.size.height - 1, 0)
        sight = tuple(lot.auction_id for lot in self._lots[top : top + height])
        if sight != self._sight:
            self._sight = sight
            self.post_message(self.InSight(sight))

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._lots) + 1)

    def on_resize(self) -> None:
        self._measure()
        self._drawn.clear()
        self._keep_in_sight()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self.refresh()

    # Drawing ----------------------------------------------------------------------------------

    @property
    def _layout_now(self) -> Layout:
        return Layout.of(self.scrollable_content_region.width)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if y == 0:
            return self._header().adjust_cell_length(width, self._style("header"))
        row = self.scroll_offset.y + y - 1
        if row >= len(self._lots):
            return Strip.blank(width, self.rich_style)
        cells = self._cells(self._lots[row], self._layout_now)
        self._drawn[row] = cells
        paper = self._style("flash") if cells.flashing else self.rich_style
        if row == self._index:
            paper = self._style("selected" if self.has_focus else "blurred")
        ground = Style(bgcolor=paper.bgcolor, reverse=paper.reverse, underline=paper.underline)
        segments = [Segment(text, self._ink(name) + ground) for text, name in cells.parts]
        return Strip(segments).adjust_cell_length(width, ground)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self.get_component_rich_style(f"table--{name}")
        return style

    def _ink(self, name: str) -> Style:
        """The style of a text without its background, which is the line's."""
        style = self._style(name)
        return Style(color=style.color, bold=style.bold, underline=style.underline)

    def _header(self) -> Strip:
        layout, (column, descending) = self._layout_now, self.sorting
        arrow = "▼" if descending else "▲"

        def head(name: str, of: Column, width: int, *, right: bool = False) -> str:
            return fitted(f"{name} {arrow}" if of is column else name, width, right=right)

        parts = [
            "  " + head("Auction", Column.TITLE, layout.title),
            head("Price", Column.PRICE, layout.price, right=True),
            *([fitted("Trend", layout.trend, right=True)] if layout.trend else []),
            head("Bids", Column.BIDS, layout.bids, right=True)
            if column is not Column.BIDS
            else fitted(f"Bid{arrow}", layout.bids, right=True),
            head("Leader", Column.LEADER, layout.leader),
            head("Ends", Column.ENDS, layout.ends, right=True),
        ]
        return Strip([Segment(GAP.join(parts) + " ", self._style("header"))])

    def _cells(self, lot: Lot, layout: Layout) -> Cells:
        now, state = self._now(), lot.state
        left = self._left(lot, now)
        place, place_style = _place(lot)
        price_style = "price" if state.bid_count else "quiet"
        price = fitted(money(lot.price, self.currency, layout.price), layout.price, right=True)
        trend = GAP + sparkline(lot.prices, layout.trend) if layout.trend else ""
        urgency = _URGENCY[left.urgency]
        parts = (
            (_mark(lot), "good" if lot.leading else "bad" if lot.outbid else "quiet"),
            (fitted(lot.title, layout.title), "quiet" if lot.over else "plain"),
            (GAP + price, "quiet" if lot.over else price_style),
            (trend, "trend"),
            (GAP + fitted(f"{state.bid_count:,}", layout.bids, right=True), "quiet"),
            (GAP + fitted(place, layout.leader), place_style),
            (GAP + fitted(left.text, layout.ends, right=True) + " ", urgency),
        )
        return Cells(parts, lot.flashing(now))

    def _left(self, lot: Lot, now: datetime) -> Countdown:
        state = lot.state
        if state.status is AuctionStatus.CANCELLED:
            return Countdown("cancelled", Urgency.OVER)
        if state.status is AuctionStatus.ENDED:
            return Countdown("ended", Urgency.OVER)
        if state.start_at > now:
            # Only the larger unit has room here.
            wait = duration((state.start_at - now).total_seconds()).split()[0]
            return Countdown(f"in {wait}", Urgency.OVER)
        return countdown((state.end_at - now).total_seconds())

    # The cursor -------------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        self._index = max(0, min(index, len(self._lots) - 1))
        self._remember()
        self._keep_in_sight()
        self.refresh()

    def _remember(self) -> None:
        lot = self.cursor_lot
        self._cursor_id = lot.auction_id if lot else None

    def _keep_in_sight(self) -> None:
        """Scrolls so that the cursor's line is under the header and above the end."""
        top, rows = self.scroll_offset.y, self.size.height - 1
        if self._index < top:
            self.scroll_to(y=self._index, animate=False)
        elif rows > 0 and self._index >= top + rows:
            self.scroll_to(y=self._index - rows + 1, animate=False)

    def action_move(self, lines: int) -> None:
        self._go(self._index + lines)

    def action_page(self, pages: int) -> None:
        self._go(self._index + pages * max(1, self.size.height - 2))

    def action_edge(self, edge: int) -> None:
        self._go(edge if edge == 0 else len(self._lots) - 1)

    def action_open(self) -> None:
        lot = self.cursor_lot
        if lot is not None:
            self.post_message(self.Opened(lot.auction_id))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if event.y == 0:
            column = self._column_at(event.x)
            if column is not None:
                self.post_message(self.Sorted(column))
            return
        row = self.scroll_offset.y + event.y - 1
        if row < len(self._lots):
            self._go(row)
            if event.chain >= 2:
                self.action_open()

    def _column_at(self, x: int) -> Column | None:
        layout, gap = self._layout_now, len(GAP)
        edge = 2
        trend = [(None, layout.trend)] if layout.trend else []
        for column, width in (
            (Column.TITLE, layout.title),
            (Column.PRICE, layout.price),
            *trend,
            (Column.BIDS, layout.bids),
            (Column.LEADER, layout.leader),
            (Column.ENDS, layout.ends),
        ):
            edge += width + gap
            if x < edge:
                return column
        return Column.ENDS


def _mark(lot: Lot) -> str:
    """One sign for one's own place: ▲ leads, ▼ outbid, ★ watched, ◆ selling."""
    if lot.leading or lot.won:
        return "▲ "
    if lot.outbid:
        return "▼ "
    if lot.selling:
        return "◆ "
    return "★ " if lot.watching else "  "


def _place(lot: Lot) -> tuple[str, str]:
    if lot.won:
        return "you won", "good"
    if lot.leading:
        return "you lead", "good"
    if lot.outbid:
        return ("lost" if lot.over else "outbid"), "bad"
    if lot.selling and lot.state.leader is None:
        return "you sell", "quiet"
    return (lot.state.winner or lot.state.leader or NOTHING), "quiet"
