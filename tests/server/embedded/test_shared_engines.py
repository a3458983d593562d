"""The engines that all tests of a run share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from instasell_server.embedded import EngineUrls
from instasell_server.embedded.processes import EngineProcess, list_processes
from tests.server.embedded.test_engines import ask, valkey
from tests.support.engines import DATABASE_VARIABLE, REDIS_VARIABLE, shared_urls

BORROWER = """
import sys
from pathlib import Path
from tests.support.engines import shared_urls
first = shared_urls(Path(sys.argv[1]))
assert shared_urls(Path(sys.argv[1])) == first
print("ready", flush=True)
sys.stdin.read()
"""


def test_the_fixture_gives_live_engines(engines: EngineUrls) -> None:
    assert ask(engines.database_url, "SELECT current_user") == [("instasell",)]
    with valkey(engines.redis_url) as client:
        assert client.ping()


def test_they_end_with_the_run_even_if_it_is_killed(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    hidden = (DATABASE_VARIABLE, REDIS_VARIABLE, "PYTEST_XDIST_WORKER")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    with subprocess.Popen(
        [sys.executable, "-c", BORROWER, str(tmp_path)],
        cwd=root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as borrower:
        assert borrower.stdout is not None
        assert borrower.stdout.readline() == "ready\n"
        record = json.loads((tmp_path / "engines.json").read_text())
        data_dir = record["data_dir"]
        guardian_id = int(Path(data_dir, "engines/lock").read_text())
        owned = [seen.pid for seen in list_processes() if data_dir in seen.command]
        assert owned
        processes = [EngineProcess(pid) for pid in (guardian_id, *owned)]
        borrower.kill()
    assert all(process.wait(60) for process in processes)
    assert not Path(data_dir).parent.exists()


def test_named_servers_are_used_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "postgresql://a")
    monkeypatch.setenv(REDIS_VARIABLE, "redis://b")
    assert shared_urls(tmp_path) == EngineUrls("postgresql://a", "redis://b", "postgresql://a")
    assert list(tmp_path.iterdir()) == []
