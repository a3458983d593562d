"""Tables on a terminal. Cells are plain text: no markup of theirs is understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2
LONG_WIDTH_MIN = 16
"""What a column of long text is left with at least, in characters."""

_LONG = frozenset(
    {"title", "description", "path", "category_path", "detail", "seller_name", "buyer_name"}
)


def print_rows(
    stdout: TextIO, names: Sequence[str], rows: Iterable[Sequence[str]], *, keep_all: bool
) -> None:
    """Prints rows below their names. Unless `keep_all`, columns at the end that do not fit go."""
    console = _console(stdout)
    cells = [list(row) for row in rows]
    count = len(names) if keep_all else _fitting(names, cells, console.width)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names[:count]:
        # Long text gives way first; an id or a price that is cut would be of no use.
        table.add_column(Text(_heading(name)), no_wrap=name not in _LONG)
    for row in cells:
        table.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in row[:count]))
    console.print(table)


def print_details(stdout: TextIO, names: Sequence[str], values: Sequence[str]) -> None:
    """Prints one record, a line for each field."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in zip(names, values, strict=True):
        table.add_row(Text(_heading(name), style="bold"), Text(value))
    _console(stdout).print(table)


def _fitting(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> int:
    """How many columns fit, the first at least."""
    used = -GAP
    for index, name in enumerate(names):
        widest = max(map(cell_len, (_heading(name), *(row[index] for row in cells))))
        used += GAP + (min(widest, LONG_WIDTH_MIN) if name in _LONG else widest)
        if used > width and index:
            return index
    return len(names)


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _console(stdout: TextIO) -> Console:
    return Console(file=stdout, highlight=False, emoji=False, markup=False)
