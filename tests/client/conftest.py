"""Fixtures of the client's tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from instasell_client import AsyncInstaSell, InstaSell
from tests.client.peer import Peer, serving

Call = Callable[[Any], Any]


@pytest.fixture
def peer() -> Iterator[Peer]:
    """An HTTP server that answers by a script."""
    with serving() as started:
        yield started


class Both:
    """Runs the same call on a sync or an async client; iterators become lists."""

    def __init__(self, asynchronous: bool, peer: Peer) -> None:
        self.asynchronous = asynchronous
        self.peer = peer
        self.token_after: str | None = None

    def run(self, call: Call, **options: Any) -> Any:
        """The reply to one call of a fresh client, or all that it yields."""
        options = {"token": "a-token", **options}
        if self.asynchronous:
            return asyncio.run(self._awaited(call, options))
        with InstaSell(self.peer.base_url, **options) as client:
            try:
                found = call(client)
                return list(found) if hasattr(found, "__next__") else found
            finally:
                self.token_after = client.token

    async def _awaited(self, call: Call, options: dict[str, Any]) -> Any:
        async with AsyncInstaSell(self.peer.base_url, **options) as client:
            try:
                found = call(client)
                if hasattr(found, "__anext__"):
                    return [item async for item in found]
                return await found
            finally:
                self.token_after = client.token


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def both(request: pytest.FixtureRequest, peer: Peer) -> Both:
    """The sync client, then the async one."""
    return Both(request.param, peer)
