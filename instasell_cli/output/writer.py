"""Write records to stdout as a table, JSON, YAML, CSV or names, and messages to stderr.

Texts come from other people. Nothing of them reaches the terminal that could steer it: controls
and direction marks are replaced in tables and messages, and escaped in JSON, where they survive.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain, islice
from typing import Protocol, TextIO

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.output.amounts import default_currency, shown_amount
from instasell_cli.output.csv_cells import neutralize
from instasell_cli.output.schema import RecordSchema, is_instant
from instasell_cli.output.times import local_text

Record = Mapping[str, object]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


class Format(StrEnum):
    """Name the format of records."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    YAML = "yaml"
    NAME = "name"
    WIDE = "wide"


MEANINGS = {
    Format.TABLE: "a table for people",
    Format.WIDE: "the table with all columns, uncut",
    Format.JSON: "one JSON document",
    Format.JSONL: "a JSON record in each line",
    Format.YAML: "YAML, with the fields of JSON",
    Format.CSV: "for a spreadsheet, with a header",
    Format.NAME: "the ids alone, one in each line",
}
"""What each format is."""


class Transform(Protocol):
    """Transform the records: with a filter of jq, or a template."""

    def pieces(self, document: object) -> Iterator[str]:
        """Yield the text that a document becomes. Raises CliError where it cannot be taken."""
        ...


class OutputWriter:
    """Writes records in one format; `fields` (dotted names) picks and orders them."""

    def __init__(
        self,
        form: Format = Format.TABLE,
        fields: Sequence[str] = (),
        *,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        transform: Transform | None = None,
    ) -> None:
        self.form = form
        self.fields = tuple(fields)
        self.transform = transform
        self._stdout = stdout
        self._stderr = stderr

    @property
    def stdout(self) -> TextIO:
        """Return the stream for data."""
        return self._stdout or sys.stdout

    @property
    def stderr(self) -> TextIO:
        """Return the stream for messages."""
        return self._stderr or sys.stderr

    @property
    def for_people(self) -> bool:
        """Tell whether records are shown as text for people: in a table, or field by field."""
        return self.form in (Format.TABLE, Format.WIDE)

    def many(
        self, shape: RecordSchema, records: Iterable[Record], currency: str | None = None
    ) -> None:
        """Write a list, as it comes where the format allows that."""
        chosen = self.chosen(shape)
        records = _primed(records)
        if self.for_people:
            names = chosen or shape.columns
            self._write_table(shape, names, (_texts(shape, names, r, currency) for r in records))
        elif self.form is Format.CSV:
            names = chosen or shape.fields
            self._write_csv(names, (_cells(shape, names, each, currency) for each in records))
        elif self.form is Format.NAME:
            self._write_names(shape, records)
        elif self.form is Format.JSONL:
            for record in records:
                self.document(_picked(record, chosen))
        elif self.form is Format.YAML:
            self._write_yaml(_picked(record, chosen) for record in records)
        elif self.transform is not None:
            self.document([_picked(record, chosen) for record in records])
        else:
            self._write_array(_picked(record, chosen) for record in records)

    def one(self, shape: RecordSchema, record: Record, currency: str | None = None) -> None:
        """Write a single record: in a table one line for each field, CSV with its header."""
        chosen = self.chosen(shape)
        if self.form in (Format.JSON, Format.YAML):
            self.document(_picked(record, chosen))
        elif self.for_people:
            names = chosen or tuple(
                name for name in shape.fields if _value(record, name) is not None
            )
            self._write_details(names, _texts(shape, names, record, currency, keep_lines=True))
        else:
            self.many(shape, [record], currency)

    def document(self, value: object) -> None:
        """Write a JSON value, as it is or as YAML, or what the filter or template makes of it."""
        if self.transform is not None:
            for piece in self.transform.pieces(value):
                self.stdout.write(piece)
        elif self.form is Format.YAML:
            from instasell_cli.output.yaml_text import yaml_text

            self.stdout.write(yaml_text(value))
        else:
            self.line(_json(value, indent=None if self.form is Format.JSONL else 2))

    def event(self, record: Record) -> None:
        """Write what has just happened as one line of JSON, or through the filter or template."""
        if self.transform is not None:
            self.document(record)
        else:
            self.line(_json(record))
        self.stdout.flush()

    def line(self, text: str) -> None:
        """Write one line of data, as it is."""
        self.stdout.write(text + "\n")

    def text(self, text: str) -> None:
        """Write one line of data that holds texts of other people."""
        self.line(clean(text))
        self.stdout.flush()

    def note(self, message: str) -> None:
        """Write a message to the user, on stderr."""
        print(clean(message, keep="\n"), file=self.stderr)

    def is_terminal(self) -> bool:
        """Return whether stdout is a terminal."""
        return self.stdout.isatty()

    def chosen(self, shape: RecordSchema) -> tuple[str, ...]:
        """Return the fields that were asked for. Raises UsageProblem for one that is unknown."""
        if self.form is Format.NAME and shape.key is None:
            raise UsageProblem("-o name: these records have no id; use -o json")
        known = set(shape.fields)
        for name in self.fields:
            if name.partition(".")[0] not in known:
                raise UsageProblem(f"--fields: there is no {name!r}; there are: {_list(shape)}")
        return self.fields

    def _write_table(
        self, shape: RecordSchema, names: Sequence[str], rows: Iterable[Sequence[str]]
    ) -> None:
        if self.is_terminal():
            from instasell_cli.output.tables import print_rows

            left_out = print_rows(
                self.stdout,
                shape,
                names,
                rows,
                keep_all=bool(self.fields),
                whole=self.form is Format.WIDE,
            )
            if left_out:
                self.stdout.flush()
                self.note(_left_out_text(left_out))
            return
        self.line("\t".join(names))
        for row in rows:
            self.line("\t".join(row))

    def _write_names(self, shape: RecordSchema, records: Iterable[Record]) -> None:
        for record in records:
            # A row that was rejected has no id.
            if (value := _value(record, shape.key or "")) is not None:
                self.line(_one_line(clean(_cell(shape, "", value, None), keep="\n\t")))

    def _write_yaml(self, records: Iterator[Record]) -> None:
        from instasell_cli.output.yaml_text import yaml_text

        empty = True
        for record in records:
            self.stdout.write(yaml_text([record]))
            empty = False
        if empty:
            self.stdout.write("[]\n")

    def _write_details(self, names: Sequence[str], values: Sequence[str]) -> None:
        if self.is_terminal():
            from instasell_cli.output.tables import print_details

            print_details(self.stdout, names, values)
            return
        for name, value in zip(names, values, strict=True):
            self.line(f"{name}\t{_one_line(value)}")

    def _write_csv(self, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            # A negative number is no formula, and an apostrophe would make text of it.
            writer.writerow([cell if _NUMBER.fullmatch(cell) else neutralize(cell) for cell in row])

    def _write_array(self, records: Iterator[Record]) -> None:
        self.stdout.write("[")
        for number, record in enumerate(records):
            self.stdout.write((",\n " if number else "\n ") + _json(record))
        self.stdout.write("\n]\n")


def clean(text: str, *, keep: str = "") -> str:
    """Return text of other people without what could steer a terminal."""
    from instasell_client.models.text import clean

    return clean(text, keep=keep)


def json_text(value: object, *, indent: int | None = None) -> str:
    """Return JSON that is readable, and harmless to a terminal: refused characters are escaped."""
    from instasell_client.models.text import is_refused

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(
        json.dumps(char)[1:-1] if char != "\n" and is_refused(char) else char for char in text
    )


_json = json_text


def _primed(records: Iterable[Record]) -> Iterator[Record]:
    """Fetch the first record at once: a refusal comes before anything is written."""
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
    shape: RecordSchema,
    names: Sequence[str],
    record: Record,
    currency: str | None,
    *,
    keep_lines: bool = False,
) -> list[str]:
    return [_text(shape, name, _value(record, name), currency, keep_lines) for name in names]


def _text(
    shape: RecordSchema, name: str, value: object, currency: str | None, keep_lines: bool
) -> str:
    last = name.rpartition(".")[2]
    if isinstance(value, str) and is_instant(last):
        return local_text(value)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        value = ", ".join(value)
    text = _cell(shape, name, value, currency)
    return clean(text, keep="\n") if keep_lines else _one_line(clean(text, keep="\n\t"))


def _cells(
    shape: RecordSchema, names: Sequence[str], record: Record, currency: str | None
) -> Sequence[str]:
    cells = (_cell(shape, name, _value(record, name), currency) for name in names)
    return [clean(cell, keep="\n\t") for cell in cells]


def _cell(shape: RecordSchema, name: str, value: object, currency: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.rpartition(".")[2] in shape.amounts:
        return shown_amount(value, currency or default_currency())
    return value if isinstance(value, str) else _json(value)


def _one_line(text: str) -> str:
    return " ".join(text.split("\n")).replace("\t", " ")


def _left_out_text(names: Sequence[str]) -> str:
    columns = "1 column" if len(names) == 1 else f"{len(names)} columns"
    return f"+{columns} ({', '.join(names)}): -o json or --wide"


def _list(shape: RecordSchema) -> str:
    return ", ".join(shape.fields)
