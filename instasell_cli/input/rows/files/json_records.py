"""Rows of JSON: one object on each line, or one document with all of them, read as it comes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TextIO

from instasell_cli.input.rows.columns import OF_REJECTS, RECORD, has_surrogates
from instasell_cli.input.rows.files.encodings import bounded_lines
from instasell_cli.input.rows.files.row_file import (
    COLUMNS_MAX,
    PROBLEM_CHARACTERS_KEPT,
    ROW_CHARACTERS_MAX,
    RawRow,
)

ROWS_LOOKED_AT = 100
"""The first rows of JSON, which tell the columns that a file of rejects has."""

TOO_LONG = f"it is longer than {ROW_CHARACTERS_MAX} characters"
_BETWEEN = re.compile(r"[\s\ufeff,\[\]]*")
_NEXT_OBJECT = re.compile(r"(?:\n[ \t\r]*,?|\}\s*,)\s*(?=\{)")
"""Where a row may begin behind one that cannot be read: on a line of its own, or after a comma."""


def with_header(rows: Iterator[RawRow]) -> tuple[Sequence[str], Iterator[RawRow]]:
    """Return the columns that a file of rejects has for these rows, and the rows."""
    first = [*islice(rows, ROWS_LOOKED_AT)]
    keys = {key: None for row in first for key in row.cells if not has_surrogates(key)}
    header = [key for key in keys if key and key not in OF_REJECTS and key != RECORD]
    return [*header[: COLUMNS_MAX - 4], RECORD], chain(first, rows)


def line_rows(text: TextIO) -> Iterator[RawRow]:
    """Yield the rows of JSON lines."""
    number = 0
    for line in bounded_lines(text):
        content = line.text.removeprefix("\ufeff").strip()
        if not content:
            continue
        number += 1
        if line.is_cut:
            yield RawRow(number, {}, line=content, problem=TOO_LONG)
        else:
            yield json_row(number, content)


def document_rows(text: TextIO) -> Iterator[RawRow]:
    """Yield the rows of a document: an array of objects, or objects one after the other.

    Only a part of the document is in memory. A row that cannot be read ends where the next
    object seems to begin.
    """
    window = _Window(text)
    number = 0
    while window.is_at_row():
        number += 1
        yield window.take_row(number)


def json_row(number: int, line: str) -> RawRow:
    """Return the row of a text of JSON."""
    try:
        found = json.loads(line, object_pairs_hook=_no_twice)
    except (ValueError, RecursionError) as error:
        return RawRow(number, {}, line=line, problem=f"it is not JSON: {error}")
    return _row_of(number, found, line)


class _Window:
    """The part of a document that is in memory: at least the longest row, while there is more."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._is_over = False
        self._decoder = json.JSONDecoder(object_pairs_hook=_no_twice)

    def is_at_row(self) -> bool:
        """Go to the next row. Returns False at the end of the document."""
        while True:
            self._fill()
            found = _BETWEEN.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer):
                return True
            if self._is_over:
                return False

    def take_row(self, number: int) -> RawRow:
        """Read the row that begins here."""
        self._fill()
        begin = self._at
        try:
            value, end = self._decode(begin)
        except json.JSONDecodeError as error:
            runs_on = error.pos >= len(self._buffer) - 1 or error.msg.startswith("Unterminated")
            is_cut = not self._is_over and runs_on
            problem = TOO_LONG if is_cut else f"it is not JSON: {error.msg}"
            return RawRow(number, {}, line=self._pass_over(), problem=problem)
        except RecursionError:
            problem = "it is not JSON: it is nested too deeply"
            return RawRow(number, {}, line=self._pass_over(), problem=problem)
        self._at = end
        line = self._buffer[begin:end]
        if end - begin > ROW_CHARACTERS_MAX:
            return RawRow(number, {}, line=line[:PROBLEM_CHARACTERS_KEPT], problem=TOO_LONG)
        return json_row(number, line) if value is None else _row_of(number, value, line)

    def _decode(self, begin: int) -> tuple[object, int]:
        """Return the value that begins here, and its end; None for one with a key twice."""
        try:
            return self._decoder.raw_decode(self._buffer, begin)
        except json.JSONDecodeError:
            raise
        except ValueError:
            _, end = json.JSONDecoder().raw_decode(self._buffer, begin)
            return None, end

    def _pass_over(self) -> str:
        """Go to where the next object seems to begin; return the start of what was passed."""
        begin, start = self._at, self._at + 1
        kept = self._buffer[begin : begin + PROBLEM_CHARACTERS_KEPT]
        while (found := _NEXT_OBJECT.search(self._buffer, start)) is None:
            if self._is_over:
                self._at = len(self._buffer)
                return kept
            # What divides two rows may lie across the end of the buffer.
            self._at = max(start, len(self._buffer) - PROBLEM_CHARACTERS_KEPT)
            self._fill()
            begin = start = self._at
        self._at = found.end()
        return kept[: max(1, found.start() - begin)] if begin == start - 1 else kept

    def _fill(self) -> None:
        while not self._is_over and len(self._buffer) - self._at <= ROW_CHARACTERS_MAX:
            more = self._text.read(2 * ROW_CHARACTERS_MAX)
            self._is_over = not more
            self._buffer, self._at = self._buffer[self._at :] + more, 0


def _row_of(number: int, found: object, line: str) -> RawRow:
    if not isinstance(found, dict):
        problem = "it is not an object; write {...} for each row"
        return RawRow(number, {}, line=line, problem=problem)
    return RawRow(number, found, line=line)


def _no_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found
