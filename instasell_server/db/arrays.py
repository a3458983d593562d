"""PostgreSQL array literals, built as one text each.

psycopg2 adapts the items of a list one by one, which costs over a microsecond for each and more
for an instant. A batch of bids has a thousand of them, so the hot statements take their columns as
literals instead and cast them (`%(ids)s::uuid[]`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime


def plain_array(values: Iterable[str | int | None]) -> str:
    """Encode numbers, ids and words, which need no quotes; None is NULL."""
    return "{" + ",".join(["NULL" if each is None else str(each) for each in values]) + "}"


def text_array(values: Iterable[str]) -> str:
    """Encode any text without NUL."""
    escaped = [each.replace("\\", "\\\\").replace('"', '\\"') for each in values]
    return "{" + ",".join([f'"{each}"' for each in escaped]) + "}"


def instant_array(values: Iterable[datetime | None]) -> str:
    """Encode aware instants."""
    return "{" + ",".join(["NULL" if each is None else f'"{each}"' for each in values]) + "}"
