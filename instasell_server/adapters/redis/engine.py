"""Everything that a server process has of one Redis."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from instasell_server.adapters.redis.breaker import CircuitBreaker
from instasell_server.adapters.redis.bus import RedisBus
from instasell_server.adapters.redis.cache import RedisCache
from instasell_server.adapters.redis.limiter import RedisLimiter
from instasell_server.adapters.redis.locks import RedisLocks
from instasell_server.adapters.redis.pipeline import RedisPipeline
from instasell_server.ports import Unreachable


class RedisEngine:
    """Implement four ports over one Redis (redis://, rediss:// or unix://), with one breaker."""

    def __init__(self, url: str) -> None:
        breaker = CircuitBreaker()
        self._pool = ConnectionPool.from_url(
            url,
            # The time-out lies around each exchange, where it knows of a loop that is late.
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self._wire = RedisPipeline(self._pool, breaker)
        self.locks = RedisLocks(self._wire)
        self.cache = RedisCache(self._wire)
        self.limiter = RedisLimiter(self._pool, breaker)
        self.bus = RedisBus(self._pool, self._wire)

    def start(self) -> None:
        """Join the bus; call it inside the running loop."""
        self.bus.start()

    async def is_empty(self) -> bool:
        """Return whether the database has no key. Raises Unreachable."""
        try:
            return not await Redis(connection_pool=self._pool).dbsize()
        except (RedisError, OSError) as error:
            raise Unreachable(str(error)) from error

    async def close(self) -> None:
        """Leave the bus and close every connection."""
        await self.bus.stop()
        await self._wire.close()
        await self._pool.disconnect()
