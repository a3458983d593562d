"""Counts of requests, in Redis so that all servers count together, by the library `limits`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from redis.asyncio.connection import ConnectionPool

from instasell_server.adapters.redis.breaker import CircuitBreaker, ExchangeTimeout
from instasell_server.ports import Quota, Unreachable

NAMESPACE = "instasell"
AT_ONCE_MAX = 16
KEPT_MAX = 10_000
FULL_SECONDS = 1.0
LEASED_SHARE = 100
"""What a server takes of a limit at once: so much of it may be left over when the window ends."""

LEASED_MAX = 1000
"""And no more than this: a query for 1,000 requests costs a twentieth of a microsecond each."""

Counted = tuple[int, float]
"""Hits in the window, and when it ends, in seconds since the epoch."""


_Key = tuple[str, str, int, int]
"""Bucket, who, limit and window of a count."""


@dataclass(slots=True)
class _Lease:
    """Hold hits that are counted already and not used yet, until their window ends."""

    count: int
    left: int
    reset_at: float


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
        self._leases: dict[_Key, _Lease] = {}
        self._full_until = 0.0

    async def hit(
        self, bucket: str, who: str, *, limit: int, window_seconds: int, in_parts: bool = False
    ) -> Quota:
        """Count one hit of `who`; a limit of 0 always allows. Never raises.

        With `in_parts` this server takes a hundredth of the limit at once.
        """
        if limit == 0:
            return Quota(True, 0, 0, 0.0, window_seconds)
        quota = self.try_hit(bucket, who, limit=limit, window_seconds=window_seconds)
        if quota is not None:
            return quota
        key = (bucket, who, limit, window_seconds)
        amount = 1
        if in_parts and (key in self._leases or self._has_room()):
            amount = min(max(1, limit // LEASED_SHARE), LEASED_MAX)
        name = _key(bucket, who, limit, window_seconds)
        count, reset_at = await self._ask(
            lambda store: self._count(store, name, window_seconds, amount)
        )
        used = count - amount + 1
        if amount == 1:
            return _quota(used <= limit, used, reset_at, limit, window_seconds)
        lease = self._leases.setdefault(key, _Lease(0, 0, 0.0))
        # Others of this server may have asked meanwhile, and what they have left stays.
        kept = lease.left if lease.reset_at == reset_at else 0
        usable = min(count, limit)
        lease.left = kept + max(0, usable - used)
        lease.count, lease.reset_at = max(usable, lease.count if kept else 0), reset_at
        return _quota(used <= limit, lease.count - lease.left, reset_at, limit, window_seconds)

    def try_hit(self, bucket: str, who: str, *, limit: int, window_seconds: int) -> Quota | None:
        """Count one hit that needs no query; None where `hit` has to ask."""
        lease = self._leases.get((bucket, who, limit, window_seconds))
        if lease is None or lease.left <= 0 or lease.reset_at <= time.time():
            return None
        lease.left -= 1
        return _quota(True, lease.count - lease.left, lease.reset_at, limit, window_seconds)

    def _has_room(self) -> bool:
        """Make room for another lease. One with hits left is kept: they are counted already."""
        if len(self._leases) < KEPT_MAX:
            return True
        now = time.time()
        if now < self._full_until:
            return False
        over = [key for key, each in self._leases.items() if not each.left or each.reset_at <= now]
        for key in over:
            del self._leases[key]
        if not over:
            self._full_until = now + FULL_SECONDS
        return bool(over)

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

    async def _count(
        self, storage: Storage, name: str, window_seconds: int, amount: int
    ) -> Counted:
        count = await storage.incr(name, window_seconds, amount=amount)
        reset_at = self._resets.get(name, 0.0)
        if count == amount or reset_at <= time.time():
            # A window never moves once it has begun, so its end is asked for once.
            reset_at = await storage.get_expiry(name)
            if len(self._resets) >= KEPT_MAX:
                self._resets.clear()
            self._resets[name] = reset_at
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
