"""Apply time to orders and payments: deadlines, releases, and what the provider is to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from instasell_server.workers.loop import run_rounds

POLL_SECONDS = 0.5

Round = Callable[[], Awaitable[int]]
"""One look at what is due; returns how much was done."""


class Escrow:
    """Runs rounds over and over. Several servers may: each thing is done once.

    Each kind has a task of its own, so a provider that is slow to answer holds up no deadline.
    """

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._rounds = rounds

    async def run(self) -> None:
        """Work until it is cancelled; a database that is away only delays it."""
        async with asyncio.TaskGroup() as group:
            for each in self._rounds:
                group.create_task(_repeat(each))


async def _repeat(look: Round) -> None:
    async def work() -> bool:
        return await look() > 0

    await run_rounds("escrow", work, idle_seconds=POLL_SECONDS, after_failure_seconds=POLL_SECONDS)
