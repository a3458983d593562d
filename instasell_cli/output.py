"""What goes to stdout: records as a table, JSON, JSON lines or CSV. Messages go to stderr.

Texts come from other people. Nothing of them reaches the terminal that could steer it: controls
and direction marks are replaced in tables and messages, and escaped in JSON, where they survive.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from typing import TextIO

from instasell_cli.amounts import default_currency, shown_amount
from instasell_cli.cells import neutralised
from instasell_cli.exits import UsageProblem
from instasell_cli.instants import local_text

Record = Mapping[str, object]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


class Format(StrEnum):
    """How records are written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True)
class Shape:
    """The records of a noun: all `fields`, which of them a table shows, and which are money.

    Fields that end in `_at` or `_until`, and `server_time`, are instants.
    """

    fields: Sequence[str]
    columns: Sequence[str]
    amounts: frozenset[str] = frozenset()


class Output:
    """Writes records in one format; `fields` (dotted names) picks and orders them."""

    def __init__(
        self,
        form: Format = Format.TABLE,
        fields: Sequence[str] = (),
        *,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.form = form
        self.fields = tuple(fields)
        self._stdout = stdout
        self._stderr = stderr

    @property
    def stdout(self) -> TextIO:
        """Where data goes."""
        return self._stdout or sys.stdout

    @property
    def stderr(self) -> TextIO:
        """Where messages go."""
        return self._stderr or sys.stderr

    def many(self, shape: Shape, records: Iterable[Record], currency: str | None = None) -> None:
        """Writes a list, as it comes where the format allows that."""
        chosen = self._chosen(shape)
        records = _primed(records)
        if self.form is Format.TABLE:
            names = chosen or shape.columns
            self._write_table(names, (_texts(shape, names, each, currency) for each in records))
        elif self.form is Format.CSV:
            names = chosen or shape.fields
            self._write_csv(names, (_cells(shape, names, each, currency) for each in records))
        elif self.form is Format.JSONL:
            for record in records:
                self.line(_json(_picked(record, chosen)))
        else:
            self._write_array(_picked(record, chosen) for record in records)

    def one(self, shape: Shape, record: Record, currency: str | None = None) -> None:
        """Writes a single record: in a table one line for each field, CSV with its header."""
        chosen = self._chosen(shape)
        if self.form is Format.JSON:
            self.line(_json(_picked(record, chosen), indent=2))
        elif self.form is Format.TABLE:
            names = chosen or tuple(
                name for name in shape.fields if _value(record, name) is not None
            )
            self._write_details(names, _texts(shape, names, record, currency, keep_lines=True))
        else:
            self.many(shape, [record], currency)

    def line(self, text: str) -> None:
        """One line of data, as it is."""
        self.stdout.write(text + "\n")

    def text(self, text: str) -> None:
        """One line of data that holds what other people wrote."""
        self.line(cleaned(text))
        self.stdout.flush()

    def note(self, message: str) -> None:
        """A message to the person, on stderr."""
        print(cleaned(message, keep="\n"), file=self.stderr)

    def is_terminal(self) -> bool:
        """Whether stdout is a terminal."""
        return self.stdout.isatty()

    def _chosen(self, shape: Shape) -> tuple[str, ...]:
        known = set(shape.fields)
        for name in self.fields:
            if name.partition(".")[0] not in known:
                raise UsageProblem(f"--fields: there is no {name!r}; there are: {_list(shape)}")
        return self.fields

    def _write_table(self, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        if self.is_terminal():
            from instasell_cli.tables import print_rows

            print_rows(self.stdout, names, rows, keep_all=bool(self.fields))
            return
        self.line("\t".join(names))
        for row in rows:
            self.line("\t".join(row))

    def _write_details(self, names: Sequence[str], values: Sequence[str]) -> None:
        if self.is_terminal():
            from instasell_cli.tables import print_details

            print_details(self.stdout, names, values)
            return
        for name, value in zip(names, values, strict=True):
            self.line(f"{name}\t{_one_line(value)}")

    def _write_csv(self, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            # A negative number is no formula, and an apostrophe would make text of it.
            writer.writerow(
                [cell if _NUMBER.fullmatch(cell) else neutralised(cell) for cell in row]
            )

    def _write_array(self, records: Iterator[Record]) -> None:
        self.stdout.write("[")
        for number, record in enumerate(records):
            self.stdout.write((",\n " if number else "\n ") + _json(record))
        self.stdout.write("\n]\n")


def cleaned(text: str, *, keep: str = "") -> str:
    """Text of other people without what could steer a terminal."""
    from instasell_client.models.text import clean

    return clean(text, keep=keep)


def json_text(value: object, *, indent: int | None = None) -> str:
    """JSON that is readable, and harmless to a terminal: refused characters are escaped."""
    from instasell_client.models.text import is_refused

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        json.dumps(char)[1:-1] if char != "\n" and is_refused(char) else char for char in text
    )


_json = json_text


def _primed(records: Iterable[Record]) -> Iterator[Record]:
    """The same records, the first fetched already: a refusal comes before anything is written."""
    left = iter(records)
    first = [*islice(left, 1)]
    return chain(first, left)


def _picked(record: Record, names: Sequence[str]) -> Record:
    return {name: _value(record, name) for name in names} if names else record


def _value(record: Record, name: str) -> object:
    found: object = record
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _texts(
    shape: Shape,
    names: Sequence[str],
    record: Record,
    currency: str | None,
    *,
    keep_lines: bool = False,
) -> list[str]:
    return [_text(shape, name, _value(record, name), currency, keep_lines) for name in names]


def _text(shape: Shape, name: str, value: object, currency: str | None, keep_lines: bool) -> str:
    last = name.rpartition(".")[2]
    if isinstance(value, str) and _is_instant(last):
        return local_text(value)
    text = _cell(shape, name, value, currency)
    return cleaned(text, keep="\n") if keep_lines else _one_line(cleaned(text, keep="\n\t"))


def _cells(
    shape: Shape, names: Sequence[str], record: Record, currency: str | None
) -> Sequence[str]:
    cells = (_cell(shape, name, _value(record, name), currency) for name in names)
    return [cleaned(cell, keep="\n\t") for cell in cells]


def _cell(shape: Shape, name: str, value: object, currency: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.rpartition(".")[2] in shape.amounts:
        return shown_amount(value, currency or default_currency())
    return value if isinstance(value, str) else _json(value)


def _is_instant(name: str) -> bool:
    return name.endswith(("_at", "_until")) or name == "server_time"


def _one_line(text: str) -> str:
    return " ".join(text.split("\n")).replace("\t", " ")


def _list(shape: Shape) -> str:
    return ", ".join(shape.fields)
