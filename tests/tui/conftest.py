"""The terminal screen without a terminal, on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest

from tests.support.market import Market, open_market
from tests.support.servers import RunningServer
from tests.tui.idle import wait_for_idle
from tests.tui.pilot import Opener, opened


@pytest.fixture(autouse=True)
def brief_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show messages at the corner for a short time, since they cover what tests read there."""
    monkeypatch.setattr("instasell_tui.app.NOTICE_SECONDS", 2.0)


@pytest.fixture(autouse=True)
def brief_idling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are answered when the application has done its part, not when all is silent."""
    monkeypatch.setattr("textual.pilot.wait_for_idle", wait_for_idle)
    monkeypatch.setattr("textual.app.wait_for_idle", wait_for_idle)


@pytest.fixture
async def market(
    server: RunningServer, sql: Callable[..., list[tuple[Any, ...]]]
) -> AsyncIterator[Market]:
    """People and listings of `server`."""
    async with open_market(server.base_url, sql) as made:
        yield made


@pytest.fixture
def screen(server: RunningServer) -> Opener:
    """`async with screen(client.token, size=(80, 24)) as shown`: the board, loaded."""
    return partial(opened, server.base_url)
