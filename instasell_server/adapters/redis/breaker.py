"""One fuse for everything that a process asks of Redis."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from instasell_server.ports import Unreachable

OPEN_SECONDS = 1.0
TIMEOUT_SECONDS = 0.2

_log = structlog.get_logger(__name__)


class Breaker:
    """After one failure nobody asks for `OPEN_SECONDS`, so a frozen Redis costs one time-out."""

    def __init__(self) -> None:
        self._open_until = 0.0
        self._failing = False

    @property
    def is_open(self) -> bool:
        """Whether Redis is left alone for the moment."""
        return time.monotonic() < self._open_until

    def check(self) -> None:
        """Raises Unreachable while the breaker is open."""
        if self.is_open:
            raise Unreachable("redis failed a moment ago")

    def trip(self, error: BaseException) -> None:
        """Opens the breaker, and says so once for each outage."""
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
        """Turns every failure of Redis inside into Unreachable; lost connections trip it.

        A reply that is an error (out of memory, still loading) trips nothing, as it came in time.
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
