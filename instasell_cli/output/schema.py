"""Describe records of a kind: their fields, and which of them people need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RecordSchema:
    """The records of a noun.

    All `fields`; the `columns` of a table, as they are shown; which fields are money; the `key` by
    which other commands know a record, if there is one; and the columns that are `needed` most, in
    the order in which a narrow terminal keeps them. The key is kept whatever the order.

    Fields that end in `_at` or `_until`, and `server_time`, are instants.
    """

    fields: Sequence[str]
    columns: Sequence[str]
    amounts: frozenset[str] = frozenset()
    key: str | None = "id"
    needed: Sequence[str] = ()

    def by_need(self, names: Sequence[str]) -> list[str]:
        """Sort columns, the most needed first; those not in `needed` keep their order."""
        ranks = {name: rank for rank, name in enumerate((self.key, *self.needed))}
        return sorted(names, key=lambda name: ranks.get(name, len(ranks)))


def is_instant(name: str) -> bool:
    """Tell whether a field of this name is a time."""
    return name.endswith(("_at", "_until")) or name == "server_time"


def records_of(command: object) -> RecordSchema | None:
    """Return the records that a command was declared to write; None where it writes none."""
    found: RecordSchema | None = getattr(command, "records", None)
    return found
