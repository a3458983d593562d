"""The file of rejected rows: why, and each row in its own columns, to be mended and sent again."""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Iterator, Sequence
from typing import TextIO

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.files import STDIN
from instasell_cli.input.rows.columns import OF_REJECTS, RECORD, RowColumns, has_surrogates
from instasell_cli.input.rows.files.row_file import RawRow
from instasell_cli.input.rows.row_results import RowResult
from instasell_cli.output.csv_cells import neutralize

COLUMNS = ("row", "field", "message")


class RejectedRows:
    """Writes rejected rows under `header`, which is that of the file that they come from."""

    def __init__(self, file: TextIO, header: Sequence[str], columns: RowColumns) -> None:
        self._file = file
        self._columns = columns
        # A file of rejects has said once why, and the new reasons take the place of those.
        again = {*OF_REJECTS} <= {*header}
        self._places = [at for at, name in enumerate(header) if not again or name not in OF_REJECTS]
        self._header = [header[at] for at in self._places]
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow([*COLUMNS, *map(neutralize, self._header)])

    def write(self, verdict: RowResult, row: RawRow) -> None:
        """Write one line, also for a row with several bad fields."""
        fields = "; ".join(name for name, _ in verdict.errors)
        messages = "; ".join(message for _, message in verdict.errors)
        kept = [neutralize(cell) for cell in self._cells(row)]
        cells = [str(verdict.row), fields, messages, *kept]
        # Of JSON a half character may come back in a message, and no file in UTF-8 takes it.
        self._writer.writerow([_encodable(cell) for cell in cells])

    def flush(self) -> None:
        """Write the buffered rows to the file, so that they outlive the process."""
        self._file.flush()

    def _cells(self, row: RawRow) -> Sequence[str]:
        if row.line is None:
            return [row.kept[at] for at in self._places]
        if row.problem is None and self._fits(row):
            cells = (row.cells.get(name) for name in self._header)
            return [
                self._columns.cell_of(name, cell) if isinstance(cell, str | int) else ""
                for name, cell in zip(self._header, cells, strict=True)
            ]
        return [row.line if name == RECORD else "" for name in self._header]

    def _fits(self, row: RawRow) -> bool:
        """Return whether columns can hold a row of JSON without changing what it says."""
        return row.cells.keys() <= {*self._header} and not any(
            isinstance(value, bool | float | list | dict)
            or (isinstance(value, str) and has_surrogates(value))
            for value in row.cells.values()
        )


@contextlib.contextmanager
def opened_rejects(
    path: str | None, source: str, header: Sequence[str], columns: RowColumns
) -> Iterator[RejectedRows | None]:
    """Open the file of rejects, emptied; None without a path. Raises UsageProblem for a bad one."""
    if path is None:
        yield None
        return
    if source != STDIN and os.path.exists(path) and os.path.samefile(path, source):
        raise UsageProblem(f"--errors: {path} is the file of rows itself; name another one")
    try:
        # What is not UTF-8 in a rejected row goes back byte for byte.
        file = open(path, "w", encoding="utf-8", errors="surrogateescape", newline="")  # noqa: SIM115
    except OSError as error:
        raise UsageProblem(f"--errors: {path}: {error.strerror}") from error
    with file:
        yield RejectedRows(file, header, columns)


def _encodable(text: str) -> str:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
