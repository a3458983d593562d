"""Fixtures for all tests."""

from __future__ import annotations

import functools
import gc
import io
import logging
import os
import signal
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import psycopg2
import pytest
import redis
import structlog

from instasell_server import logs
from instasell_server.config.settings import Settings
from instasell_server.db.connections import Database
from instasell_server.embedded import EngineUrls
from tests.support.databases import (
    MarketClock,
    cloned,
    make_template,
    remember_roles,
    with_redis_number,
)
from tests.support.engines import shared_urls
from tests.support.measurements import measure_processes_lightly, unmeasured
from tests.support.payments import BOOK_TOP_UP, Provider, paying, provider_in
from tests.support.run_order import comes_first
from tests.support.scratch import scratch
from tests.support.servers import RunningServer, running, settings_for_tests

# A run in the background of a shell ignores Ctrl-C, and so would every process that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A worker holds all modules and tests, and by default looks for garbage among them all day long.
gc.set_threshold(100_000, 20, 20)

# For the folders of tests, and for those that the processes they start make.
os.environ["TMPDIR"] = tempfile.tempdir = scratch()


def quiet_logs() -> None:
    """Warnings and errors only, as pytest captures them: nobody reads a line for each statement."""
    # Nobody reads the boxes that are drawn around frames otherwise, and drawing them takes time.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            plain,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        cache_logger_on_first_use=False,
    )
    logs.REQUESTS.write_to(logs.NullLog(sys.stderr))


quiet_logs()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order stays but for those that come first."""
    items.sort(key=lambda each: not comes_first(each.nodeid))


def pytest_collection_finish() -> None:
    """By now the measuring has begun, and no test has."""
    measure_processes_lightly()
    # 400,000 modules, functions and tests stay to the end; looking through them for garbage took
    # a thirtieth of a run.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one run have in common."""
    base = tmp_path_factory.getbasetemp()
    # Each worker has a folder of its own inside the run's.
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def engines(shared_folder: Path) -> EngineUrls:
    """Real PostgreSQL and Valkey, one set per run, shared by the workers of pytest-xdist."""
    urls = shared_urls(shared_folder)
    remember_roles(urls)
    return urls


@pytest.fixture(scope="session")
def template(engines: EngineUrls, shared_folder: Path) -> str:
    """The name of the migrated database that tests get clones of."""
    return make_template(engines, shared_folder)


@pytest.fixture
def database_url(engines: EngineUrls, template: str) -> Iterator[str]:
    """A fresh, migrated database for one test, as its owner; servers get a role with less."""
    with cloned(engines.database_url, template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Connections to the test's own database."""
    async with Database(database_url, size=8) as opened:
        yield opened


@pytest.fixture
def sql(database_url: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Run a statement in the test's own database from outside the server; return its rows."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True

    def run(statement: str, *values: object) -> list[tuple[Any, ...]]:
        named = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
        with connection.cursor() as cursor:
            cursor.execute(statement, named or None)
            return cursor.fetchall() if cursor.description else []

    yield run
    connection.close()


@pytest.fixture
def redis_url(engines: EngineUrls) -> str:
    """An empty Redis database; each worker of a run has a number of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = with_redis_number(engines.redis_url, 1 + int(worker) % 15)
    _redis_of(url).flushdb()
    return url


@functools.cache
def _redis_of(url: str) -> redis.Redis:
    return redis.Redis.from_url(url)


@pytest.fixture
def market_clock(database_url: str) -> MarketClock:
    """The clock of the test's own database."""
    return MarketClock(database_url)


@pytest.fixture
def server_settings(database_url: str, redis_url: str) -> Settings:
    """The settings of `server`; a test module may override this fixture."""
    return settings_for_tests(database_url, redis_url)


@pytest.fixture
async def server(server_settings: Settings) -> AsyncIterator[RunningServer]:
    """A whole server on a free port, in the test's event loop."""
    async with running(server_settings) as started:
        yield started


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """A payment provider of the test's own."""
    async with provider_in(tmp_path) as started:
        yield started


@pytest.fixture
async def paying_server(
    provider: Provider, database_url: str, redis_url: str
) -> AsyncIterator[RunningServer]:
    """A whole server whose payments go to `provider`."""
    async with paying(provider, database_url, redis_url) as started:
        yield started


@pytest.fixture
def pay_page(provider: Provider) -> Callable[..., Awaitable[None]]:
    """`await pay_page(checkout_url)` pays as a person would."""
    return provider.pay


@pytest.fixture
def fund(sql: Callable[..., list[tuple[Any, ...]]]) -> Callable[[str, int], None]:
    """`fund(user_id, amount)`: money in a wallet, booked as a top-up is."""

    def book(user_id: str, amount: int) -> None:
        sql(BOOK_TOP_UP, {"user_id": user_id, "amount": amount, "key": f"fund:{uuid.uuid4()}"})

    return book


@pytest.fixture
async def start_server(database_url: str, redis_url: str) -> AsyncIterator[Callable[..., Any]]:
    """`await start_server(rate_limit_anonymous=100)`: more servers on the test's own database."""
    async with AsyncExitStack() as stack:

        async def start(**changes: Any) -> RunningServer:
            urls = {"database_url": database_url, "redis_url": redis_url}
            settings = settings_for_tests(**{**urls, **changes})
            return await stack.enter_async_context(running(settings))

        yield start


@pytest.fixture
async def http(server: RunningServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client whose paths begin at `server`."""
    async with aiohttp.ClientSession(server.base_url) as session:
        yield session


@pytest.fixture
def written() -> Iterator[Callable[..., Callable[[], list[str]]]]:
    """`lines = written(log_format="json")` sends logs into a text; `lines()` is what it holds."""
    stream = io.StringIO()

    def configure(**settings: Any) -> Callable[[], list[str]]:
        logs.configure(Settings(_env_file=None, log_level="debug", **settings), stream)

        def lines() -> list[str]:
            # What is not an error waits for a moment of the loop, or for one that is.
            structlog.get_logger().error("end")
            return stream.getvalue().split("\n")[:-1]

        return lines

    yield configure
    structlog.reset_defaults()
    quiet_logs()


@pytest.fixture(name="unmeasured")
def _unmeasured() -> Iterator[None]:
    """The test runs without the measuring of coverage, which makes it half as long again."""
    with unmeasured():
        yield
