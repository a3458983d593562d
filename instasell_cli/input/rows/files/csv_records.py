"""Records of CSV (RFC 4180), one after the other, whatever the file holds.

A quote that is never closed would swallow all rows behind it. Here a record that cannot be read
is its first line alone, and reading goes on with the line after it. What was looked at in vain is
not looked at again: whether a line that begins inside a quote leaves it is the same for every
record that has been opened before, so that each line is scanned twice at most.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from instasell_cli.input.rows.files.encodings import TextLine
from instasell_cli.input.rows.files.row_file import ROW_CHARACTERS_MAX

RECORD_LINES_MAX = 25_000
"""A description has 20,000 characters at most, so that a record has no more lines."""

NOT_CLOSED = "a quote is opened and not closed; close it, or write it twice"
AFTER_QUOTE = "text follows a closing quote; write a quote inside a cell twice"
TOO_LONG = f"it is longer than {ROW_CHARACTERS_MAX} characters"
BYTE_ORDER_MARK = "\ufeff"


class _End(Enum):
    """Name how a line leaves the quotes: all closed, one open, or wrongly."""

    CLOSED = auto()
    OPEN = auto()
    WRONG = auto()


@dataclass(frozen=True)
class Record:
    """Hold the cells of a record; with a `problem`, as far as they can be separated."""

    cells: Sequence[str]
    problem: str | None = None


@dataclass(frozen=True)
class _Ahead:
    """A line that was read ahead, and what it does to a quote that is open where it begins.

    `separators` and `characters` are sums over all lines up to this one.
    """

    line: TextLine
    end: _End
    separators: int
    characters: int


class CsvRecords:
    """The records of lines. `cells_max` keeps a quote from swallowing what has more cells."""

    def __init__(self, lines: Iterator[TextLine], delimiter: str) -> None:
        self.cells_max: int | None = None
        self._lines = lines
        self._delimiter = delimiter
        self._ahead: deque[_Ahead] = deque()
        # The places in `_ahead` are counted from the beginning of the file.
        self._first = 0
        self._leaving: deque[int] = deque()
        self._before = (0, 0)
        # A row may be twice as long as the module csv lets a cell be.
        csv.field_size_limit(max(csv.field_size_limit(), 2 * ROW_CHARACTERS_MAX))

    def __iter__(self) -> Iterator[Record]:
        while (line := self._take()) is not None:
            yield self._record(line)

    def _record(self, line: TextLine) -> Record:
        text = line.text.removeprefix(BYTE_ORDER_MARK)
        if line.is_cut:
            return Record([text], TOO_LONG)
        end, separators = _scan(text, self._delimiter, is_open=False)
        if end is _End.CLOSED:
            return Record(_cells(text, self._delimiter))
        last = self._closing_line(len(text), separators) if end is _End.OPEN else None
        if last is None:
            problem = NOT_CLOSED if end is _End.OPEN else AFTER_QUOTE
            return Record(_cells_of_broken(text, self._delimiter), problem)
        parts = [text]
        while self._first <= last and (more := self._take()) is not None:
            parts.append(more.text)
        return Record(_cells("".join(parts), self._delimiter))

    def _closing_line(self, characters: int, separators: int) -> int | None:
        """Return the place of the line that closes a record whose first line left a quote open."""
        while self._leaving and self._leaving[0] < self._first:
            self._leaving.popleft()
        while not self._leaving:
            count = len(self._ahead)
            sum_so_far = self._ahead[-1].characters if self._ahead else self._before[1]
            is_long = characters + sum_so_far - self._before[1] > ROW_CHARACTERS_MAX
            if is_long or count >= RECORD_LINES_MAX or not self._look_ahead():
                return None
        place = self._leaving[0]
        found = self._ahead[place - self._first]
        cells = separators + found.separators - self._before[0] + 1
        if (
            found.end is _End.WRONG
            or characters + found.characters - self._before[1] > ROW_CHARACTERS_MAX
            or (self.cells_max is not None and cells > self.cells_max)
        ):
            return None
        return place

    def _look_ahead(self) -> bool:
        line = next(self._lines, None)
        if line is None:
            return False
        end, separators = _scan(line.text, self._delimiter, is_open=True)
        if line.is_cut:
            end = _End.WRONG
        if end is not _End.OPEN:
            self._leaving.append(self._first + len(self._ahead))
        before = self._ahead[-1] if self._ahead else None
        sums = (before.separators, before.characters) if before else self._before
        self._ahead.append(_Ahead(line, end, sums[0] + separators, sums[1] + len(line.text)))
        return True

    def _take(self) -> TextLine | None:
        if not self._ahead:
            return next(self._lines, None)
        taken = self._ahead.popleft()
        self._first += 1
        self._before = (taken.separators, taken.characters)
        return taken.line


def delimiter_of(line: str) -> str:
    """Return what a header seems to be separated by; a comma if there is nothing to see."""
    outside = "".join(line.split('"')[::2])
    return max(",;\t|", key=outside.count)


def _scan(text: str, delimiter: str, *, is_open: bool) -> tuple[_End, int]:
    """Return how a line leaves the quotes, and how many separators it has outside of them."""
    if '"' not in text:
        return (_End.OPEN, 0) if is_open else (_End.CLOSED, text.count(delimiter))
    at = separators = 0
    while True:
        if not is_open:
            if text[at : at + 1] == '"':
                at, is_open = at + 1, True
                continue
            # A quote inside a cell that does not begin with one is an ordinary character.
            found = text.find(delimiter, at)
            if found < 0:
                return _End.CLOSED, separators
            at, separators = found + 1, separators + 1
            continue
        found = text.find('"', at)
        if found < 0:
            return _End.OPEN, separators
        following = text[found + 1 : found + 2]
        if following == '"':
            at = found + 2
        elif following == delimiter:
            at, separators, is_open = found + 2, separators + 1, False
        else:
            return (_End.WRONG if following not in ("", "\r", "\n") else _End.CLOSED), separators


def _cells(text: str, delimiter: str) -> Sequence[str]:
    if '"' not in text:
        return text.rstrip("\r\n").split(delimiter)
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def _cells_of_broken(text: str, delimiter: str) -> Sequence[str]:
    return next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), [])
