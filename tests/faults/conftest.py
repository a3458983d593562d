"""Engines to kill, servers on them, and how long and how often to do it.

`--fault-rounds N` and `--fault-seconds N`, or INSTASELL_FAULT_ROUNDS and INSTASELL_FAULT_SECONDS:
one round of a few seconds for each fault by default. With rounds given it is the long form, which
also asks that the faults bit and that the market was back within 5 s.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from instasell_server.embedded import EmbeddedEngines
from tests.faults.market_under_fault import Field, Tally
from tests.faults.processes import ServerProcess
from tests.support.databases import with_database

_TALLY = pytest.StashKey[Tally]()


@dataclass(frozen=True)
class Plan:
    """Hold how much of each fault a run is to have."""

    rounds: int
    seconds: float
    is_long: bool


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the long form."""
    parser.addoption("--fault-rounds", type=int, default=None, help="Rounds of each fault.")
    parser.addoption("--fault-seconds", type=float, default=None, help="Seconds of each round.")


@pytest.fixture(scope="session")
def plan(pytestconfig: pytest.Config) -> Plan:
    """The plan of this run."""

    def wish(option: str, variable: str) -> str | None:
        given = pytestconfig.getoption(option, default=None)
        return os.environ.get(variable) if given is None else str(given)

    rounds = wish("--fault-rounds", "INSTASELL_FAULT_ROUNDS")
    seconds = wish("--fault-seconds", "INSTASELL_FAULT_SECONDS")
    is_long = rounds is not None
    return Plan(int(rounds or 1), float(seconds or (60 if is_long else 2)), is_long)


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    """Return what the faults of all tests of this run did."""
    return pytestconfig.stash.setdefault(_TALLY, Tally())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the faults did."""
    counted = terminalreporter.config.stash.get(_TALLY, None)
    if counted is not None:
        terminalreporter.write_line(f"faults: {counted}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets, and that other users may pass through."""
    made = Path(tempfile.mkdtemp(prefix="if-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def own_engines() -> Iterator[EmbeddedEngines]:
    """Engines that no other test uses, so that they may be killed."""
    made = Path(tempfile.mkdtemp(prefix="if-"))
    made.chmod(0o711)
    with EmbeddedEngines(made / "data") as engines:
        yield engines
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def own_database(own_engines: EmbeddedEngines) -> str:
    """A new database in the engines that may be killed; the servers migrate it."""
    own_engines.ensure_running()
    url = own_engines.urls.database_url
    name = f"faults_{uuid.uuid4().hex}"
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return with_database(url, name)


Open = Callable[..., Any]


@pytest.fixture
async def open_field(
    own_engines: EmbeddedEngines, own_database: str, folder: Path, plan: Plan, tally: Tally
) -> AsyncIterator[Open]:
    """`await open_field(database_url=...)`: servers under load, which use that URL."""
    async with AsyncExitStack() as stack:

        async def open_one(*, database_url: str | None = None, servers: int = 2) -> Field:
            settings = {
                "database_url": database_url or own_database,
                "redis_url": own_engines.urls.redis_url,
            }
            processes = [ServerProcess(folder, f"server-{n}", **settings) for n in range(servers)]
            for process in processes:
                stack.callback(process.stop)
                await process.start()
            field = Field(own_engines, own_database, processes, tally, is_long=plan.is_long)
            return await stack.enter_async_context(field.under_load())

        yield open_one


@pytest.fixture(autouse=True)
def _all_are(unmeasured: None) -> None:
    """Measure no coverage of tests that take processes and seconds."""
