"""A market on the test's own server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.support.market import Market, open_market
from tests.support.servers import RunningServer


@pytest.fixture
async def market(
    server: RunningServer, sql: Callable[..., list[tuple[Any, ...]]]
) -> AsyncIterator[Market]:
    """Users and listings on `server`."""
    async with open_market(server.base_url, sql) as opened:
        yield opened
