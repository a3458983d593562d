"""Under whom the engines run, and what other local users can do to them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from instasell_server.embedded import EmbeddedEngines, FolderUnusable, default_data_dir
from instasell_server.embedded.privileges import FREE_IDS
from tests.server.embedded.support import (
    copy_environment,
    python_for_everybody,
    start_owner,
)
from tests.server.embedded.test_engines import ask, valkey

STRANGER = 65534
NAMELESS = 12345
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
as_plain = pytest.mark.skipif(os.geteuid() == 0, reason="shows what an ordinary user gets")

CONNECT = """
import socket, sys
for path in sys.argv[1:]:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(path)
            print("connected")
        except OSError as error:
            print(type(error).__name__)
"""


def connect_as(uid: int, data_dir: Path) -> list[str]:
    """Return what a user gets who connects to both sockets."""
    python = python_for_everybody()
    if python is None:
        pytest.skip("no Python here that other users can run")
    run = data_dir / "engines/run"
    result = subprocess.run(
        [python, "-c", CONNECT, str(run / ".s.PGSQL.5432"), str(run / "valkey.sock")],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
        user=uid,
        group=uid,
        extra_groups=[],
    )
    return result.stdout.split()


@as_root
def test_another_user_cannot_connect(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir):
        engines_user = (data_dir / "engines/postgres").stat().st_uid
        assert connect_as(STRANGER, data_dir) == ["PermissionError"] * 2
        assert connect_as(1000, data_dir) == ["PermissionError"] * 2
        assert connect_as(engines_user, data_dir) == ["connected"] * 2


@as_root
def test_the_folders_alone_do_not_keep_the_peace(data_dir: Path) -> None:
    """With every folder thrown open, the sockets' own modes and the passwords still hold."""
    with EmbeddedEngines(data_dir) as engines:
        for folder in (data_dir, data_dir / "engines", data_dir / "engines/run"):
            folder.chmod(0o755)
        assert connect_as(STRANGER, data_dir) == ["PermissionError"] * 2
        url = engines.urls.database_url.replace(":", ":x", 2)
        with pytest.raises(Exception, match="password"):
            ask(url.replace("postgresql:x", "postgresql:"), "SELECT 1")


@as_root
def test_no_engine_runs_as_root_or_as_a_named_user(data_dir: Path) -> None:
    users = Path("/etc/passwd").read_text()
    with EmbeddedEngines(data_dir) as engines:
        for pid in (engines.postgres_pid, engines.valkey_pid):
            status = Path(f"/proc/{pid}/status").read_text()
            fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            assert len(set(fields["Uid"].split())) == 1
            assert int(fields["Uid"].split()[0]) in FREE_IDS
            assert len(set(fields["Gid"].split())) == 1
            assert int(fields["Gid"].split()[0]) in FREE_IDS
            assert fields["Groups"].split() == []
        secrets = data_dir / "engines/secrets.json"
        assert secrets.stat().st_uid == 0
        owners = {path.lstat().st_uid for path in (data_dir / "engines/postgres").rglob("*")}
        assert owners == {(data_dir / "engines/postgres").stat().st_uid}
    assert Path("/etc/passwd").read_text() == users


def test_modes_outside_the_data_folder_stay(short_folder: Path, data_dir: Path) -> None:
    watched = [*data_dir.parents, Path.home(), short_folder / "beside"]
    (short_folder / "beside").mkdir(mode=0o700)

    def modes() -> list[tuple[int, int, int]]:
        statuses = [path.stat() for path in watched]
        return [(status.st_mode, status.st_uid, status.st_gid) for status in statuses]

    before = modes()
    with EmbeddedEngines(data_dir):
        assert modes() == before
    with EmbeddedEngines(data_dir):
        assert modes() == before
    assert modes() == before


@as_root
def test_works_from_roots_private_home(short_folder: Path, data_dir: Path) -> None:
    private = short_folder / "root"
    private.mkdir(mode=0o700)
    site = copy_environment(private / "site")
    copies = short_folder / "copies"
    owner = start_owner(data_dir, str(copies), path=site)
    assert "postgres_pid" in owner.report, owner.report
    assert ask(owner.url("database_url"), "SELECT 1") == [(1,)]
    with valkey(owner.url("redis_url")) as client:
        assert client.ping()
    assert owner.url("psql").startswith(str(copies))
    assert owner.stop() == 0
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    made = {path: path.lstat() for path in copies.rglob("*")}
    assert all(status.st_uid == 0 for status in made.values())
    assert all(not status.st_mode & 0o022 for status in made.values())
    again = start_owner(data_dir, str(copies), path=site)
    assert again.stop() == 0
    assert {path: path.lstat().st_ino for path in copies.rglob("*")} == {
        path: status.st_ino for path, status in made.items()
    }


@as_root
def test_a_copy_that_others_could_write_is_not_run(short_folder: Path, data_dir: Path) -> None:
    private = short_folder / "root"
    private.mkdir(mode=0o700)
    site = copy_environment(private / "site")
    copies = short_folder / "copies"
    assert start_owner(data_dir, str(copies), path=site).stop() == 0
    server = next(copies.rglob("bin/postgres"))
    server.chmod(0o777)
    owner = start_owner(data_dir, str(copies), path=site)
    elsewhere = Path(owner.url("psql"))
    assert owner.stop() == 0
    assert not elsewhere.is_relative_to(copies)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755
    shutil.rmtree(elsewhere.parents[3])


@as_root
def test_a_folder_out_of_reach_is_reported_and_left_alone(short_folder: Path) -> None:
    private = short_folder / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(FolderUnusable, match=str(private)):
        EmbeddedEngines(private / "data").start()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    (private / "letters").touch()
    with pytest.raises(FolderUnusable, match="ordinary user"):
        EmbeddedEngines(private).start()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert private.stat().st_gid == 0


@as_root
def test_a_folder_of_another_user_is_refused(short_folder: Path, data_dir: Path) -> None:
    data_dir.mkdir(mode=0o711)
    os.chown(data_dir, STRANGER, STRANGER)
    with pytest.raises(FolderUnusable, match="another user"):
        EmbeddedEngines(data_dir).start()


@as_root
@pytest.mark.parametrize("uid", [STRANGER, NAMELESS], ids=["named", "without a name"])
def test_an_ordinary_user_needs_no_rights(short_folder: Path, uid: int) -> None:
    python = python_for_everybody()
    if python is None:
        pytest.skip("no Python here that other users can run")
    site = copy_environment(short_folder / "site")
    home = short_folder / "data"
    home.mkdir(mode=0o700)
    os.chown(home, uid, uid)
    owner = start_owner(home / "market", uid=uid, python=python, path=site)
    if uid == NAMELESS and not can_map_names(uid):
        assert owner.report["error"] == "EngineFailed"
        assert "/etc/passwd" in owner.url("text")
        return
    assert "postgres_pid" in owner.report, owner.report
    assert ask(owner.url("database_url"), "SELECT 1") == [(1,)]
    with valkey(owner.url("redis_url")) as client:
        assert client.ping()
    for path in (home / "market").rglob("*"):
        assert path.lstat().st_uid == uid
    assert connect_as(1, home / "market") == ["PermissionError"] * 2
    assert owner.stop() == 0
    with pytest.raises(FolderUnusable, match="belongs to"):
        EmbeddedEngines(home / "market").start()


def can_map_names(uid: int) -> bool:
    """Return whether the kernel lets this user make a user namespace."""
    command = ["unshare", "--user", "--map-user=65534", "true"]
    rights = {"user": uid, "group": uid, "extra_groups": []}
    result = subprocess.run(command, check=False, capture_output=True, **rights)  # type: ignore[call-overload]
    return bool(result.returncode == 0)


@as_root
def test_roots_default_folder_can_be_reached() -> None:
    assert default_data_dir() == Path("/var/lib/instasell/data")


@as_plain
def test_the_default_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/share")
    assert default_data_dir() == Path("/somewhere/share/instasell")
