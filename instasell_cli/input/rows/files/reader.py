"""Rows of CSV, JSON and Excel files, read as they are asked for.

CSV and JSON are never held whole. A row that cannot be read is a row of its own with a problem,
and the rows behind it are read; only a file that is something else altogether is refused, before
its first row.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import PurePath
from typing import TextIO

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.files import opened_bytes
from instasell_cli.input.rows.columns import OF_REJECTS, RECORD
from instasell_cli.input.rows.files.csv_records import (
    BYTE_ORDER_MARK,
    CsvRecords,
    Record,
    delimiter_of,
)
from instasell_cli.input.rows.files.encodings import BYTES_LOOKED_AT as TEXT_BYTES_LOOKED_AT
from instasell_cli.input.rows.files.encodings import (
    TextLine,
    bounded_lines,
    check_text,
    encoding_of,
    opened_text,
)
from instasell_cli.input.rows.files.json_records import (
    document_rows,
    json_row,
    line_rows,
    with_header,
)
from instasell_cli.input.rows.files.row_file import (
    ROW_CHARACTERS_MAX,
    FileForm,
    FileKind,
    RawRow,
    RowFile,
    broken_table_row,
    check_header,
    numbered_header,
    table_row,
)
from instasell_cli.input.rows.files.workbook import is_workbook, opened_workbook
from instasell_cli.input.rows.files.yaml_records import entry_rows
from instasell_cli.output.csv_cells import restore

BYTES_LOOKED_AT = 512
_DELIMITER_LINE = re.compile(r'"?sep=(?P<delimiter>[^"\r\n])"?\s*', re.IGNORECASE)
"""Excel's own first line, which says what separates the cells below it."""


_SUFFIXES = {"ndjson": "jsonl", "yml": "yaml", "xlsm": "xlsx", "xls": "xlsx"}
_ROWS_OF = {
    FileKind.JSONL: line_rows,
    FileKind.JSON: document_rows,
    FileKind.YAML: entry_rows,
}


@contextmanager
def opened_rows(name: str, form: FileForm | None = None) -> Iterator[RowFile]:
    """Open a file, or stdin for "-". Raises UsageProblem for a file that holds no rows."""
    form = form or FileForm()
    with opened_bytes(name) as raw:
        kind = form.kind or _kind_of(name, raw.peek(BYTES_LOOKED_AT)[:BYTES_LOOKED_AT])
        if kind is FileKind.XLSX:
            yield opened_workbook(name, raw, form)
            return
        if form.sheet is not None:
            raise UsageProblem(f"--sheet: {name} is {kind.upper()}, and only workbooks have sheets")
        check_text(name, raw.peek(TEXT_BYTES_LOOKED_AT)[:TEXT_BYTES_LOOKED_AT], form.encoding)
        total = _size(raw)
        text = opened_text(raw, name, form.encoding)
        try:
            if kind is FileKind.CSV:
                header, rows = _table(name, text, form)
            else:
                header, rows = with_header(_ROWS_OF[kind](text))
            yield RowFile(header, rows, lambda: raw.tell() if total else 0, total)
        finally:
            text.detach()


def _kind_of(name: str, start: bytes) -> FileKind:
    if is_workbook(start):
        # Shops hand workbooks out as .csv; the content counts.
        return FileKind.XLSX
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    suffix = _SUFFIXES.get(suffix, suffix)
    if suffix in FileKind.__members__.values():
        return FileKind(suffix)
    seen = start.decode(encoding_of(start), "ignore").lstrip(BYTE_ORDER_MARK).lstrip()
    if seen.startswith("["):
        return FileKind.JSON
    if seen.startswith("- "):
        return FileKind.YAML
    return FileKind.JSONL if seen.startswith("{") else FileKind.CSV


def _size(raw: io.BufferedReader) -> int:
    if not raw.seekable():
        return 0
    here = raw.tell()
    size = raw.seek(0, io.SEEK_END)
    raw.seek(here)
    return size


def _table(name: str, text: TextIO, form: FileForm) -> tuple[Sequence[str], Iterator[RawRow]]:
    lines = bounded_lines(text)
    first = next(lines, TextLine(""))
    said = _DELIMITER_LINE.fullmatch(first.text.removeprefix(BYTE_ORDER_MARK))
    if said is not None:
        first = next(lines, TextLine(""))
    delimiter = form.delimiter or (said["delimiter"] if said else delimiter_of(first.text))
    records = CsvRecords(chain([first], lines), delimiter)
    reading = iter(records)
    record = next(reading, Record([]))
    if record.problem is not None and form.has_header:
        raise UsageProblem(f"{name}: the header cannot be read: {record.problem}")
    if form.has_header:
        header: Sequence[str] = [restore(cell.strip()) for cell in record.cells]
        check_header(name, header)
    else:
        header = numbered_header(name, len(record.cells))
        reading = chain([record], reading)
    records.cells_max = len(header)
    return header, _table_rows(header, reading)


def _table_rows(header: Sequence[str], records: Iterator[Record]) -> Iterator[RawRow]:
    has_records = {*OF_REJECTS, RECORD} <= {*header}
    number = 0
    for record in records:
        cells = [restore(cell) for cell in record.cells]
        if not any(cells):
            continue
        number += 1
        if record.problem is not None:
            yield broken_table_row(number, header, cells, record.problem)
            continue
        row = table_row(number, header, cells)
        line = str(row.cells.get(RECORD, "")).strip() if has_records else ""
        yield replace(json_row(number, line), kept=row.kept, line=None) if line else row


__all__ = ["ROW_CHARACTERS_MAX", "FileForm", "FileKind", "RawRow", "RowFile", "opened_rows"]
