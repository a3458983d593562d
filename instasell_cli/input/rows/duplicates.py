"""Rows of a file that are about the same listing: which of them counts.

A listing is known by its listing_id, else by its seller_sku, else by all that the row says. Two
rows of one listing would change it forth and back with every import, and two equal rows without a
seller_sku would make one listing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from instasell_cli.input.rows.columns import PICTURES, Converted, RowColumns
from instasell_cli.input.rows.files.row_file import RawRow


class Duplicates(StrEnum):
    """Name what becomes of rows of one listing."""

    REFUSE = "refuse"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True)
class ListingKey:
    """Hold what a listing is known by; `name` is the field, or "row" for all that a row says."""

    name: str
    digest: bytes


@dataclass(frozen=True)
class PreparedRow:
    """A row as it would be sent, or what is wrong with it.

    `counted` is another row of the same listing, which counts instead of this one; `pictures`
    are pairs of a column and where its picture comes from, in their order.
    """

    row: RawRow
    values: Mapping[str, object] = field(default_factory=dict)
    errors: tuple[tuple[str, str], ...] = ()
    key: ListingKey | None = None
    counted: int | None = None
    pictures: tuple[tuple[str, str], ...] = ()


class RowIndex:
    """The number of the row that counts, by the key of its listing. For `with`.

    SQLite keeps what is more than a few megabytes in a file of its own, which goes with the
    process: a million rows take no more memory than a thousand.
    """

    def __init__(self, policy: Duplicates) -> None:
        import sqlite3

        self.policy = policy
        self._rows = sqlite3.connect("", isolation_level=None)

    def __enter__(self) -> Self:
        for statement in (
            "PRAGMA journal_mode = OFF",
            "CREATE TABLE rows (key BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID",
            "BEGIN",
        ):
            self._rows.execute(statement)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rows.close()

    def read_ahead(self, rows: Iterable[RawRow], columns: RowColumns) -> None:
        """Note the last row of each listing, for the policy that wants the last."""
        for row in rows:
            key = key_of(columns.convert(row.cells)) if row.problem is None else None
            if key is not None:
                values = key.digest, row.number
                self._rows.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", values)

    def prepare(self, row: RawRow, columns: RowColumns) -> PreparedRow:
        """Return the row as it would be sent, noted. Rows have to come in their order."""
        if row.problem is not None:
            return PreparedRow(row, errors=(("row", row.problem),))
        converted = columns.convert(row.cells)
        key = key_of(converted)
        counted = self._counting(key, row.number) if key is not None else None
        values = {name: value for name, value in converted.values.items() if name not in PICTURES}
        pictures = tuple(
            (name, str(converted.values[name]).strip())
            for name in PICTURES
            if name in converted.values
        )
        return PreparedRow(row, values, converted.errors, key, counted, pictures)

    def _counting(self, key: ListingKey, number: int) -> int | None:
        values = key.digest, number
        made = self._rows.execute("INSERT OR IGNORE INTO rows VALUES (?, ?)", values)
        if made.rowcount:
            return None
        [(found,)] = self._rows.execute("SELECT number FROM rows WHERE key = ?", (key.digest,))
        return None if found == number else int(found)


def key_of(converted: Converted) -> ListingKey | None:
    """Return what the listing of a row is known by; None for a row that says nothing readable."""
    values = converted.values
    for name in ("listing_id", "seller_sku"):
        if name in values:
            return ListingKey(name, _digest([name, str(values[name]).strip()]))
    if converted.errors or not values:
        return None
    return ListingKey("row", _digest(sorted((name, str(value)) for name, value in values.items())))


def _digest(parts: Sequence[object]) -> bytes:
    text = json.dumps(parts)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def repeated(prepared: PreparedRow, policy: Duplicates) -> tuple[str, str]:
    """Return the field and the sentence for a row that another row counts instead of."""
    name = prepared.key.name if prepared.key else "row"
    what = "is the same" if name == "row" else f"has the same {name}"
    if policy is not Duplicates.REFUSE:
        return name, f"row {prepared.counted} {what}, and counts"
    remedy = "give each row a seller_sku, or leave one out" if name == "row" else "leave one out"
    return name, (f"row {prepared.counted} {what}; {remedy}, or choose --duplicates first or last")
