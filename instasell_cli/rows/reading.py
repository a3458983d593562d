"""Rows of CSV, JSON lines and Excel files, read as they are asked for.

CSV and JSON lines are never held whole. A row that cannot be read is a row of its own with a
complaint; only a file that is something else altogether ends the reading.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, islice
from pathlib import PurePath

from instasell_cli.cells import restored
from instasell_cli.exits import UsageProblem
from instasell_cli.rows.columns import OF_REJECTS, RECORD, has_surrogates
from instasell_cli.rows.opening import opened_bytes

ROW_BYTES_MAX = 256 * 1024
COLUMNS_MAX = 200
SHEET_BYTES_MAX = 64 * 1024 * 1024
LINES_LOOKED_AT = 100
"""The first lines of JSON, which tell the columns that a file of rejects has."""


class FileKind(StrEnum):
    """What a file of rows is."""

    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"


@dataclass(frozen=True)
class RawRow:
    """A row as it stands in the file; `number` counts from 1, a header apart.

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
    """An open file of rows. `progress` gives what is done of `total`; 0 when that is unknown."""

    header: Sequence[str]
    rows: Iterator[RawRow]
    progress: Callable[[], int]
    total: int


@contextmanager
def opened_rows(name: str, kind: FileKind | None = None) -> Iterator[RowFile]:
    """Opens a file, or stdin for "-". Raises UsageProblem for a file that holds no rows."""
    with opened_bytes(name) as raw:
        found = kind or _kind_of(name, raw)
        if found is FileKind.XLSX:
            yield _sheet(name, raw)
            return
        total = _size(raw)
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            read = _lines if found is FileKind.JSONL else _table
            header, rows = read(name, text)
            yield RowFile(header, rows, lambda: raw.tell() if total else 0, total)
        finally:
            text.detach()


def _kind_of(name: str, raw: io.BufferedReader) -> FileKind:
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    if suffix in ("ndjson", "json"):
        return FileKind.JSONL
    if suffix in FileKind.__members__.values():
        return FileKind(suffix)
    start = raw.peek(16)[:16].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"PK"):
        return FileKind.XLSX
    return FileKind.JSONL if start.startswith((b"{", b"[")) else FileKind.CSV


def _size(raw: io.BufferedReader) -> int:
    if not raw.seekable():
        return 0
    here = raw.tell()
    size = raw.seek(0, io.SEEK_END)
    raw.seek(here)
    return size


def _table(name: str, text: io.TextIOWrapper) -> tuple[Sequence[str], Iterator[RawRow]]:
    first = text.readline(ROW_BYTES_MAX)
    delimiter = max(",;\t", key=first.count)
    records = csv.reader(_bounded(name, first, text), delimiter=delimiter, strict=True)
    try:
        header = [restored(cell.strip()) for cell in next(records, [])]
    except csv.Error as error:
        raise UsageProblem(f"{name}: the header cannot be read: {error}") from error
    _check_header(name, header)
    return header, _table_rows(name, header, records)


def _bounded(name: str, first: str, text: io.TextIOWrapper) -> Iterator[str]:
    """Lines of a bounded length, so that a file without line ends is not read whole."""
    line = first
    while line:
        if len(line) >= ROW_BYTES_MAX and not line.endswith("\n"):
            raise UsageProblem(f"{name}: a line is longer than {ROW_BYTES_MAX} characters")
        yield line
        line = text.readline(ROW_BYTES_MAX)


def _check_header(name: str, header: Sequence[str]) -> None:
    if not any(header):
        raise UsageProblem(f"{name}: there is no header; the first line names the columns")
    twice = sorted({cell for cell in header if cell and header.count(cell) > 1})
    if twice:
        raise UsageProblem(f"{name}: the column {twice[0]!r} is there twice")
    if len(header) > COLUMNS_MAX:
        raise UsageProblem(f"{name}: there are more than {COLUMNS_MAX} columns")


def _table_rows(name: str, header: Sequence[str], records: Iterator[list[str]]) -> Iterator[RawRow]:
    number = 0
    has_records = {*OF_REJECTS, RECORD} <= {*header}
    while True:
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            # A quote that is not closed swallows the rest; nothing after it can be trusted.
            raise UsageProblem(f"{name}: after row {number}: {error}") from error
        if not any(cells):
            continue
        number += 1
        row = _table_row(number, header, [restored(cell) for cell in cells])
        line = str(row.cells.get(RECORD, "")).strip() if has_records else ""
        yield replace(_line_row(number, line), kept=row.kept, line=None) if line else row


def _table_row(number: int, header: Sequence[str], cells: Sequence[str]) -> RawRow:
    kept = [*cells, *[""] * (len(header) - len(cells))][: len(header)]
    problem = None
    if len(cells) > len(header):
        problem = f"there are {len(cells)} cells and {len(header)} columns; quote the commas"
    named = {column: cell for column, cell in zip(header, kept, strict=True) if column}
    return RawRow(number, named, kept, problem=problem)


def _lines(name: str, text: io.TextIOWrapper) -> tuple[Sequence[str], Iterator[RawRow]]:
    rows = _line_rows(text)
    first = [*islice(rows, LINES_LOOKED_AT)]
    keys = {key: None for row in first for key in row.cells if not has_surrogates(key)}
    header = [key for key in keys if key and key not in OF_REJECTS and key != RECORD]
    return [*header[: COLUMNS_MAX - 4], RECORD], chain(first, rows)


def _line_rows(text: io.TextIOWrapper) -> Iterator[RawRow]:
    number = 0
    while line := text.readline(ROW_BYTES_MAX):
        too_long = len(line) >= ROW_BYTES_MAX and not line.endswith("\n")
        if not line.strip():
            continue
        number += 1
        if too_long:
            while (rest := text.readline(ROW_BYTES_MAX)) and not rest.endswith("\n"):
                pass
            problem = f"it is longer than {ROW_BYTES_MAX} characters"
            yield RawRow(number, {}, line=line[:200], problem=problem)
        else:
            yield _line_row(number, line.strip())


def _line_row(number: int, line: str) -> RawRow:
    try:
        found = json.loads(line, object_pairs_hook=_no_twice)
    except (ValueError, RecursionError) as error:
        return RawRow(number, {}, line=line, problem=f"it is not JSON: {error}")
    if not isinstance(found, dict):
        problem = "it is not an object; write {...} on each line"
        return RawRow(number, {}, line=line, problem=problem)
    return RawRow(number, found, line=line)


def _no_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _sheet(name: str, raw: io.BufferedReader) -> RowFile:
    """The first sheet of a workbook, which has to be read whole: that is how the format is."""
    from python_calamine import CalamineError, CalamineWorkbook

    content = raw.read(SHEET_BYTES_MAX + 1)
    if len(content) > SHEET_BYTES_MAX:
        raise UsageProblem(f"{name}: it is larger than {SHEET_BYTES_MAX >> 20} MiB; save it as CSV")
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        table = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError) as error:
        raise UsageProblem(f"{name}: it is not an Excel file: {error}") from error
    header = [_cell_text(cell).strip() for cell in table[0]] if table else []
    _check_header(name, header)
    position = [0]

    def rows() -> Iterator[RawRow]:
        number = 0
        for index, cells in enumerate(table[1:], 1):
            position[0] = index
            texts = [_cell_text(cell) for cell in cells]
            if any(texts):
                number += 1
                yield _table_row(number, header, texts)

    return RowFile(header, rows(), lambda: position[0], max(1, len(table) - 1))


def _cell_text(cell: object) -> str:
    """A cell as text. Excel keeps 15 digits of a number, and shows no more."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{cell:.15g}"
    return str(cell)
