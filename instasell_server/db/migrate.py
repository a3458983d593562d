"""Migrations: ordered `.sql` files, each applied once in a transaction of its own.

A file that was applied and then edited is refused by its checksum, and an advisory lock lets
several servers start at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import psycopg2

FOLDER = Path(__file__).with_name("migrations")
LOCK_KEY = 0x1257A5E11

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


class MigrationRefused(Exception):
    """The database and the migration files do not belong together."""


@dataclass(frozen=True)
class Migration:
    """One file."""

    name: str
    sql: str
    checksum: str


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The migrations of a folder, in order of name."""
    return [
        Migration(path.name, text, hashlib.sha256(text.encode()).hexdigest())
        for path in sorted(folder.glob("*.sql"))
        for text in [path.read_text(encoding="utf-8")]
    ]


def migrate(url: str, migrations: list[Migration] | None = None) -> list[str]:
    """Applies what is missing, and returns the names of what was applied.

    Raises MigrationRefused when an applied file was edited or is gone.
    """
    wanted = read_migrations() if migrations is None else migrations
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
            cursor.execute(_LEDGER)
            cursor.execute("SELECT name, checksum FROM schema_migrations")
            applied = dict(cursor.fetchall())
            _refuse_edited(wanted, applied)
            missing = [each for each in wanted if each.name not in applied]
            for each in missing:
                cursor.execute("BEGIN")
                try:
                    cursor.execute(each.sql)
                    cursor.execute(
                        "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)",
                        (each.name, each.checksum),
                    )
                except BaseException:
                    cursor.execute("ROLLBACK")
                    raise
                cursor.execute("COMMIT")
            return [each.name for each in missing]
    finally:
        connection.close()


def _refuse_edited(wanted: list[Migration], applied: dict[str, str]) -> None:
    known = {each.name: each.checksum for each in wanted}
    for name, checksum in applied.items():
        if name not in known:
            raise MigrationRefused(
                f"the database has migration {name}, which this version does not know;"
                " start a version that is as new as the database"
            )
        if known[name] != checksum:
            raise MigrationRefused(
                f"migration {name} was edited after it was applied; restore the file and"
                " put the change into a new one"
            )
