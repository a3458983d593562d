"""A table asks for the rows in sight, builds lines that changed, and keeps its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow

LINES = 10
"""Of the terminal: a header, and nine rows."""


class CountedTable(RowTable):
    """A table that notes which lines it builds."""

    def __init__(self) -> None:
        super().__init__(lambda width: [TableColumn("title", "Title", 0)])
        self.built: list[str] = []

    def parts_of(
        self, row: TableRow, inputs: tuple[TableRow, Sequence[TableColumn]]
    ) -> Sequence[Cell]:
        self.built.append(row.key)
        return super().parts_of(row, inputs)


class TableApp(App[None]):
    """An application that is one table."""

    CSS = "CountedTable { height: 1fr; }"

    def compose(self) -> ComposeResult:
        yield CountedTable()


class NumberedRows(Sequence[TableRow]):
    """Rows that are made when they are asked for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked: set[int] = set()

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, index: int) -> TableRow:
        if index >= self.number:
            raise IndexError(index)
        self.asked.add(index)
        return row(index)


def row(number: int, title: str = "") -> TableRow:
    """A row with a number for its key."""
    return TableRow(str(number), (" ", "plain"), {"title": (title or f"Row {number}", "plain")})


@asynccontextmanager
async def shown(rows: Sequence[TableRow]) -> AsyncIterator[tuple[Pilot[None], CountedTable]]:
    """A table on a small terminal, painted."""
    app = TableApp()
    async with app.run_test(size=(40, LINES)) as pilot:
        table = app.query_one(CountedTable)
        table.focus()
        table.show(rows)
        await pilot.pause()
        yield pilot, table


async def test_of_200_000_rows_those_in_sight_are_read() -> None:
    rows = NumberedRows(200_000)
    async with shown(rows) as (pilot, table):
        assert rows.asked == set(range(LINES - 1))
        rows.asked.clear()
        await pilot.press("end")
        assert table.in_sight == range(200_000 - LINES + 1, 200_000)
        assert rows.asked == set(table.in_sight)
        assert table.cursor_key == "199999"
        rows.number = 3
        table.show(rows)
        await pilot.pause()
        assert (table.cursor_key, table.in_sight) == ("2", range(3))


async def test_only_a_line_that_changed_is_built_again() -> None:
    async with shown([row(number) for number in range(20)]) as (pilot, table):
        assert table.built == [str(number) for number in range(LINES - 1)]
        table.built.clear()
        table.show([row(number, "Changed" if number == 4 else "") for number in range(20)])
        await pilot.pause()
        assert table.built == ["4"]
        # Another row with the same texts is another row: an order that changed is drawn.
        await pilot.press("down")
        table.show([row(7, "Same"), row(1), *(row(number) for number in range(30, 48))])
        table.show([row(8, "Same"), row(1), *(row(number) for number in range(30, 48))])
        assert table.built[1:] == ["7", *(str(number) for number in range(30, 37)), "8"]
        assert table.cursor_key == "1"


async def test_the_cursor_goes_with_its_row_and_the_table_with_the_cursor() -> None:
    async with shown([row(number) for number in range(20)]) as (pilot, table):
        await pilot.press("down", "down")
        table.show([row(number) for number in range(-30, 20)])
        await pilot.pause()
        assert table.cursor_key == "2"
        assert 32 in table.in_sight


async def test_a_table_that_was_scrolled_away_from_its_cursor_stays_there() -> None:
    rows = [row(number) for number in range(40)]
    async with shown(rows) as (pilot, table):
        table.scroll_to(y=20, animate=False)
        await pilot.pause()
        # A list is shown again with each second.
        table.show(list(rows))
        await pilot.pause()
        assert table.in_sight.start == 20
        assert table.cursor_key == "0"
        await pilot.press("down")
        await pilot.pause()
        assert table.in_sight.start == 1
