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
    """Runs statements in one migrated database for all queries; nothing here writes."""
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


@pytest.mark.parametrize(("path", "name"), QUERIES)
def test_a_query_is_used(path: Path, name: str) -> None:
    used = re.compile(rf"\b_\w+\.{name}\b")
    modules = path.parent.glob("*.py")
    assert any(used.search(module.read_text(encoding="utf-8")) for module in modules), (
        f"{name} of {path} is used nowhere; delete it"
    )
