"""Named queries: SQL lives in `queries.sql` beside the store that uses it.

A query begins with a line `-- name: lock_auctions` and ends before the next one. Parameters are
psycopg2's `%(name)s`. Lines that several queries of a file share stand once, below a line
`-- fragment: listing_filters`, and a line `-- include: listing_filters` is replaced by them when
the file is read; a fragment may include others. So the text of a query is fixed before the first
request, and no input of a caller ever becomes a part of it.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from instasell_server.db.prepared import PreparedSql, PreparedStatement

_SECTION = re.compile(r"^-- (?P<kind>name|fragment): (?P<name>[a-z][a-z0-9_]*)\s*$", re.MULTILINE)
_INCLUDE = re.compile(r"^(?P<indent> *)-- include: (?P<name>[a-z][a-z0-9_]*) *$", re.MULTILINE)


class Queries:
    """The queries of one file, as attributes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sql = _parse(path)
        self.prepared = PreparedQueries(self)

    def __getattr__(self, name: str) -> str:
        try:
            return self._sql[name]
        except KeyError:
            raise AttributeError(f"{self.path} has no query {name!r}") from None

    def names(self) -> list[str]:
        """Return the names of all queries of the file."""
        return list(self._sql)


class PreparedQueries:
    """The queries of one file, as attributes that each connection plans once."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._made: dict[str, PreparedSql] = {}

    def __getattr__(self, name: str) -> PreparedSql:
        made = self._made.get(name)
        if made is None:
            prefix = self._queries.path.parent.name
            statement = PreparedStatement(f"{prefix}_{name}", getattr(self._queries, name))
            made = self._made[name] = statement.sql
        return made


def load(module_file: str, name: str = "queries.sql") -> Queries:
    """Load the queries of the file `name` beside a module; pass `__file__`."""
    return Queries(Path(module_file).with_name(name))


def _parse(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8")
    found = list(_SECTION.finditer(text))
    sections: dict[str, dict[str, str]] = {"name": {}, "fragment": {}}
    for index, start in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(text)
        section = sections[start["kind"]]
        if start["name"] in section:
            raise ValueError(f"{path} has the {start['kind']} {start['name']!r} twice")
        section[start["name"]] = text[start.end() : end].strip().rstrip(";")
    queries, fragments = sections["name"], sections["fragment"]

    def expand(include: re.Match[str]) -> str:
        try:
            text = fragments[include["name"]]
        except KeyError:
            raise ValueError(f"{path} has no fragment {include['name']!r}") from None
        return textwrap.indent(_INCLUDE.sub(expand, text), include["indent"])

    return {name: _INCLUDE.sub(expand, query) for name, query in queries.items()}
