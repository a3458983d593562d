"""Cursors of keyset paging: where a page ended, as text that callers hand back unread.

Each list has a `Cursor` of its own::

    _PAGES = Cursor("my list", INTEGER, ROW_ID)

    key, row_id = _PAGES.read(query.cursor)  # None and None for the first page
    rows = ...  # behind that key, one more than `query.limit`
    shown, following = _PAGES.cut(rows, query.limit, lambda row: (row.key, row.id))
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar, TypeVarTuple, overload

from instasell_client.models.base import check_instant
from instasell_client.models.errors import Invalid

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
Row = TypeVar("Row")
Value = TypeVar("Value")
Key = TypeVarTuple("Key")

BIGINT_MAX = 2**63 - 1


class Part(NamedTuple, Generic[Value]):
    """One part of a sort key: how it is written as JSON, and how it is read.

    `read` raises ValueError, TypeError or OverflowError for what `write` did not make.
    """

    write: Callable[[Value], str | int]
    read: Callable[[object], Value]


def integer(least: int = -BIGINT_MAX, most: int = BIGINT_MAX) -> Part[int]:
    """Return the part for an integer between two bounds, both included."""

    def read(value: object) -> int:
        # JSON's `true` is an int to Python.
        if type(value) is not int or not least <= value <= most:
            raise ValueError
        return value

    return Part(int, read)


def _read_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


INTEGER = integer()
INSTANT: Part[datetime] = Part(
    datetime.isoformat, lambda value: check_instant(datetime.fromisoformat(_read_text(value)))
)
ROW_ID: Part[str] = Part(str, lambda value: str(uuid.UUID(_read_text(value))))


class Cursor(Generic[*Key]):
    """The cursors of one list, made of its name and the sort key of a row.

    The name keeps a cursor from being read by another list, where its key would mean another place.
    """

    @overload
    def __init__(self: Cursor[A], name: str, a: Part[A], /) -> None: ...
    @overload
    def __init__(self: Cursor[A, B], name: str, a: Part[A], b: Part[B], /) -> None: ...
    @overload
    def __init__(
        self: Cursor[A, B, C], name: str, a: Part[A], b: Part[B], c: Part[C], /
    ) -> None: ...
    def __init__(self, name: str, /, *parts: Part[Any]) -> None:
        self._name = name
        self._parts = parts

    def read(self, text: str | None) -> tuple[*Key] | tuple[None, ...]:
        """Return the key behind which a page begins, or as many None for the first page.

        Raises Invalid for a text that this list's `write` did not make.
        """
        if text is None:
            return (None,) * len(self._parts)
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            name, *values = json.loads(raw)
            if name != self._name:
                raise ValueError
            return tuple(part.read(value) for part, value in zip(self._parts, values, strict=True))
        # RecursionError: brackets within brackets within brackets.
        except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
            raise Invalid.one(
                "cursor", "send the `next` of the page before, with the same filters and sort"
            ) from None

    def write(self, *key: *Key) -> str:
        """Return the cursor of a row with this sort key."""
        parts: tuple[Any, ...] = key
        values = [part.write(value) for part, value in zip(self._parts, parts, strict=True)]
        text = json.dumps([self._name, *values], separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    def cut(
        self, rows: list[Row], limit: int, key: Callable[[Row], tuple[*Key]]
    ) -> tuple[list[Row], str | None]:
        """Return at most `limit` rows, and the cursor of the last one if there are more.

        So a list reads one row more than it shows.
        """
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], self.write(*key(rows[limit - 1]))
