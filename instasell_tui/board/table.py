"""The table of the board: draws what is in sight, and a line only when it is different.

Of a thousand auctions some forty are in sight. With each tick what their lines depend on is
compared with what they were built from, and the lines that differ are built and drawn again.
Nothing is done for a lot that nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from instasell_tui.board.lines import GAP, MARK_CELLS, BoardLayout, BoardLine, LineInputs
from instasell_tui.board.state import BoardAuction, BoardColumn
from instasell_tui.widgets.formats import fit

TICK_SECONDS = 0.1


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

    class AuctionOpened(Message):
        """An auction was chosen."""

        def __init__(self, auction_id: str) -> None:
            super().__init__()
            self.auction_id = auction_id

    class Sorted(Message):
        """The head of a column was clicked."""

        def __init__(self, column: BoardColumn) -> None:
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
        self._lots: list[BoardAuction] = []
        self._index = 0
        self._cursor_id: str | None = None
        self._lines: dict[int, BoardLine] = {}
        self._styles: dict[str, Style] = {}
        self._inks: dict[tuple[str, str], Style] = {}
        self._ticked_at = 0.0
        self._sight: tuple[str, ...] = ()
        self.currency = "USD"
        self.sorting: tuple[BoardColumn, bool] = (BoardColumn.ENDS, False)

    def on_mount(self) -> None:
        self.set_interval(TICK_SECONDS, self._beat)

    # Contents ---------------------------------------------------------------------------------

    @property
    def shown_lots(self) -> Sequence[BoardAuction]:
        """Return the lots in their order."""
        return self._lots

    @property
    def cursor_lot(self) -> BoardAuction | None:
        """Return the lot under the cursor."""
        return self._lots[self._index] if self._lots else None

    def show(self, lots: list[BoardAuction], *, from_top: bool = False) -> None:
        """Replace the auctions. The cursor goes with its auction, unless that is over.

        `from_top` is for another choice or order than before: the cursor begins at the top.
        """
        seen = self._in_sight(self._index)
        self._lots = lots
        self._index = 0 if from_top else self._place_of_cursor()
        self._remember()
        self._measure()
        if seen or from_top:
            self._keep_in_sight()
        self._lines.clear()
        self.refresh()

    def _place_of_cursor(self) -> int:
        for place, lot in enumerate(self._lots):
            if lot.auction_id == self._cursor_id and not lot.over:
                return place
        return min(self._index, max(len(self._lots) - 1, 0))

    def _in_sight(self, index: int) -> bool:
        top = self.scroll_offset.y
        return top <= index < top + self.size.height - 1

    def _beat(self) -> None:
        """Draw countdowns and flashes, which move by themselves."""
        if monotonic() - self._ticked_at > TICK_SECONDS / 2:
            self.tick()

    def tick(self) -> None:
        """Draw again the lines in sight that are different from those drawn."""
        if not self.screen.is_current:
            return
        self._ticked_at = monotonic()
        top, layout, now = self.scroll_offset.y, self._layout_now, self._now()
        built, self._lines = self._lines, {}
        changed = []
        for row in range(top, min(top + self.size.height - 1, len(self._lots))):
            lot, line = self._lots[row], built.get(row)
            basis = LineInputs.of(lot, layout, now)
            if line is None or line.basis != basis:
                line = BoardLine.of(lot, basis, self.currency)
                changed.append(row)
            self._lines[row] = line
        self._draw(*changed)
        self._look()

    def _draw(self, *rows: int) -> None:
        """Have the lines of these rows drawn again."""
        top, width = self.scroll_offset.y, self.size.width
        regions = [Region(0, row - top + 1, width, 1) for row in rows if row >= top]
        if regions:
            self.refresh(*regions)

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
        self._lines.clear()
        self._keep_in_sight()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._inks.clear()
        self.refresh()

    # Drawing ----------------------------------------------------------------------------------

    @property
    def _layout_now(self) -> BoardLayout:
        return BoardLayout.of(self.scrollable_content_region.width)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        layout = BoardLayout.of(width)
        if y == 0:
            return self._header(layout).adjust_cell_length(width, self._style("header"))
        row = self.scroll_offset.y + y - 1
        if row >= len(self._lots):
            return Strip.blank(width, self._style(""))
        line = self._lines.get(row)
        if line is None or line.basis.layout is not layout:
            lot = self._lots[row]
            line = self._lines[row] = BoardLine.of(
                lot, LineInputs.of(lot, layout, self._now()), self.currency
            )
        paper = "flash" if line.basis.flashing else ""
        if row == self._index:
            paper = "selected" if self.has_focus else "blurred"
        segments = [Segment(text, self._ink(name, paper)) for text, name in line.parts]
        return Strip(segments, layout.cells).adjust_cell_length(width, self._ink("", paper))

    def _style(self, name: str) -> Style:
        """Return a style of the table by its name; its own without one."""
        style = self._styles.get(name)
        if style is None:
            style = self.get_component_rich_style(f"table--{name}") if name else self.rich_style
            self._styles[name] = style
        return style

    def _ink(self, name: str, paper: str) -> Style:
        """Return the style of a text on the background of another."""
        ink = self._inks.get((name, paper))
        if ink is None:
            under = self._style(paper)
            ground = Style(bgcolor=under.bgcolor, reverse=under.reverse, underline=under.underline)
            style = self._style(name) if name else Style.null()
            ink = Style(color=style.color, bold=style.bold, underline=style.underline) + ground
            self._inks[name, paper] = ink
        return ink

    def _header(self, layout: BoardLayout) -> Strip:
        column, descending = self.sorting
        arrow = "▼" if descending else "▲"

        def head(name: str, of: BoardColumn, width: int, *, right: bool = False) -> str:
            return fit(f"{name} {arrow}" if of is column else name, width, right=right)

        parts = [
            " " * MARK_CELLS + head("Auction", BoardColumn.TITLE, layout.title),
            head("Price", BoardColumn.PRICE, layout.price, right=True),
            *([fit("Trend", layout.trend, right=True)] if layout.trend else []),
            head("Bids", BoardColumn.BIDS, layout.bids, right=True)
            if column is not BoardColumn.BIDS
            else fit(f"Bid{arrow}", layout.bids, right=True),
            *([head("Leader", BoardColumn.LEADER, layout.leader)] if layout.leader else []),
            head("Ends", BoardColumn.ENDS, layout.ends, right=True),
        ]
        return Strip([Segment(GAP.join(parts) + " ", self._style("header"))])

    # The cursor -------------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        before, self._index = self._index, max(0, min(index, len(self._lots) - 1))
        self._remember()
        self._keep_in_sight()
        self._draw(before, self._index)

    def _remember(self) -> None:
        lot = self.cursor_lot
        self._cursor_id = lot.auction_id if lot else None

    def _keep_in_sight(self) -> None:
        """Scroll so that the cursor's line is under the header and above the end."""
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
            self.post_message(self.AuctionOpened(lot.auction_id))

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

    def _column_at(self, x: int) -> BoardColumn | None:
        layout, gap = self._layout_now, len(GAP)
        edge = MARK_CELLS
        trend = [(None, layout.trend)] if layout.trend else []
        for column, width in (
            (BoardColumn.TITLE, layout.title),
            (BoardColumn.PRICE, layout.price),
            *trend,
            (BoardColumn.BIDS, layout.bids),
            *([(BoardColumn.LEADER, layout.leader)] if layout.leader else []),
            (BoardColumn.ENDS, layout.ends),
        ):
            edge += width + gap
            if x < edge:
                return column
        return BoardColumn.ENDS
