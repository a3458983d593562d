"""Tables on a terminal. Cells are plain text: no markup of theirs is understood."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from instasell_cli.output.schema import RecordSchema, is_instant
from instasell_cli.output.times import short_text

GAP = "  "
LONG_WIDTH_MIN = 16
"""What a column of long text is left with at least, in characters."""

ID_CHARACTERS_MIN = 8
"""How much of an id a narrow table shows; more where two of its rows begin alike.

Among a million ids, one in 4,300 shares its first 8 hexadecimal digits with another one.
"""

_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_LONG = frozenset(
    {
        *("title", "description", "path", "category_path", "detail", "seller_name", "buyer_name"),
        *("text", "last_text", "reference", "subject", "reason", "name", "display_name", "message"),
    }
)


@dataclass(frozen=True)
class _Column:
    name: str
    heading: tuple[str, ...]
    cells: Sequence[str]

    @property
    def is_long(self) -> bool:
        """Tell if its text may be cut; an id, a price or an address would then be of no use."""
        return self.name in _LONG

    @property
    def widest(self) -> int:
        return max(map(cell_len, (*self.heading, *self.cells)))

    @property
    def narrowest(self) -> int:
        return min(self.widest, LONG_WIDTH_MIN) if self.is_long else self.widest

    def compact(self) -> _Column:
        """Return the same column with short ids and times, and with its heading on two lines."""
        cells = self.cells
        if self.name == "id" or self.name.endswith("_id"):
            cells = _short_ids(cells)
        elif is_instant(self.name):
            cells = [short_text(cell) for cell in cells]
        return replace(self, heading=tuple(" ".join(self.heading).split(" ", 1)), cells=cells)


def print_rows(
    stdout: TextIO,
    shape: RecordSchema,
    names: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    keep_all: bool = False,
    whole: bool = False,
) -> list[str]:
    """Print rows below their names, and return the columns that did not fit.

    Where the terminal is too narrow, long text gives way first, then ids and times are shortened,
    and then columns go, those that are least needed first. With `keep_all` only long text gives
    way, and with `whole` nothing does: lines are as long as that takes.
    """
    console = _console(stdout)
    cells = [list(row) for row in rows]
    columns = [
        _Column(name, (_heading(name),), [row[place] for row in cells])
        for place, name in enumerate(names)
    ]
    if not (keep_all or whole) and _width(columns) > console.width:
        columns = [column.compact() for column in columns]
        for name in reversed(shape.by_need(names)[1:]):
            if _width(columns) <= console.width:
                break
            columns = [column for column in columns if column.name != name]
    widths = [column.widest for column in columns] if whole else _shared_out(columns, console.width)
    for line in range(max(len(column.heading) for column in columns)):
        words = [column.heading[line] if line < len(column.heading) else "" for column in columns]
        _print_line(console, words, widths, style="bold")
    for row in zip(*(column.cells for column in columns), strict=True):
        _print_line(console, row, widths)
    kept = {column.name for column in columns}
    return [name for name in names if name not in kept]


def print_details(stdout: TextIO, names: Sequence[str], values: Sequence[str]) -> None:
    """Print one record, a line for each field. Addresses are never broken into lines."""
    console = _console(stdout)
    left = max((cell_len(name) for name in names), default=0)
    room = max(console.width - left - len(GAP), LONG_WIDTH_MIN)
    for name, value in zip(names, values, strict=True):
        heading = Text(set_cell_size(_heading(name), left), style="bold")
        for line in _wrapped(console, value, room):
            text = Text.assemble(heading, GAP, line)
            text.rstrip()
            console.print(text, soft_wrap=True)
            heading = Text(" " * left)


def _wrapped(console: Console, value: str, room: int) -> Iterator[str]:
    for line in value.split("\n"):
        if "://" in line or cell_len(line) <= room:
            # The terminal breaks what is longer, and knows that it is one line when it is copied.
            yield line
        else:
            yield from (part.plain for part in Text(line).wrap(console, room))


def _print_line(
    console: Console, words: Sequence[str], widths: Sequence[int], style: str = ""
) -> None:
    cells = (_fitted(word, width) for word, width in zip(words, widths, strict=True))
    console.print(Text(GAP.join(cells).rstrip(), style=style), soft_wrap=True)


def _fitted(word: str, width: int) -> str:
    if cell_len(word) <= width:
        return set_cell_size(word, width)
    return set_cell_size(set_cell_size(word, width - 1).rstrip() + _ELLIPSIS, width)


def _width(columns: Sequence[_Column]) -> int:
    """Return how wide a table is at least."""
    return sum(column.narrowest for column in columns) + len(GAP) * (len(columns) - 1)


def _shared_out(columns: Sequence[_Column], width: int) -> list[int]:
    """Return the width of each column: the rest goes to long text, from the left on."""
    left = max(width - _width(columns), 0)
    widths = []
    for column in columns:
        more = min(left, column.widest - column.narrowest)
        left -= more
        widths.append(column.narrowest + more)
    return widths


def _short_ids(cells: Sequence[str]) -> Sequence[str]:
    ids = {cell for cell in cells if _ID.fullmatch(cell)}
    for length in range(ID_CHARACTERS_MIN, 36):
        if len({each[:length] for each in ids}) == len(ids):
            return [cell[:length] if cell in ids else cell for cell in cells]
    return cells


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _console(stdout: TextIO) -> Console:
    return Console(file=stdout, highlight=False, emoji=False, markup=False)
