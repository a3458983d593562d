"""Set how long a session waits, and how fast it sends."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

from instasell_client.errors import InstaSellError, RateLimited

BURST = 200
PER_SECOND = 40.0
"""Two thirds of what a server takes: the rest is for bids, pings and leaving."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Times in seconds. A question that is open for `answer` means that the socket is dead."""

    answer: float = 10.0
    ping_every: float = 20.0
    backoff_first: float = 0.25
    backoff_max: float = 15.0

    def delays(self) -> Iterator[float]:
        """Yield the seconds to wait before each try, with full jitter.

        Jitter spreads the clients that a server's restart cut off all at once.

        Returns:
            An iterator of seconds; its ceiling doubles from `backoff_first` up to `backoff_max`.

        Example:
            delays = RetryPolicy(backoff_max=5.0).delays()
            await asyncio.sleep(next(delays))
        """
        ceiling = self.backoff_first
        while True:
            yield random.uniform(0, ceiling)
            ceiling = min(ceiling * 2, self.backoff_max)


class RateLimiter:
    """Limit the joins of a connection, by a bucket of turns that fills up again with time.

    A server closes a socket that floods it, and joining everything again could be a flood.
    """

    def __init__(self, burst: int = BURST, per_second: float = PER_SECOND) -> None:
        self._burst = burst
        self._per_second = per_second
        self._turns = float(burst)
        self._at = monotonic()

    async def turn(self) -> None:
        """Wait for a turn, in order of asking."""
        now = monotonic()
        refilled = self._turns + (now - self._at) * self._per_second
        self._turns = min(refilled, float(self._burst)) - 1
        self._at = now
        if self._turns < 0:
            await asyncio.sleep(-self._turns / self._per_second)


def is_transient(error: InstaSellError) -> bool:
    """Return True when a later try may succeed."""
    return error.retryable or error.status >= 500


def wait_seconds(error: InstaSellError, delays: Iterator[float]) -> float:
    """Return the seconds before the next try: what the server asks, or the next delay if longer."""
    requested = error.retry_after_seconds if isinstance(error, RateLimited) else None
    return max(next(delays), requested or 0.0)
