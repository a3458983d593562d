"""Counts of requests, in Redis so that all servers count together, by the library `limits`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from redis.asyncio.connection import ConnectionPool

from instasell_server.adapters.redis.breaker import CircuitBreaker, ExchangeTimeout
from instasell_server.ports import Quota, Unreachable

NAMESPACE = "instasell"
AT_ONCE_MAX = 16
RESETS_KEPT_MAX = 10_000

Counted = tuple[int, float]
"""Hits in the window, and when it ends, in seconds since the epoch."""


class RedisLimiter:
    """Fixed windows that begin with the first hit. While Redis is away a local count serves."""

    def __init__(self, pool: ConnectionPool, breaker: CircuitBreaker) -> None:
        # `limits` asks for a URI, and the pool says where to connect.
        self._shared = RedisStorage(
            "redis://",
            implementation="redispy",
            key_prefix=NAMESPACE,
            connection_pool=cast(Any, pool),
        )
        self._local = MemoryStorage()
        self._breaker = breaker
        # More at once would only wait for each other inside the pool and look like a time-out.
        self._places = asyncio.Semaphore(AT_ONCE_MAX)
        self._resets: dict[str, float] = {}

    async def hit(self, bucket: str, who: str, *, limit: int, window_seconds: int) -> Quota:
        """Count one hit of `who`; a limit of 0 always allows. Never raises."""
        if limit == 0:
            return Quota(True, 0, 0, 0.0, window_seconds)
        key = _key(bucket, who, limit, window_seconds)
        count, reset_at = await self._ask(lambda store: self._count(store, key, window_seconds))
        return _quota(count <= limit, count, reset_at, limit, window_seconds)

    async def peek(self, bucket: str, who: str, *, limit: int, window_seconds: int) -> Quota:
        """Return the quota that a hit would get, without counting one. Never raises."""
        if limit == 0:
            return Quota(True, 0, 0, 0.0, window_seconds)
        key = _key(bucket, who, limit, window_seconds)
        count, reset_at = await self._ask(lambda store: _look(store, key))
        return _quota(count < limit, count, reset_at, limit, window_seconds)

    async def _ask(self, question: Callable[[Storage], Awaitable[Counted]]) -> Counted:
        try:
            async with self._places:
                with self._breaker.guard():
                    async with ExchangeTimeout():
                        return await question(self._shared)
        except Unreachable:
            return await question(self._local)

    async def _count(self, storage: Storage, key: str, window_seconds: int) -> Counted:
        count = await storage.incr(key, window_seconds)
        reset_at = self._resets.get(key, 0.0)
        if count == 1 or reset_at <= time.time():
            # A window never moves once it has begun, so its end is asked for once.
            reset_at = await storage.get_expiry(key)
            if len(self._resets) >= RESETS_KEPT_MAX:
                self._resets.clear()
            self._resets[key] = reset_at
        return count, reset_at


async def _look(storage: Storage, key: str) -> Counted:
    return await storage.get(key), await storage.get_expiry(key)


def _key(bucket: str, who: str, limit: int, window_seconds: int) -> str:
    return RateLimitItemPerSecond(limit, window_seconds, namespace="LIMIT").key_for(bucket, who)


def _quota(allowed: bool, count: int, reset_at: float, limit: int, window_seconds: int) -> Quota:
    return Quota(
        allowed=allowed,
        limit=limit,
        remaining=max(0, limit - count),
        reset_after_seconds=max(0.0, reset_at - time.time()),
        window_seconds=window_seconds,
    )
