"""One set of engines for a whole test run, shared by all its processes.

A guardian process owns them. It watches the process that runs the tests and, however that one ends,
stops the engines and removes their folder. INSTASELL_TEST_DATABASE_URL and
INSTASELL_TEST_REDIS_URL name servers to use instead; they are left as they are.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import redis

from instasell_server.embedded import EmbeddedEngines, EngineUrls
from instasell_server.embedded.processes import EngineProcess
from tests.support.scratch import scratch

DATABASE_VARIABLE = "INSTASELL_TEST_DATABASE_URL"
REDIS_VARIABLE = "INSTASELL_TEST_REDIS_URL"
_WATCH_SECONDS = 3600.0
_START_SECONDS = 120

# These engines are thrown away, and a disk that is busy with the databases of other tests makes
# the engines wait for each flush. Tests of what a crash leaves have engines of their own.
_FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    # Each test connects a dozen times, and a password that is tested for nothing may be cheap.
    "scram_iterations": "1",
}


def shared_urls(shared: Path) -> EngineUrls:
    """Return the run's engines; the first caller on the folder `shared` has them started."""
    database_url = os.environ.get(DATABASE_VARIABLE, "")
    given = EngineUrls(database_url, os.environ.get(REDIS_VARIABLE, ""), database_url)
    if given.database_url and given.redis_url:
        return given
    record = shared / "engines.json"
    with (shared / "engines.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            answer = _start_guardian(given)
            record.touch(mode=0o600)
            record.write_text(answer)
        started = json.loads(record.read_text())
    return EngineUrls(
        given.database_url or started["database_url"],
        given.redis_url or started["redis_url"],
        given.server_database_url or started["server_database_url"],
    )


def _start_guardian(given: EngineUrls) -> str:
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    watched = os.getppid() if is_worker else os.getpid()
    wanted = [
        name
        for name, url in (("postgres", given.database_url), ("valkey", given.redis_url))
        if not url
    ]
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.engines", str(watched), *wanted],
        cwd=Path(__file__).parents[2],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        timeout=_START_SECONDS,
    )
    if not result.stdout.startswith("{"):
        raise RuntimeError("The engines of the tests did not start; the reason is printed above.")
    return result.stdout


def guard(watched_pid: int, wanted: list[str]) -> None:
    """Own engines until the watched process ends; the guardian's main function."""
    watched = EngineProcess(watched_pid)
    folder = Path(tempfile.mkdtemp(prefix="is-", dir=scratch()))
    try:
        # Under root the engines run as another user, who has to pass through this folder.
        folder.chmod(0o711)
        engines = EmbeddedEngines(
            folder / "data",
            postgres="postgres" in wanted,
            valkey="valkey" in wanted,
            extra_postgres_settings=_FORGETFUL,
        )
        with engines:
            if engines.urls.redis_url:
                _keep_off_the_disk(engines.urls.redis_url)
            urls = {
                "database_url": engines.urls.database_url,
                "server_database_url": engines.urls.server_database_url,
                "redis_url": engines.urls.redis_url,
                "data_dir": str(engines.data_dir),
            }
            print(json.dumps(urls), flush=True)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            while not watched.wait(_WATCH_SECONDS):
                engines.ensure_running()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep_off_the_disk(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("appendonly", "no")
        client.config_set("save", "")


def _end(number: int, frame: types.FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    # The caller waits for the end of our output, not for us.
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, _end)
        guard(int(sys.argv[1]), sys.argv[2:])
