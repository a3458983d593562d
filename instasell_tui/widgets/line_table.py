"""A table of rows that takes one line for each, and paints only the lines in sight.

What a table shows is a sequence that it asks for its length and for the rows in sight, so that the
number of rows costs nothing: see `LineTable.find_row` for the only walk through all of them. A line
is kept as it was built, and is built and painted again when what it depends on has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, NamedTuple, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

GAP = "  "
MARK_CELLS = 2

Cell = tuple[str, str]
"""A text, and the name of its style."""

Row = TypeVar("Row")
Inputs = TypeVar("Inputs")


class _Line(NamedTuple):
    """Hold a line as it was built: of which row, for which width, from which inputs."""

    key: str
    width: int
    inputs: object
    parts: Sequence[Cell]
    background: str


class LineTable(ScrollView, Generic[Row, Inputs], can_focus=True):
    """Shows a header and rows, with a cursor that stays on its row.

    A table says with five methods what it shows: `key_of`, `inputs_of`, `parts_of`,
    `background_of` and `header`. `show` gives it rows; `refresh_changes` paints lines that change
    between two calls of it, as a countdown does.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--plain",
        "table--quiet",
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

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[Row] = ()
        self._index = 0
        self._cursor_key: str | None = None
        self._lines: dict[int, _Line] = {}
        self._styles: dict[str, Style] = {}
        self._inks: dict[tuple[str, str], Style] = {}

    # What a table shows -----------------------------------------------------------------------

    def key_of(self, row: Row) -> str:
        """Return what tells a row from the others."""
        raise NotImplementedError

    def inputs_of(self, row: Row) -> Inputs:
        """Return all that the line of a row depends on now, `line_width` among it."""
        raise NotImplementedError

    def parts_of(self, row: Row, inputs: Inputs) -> Sequence[Cell]:
        """Return the texts of a line, which have their exact widths, and their styles."""
        raise NotImplementedError

    def background_of(self, inputs: Inputs) -> str:
        """Return the name of the style behind a line; empty for that of the table."""
        return ""

    def header(self) -> str:
        """Return the text of the header."""
        raise NotImplementedError

    def header_clicked(self, x: int) -> None:
        """Take note of a click on the header, so many cells from the left."""

    # Rows -------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[Row]:
        """Return the rows in their order."""
        return self._rows

    @property
    def cursor_row(self) -> Row | None:
        """Return the row under the cursor."""
        return self._rows[self._index] if self._rows else None

    @property
    def cursor_key(self) -> str | None:
        """Return the key of the row under the cursor."""
        return self._cursor_key

    @property
    def line_width(self) -> int:
        """Return the cells that a line has: those of the table without its scrollbar."""
        return self.scrollable_content_region.width

    @property
    def in_sight(self) -> range:
        """Return the indexes of the rows between the header and the end of the table."""
        top = self.scroll_offset.y
        return range(top, min(top + max(self.size.height - 1, 0), len(self._rows)))

    def show(self, rows: Sequence[Row], *, from_top: bool = False) -> None:
        """Replace the rows. The cursor goes with its row; with `from_top` it begins at the top.

        A table that was scrolled away from its cursor stays where it is.
        """
        cursor_was_seen, before = self._index in self.in_sight, self._index
        # Not by the length of the rows before: they may be the same sequence, grown.
        resized = len(rows) + 1 != self.virtual_size.height
        self._rows = rows
        at = 0 if from_top else self._find_cursor()
        self._index = max(0, min(at, len(rows) - 1))
        self._take_cursor_key()
        if resized:
            self._measure()
        if cursor_was_seen or from_top:
            self._keep_in_sight()
        if resized or from_top:
            self._lines.clear()
            self.refresh()
        else:
            self.refresh_changes()
            self._paint(before, self._index)
            self.refresh(Region(0, 0, self.size.width, 1))

    def find_row(self, key: str) -> int | None:
        """Return the index of the row with a key, or None when the cursor is to leave it.

        A table whose rows are not all at hand asks elsewhere, in an override.
        """
        return next((at for at, row in enumerate(self._rows) if self.key_of(row) == key), None)

    def _find_cursor(self) -> int:
        found = None if self._cursor_key is None else self.find_row(self._cursor_key)
        return self._index if found is None else found

    def _measure(self) -> None:
        self.virtual_size = Size(self.line_width, len(self._rows) + 1)

    def on_resize(self) -> None:
        self._measure()
        self._lines.clear()
        self._keep_in_sight()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._inks.clear()
        self.refresh()

    # Painting ---------------------------------------------------------------------------------

    def refresh_changes(self) -> None:
        """Build and paint the lines in sight that are different from those painted."""
        built, self._lines = self._lines, {}
        changed = []
        for index in self.in_sight:
            row, line = self._rows[index], built.get(index)
            key, inputs = self.key_of(row), self.inputs_of(row)
            if line is None or line.inputs != inputs or line.key != key:
                line = self._build(key, row, inputs)
                changed.append(index)
            self._lines[index] = line
        self._paint(*changed)

    def _build(self, key: str, row: Row, inputs: Inputs) -> _Line:
        parts, background = self.parts_of(row, inputs), self.background_of(inputs)
        return _Line(key, self.line_width, inputs, parts, background)

    def _paint(self, *indexes: int) -> None:
        """Have the lines of these rows painted again."""
        top, width = self.scroll_offset.y, self.size.width
        regions = [Region(0, index - top + 1, width, 1) for index in indexes if index >= top]
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        width = self.line_width
        if y == 0:
            style = self._style("header")
            return Strip([Segment(self.header(), style)]).adjust_cell_length(width, style)
        index = self.scroll_offset.y + y - 1
        if index >= len(self._rows):
            return Strip.blank(width, self._style(""))
        line = self._lines.get(index)
        if line is None or line.width != width:
            row = self._rows[index]
            line = self._build(self.key_of(row), row, self.inputs_of(row))
            self._lines[index] = line
        background = line.background
        if index == self._index:
            background = "selected" if self.has_focus else "blurred"
        segments = [Segment(text, self._ink(name, background)) for text, name in line.parts]
        return Strip(segments).adjust_cell_length(width, self._ink("", background))

    def _style(self, name: str) -> Style:
        """Return a style of the table by its name; that of the table itself without one."""
        style = self._styles.get(name)
        if style is None:
            style = self.get_component_rich_style(f"table--{name}") if name else self.rich_style
            self._styles[name] = style
        return style

    def _ink(self, name: str, background: str) -> Style:
        """Return the style of a text on the background of another."""
        ink = self._inks.get((name, background))
        if ink is None:
            under = self._style(background)
            ground = Style(bgcolor=under.bgcolor, reverse=under.reverse, underline=under.underline)
            style = self._style(name) if name else Style.null()
            ink = Style(color=style.color, bold=style.bold, underline=style.underline) + ground
            self._inks[name, background] = ink
        return ink

    # The cursor -------------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        before, self._index = self._index, max(0, min(index, len(self._rows) - 1))
        self._take_cursor_key()
        self._keep_in_sight()
        self._paint(before, self._index)

    def _take_cursor_key(self) -> None:
        row = self.cursor_row
        key = None if row is None else self.key_of(row)
        if key != self._cursor_key:
            self._cursor_key = key
            self.post_message(self.Moved())

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
        if self._cursor_key is not None:
            self.post_message(self.RowOpened(self._cursor_key))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        index = self.scroll_offset.y + event.y - 1
        if event.y == 0:
            self.header_clicked(event.x)
        elif index < len(self._rows):
            self._go(index)
            if event.chain >= 2:
                self.action_open()
