"""Bound what a process may lose to a Redis that is slow, frozen or gone.

Redis only holds hints and copies, so that every caller goes on without it: it is asked for 0.2 s at
most, and after one failure not at all for a second. A frozen Redis costs a bid 0.2 s once a second,
not each time; a gone one costs nothing but the connect that fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from types import TracebackType

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from instasell_server.ports import Unreachable

OPEN_SECONDS = 1.0
"""How long nobody asks after a failure. The calls after that are the probe: no half-open state is
needed, as a second failure costs those of 0.2 s and opens the breaker again."""

TIMEOUT_SECONDS = 0.2
"""A healthy exchange takes less than a millisecond; a bid that waits much longer is felt."""

LATE_SECONDS = 0.02
"""A timer that fires later than this was held up by the event loop, not by Redis."""

EXTENSIONS_MAX = 2
"""So often at most is the wait begun again for a late loop: 0.6 s of waiting in all."""

_log = structlog.get_logger(__name__)


class ExchangeTimeout:
    """Bounds what happens inside to `TIMEOUT_SECONDS`, as `asyncio.timeout` does.

    A timer that the event loop ran late says nothing about Redis, whose answer may lie there
    unread; then the wait is longer once or twice. Otherwise a busy loop would trip the breaker, and
    limits would count apart on each server while it is open.
    """

    def __init__(self) -> None:
        self._scope = asyncio.timeout(None)
        self._extensions = EXTENSIONS_MAX
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._scope.__aenter__()
        self._wait(asyncio.get_running_loop())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._scope.__aexit__(kind, error, trace)

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + TIMEOUT_SECONDS
        self._timer = loop.call_at(due, self._is_due, loop, due)

    def _is_due(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if loop.time() - due > LATE_SECONDS and self._extensions:
            self._extensions -= 1
            self._wait(loop)
        else:
            self._scope.reschedule(loop.time())


class CircuitBreaker:
    """After one failure nobody asks for `OPEN_SECONDS`, so a frozen Redis costs one time-out."""

    def __init__(self) -> None:
        self._open_until = 0.0
        self._failing = False

    @property
    def is_open(self) -> bool:
        """Return whether calls to Redis are skipped for now."""
        return time.monotonic() < self._open_until

    def check(self) -> None:
        """Raise Unreachable while the breaker is open."""
        if self.is_open:
            raise Unreachable("redis failed a moment ago")

    def trip(self, error: BaseException) -> None:
        """Open the breaker, and say so once for each outage."""
        self._open_until = time.monotonic() + OPEN_SECONDS
        if not self._failing:
            self._failing = True
            _log.warning("redis_unreachable", error=f"{type(error).__name__}: {error}")

    def _heal(self) -> None:
        if self._failing:
            self._failing = False
            _log.info("redis_reachable")

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Turn every failure of Redis inside into Unreachable; lost connections trip it.

        A reply that is an error (out of memory, still loading) trips nothing, as it came in time:
        the next command may succeed, and asking for it costs no time-out.
        """
        self.check()
        try:
            yield
        except (RedisConnectionError, RedisTimeoutError, TimeoutError, OSError) as error:
            self.trip(error)
            raise Unreachable(str(error)) from error
        except RedisError as error:
            raise Unreachable(str(error)) from error
        self._heal()
