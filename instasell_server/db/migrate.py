"""Migrations: ordered `.sql` files, each applied once in a transaction of its own.

A file that begins with `-- one by one` runs its statements each in a transaction of its own: an
index of a large table is built CONCURRENTLY, which no transaction may, while bids go on. Cut off,
it is run again from its beginning, so its statements must bear that; an index that is there
is not built twice. A file that was applied and then edited is refused by its checksum, and an
advisory lock lets several servers start at once. Migrations are the owner's; the role that serves
gets its rights in the same transactions (`roles`).
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import errors

from instasell_server.db.roles import find_role, grant_rights

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

    from instasell_server.db.connections import Database

FOLDER = Path(__file__).with_name("migrations")
LOCK_KEY = 0x1257A5E11

LOCK_TIMEOUT = "500ms"
"""How long a migration waits for a lock before it makes way.

Statements after a waiting ALTER TABLE wait behind it: one that waited for a dump stopped all
bids for 5.5 s. It gives up, lets them pass, and tries again.
"""

LOCK_PATIENCE_SECONDS = 120.0
_LOCK_RETRY_SECONDS = (0.3, 0.9)
ONE_BY_ONE = "-- one by one\n"
_POLL_SECONDS = 0.1
_STATEMENT_END = re.compile(r";[ ]*(?:\n|\Z)")
_NEW_INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (\w+)", re.MULTILINE)

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
    """Read the migrations of a folder, in order of name."""
    return [
        Migration(path.name, text, hashlib.sha256(text.encode()).hexdigest())
        for path in sorted(folder.glob("*.sql"))
        for text in [path.read_text(encoding="utf-8")]
    ]


def migrate_to_latest(server_url: str, owner_url: str | None) -> list[str]:
    """Migrate as the owner, and give the server's role its rights; returns what was applied.

    Without an owner's URL the server's role migrates, if it may. Raises MigrationRefused.
    """
    if owner_url is None:
        return migrate(server_url)
    role, database = find_role(server_url)
    owner, place = find_role(owner_url)
    if database != place:
        raise MigrationRefused(
            f"the server's database is {database} and the owner's {place}; INSTASELL_DATABASE_URL"
            " and INSTASELL_MIGRATION_DATABASE_URL have to name the same one"
        )
    return migrate(owner_url, serving_role=role if role != owner else None)


def migrate(
    url: str, migrations: list[Migration] | None = None, *, serving_role: str | None = None
) -> list[str]:
    """Apply what is missing, and return the names of what was applied.

    Raises MigrationRefused when an applied file was edited or is gone, and when the role of the
    URL may not change the schema. `serving_role` gets the rights that serving needs.
    """
    wanted = read_migrations() if migrations is None else migrations
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            _wait_for_turn(cursor)
            applied = _read_applied(cursor)
            _refuse_edited(wanted, applied)
            missing = [each for each in wanted if each.name not in applied]
            _refuse_without_rights(cursor, missing)
            cursor.execute(_LEDGER if missing else "SELECT 1")
            for each in missing:
                apply = _apply_one_by_one if each.sql.startswith(ONE_BY_ONE) else _apply_patiently
                apply(cursor, each, serving_role)
            if serving_role is not None and not missing:
                with _transaction(cursor):
                    grant_rights(cursor, serving_role)
            return [each.name for each in missing]
    finally:
        connection.close()


async def is_migrated(database: Database) -> bool:
    """Return whether any migration was ever applied to the database."""
    async with database.connection() as connection:
        row = await connection.one("SELECT to_regclass('public.schema_migrations') AS found")
    return row["found"] is not None


def statements_of(migration: Migration) -> list[str]:
    """Return what of a migration is sent at once: all of it, or each statement one by one."""
    if not migration.sql.startswith(ONE_BY_ONE):
        return [migration.sql]
    return [each for each in _STATEMENT_END.split(migration.sql) if each.strip()]


def _wait_for_turn(cursor: Cursor) -> None:
    """Take the lock of all who migrate.

    A statement that waits for it is a transaction that an index built CONCURRENTLY would wait for.
    """
    while True:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
        if cursor.fetchall() == [(True,)]:
            return
        time.sleep(_POLL_SECONDS)


def _apply_one_by_one(cursor: Cursor, migration: Migration, serving_role: str | None) -> None:
    """Run the statements of a file outside of any transaction, then note that it was applied."""
    for statement in statements_of(migration):
        index = _NEW_INDEX.search(statement)
        if index is None or not _has_index(cursor, index[1]):
            cursor.execute(statement)
    with _transaction(cursor):
        _note(cursor, migration, serving_role)


def _has_index(cursor: Cursor, name: str) -> bool:
    """Return whether an index is ready; what a build that was cut off left behind is dropped."""
    cursor.execute(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public.' || %s)", (name,)
    )
    found = cursor.fetchall()
    if found == [(False,)]:
        cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
    return found == [(True,)]


def _apply_patiently(cursor: Cursor, migration: Migration, serving_role: str | None) -> None:
    """Apply a migration, and try again for as long as its locks are not to be had.

    Raises MigrationRefused when that takes longer than LOCK_PATIENCE_SECONDS.
    """
    gives_up_at = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            _apply(cursor, migration, serving_role)
            return
        except errors.LockNotAvailable as error:
            if time.monotonic() >= gives_up_at:
                raise MigrationRefused(
                    f"migration {migration.name} got no lock within {LOCK_PATIENCE_SECONDS:.0f} s:"
                    f" {str(error).splitlines()[0]}; nothing of it was applied. End the long"
                    " transactions (a dump, a report), or migrate again when they are over"
                ) from error
        time.sleep(random.uniform(*_LOCK_RETRY_SECONDS))


def _apply(cursor: Cursor, migration: Migration, serving_role: str | None) -> None:
    with _transaction(cursor):
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
        cursor.execute(migration.sql)
        _note(cursor, migration, serving_role)


def _note(cursor: Cursor, migration: Migration, serving_role: str | None) -> None:
    cursor.execute(
        "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)",
        (migration.name, migration.checksum),
    )
    if serving_role is not None:
        grant_rights(cursor, serving_role)


@contextmanager
def _transaction(cursor: Cursor) -> Iterator[None]:
    cursor.execute("BEGIN")
    try:
        yield
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


def _read_applied(cursor: Cursor) -> dict[str, str]:
    cursor.execute("SELECT to_regclass('public.schema_migrations') IS NOT NULL")
    [(is_there,)] = cursor.fetchall()
    if not is_there:
        return {}
    cursor.execute("SELECT name, checksum FROM schema_migrations")
    return dict(cursor.fetchall())


def _refuse_without_rights(cursor: Cursor, missing: list[Migration]) -> None:
    cursor.execute("SELECT current_user, has_schema_privilege('public', 'CREATE')")
    [(role, may_create)] = cursor.fetchall()
    if missing and not may_create:
        raise MigrationRefused(
            f"the database lacks {', '.join(each.name for each in missing)}, and the role {role}"
            " may not change its schema; run `instasell-server migrate` with"
            " INSTASELL_MIGRATION_DATABASE_URL set to the address of the owner's role"
        )


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
