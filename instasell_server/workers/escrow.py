"""What time does to orders and payments: deadlines, releases, and what a crash left open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from instasell_server.errors import InstaSellError

POLL_SECONDS = 1.0

Round = Callable[[], Awaitable[int]]
"""One look at what is due; returns how much was done."""

_log = structlog.get_logger(__name__)


class Escrow:
    """Runs rounds every second. Several servers may: each thing is done once."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._rounds = rounds

    async def run(self) -> None:
        """Works until it is cancelled; a database that is away only delays it."""
        while True:
            done = 0
            for each in self._rounds:
                try:
                    done += await each()
                except InstaSellError as error:
                    _log.warning("escrow_waits", code=error.code)
                except Exception:
                    _log.exception("escrow_failed")
            if not done:
                await asyncio.sleep(POLL_SECONDS)
