"""Tell when the screen is idle, for the pilot that presses its keys."""

from __future__ import annotations

import asyncio
import time

LOOK_SECONDS = 0.005
BUSY_SHARE = 0.25
LOOKS = 5


async def wait_for_idle(min_sleep: float = 0.0, max_sleep: float = 0.0) -> None:
    """Return when the process had little to do for a moment, or else soon.

    Textual's own waits up to a second for 20 ms without work, which there are hardly ever while a
    whole server runs in the same process. Tests wait for what they read besides, so it need not be
    certain.
    """
    for _ in range(LOOKS):
        used = time.thread_time()
        await asyncio.sleep(LOOK_SECONDS)
        if time.thread_time() - used < LOOK_SECONDS * BUSY_SHARE:
            return
