"""Each backup is restored once and audited before it counts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2

from instasell_server.embedded import EmbeddedEngines
from tests.e2e.commands import command


def test_a_backup_that_cannot_be_restored_is_none(quiet: dict[str, str], folder: Path) -> None:
    """pg_dump writes it without a word; the function finds no table where nothing is searched."""
    with _database(folder) as sql:
        sql(
            "CREATE FUNCTION is_empty() RETURNS boolean LANGUAGE sql"
            " AS 'SELECT NOT EXISTS (SELECT FROM users)'"
        )
        sql("CREATE TABLE noted (id integer CHECK (is_empty()))")
        sql("INSERT INTO noted VALUES (1)")
    result = command(quiet, "backup")
    assert result.returncode == 1
    assert "No backup was kept" in result.stderr
    assert not list((folder / "data" / "backups").glob("*.tar"))


def test_a_backup_of_books_with_a_difference_is_kept_and_told(
    quiet: dict[str, str], folder: Path
) -> None:
    with _database(folder) as sql:
        sql(
            "WITH made AS (INSERT INTO users (email, password_hash, display_name, role)"
            " VALUES ('a@example.org', 'none', 'A', 'buyer') RETURNING id)"
            " INSERT INTO wallets (user_id, balance) SELECT id, 500 FROM made"
        )
    result = command(quiet, "backup")
    assert result.returncode == 1
    assert Path(result.stdout.strip()).is_file()
    assert "books have differences" in result.stderr
    assert "500" in result.stderr


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[Callable[[str], None]]:
    """A way to run statements in the database of a market that nobody serves."""
    with EmbeddedEngines(folder / "data", valkey=False) as engines:
        connection = psycopg2.connect(engines.urls.database_url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor.execute
        connection.close()
