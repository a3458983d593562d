"""The committed backup script on a real database: what it keeps, and that it can be restored."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions
import pytest

from instasell_server.embedded.privileges import Identity
from instasell_server.embedded.programs import find_postgres
from tests.support.databases import with_database

SCRIPT = Path(__file__).parents[2] / "deploy/backup/backup.sh"
PROGRAMS = find_postgres(Identity.of_this_process())

Sql = Callable[..., list[tuple[Any, ...]]]


def connection_variables(url: str) -> dict[str, str]:
    """libpq's variables for a URI."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER"}
    names |= {"password": "PGPASSWORD", "dbname": "PGDATABASE"}
    given = psycopg2.extensions.parse_dsn(url)
    return {names[key]: str(value) for key, value in given.items() if key in names}


class Backup:
    """The script with a folder and a database of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.path = f"{PROGRAMS}:{os.environ['PATH']}"
        self.variables = {**connection_variables(url), "BACKUP_DIR": str(folder)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script to its end."""
        return subprocess.run(
            ["/bin/sh", str(SCRIPT), *arguments],
            env={"PATH": self.path, **self.variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def dumps(self) -> list[Path]:
        """The dumps, oldest first."""
        return sorted(self.folder.glob("instasell-*.dump"))


@pytest.fixture
def backup(tmp_path: Path, database_url: str) -> Backup:
    """A backup of the test's own database."""
    return Backup(tmp_path / "dumps", database_url)


@pytest.fixture
def one_round(tmp_path: Path, backup: Backup) -> Backup:
    """A backup whose loop ends where it would sleep."""
    programs = tmp_path / "bin"
    programs.mkdir()
    sleep = programs / "sleep"
    sleep.write_text('#!/bin/sh\nkill -TERM "$PPID"\n')
    sleep.chmod(0o755)
    backup.path = f"{programs}:{backup.path}"
    return backup


def age(path: Path, hours: float) -> None:
    """Make a file older."""
    then = path.stat().st_mtime - hours * 3600
    os.utime(path, (then, then))


def test_a_dump_brings_the_market_back(backup: Backup, database_url: str, sql: Sql) -> None:
    sql(
        "INSERT INTO users (email, password_hash, display_name, role)"
        " VALUES ('ann@example.org', 'x', 'Ann', 'buyer')"
    )
    result = backup.run("once")
    assert result.returncode == 0, result.stderr
    (dump,) = backup.dumps()
    assert dump.stat().st_mode & 0o777 == 0o600

    name = f"restored_{uuid.uuid4().hex}"
    sql(f"CREATE DATABASE {name}")
    try:
        subprocess.run(
            [PROGRAMS / "pg_restore", "--exit-on-error", "--no-owner", "--dbname", name, dump],
            env={**backup.variables, "PGDATABASE": name},
            check=True,
            timeout=60,
        )
        connection = psycopg2.connect(with_database(database_url, name))
        with connection.cursor() as cursor:
            cursor.execute("SELECT email FROM users")
            assert cursor.fetchall() == [("ann@example.org",)]
            cursor.execute("SELECT count(*) FROM schema_migrations")
            assert cursor.fetchall() == sql("SELECT count(*) FROM schema_migrations")
        connection.close()
    finally:
        sql(f"DROP DATABASE {name}")


def test_seven_are_kept_and_the_oldest_go(backup: Backup) -> None:
    backup.folder.mkdir()
    for day in range(1, 10):
        (backup.folder / f"instasell-202001{day:02}T000000Z.dump").write_bytes(b"old")
    (backup.folder / "by-hand.dump").write_bytes(b"another file")
    assert backup.run("once").returncode == 0
    kept = [dump.name for dump in backup.dumps()]
    assert kept[:6] == [f"instasell-202001{day:02}T000000Z.dump" for day in range(4, 10)]
    assert len(kept) == 7
    assert (backup.folder / "by-hand.dump").exists()


def test_a_failed_dump_is_reported_and_deletes_no_old_one(backup: Backup) -> None:
    backup.folder.mkdir()
    for day in range(1, 10):
        (backup.folder / f"instasell-202001{day:02}T000000Z.dump").write_bytes(b"old")
    backup.variables["PGDATABASE"] = "no_such_database"
    result = backup.run("once")
    assert result.returncode != 0
    assert "no_such_database" in result.stderr
    assert len(backup.dumps()) == 9


def test_it_dumps_once_a_day(one_round: Backup) -> None:
    one_round.run()
    (first,) = one_round.dumps()
    one_round.run()
    assert one_round.dumps() == [first]
    age(first, 24)
    # Names tell the second, and a second dump within it would replace the first.
    aged = first.rename(first.with_name("instasell-20200101T000000Z.dump"))
    one_round.run()
    assert len(one_round.dumps()) == 2
    assert aged in one_round.dumps()


def test_a_failure_does_not_end_the_service(one_round: Backup) -> None:
    one_round.variables["PGDATABASE"] = "no_such_database"
    result = one_round.run()
    assert "tried again" in result.stderr
    assert one_round.dumps() == []
