"""Workbooks of Excel, which have to be read whole: that is how the format is.

What they may make of the memory is looked at before: a workbook is a packed archive, and a single
cell far out in a sheet makes the reader ask for room for all cells before it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.rows.cell_readers import NumberText
from instasell_cli.input.rows.files.row_file import (
    FileForm,
    RawRow,
    RowFile,
    check_header,
    numbered_header,
    table_row,
)

if TYPE_CHECKING:
    import zipfile

    from python_calamine import CalamineSheet

    from instasell_cli.input.rows.files.number_formats import Units

BOOK_BYTES_MAX = 64 * 1024 * 1024
UNPACKED_BYTES_MAX = 1024 * 1024 * 1024
CELLS_MAX = 10_000_000
PACKED = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How the older format, .xls, begins."""

UNITS_UNKNOWN = (
    "of a workbook that is no .xlsx the numbers are read without the signs that are shown beside"
    " them; if its prices are in another currency, save it as .xlsx"
)

_BLOCK_BYTES = 1024 * 1024
_CELL = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_CELL_BYTES_MAX = 16


def is_workbook(start: bytes) -> bool:
    """Return whether a file begins as a workbook does, whatever it is called."""
    return start.startswith((PACKED, OLE))


def opened_workbook(name: str, raw: io.BufferedReader, form: FileForm) -> RowFile:
    """Return the rows of a sheet. Raises UsageProblem for what is no workbook, or too large."""
    content = raw.read(BOOK_BYTES_MAX + 1)
    if len(content) > BOOK_BYTES_MAX:
        raise UsageProblem(f"{name}: it is larger than {BOOK_BYTES_MAX >> 20} MiB; save it as CSV")
    if content.startswith(PACKED):
        _check_unpacked(name, content)
    sheet = _sheet(name, content, form.sheet)
    units, notes = _units(name, content, sheet.name)
    # A row begins with the first column that holds anything, which need not be A.
    column = sheet.start[1] if sheet.start else 0
    table = (
        [_cell_text(cell, shown.get(at, "")) for at, cell in enumerate(cells, column)]
        for cells, shown in zip(sheet.iter_rows(), units, strict=False)
    )
    first = next(table, [])
    if form.has_header:
        header: Sequence[str] = [cell.strip() for cell in first]
        check_header(name, header)
    else:
        header = numbered_header(name, len(first))
    position = [0]

    def rows() -> Iterator[RawRow]:
        number = 0
        for cells in table if form.has_header else chain([first], table):
            position[0] += 1
            if any(cells):
                number += 1
                yield table_row(number, header, cells)

    last = sheet.end[0] if sheet.end else 0
    total = max(1, last if form.has_header else last + 1)
    return RowFile(header, rows(), lambda: position[0], total, notes)


def _units(name: str, content: bytes, sheet: str) -> tuple[Iterator[Units], Sequence[str]]:
    """Return what each row shows beside its numbers, and what a person has to know of that.

    Raises UsageProblem for a broken workbook, also while the rows are read.
    """
    import zipfile
    from xml.etree.ElementTree import ParseError

    from instasell_cli.input.rows.files.number_formats import knows_formats, shown_units

    if not content.startswith(PACKED):
        return repeat({}), [UNITS_UNKNOWN]
    archive = zipfile.ZipFile(io.BytesIO(content))
    if not knows_formats(archive):
        return repeat({}), [UNITS_UNKNOWN]

    def by_row() -> Iterator[Units]:
        following = 0
        try:
            for number, units in shown_units(archive, sheet):
                yield from repeat({}, number - following)
                yield units
                following = number + 1
        except (ParseError, KeyError, ValueError) as error:
            raise UsageProblem(f"{name}: it is not an Excel file: {error}") from error
        yield from repeat({})

    return by_row(), []


def _sheet(name: str, content: bytes, wanted: str | None) -> CalamineSheet:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = book.sheet_names
        if wanted is None or wanted in names:
            return book.get_sheet_by_name(wanted or names[0])
        if wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted[:9]) <= len(names):
            return book.get_sheet_by_index(int(wanted) - 1)
    except (CalamineError, IndexError, ValueError) as error:
        raise UsageProblem(f"{name}: it is not an Excel file: {error}") from error
    listed = ", ".join(repr(each) for each in names[:20])
    raise UsageProblem(f"--sheet: {name} has no sheet {wanted!r}; it has: {listed}")


def _check_unpacked(name: str, content: bytes) -> None:
    """Raise UsageProblem for an archive that would need much more memory than it is long."""
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if not any(part.filename.startswith("xl/") for part in parts):
                raise UsageProblem(f"{name}: it is not an Excel file; save it as .xlsx or CSV")
            if sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
                raise UsageProblem(f"{name}: it is too large when it is unpacked; save it as CSV")
            for part in parts:
                # Reading stops at the size that was announced, and the check sum says if that
                # was a lie.
                _check_extent(name, archive, part)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError) as error:
        raise UsageProblem(f"{name}: it is not an Excel file: {error}") from error


def _check_extent(name: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    columns, rows, rest = 1, 1, b""
    with archive.open(part) as file:
        while block := file.read(_BLOCK_BYTES):
            if not is_sheet:
                continue
            text = rest + block
            for letters, digits in _CELL.findall(text):
                rows = max(rows, int(digits))
                columns = max(columns, _column_number(letters))
            if rows * columns > CELLS_MAX:
                raise UsageProblem(
                    f"{name}: a sheet spans {columns} columns and {rows} rows, which is too many;"
                    " delete the cells that are far out, or save it as CSV"
                )
            rest = text[-_CELL_BYTES_MAX:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _cell_text(cell: object, unit: str) -> str:
    """Return a cell as text. Excel keeps 15 digits of a number, and shows no more."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return NumberText(f"{cell:.15g}", unit)
    return NumberText(cell, unit) if isinstance(cell, int) else str(cell)
