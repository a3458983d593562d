"""Waits for what comes about by itself: as long as it takes, with a limit against hanging."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LIMIT_SECONDS = 60.0
LOOK_SECONDS = 0.01


async def until(holds: Callable[[], bool], *, seconds: float = LIMIT_SECONDS) -> None:
    """Return once `holds()` is true; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            if holds():
                return
            await asyncio.sleep(LOOK_SECONDS)
