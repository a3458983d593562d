"""Repeat a piece of work until the server stops: the one loop of all workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from instasell_client.models.errors import InstaSellError

Work = Callable[[], Awaitable[bool]]
"""Do one round; return whether more is waiting than one round takes."""

_log = structlog.get_logger(__name__)


async def run_rounds(
    worker: str,
    work: Work,
    *,
    idle_seconds: float,
    after_failure_seconds: float = 1.0,
    finish_seconds: float = 0.0,
) -> None:
    """Work until cancelled; an engine that is away, or a mistake, only delays the next round.

    Args:
        worker: The name in the log, under `worker_waits` and `worker_failed`.
        idle_seconds: The pause after a round that left nothing: so often the database is asked.
        after_failure_seconds: The pause after a round that failed.
        finish_seconds: How long a round that is under way may go on after the cancel.
    """
    while True:
        more, pause = False, idle_seconds
        try:
            more = await (_finished(work, finish_seconds) if finish_seconds else work())
        except InstaSellError as error:
            _log.warning("worker_waits", worker=worker, code=error.code)
            pause = after_failure_seconds
        except Exception:
            _log.exception("worker_failed", worker=worker)
            pause = after_failure_seconds
        if not more:
            await asyncio.sleep(pause)


async def _finished(work: Work, finish_seconds: float) -> bool:
    """Do a round that a cancel does not cut off at once."""
    round_ = asyncio.ensure_future(work())
    try:
        return await asyncio.shield(round_)
    except asyncio.CancelledError:
        await asyncio.wait({round_}, timeout=finish_seconds)
        round_.cancel()
        await asyncio.gather(round_, return_exceptions=True)
        raise
