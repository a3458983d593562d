"""Markets and sockets for tests of the live endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest

from tests.support.market import Market, open_market
from tests.support.servers import RunningServer
from tests.support.sockets import LiveSocket, live_socket

Sql = Callable[..., list[tuple[Any, ...]]]
StartServer = Callable[..., Awaitable[RunningServer]]


class Connect(Protocol):
    """`await connect(token, server=other)`: a socket that is closed after the test."""

    def __call__(
        self, token: str | None = None, *, server: RunningServer | None = None, **headers: str
    ) -> Awaitable[LiveSocket]: ...


@pytest.fixture
async def market(server: RunningServer, sql: Sql) -> AsyncIterator[Market]:
    """Users and listings on `server`."""
    async with open_market(server.base_url, sql) as opened:
        yield opened


@pytest.fixture
async def connect(server: RunningServer) -> AsyncIterator[Connect]:
    """Open sockets to `server`, or to another one."""
    async with AsyncExitStack() as stack:
        here = server

        async def open_one(
            token: str | None = None, *, server: RunningServer | None = None, **headers: str
        ) -> LiveSocket:
            url = (server or here).base_url
            return await stack.enter_async_context(live_socket(url, token, **headers))

        yield open_one
