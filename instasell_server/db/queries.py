"""Named queries: SQL lives in `queries.sql` beside the store that uses it.

A query begins with a line `-- name: lock_auctions` and ends before the next one. Parameters are
psycopg2's `%(name)s`.
"""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)\s*$", re.MULTILINE)


class Queries:
    """The queries of one file, as attributes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sql = _parse(path)

    def __getattr__(self, name: str) -> str:
        try:
            return self._sql[name]
        except KeyError:
            raise AttributeError(f"{self.path} has no query {name!r}") from None

    def names(self) -> list[str]:
        """Return the names of all queries of the file."""
        return list(self._sql)


def load(module_file: str, name: str = "queries.sql") -> Queries:
    """Load the queries of the file `name` beside a module; pass `__file__`."""
    return Queries(Path(module_file).with_name(name))


def _parse(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8")
    found = list(_NAME.finditer(text))
    queries: dict[str, str] = {}
    for index, start in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(text)
        if start["name"] in queries:
            raise ValueError(f"{path} has the query {start['name']!r} twice")
        queries[start["name"]] = text[start.end() : end].strip().rstrip(";")
    return queries
