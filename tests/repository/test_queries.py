"""Every named query fits the schema, and none is left over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from instasell_server.db.queries import Queries
from instasell_server.embedded import EngineUrls
from tests.support.databases import cloned

PACKAGE = Path(__file__).parent.parent.parent / "instasell_server"
FILES = sorted(path for path in PACKAGE.rglob("*.sql") if path.parent.name != "migrations")
QUERIES = [
    pytest.param(path, name, id=f"{path.relative_to(PACKAGE)}:{name}")
    for path in FILES
    for name in Queries(path).names()
]
PARAMETER = re.compile(r"%\((\w+)\)s")
PREPARED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "(")

Run = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def schema(engines: EngineUrls, template: str) -> Iterator[Run]:
    """Run statements in one migrated database for all queries; nothing here writes."""
    with cloned(engines.database_url, template) as url, psycopg2.connect(url) as connection:
        connection.autocommit = True

        def run(statement: str) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return []

        yield run
    connection.close()


def test_there_are_queries() -> None:
    assert len(QUERIES) > 50


@pytest.mark.parametrize(("path", "name"), QUERIES)
def test_a_query_fits_the_schema(schema: Run, path: Path, name: str) -> None:
    text = getattr(Queries(path), name)
    statements = [each.strip() for each in text.split(";") if each.strip()]
    assert statements
    for number, statement in enumerate(statements):
        if statement.startswith(PREPARED):
            schema(f"PREPARE q{number} AS {_numbered(statement)}; DEALLOCATE q{number}")


def _numbered(statement: str) -> str:
    names = list(dict.fromkeys(PARAMETER.findall(statement)))
    return PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement).replace(
        "%%", "%"
    )


def test_the_check_sees_a_wrong_column(schema: Run) -> None:
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        schema(f"PREPARE q AS {_numbered('SELECT nickname FROM users WHERE id = %(id)s')}")


def test_a_shared_part_is_expanded_where_it_is_included(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text(
        "-- fragment: filters\nWHERE a = %(a)s\n  AND b IS NULL\n\n"
        "-- name: find\nSELECT 1 FROM t\n    -- include: filters\n  LIMIT 1\n\n"
        "-- name: count\nSELECT count(*) FROM t\n-- include: filters\n"
    )
    queries = Queries(path)
    assert queries.names() == ["find", "count"]
    assert queries.find == "SELECT 1 FROM t\n    WHERE a = %(a)s\n      AND b IS NULL\n  LIMIT 1"
    assert queries.count == "SELECT count(*) FROM t\nWHERE a = %(a)s\n  AND b IS NULL"


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- name: find\nSELECT 1\n-- include: nothing\n")
    with pytest.raises(ValueError, match="no fragment 'nothing'"):
        Queries(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_shared_part_is_shared(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"^-- fragment: (\w+)", text, re.MULTILINE):
        assert text.count(f"-- include: {name}\n") > 1, f"write {name} where it is included"


@pytest.mark.parametrize(("path", "name"), QUERIES)
def test_a_query_is_used(path: Path, name: str) -> None:
    used = re.compile(rf"\b_\w+(?:\.prepared)?\.{name}\b")
    modules = path.parent.glob("*.py")
    assert any(used.search(module.read_text(encoding="utf-8")) for module in modules), (
        f"{name} of {path} is used nowhere; delete it"
    )
