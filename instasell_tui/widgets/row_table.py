"""A table of rows whose widths are certain: a header, a cursor that stays on its row, pages.

It is drawn line by line, so that its length costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from instasell_tui.widgets.formats import fit

GAP = "  "
MARK_CELLS = 2
NEAR_END_ROWS = 5

Cell = tuple[str, str]
"""A text, and the name of its style."""


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


class RowTable(ScrollView, can_focus=True):
    """Shows rows in the order that they are given; `columns` chooses columns for a width."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--plain",
        "table--quiet",
        "table--strong",
        "table--good",
        "table--bad",
        "table--soon",
        "table--urgent",
        "table--selected",
        "table--blurred",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="rows.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="rows.up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="rows.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="rows.page_up"),
        Binding("home,g", "edge(0)", "First", show=False, id="rows.first"),
        Binding("end,G", "edge(-1)", "Last", show=False, id="rows.last"),
        Binding("enter", "open", "Open", id="rows.open"),
    ]

    class RowOpened(Message):
        """A row was chosen."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Moved(Message):
        """The cursor is on another row."""

    class NearEnd(Message):
        """The last rows are in sight, or nearly."""

    def __init__(self, columns: Callable[[int], Sequence[TableColumn]]) -> None:
        super().__init__()
        self._columns = columns
        self._rows: Sequence[TableRow] = ()
        self._index = 0
        self._cursor_key: str | None = None
        self._styles: dict[str, Style] = {}
        self.opens = True
        """Whether Enter leads anywhere from these rows."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take the key out of the footer that would lead nowhere."""
        return action != "open" or (self.opens and bool(self._rows))

    # Contents ---------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[TableRow]:
        """Return the rows in their order."""
        return self._rows

    @property
    def cursor_key(self) -> str | None:
        """Return the key of the row under the cursor."""
        return self._rows[self._index].key if self._rows else None

    def show(self, rows: Sequence[TableRow], *, from_top: bool = False) -> None:
        """Replace the rows. The cursor goes with its row; with `from_top` it begins at the top."""
        grown = len(rows) != len(self._rows)
        self._rows = rows
        keys = [row.key for row in rows]
        if from_top:
            self._index = 0
        elif self._cursor_key in keys:
            self._index = keys.index(self._cursor_key)
        self._go(self._index)
        if grown or from_top:
            self._measure()
            self._look_ahead()

    def _measure(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows) + 1)

    def on_resize(self) -> None:
        self._measure()
        self._keep_in_sight()
        self._look_ahead()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._look_ahead()

    def _look_ahead(self) -> None:
        if self.scroll_offset.y + self.size.height + NEAR_END_ROWS > len(self._rows):
            self.post_message(self.NearEnd())

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self.refresh()

    # Drawing ----------------------------------------------------------------------------------

    def _layout(self) -> list[TableColumn]:
        width = self.scrollable_content_region.width
        columns = self._columns(width)
        taken = MARK_CELLS + sum(each.width for each in columns) + len(GAP) * (len(columns) - 1)
        rest = max(width - taken - 1, 8)
        return [each if each.width else each._replace(width=rest) for each in columns]

    def render_line(self, y: int) -> Strip:
        width, layout = self.scrollable_content_region.width, self._layout()
        if y == 0:
            titles = [fit(each.title, each.width, right=each.right) for each in layout]
            head = " " * MARK_CELLS + GAP.join(titles)
            style = self._style("header")
            return Strip([Segment(head, style)]).adjust_cell_length(width, style)
        at = self.scroll_offset.y + y - 1
        if at >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        paper = self.rich_style
        if at == self._index:
            paper = self._style("selected" if self.has_focus else "blurred")
        ground = Style(bgcolor=paper.bgcolor, reverse=paper.reverse, underline=paper.underline)
        row = self._rows[at]
        segments = [Segment(fit(row.mark[0], MARK_CELLS), self._ink(row.mark[1]) + ground)]
        for number, column in enumerate(layout):
            text, name = row.cells[column.name]
            gap = GAP if number else ""
            cell = fit(text, column.width, right=column.right)
            segments.append(Segment(gap + cell, self._ink(name) + ground))
        return Strip(segments).adjust_cell_length(width, ground)

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self.get_component_rich_style(f"table--{name}")
        return style

    def _ink(self, name: str) -> Style:
        """Return the style of a text without its background, which is the line's."""
        style = self._style(name)
        return Style(color=style.color, bold=style.bold)

    # The cursor -------------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        self._index = max(0, min(index, len(self._rows) - 1))
        if self.cursor_key != self._cursor_key:
            self._cursor_key = self.cursor_key
            self.post_message(self.Moved())
        self._keep_in_sight()
        self.refresh()

    def _keep_in_sight(self) -> None:
        """Scroll so that the cursor's line is under the header and above the end."""
        top, lines = self.scroll_offset.y, self.size.height - 1
        if self._index < top:
            self.scroll_to(y=self._index, animate=False)
        elif lines > 0 and self._index >= top + lines:
            self.scroll_to(y=self._index - lines + 1, animate=False)

    def action_move(self, lines: int) -> None:
        self._go(self._index + lines)

    def action_page(self, pages: int) -> None:
        self._go(self._index + pages * max(1, self.size.height - 2))

    def action_edge(self, edge: int) -> None:
        self._go(edge if edge == 0 else len(self._rows) - 1)

    def action_open(self) -> None:
        if self.cursor_key is not None:
            self.post_message(self.RowOpened(self.cursor_key))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        at = self.scroll_offset.y + event.y - 1
        if event.y > 0 and at < len(self._rows):
            self._go(at)
            if event.chain >= 2:
                self.action_open()
