"""Two servers on one database, and markets on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.support.market import Market, open_market
from tests.support.servers import RunningServer

Sql = Callable[..., list[tuple[Any, ...]]]
StartServer = Callable[..., Awaitable[RunningServer]]


@pytest.fixture
async def servers(start_server: StartServer) -> list[RunningServer]:
    """Two whole servers, workers included, on the test's own database."""
    return [await start_server(log_level="warning") for _ in range(2)]


@pytest.fixture
async def market(servers: list[RunningServer], sql: Sql) -> AsyncIterator[Market]:
    """Users and listings; they speak to the first server unless told otherwise."""
    async with open_market(servers[0].base_url, sql) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _all_are(unmeasured: None) -> None:
    """Measure no coverage of tests that take processes and seconds."""
