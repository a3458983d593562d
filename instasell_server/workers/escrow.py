"""Apply time to orders and payments: deadlines, releases, and what the provider is to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from instasell_client.models.errors import InstaSellError

POLL_SECONDS = 0.5

Round = Callable[[], Awaitable[int]]
"""One look at what is due; returns how much was done."""

_log = structlog.get_logger(__name__)


class Escrow:
    """Runs rounds over and over. Several servers may: each thing is done once.

    Each kind has a task of its own, so a provider that is slow to answer holds up no deadline.
    """

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._rounds = rounds

    async def run(self) -> None:
        """Works until it is cancelled; a database that is away only delays it."""
        async with asyncio.TaskGroup() as group:
            for each in self._rounds:
                group.create_task(self._repeat(each))

    async def _repeat(self, look: Round) -> None:
        while True:
            done = 0
            try:
                done = await look()
            except InstaSellError as error:
                _log.warning("escrow_waits", code=error.code)
            except Exception:
                _log.exception("escrow_failed")
            if not done:
                await asyncio.sleep(POLL_SECONDS)
