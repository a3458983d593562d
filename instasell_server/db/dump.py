"""Dumps of a whole database, by the programs that PostgreSQL has for it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import psycopg2.extensions

LOCK_WAIT = "60s"
LEFT_OUT = ("sessions", "auction_changes")
"""Tables whose rows are in no dump: who was signed in then is not signed in afterwards, and changes
are known by numbers of transactions, which are those of one cluster."""

COUNTED = (
    "users", "listings", "auctions", "bids", "orders", "disputes", "wallets", "transactions",
    "payments", "provider_refunds", "chargebacks", "withdrawals", "media_files", "conversations",
    "messages", "notifications", "emails", "outbox", "idempotency_replies",
)  # fmt: skip
"""Tables whose rows are counted as they were dumped, and again as they were restored."""

_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
}
_WORDS_KEPT = 500


class DumpFailed(Exception):
    """PostgreSQL or one of its programs refused; the text ends with what it said."""


@dataclass(frozen=True)
class DatabaseSnapshot:
    """One state of a database, which `dump` writes down. Migrations are name and checksum."""

    name: str
    migrations: Mapping[str, str]
    counts: Mapping[str, int]


@contextlib.contextmanager
def snapshot(url: str) -> Iterator[DatabaseSnapshot]:
    """Hold one state of the database for as long as the context lasts. Raises DumpFailed."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        cursor.execute("SELECT pg_export_snapshot()")
        [(name,)] = cursor.fetchall()
        cursor.execute("SELECT name, checksum FROM schema_migrations ORDER BY name")
        yield DatabaseSnapshot(name, dict(cursor.fetchall()), _count(cursor))


def dump(url: str, programs: Path, state: DatabaseSnapshot, target: Path) -> None:
    """Write a snapshot into a file of PostgreSQL's custom format. Raises DumpFailed."""
    options = [f"--exclude-table-data={name}" for name in LEFT_OUT]
    _run(
        [
            str(programs / "pg_dump"), "--format=custom", f"--file={target}", "--no-owner",
            # The rights of roles are given again by the migrations, to the roles that are there.
            "--no-privileges",
            f"--snapshot={state.name}", f"--lock-wait-timeout={LOCK_WAIT}", *options,
        ],
        url,
    )  # fmt: skip


def restore(url: str, programs: Path, source: Path) -> Mapping[str, int]:
    """Bring a dump into an empty database, all of it or nothing; return how many rows came.

    Raises DumpFailed.
    """
    _run(
        [
            str(programs / "pg_restore"), "--exit-on-error", "--single-transaction", "--no-owner",
            "--no-privileges",
            f"--dbname={_known(url)['PGDATABASE']}", str(source),
        ],
        url,
    )  # fmt: skip
    with _connected(url) as connection, connection.cursor() as cursor:
        return _count(cursor)


def is_empty(url: str) -> bool:
    """Return whether a database has no user table. Raises DumpFailed."""
    with _connected(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND nspname !~ '^pg_'"
            " AND nspname <> 'information_schema')"
        )
        [(empty,)] = cursor.fetchall()
        return bool(empty)


@contextlib.contextmanager
def _connected(url: str) -> Iterator[psycopg2.extensions.connection]:
    connection = None
    try:
        connection = psycopg2.connect(url)
        connection.autocommit = True
        yield connection
    except psycopg2.Error as error:
        raise DumpFailed(f"PostgreSQL refused: {str(error).strip()}") from error
    finally:
        if connection is not None:
            connection.close()


def _count(cursor: psycopg2.extensions.cursor) -> dict[str, int]:
    counts = {}
    for table in COUNTED:
        cursor.execute(f"SELECT count(*) FROM {table}")
        [(counts[table],)] = cursor.fetchall()
    return counts


def _known(url: str) -> dict[str, str]:
    """Return libpq's variables for a URL; a password has no place among a program's arguments."""
    given = psycopg2.extensions.parse_dsn(url)
    return {_VARIABLES[key]: str(value) for key, value in given.items() if key in _VARIABLES}


def _run(command: list[str], url: str) -> None:
    # libpq looks for certificates at home.
    home = os.environ.get("HOME", "/")
    environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": home, **_known(url)}
    try:
        result = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise DumpFailed(f"{command[0]} cannot be run: {error.strerror}") from error
    if result.returncode != 0:
        name = Path(command[0]).name
        said = result.stderr.strip()[-_WORDS_KEPT:] or f"it ended with {result.returncode}"
        raise DumpFailed(f"{name} failed: {said}")
