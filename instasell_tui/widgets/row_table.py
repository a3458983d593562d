"""A table of rows that are texts in columns, and that may be the first pages of a longer list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual.message import Message

from instasell_tui.widgets.formats import fit
from instasell_tui.widgets.line_table import GAP, MARK_CELLS, Cell, LineTable

NEAR_END_ROWS = 5


class TableColumn(NamedTuple):
    """One column. A width of 0 takes what the others leave."""

    name: str
    title: str
    width: int
    right: bool = False


class TableRow(NamedTuple):
    """One line: its key, a sign in front, and a cell for each column by its name."""

    key: str
    mark: Cell
    cells: Mapping[str, Cell]


Columns = Sequence[TableColumn]


class RowTable(LineTable[TableRow, tuple[TableRow, Columns]]):
    """Shows rows in the order that they are given; `columns` chooses columns for a width."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--strong"}

    class NearEnd(Message):
        """The last rows are in sight, or nearly."""

    def __init__(self, columns: Callable[[int], Columns]) -> None:
        super().__init__()
        self._choose_columns = columns
        self._columns_by_width: dict[int, Columns] = {}
        self.opens = True
        """Whether Enter leads anywhere from these rows."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take the key out of the footer that would lead nowhere."""
        return action != "open" or (self.opens and bool(self.rows))

    def show(self, rows: Sequence[TableRow], *, from_top: bool = False) -> None:
        self._columns_by_width.clear()
        lines = self.virtual_size.height
        super().show(rows, from_top=from_top)
        if from_top or self.virtual_size.height != lines:
            self._look_ahead()

    def on_resize(self) -> None:
        self._look_ahead()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look_ahead()

    def _look_ahead(self) -> None:
        if self.scroll_offset.y + self.size.height + NEAR_END_ROWS > len(self.rows):
            self.post_message(self.NearEnd())

    # Lines ------------------------------------------------------------------------------------

    @property
    def _columns(self) -> Columns:
        """Return the columns for the width of the table, all of them as wide as they are drawn."""
        width = self.line_width
        known = self._columns_by_width.get(width)
        if known is None:
            columns = self._choose_columns(width)
            taken = MARK_CELLS + sum(each.width for each in columns) + len(GAP) * (len(columns) - 1)
            rest = max(width - taken - 1, 8)
            known = [each if each.width else each._replace(width=rest) for each in columns]
            self._columns_by_width[width] = known
        return known

    def key_of(self, row: TableRow) -> str:
        return row.key

    def inputs_of(self, row: TableRow) -> tuple[TableRow, Columns]:
        return row, self._columns

    def parts_of(self, row: TableRow, inputs: tuple[TableRow, Columns]) -> Sequence[Cell]:
        parts = [(fit(row.mark[0], MARK_CELLS), row.mark[1])]
        for number, column in enumerate(inputs[1]):
            text, style = row.cells[column.name]
            gap = GAP if number else ""
            parts.append((gap + fit(text, column.width, right=column.right), style))
        return parts

    def header(self) -> str:
        titles = [fit(each.title, each.width, right=each.right) for each in self._columns]
        return " " * MARK_CELLS + GAP.join(titles)
