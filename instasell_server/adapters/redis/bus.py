"""Events between the servers of one market, by publish and subscribe.

An envelope is a kind, the 16 bytes that name the sender, and the message. Every server hears its
own messages too and skips them by the name. A heartbeat each second tells how many others live.
"""

from __future__ import annotations

import asyncio
import math
import random
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import RedisError

from instasell_server.adapters.redis.pipeline import RedisPipeline, connect, make_connection, pack
from instasell_server.ports import Deliver, Unreachable

HEARTBEAT_SECONDS = 1.0
PEER_SECONDS = 3.0
SILENCE_SECONDS = 4.0
CONNECT_SECONDS = 2.0
BACKOFF_SECONDS = (0.05, 2.0)
NAME_BYTES = 16

_HEARTBEAT = b"h"
_MESSAGE = b"m"
_log = structlog.get_logger(__name__)


class RedisBus:
    """Implement the Bus port over one channel of Redis."""

    def __init__(self, pool: ConnectionPool, wire: RedisPipeline) -> None:
        self._pool = pool
        self._wire = wire
        self._name = secrets.token_bytes(NAME_BYTES)
        # Channels are shared by all databases of a Redis, so the channel names the database.
        self._channel = f"instasell:{pool.connection_kwargs.get('db', 0) or 0}:events"
        self._deliver: Deliver | None = None
        self._came_back: Callable[[], None] | None = None
        self._heard: dict[bytes, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed_before = False

    def listen(self, deliver: Deliver, came_back: Callable[[], None]) -> None:
        """Set what receives the messages of other servers, and what runs when Redis is back."""
        self._deliver = deliver
        self._came_back = came_back

    @property
    def peers(self) -> int:
        """Count the other servers that were heard of in the last three seconds."""
        since = time.monotonic() - PEER_SECONDS
        return sum(1 for at in self._heard.values() if at >= since)

    def start(self) -> None:
        """Subscribe and begin to beat; call it inside the running loop."""
        self._tasks = [
            asyncio.create_task(self._subscribe(), name="bus-subscriber"),
            asyncio.create_task(self._beat(), name="bus-heartbeat"),
        ]

    async def stop(self) -> None:
        """Leave the channel."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def publish(self, messages: Sequence[bytes]) -> None:
        """Send to every other server; what cannot be sent is lost and found by the sweep."""
        if messages:
            await self._send([_MESSAGE + self._name + message for message in messages])

    async def _send(self, envelopes: Sequence[bytes]) -> None:
        try:
            await self._wire.exchange(
                [pack(b"PUBLISH", self._channel, envelope) for envelope in envelopes]
            )
        except Unreachable:
            return

    async def _beat(self) -> None:
        while True:
            await self._send([_HEARTBEAT + self._name])
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _subscribe(self) -> None:
        delay = BACKOFF_SECONDS[0]
        while True:
            connection = make_connection(self._pool)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await connect(connection)
                    await connection.send_packed_command(
                        pack(b"SUBSCRIBE", self._channel), check_health=False
                    )
                    await connection.read_response(timeout=math.inf, push_request=True)
                delay = BACKOFF_SECONDS[0]
                self._tell_subscribed()
                await self._read(connection)
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("bus_lost", error=f"{type(error).__name__}: {error}")
            finally:
                await connection.disconnect(nowait=True)
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, BACKOFF_SECONDS[1])

    def _tell_subscribed(self) -> None:
        if self._subscribed_before and self._came_back is not None:
            _log.info("bus_came_back")
            self._came_back()
        self._subscribed_before = True

    async def _read(self, connection: AbstractConnection) -> None:
        """Deliver messages until the connection dies or even our heartbeat is missing."""
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                reply: Any = await connection.read_response(timeout=math.inf, push_request=True)
            if not isinstance(reply, (list, tuple)) or len(reply) != 3 or reply[0] != b"message":
                continue
            await self._take(bytes(reply[2]))

    async def _take(self, envelope: bytes) -> None:
        kind, name = envelope[:1], envelope[1 : 1 + NAME_BYTES]
        if name == self._name or len(name) != NAME_BYTES:
            return
        if name not in self._heard:
            self._forget_silent()
        self._heard[name] = time.monotonic()
        if kind == _MESSAGE and self._deliver is not None:
            try:
                await self._deliver(envelope[1 + NAME_BYTES :])
            except Exception:
                _log.exception("bus_message_not_taken")

    def _forget_silent(self) -> None:
        since = time.monotonic() - PEER_SECONDS
        self._heard = {name: at for name, at in self._heard.items() if at >= since}
