"""Describe an open file of rows, whatever its kind, and limit its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from instasell_cli.exit_codes import UsageProblem

ROW_CHARACTERS_MAX = 256 * 1024
"""Enough for 20,000 characters of description, each written as a pair of \\u escapes."""

COLUMNS_MAX = 200
PROBLEM_CHARACTERS_KEPT = 200
"""How much of a row that is too long goes into the file of rejects."""


class FileKind(StrEnum):
    """Name the kinds of files of rows."""

    CSV = "csv"
    JSONL = "jsonl"
    JSON = "json"
    YAML = "yaml"
    XLSX = "xlsx"


@dataclass(frozen=True)
class FileForm:
    """Say how a file is to be read, as far as it was given; the rest is seen by its beginning.

    `sheet` is the name or the number of a sheet, from 1.
    """

    kind: FileKind | None = None
    encoding: str | None = None
    delimiter: str | None = None
    has_header: bool = True
    sheet: str | None = None


@dataclass(frozen=True)
class RawRow:
    """A row as it is in the file; `number` counts from 1, a header apart.

    `kept` is the row of a table as its cells were, `line` is that of JSON as it was. `problem`
    says why the row cannot be read.
    """

    number: int
    cells: Mapping[str, object]
    kept: Sequence[str] = ()
    line: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class RowFile:
    """An open file of rows. `progress` gives what is done of `total`; 0 when that is unknown.

    `notes` are for the summary: what a person has to know of how the file was read.
    """

    header: Sequence[str]
    rows: Iterator[RawRow]
    progress: Callable[[], int]
    total: int
    notes: Sequence[str] = ()


def check_header(name: str, header: Sequence[str]) -> None:
    """Raise UsageProblem for a header that does not tell the columns apart."""
    if not any(header):
        raise UsageProblem(f"{name}: there is no header; the first line names the columns")
    twice = sorted({cell for cell in header if cell and header.count(cell) > 1})
    if twice:
        raise UsageProblem(f"{name}: the column {twice[0]!r} is there twice")
    if len(header) > COLUMNS_MAX:
        raise UsageProblem(f"{name}: there are more than {COLUMNS_MAX} columns")


def numbered_header(name: str, count: int) -> Sequence[str]:
    """Return the names of columns without a header: "1", "2" and so on, as --map takes them."""
    header = [str(number) for number in range(1, count + 1)]
    check_header(name, header)
    return header


def table_row(number: int, header: Sequence[str], cells: Sequence[str]) -> RawRow:
    """Return the row of these cells; more cells than columns are its problem."""
    kept = [*cells[: len(header)], *[""] * (len(header) - len(cells))]
    problem = None
    if len(cells) > len(header):
        problem = f"there are {len(cells)} cells and {len(header)} columns; quote the commas"
    named = {column: cell for column, cell in zip(header, kept, strict=True) if column}
    return RawRow(number, named, kept, problem=problem)


def broken_table_row(
    number: int, header: Sequence[str], cells: Sequence[str], problem: str
) -> RawRow:
    """Return a row that cannot be read; its cells are kept as far as they can be separated."""
    row = table_row(number, header, [cell[:PROBLEM_CHARACTERS_KEPT] for cell in cells])
    return RawRow(number, {}, row.kept, problem=problem)
