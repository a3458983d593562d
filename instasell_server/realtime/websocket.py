"""GET /ws: opens connections, and looks after them."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from aiohttp import web
from pydantic_core import to_json

from instasell_client.models.errors import Forbidden
from instasell_client.models.live import FRAME_BYTES_MAX
from instasell_server.db.shared_read import SharedRead
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.auctions.service import AuctionService
from instasell_server.http.connection import HttpConnection
from instasell_server.http.request_context import PASSAGE
from instasell_server.http.route import Call
from instasell_server.ports.principal import Principal
from instasell_server.realtime.budgets import AddressBuckets, JoinLimits
from instasell_server.realtime.connection import (
    SHARED_FRAMES,
    LiveConnection,
)
from instasell_server.realtime.connection_services import ConnectionServices
from instasell_server.realtime.heartbeat import Heartbeat
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.snapshots import JoinReader
from instasell_server.realtime.subscriber import ANSWER_BYTES_MAX

KERNEL_BYTES = 64 * 1024
"""Of a reader that hangs the kernel would keep 2.5 MB by itself; Linux doubles what is set."""

UNREAD_BYTES = 16 * 1024
"""Of requests that are not read while others wait; four of the largest, or 200 bids."""


class LiveEndpoint:
    """Serve the WebSocket endpoint, with what connections need of the server."""

    def __init__(
        self,
        hub: Hub,
        history: AuctionHistory,
        auctions: AuctionService,
        authenticate: Callable[[str], Awaitable[Principal]],
        *,
        origins: list[str],
        join_limits: JoinLimits,
        currency: str,
        limited: bool,
    ) -> None:
        self.hub = hub
        self.history = history
        self._clock = SharedRead(self._read_clock)
        self._services = ConnectionServices(
            hub,
            JoinReader(hub.board, history, auctions.view, currency),
            self._clock,
            auctions,
            authenticate,
            join_limits,
            AddressBuckets(SHARED_FRAMES) if limited else None,
            self.spawn,
        )
        self._origins = frozenset(origins)
        self._open = Heartbeat()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to look after the connections; call it inside the running loop."""
        self.spawn(self._open.run())

    async def serve(self, call: Call[None, None]) -> web.StreamResponse:
        """Handle `GET /ws`."""
        self._check_origin(call.request)
        socket = web.WebSocketResponse(
            # aiohttp refuses what reaches its limit, not only what exceeds it.
            max_msg_size=FRAME_BYTES_MAX + 1,
            autoping=False,
            compress=False,
        )
        writer = await socket.prepare(call.request)
        # Each frame asks for its own scope, so a token that may bid and not read is let in here.
        passage = call.request[PASSAGE]
        transport = _bounded(call.request.transport)
        frames = cast(HttpConnection, call.request.protocol).frames
        assert frames is not None
        connection = LiveConnection(
            self._services, socket, transport, writer, frames, passage.address, passage.principal
        )
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
        return socket

    async def close(self) -> None:
        """Say goodbye to everybody; for a clean stop."""
        await self._services.joins.stop()
        await self._clock.stop()
        open_ones = cast(Iterable[LiveConnection], self._open)
        await asyncio.gather(*(each.go_away() for each in open_ones), return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what no frame waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read_clock(self, keys: Sequence[None]) -> Mapping[None, bytes]:
        """Read the data of a ping's answer."""
        return {None: to_json({"server_time": await self.history.now()})}

    def _check_origin(self, request: web.Request) -> None:
        """Refuse a page of another site, which a browser would lend the user's credentials."""
        origin = request.headers.get("Origin")
        if origin is None or origin in self._origins:
            return
        if urlsplit(origin).netloc != request.host:
            raise Forbidden("this origin may not connect; name it in INSTASELL_CORS_ORIGINS")


def _bounded(transport: asyncio.Transport | None) -> asyncio.WriteTransport:
    """Return the transport of a connection, which keeps little for one who does not read."""
    if transport is None:
        raise ConnectionResetError("the connection went away during its upgrade")
    transport.set_write_buffer_limits(high=ANSWER_BYTES_MAX)
    socket = transport.get_extra_info("socket")
    if socket is not None:
        socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, KERNEL_BYTES)
        socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, UNREAD_BYTES)
    # The transports of uvloop are no subclasses of those of asyncio.
    return cast(asyncio.WriteTransport, transport)
