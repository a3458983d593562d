"""The table of the board: its lines count down, flash and change while they are in sight.

Of a thousand auctions some forty are in sight. With each tick what their lines depend on is
compared with what they were built from, and the lines that differ are built and drawn again.
Nothing is done for a lot that nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import ClassVar

from textual.message import Message

from instasell_tui.board.lines import BoardLayout, LineInputs, line_parts
from instasell_tui.board.state import BoardAuction, BoardColumn
from instasell_tui.widgets.formats import fit
from instasell_tui.widgets.line_table import GAP, MARK_CELLS, Cell, LineTable

TICK_SECONDS = 0.1


class BoardTable(LineTable[BoardAuction, LineInputs]):
    """The lots in the order that they are given. The cursor stays on its auction."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--price",
        "table--trend",
        "table--calm",
        "table--flash",
    }

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
        self._ticked_at = 0.0
        self._sight: tuple[str, ...] = ()
        self.currency = "USD"
        self.sorting: tuple[BoardColumn, bool] = (BoardColumn.ENDS, False)

    def on_mount(self) -> None:
        self.set_interval(TICK_SECONDS, self._beat)

    def find_row(self, key: str) -> int | None:
        """Return the index of an auction; the cursor leaves one that is over."""
        index = super().find_row(key)
        return None if index is None or self.rows[index].over else index

    def _beat(self) -> None:
        """Draw countdowns and flashes, which move by themselves."""
        if monotonic() - self._ticked_at > TICK_SECONDS / 2:
            self.tick()

    def tick(self) -> None:
        """Draw again the lines in sight that are different from those drawn."""
        if not self.screen.is_current:
            return
        self._ticked_at = monotonic()
        self.refresh_changes()
        sight = tuple(self.rows[index].auction_id for index in self.in_sight)
        if sight != self._sight:
            self._sight = sight
            self.post_message(self.InSight(sight))

    # Lines ------------------------------------------------------------------------------------

    @property
    def _layout_now(self) -> BoardLayout:
        return BoardLayout.of(self.line_width)

    def key_of(self, row: BoardAuction) -> str:
        return row.auction_id

    def inputs_of(self, row: BoardAuction) -> LineInputs:
        return LineInputs.of(row, self._layout_now, self._now(), self.currency)

    def parts_of(self, row: BoardAuction, inputs: LineInputs) -> Sequence[Cell]:
        return line_parts(row, inputs)

    def background_of(self, inputs: LineInputs) -> str:
        return "flash" if inputs.flashing else ""

    def header(self) -> str:
        layout = self._layout_now
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
        return GAP.join(parts) + " "

    def header_clicked(self, x: int) -> None:
        column = self._column_at(x)
        if column is not None:
            self.post_message(self.Sorted(column))

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
