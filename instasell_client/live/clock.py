"""Estimate the server's clock from its answers."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from time import monotonic, time

SAMPLES = 8
"""One for each ping: of the last 160 s, in which clocks of 50 ppm drift apart by 8 ms."""


class Clock:
    """Estimate the server's time from answers that carry it.

    Of the newest samples the one with the shortest round trip counts, for its error is at most
    half of that trip. It counts on from the monotonic clock, which nobody sets by hand.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=SAMPLES)
        self._offset = time() - monotonic()

    def restart(self) -> None:
        """Forget the samples; the machine may have slept since they were taken."""
        self._samples.clear()

    def sample(self, server_time: datetime, sent: float, received: float) -> None:
        """Take in an answer; `sent` and `received` are instants of `monotonic`, in seconds."""
        offset = server_time.timestamp() - (sent + received) / 2
        self._samples.append((received - sent, offset))
        self._offset = min(self._samples)[1]

    @property
    def error_seconds(self) -> float | None:
        """Return the largest error of the estimate in seconds; None before the first answer."""
        return min(self._samples)[0] / 2 if self._samples else None

    def now(self) -> datetime:
        """Return the server's time in UTC; that of the local clock before the first answer."""
        return datetime.fromtimestamp(monotonic() + self._offset, UTC)
