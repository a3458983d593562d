"""One live process owns a data folder; a killed one leaves engines that are adopted."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from instasell_server.embedded import EmbeddedEngines, FolderInUse
from tests.server.embedded.support import start_owner
from tests.server.embedded.test_engines import ask, valkey


def test_a_second_owner_is_refused_with_pid_and_folder(data_dir: Path) -> None:
    owner = start_owner(data_dir)
    with pytest.raises(FolderInUse) as caught:
        EmbeddedEngines(data_dir).start()
    assert caught.value.pid == owner.process.pid
    assert str(owner.process.pid) in str(caught.value)
    assert str(data_dir) in str(caught.value)
    assert ask(owner.url("database_url"), "SELECT 1") == [(1,)]
    assert owner.stop() == 0
    with EmbeddedEngines(data_dir) as engines:
        with pytest.raises(FolderInUse):
            EmbeddedEngines(data_dir).start()
        assert engines.postgres_pid is not None


def test_engines_of_a_killed_owner_are_adopted(data_dir: Path) -> None:
    owner = start_owner(data_dir)
    ask(owner.url("database_url"), "CREATE TABLE kept AS SELECT 42 AS n")
    with valkey(owner.url("redis_url")) as client:
        client.set("kept", "42")
    owner.kill()
    engines = EmbeddedEngines(data_dir)
    urls = engines.start()
    assert (engines.postgres_pid, engines.valkey_pid) == owner.pids()
    assert urls.database_url == owner.report["database_url"]
    assert ask(urls.database_url, "SELECT n FROM kept") == [(42,)]
    with valkey(urls.redis_url) as client:
        assert client.get("kept") == "42"
    engines.stop()
    for pid in owner.pids():
        assert not is_running(pid)


def test_frozen_engines_of_a_killed_owner_are_woken_and_adopted(data_dir: Path) -> None:
    owner = start_owner(data_dir)
    for pid in owner.pids():
        os.kill(pid, signal.SIGSTOP)
    owner.kill()
    with EmbeddedEngines(data_dir) as engines:
        assert (engines.postgres_pid, engines.valkey_pid) == owner.pids()
        assert ask(engines.urls.database_url, "SELECT 1") == [(1,)]


def test_engines_that_died_with_their_owner_start_again(data_dir: Path) -> None:
    owner = start_owner(data_dir)
    ask(owner.url("database_url"), "CREATE TABLE kept AS SELECT 42 AS n")
    with valkey(owner.url("redis_url")) as client:
        client.set("kept", "42")
    owner.kill()
    for pid in owner.pids():
        os.kill(pid, signal.SIGKILL)
    assert (data_dir / "engines/postgres/postmaster.pid").exists()
    with EmbeddedEngines(data_dir) as engines:
        assert engines.postgres_pid not in (None, *owner.pids())
        assert ask(engines.urls.database_url, "SELECT n FROM kept") == [(42,)]
        with valkey(engines.urls.redis_url) as client:
            assert client.get("kept") == "42"


def test_a_stale_pid_that_was_given_to_another_process_does_not_block(data_dir: Path) -> None:
    with EmbeddedEngines(data_dir) as engines:
        url = engines.urls.database_url
        ask(url, "CREATE TABLE kept AS SELECT 42 AS n")
        pid_file = data_dir / "engines/postgres/postmaster.pid"
        text = pid_file.read_text()
        engines.kill_postgres()
        owner = pid_file.parent.stat().st_uid
        rights = {"user": owner, "group": owner, "extra_groups": []} if os.geteuid() == 0 else {}
        stranger = subprocess.Popen(["sleep", "60"], cwd="/", **rights)  # type: ignore[call-overload]
        try:
            pid_file.write_text("\n".join([str(stranger.pid), *text.splitlines()[1:]]) + "\n")
            os.chown(pid_file, owner, owner)
            engines.start_postgres()
            assert stranger.poll() is None
            assert engines.postgres_pid not in (None, stranger.pid)
            assert ask(url, "SELECT n FROM kept") == [(42,)]
        finally:
            stranger.kill()
            stranger.wait()


def test_engines_whose_sockets_are_gone_are_replaced(data_dir: Path) -> None:
    owner = start_owner(data_dir)
    ask(owner.url("database_url"), "CREATE TABLE kept AS SELECT 42 AS n")
    with valkey(owner.url("redis_url")) as client:
        client.set("kept", "42")
    owner.kill()
    for socket in (data_dir / "engines/run").iterdir():
        socket.unlink()
    with EmbeddedEngines(data_dir) as engines:
        assert {engines.postgres_pid, engines.valkey_pid}.isdisjoint(owner.pids())
        for pid in owner.pids():
            assert not is_running(pid)
        assert ask(engines.urls.database_url, "SELECT n FROM kept") == [(42,)]
        with valkey(engines.urls.redis_url) as client:
            assert client.get("kept") == "42"


def test_ctrl_c_in_the_owners_terminal_does_not_reach_the_engines(data_dir: Path) -> None:
    owner = start_owner(data_dir)
    os.killpg(owner.process.pid, signal.SIGINT)
    for pid in owner.pids():
        assert os.getsid(pid) not in (os.getsid(0), owner.process.pid)
        assert os.getpgid(pid) != owner.process.pid
    assert ask(owner.url("database_url"), "SELECT 1") == [(1,)]
    assert owner.stop() == 0
    for pid in owner.pids():
        assert not is_running(pid)


def test_detached_engines_run_on_for_the_next_owner(data_dir: Path) -> None:
    first = EmbeddedEngines(data_dir)
    urls = first.start()
    pids = first.postgres_pid, first.valkey_pid
    first.detach()
    assert ask(urls.database_url, "SELECT 1") == [(1,)]
    with EmbeddedEngines(data_dir) as second:
        assert (second.postgres_pid, second.valkey_pid) == pids


def is_running(pid: int) -> bool:
    """True for a live process; one that waits to be reaped has no command line left."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False
