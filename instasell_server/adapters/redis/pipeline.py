"""Commands packed by hand, many in one write: a batch of bids locks dozens of auctions at once.

redis-py's own pipeline costs about 60 us for each command here, and a lone read of a reply with
a time-out of its own 30 us; one time-out around the whole exchange leaves 10 us.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any, cast

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import NoScriptError, ResponseError

from instasell_server.adapters.redis.breaker import CircuitBreaker, ExchangeTimeout
from instasell_server.adapters.redis.scripts import Script

Word = bytes | str | int
CONNECTIONS_MAX = 16


def pack(*words: Word) -> bytes:
    """Encode one command in the protocol of Redis."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def make_connection(pool: ConnectionPool) -> AbstractConnection:
    """Make a connection outside the pool, made as the pool makes its own.

    It has no time-out: one around a whole exchange is enough, and those of the library are dear.
    """
    connection = cast(AbstractConnection, cast(Any, pool).make_connection())
    connection.socket_timeout = None
    return connection


async def connect(connection: AbstractConnection) -> None:
    """Connect and sign in."""
    await cast(Any, connection).connect()


class RedisPipeline:
    """Exchanges packed commands for their replies, on connections of its own."""

    def __init__(self, pool: ConnectionPool, breaker: CircuitBreaker) -> None:
        self._pool = pool
        self._breaker = breaker
        self._idle: list[AbstractConnection] = []
        # A crowd waits here, where it costs no time-out, instead of all connecting at once.
        self._places = asyncio.Semaphore(CONNECTIONS_MAX)
        self._closed = False

    async def exchange(self, commands: Sequence[bytes]) -> list[Any]:
        """Return the replies in order; a reply that is an error is the exception.

        Raises Unreachable after 0.2 s in all, connecting included.
        """
        async with self._places:
            with self._breaker.guard():
                async with ExchangeTimeout():
                    return await self._exchange(commands)

    async def _exchange(self, commands: Sequence[bytes]) -> list[Any]:
        connection = self._idle.pop() if self._idle else make_connection(self._pool)
        try:
            if not connection.is_connected:
                await connect(connection)
            # One write for all commands; the health check would be an exchange before each.
            await connection.send_packed_command(b"".join(commands), check_health=False)
            replies = [await _read(connection) for _ in commands]
        except BaseException as error:
            # Replies that nobody read would be taken for those of the next exchange, also when it
            # was the caller that was cancelled; hence BaseException.
            await connection.disconnect(nowait=True)
            if isinstance(error, Exception):
                # What broke one connection, a restart of Redis, broke the idle ones too.
                await self._drop_idle()
            raise
        if self._closed:
            await connection.disconnect(nowait=True)
        else:
            self._idle.append(connection)
        return replies

    async def run(self, script: Script, calls: Sequence[tuple[str, Sequence[Word]]]) -> list[Any]:
        """Run a script once for each (key, arguments), in one exchange.

        A Redis that lost its scripts is sent the source along. Raises Unreachable.
        """
        replies = await self.exchange(
            [pack(b"EVALSHA", script.digest, 1, key, *arguments) for key, arguments in calls]
        )
        if any(isinstance(reply, NoScriptError) for reply in replies):
            replies = await self.exchange(
                [pack(b"EVAL", script.source, 1, key, *arguments) for key, arguments in calls]
            )
        return replies

    async def close(self) -> None:
        """Close the idle connections, and those in use when they come back."""
        self._closed = True
        await self._drop_idle()

    async def _drop_idle(self) -> None:
        while self._idle:
            await self._idle.pop().disconnect(nowait=True)


async def _read(connection: AbstractConnection) -> Any:
    try:
        # `math.inf` keeps the library from a time-out of its own around each reply (30 us), and an
        # error is one reply among others: those behind it are still to be read.
        return await connection.read_response(timeout=math.inf, disconnect_on_error=False)
    except ResponseError as error:
        return error
