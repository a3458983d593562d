"""Listens, with limits on how many connections there are and on how slow they may be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from instasell_server.http.connection import ConnectionRegistry, HttpConnection
from instasell_server.http.connections import CONNECTIONS, ConnectionLimits, OpenConnections
from instasell_server.http.page_lane import LANE
from instasell_server.http.problems import error_of, problem_response
from instasell_server.http.request_context import new_request_id

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

KEEPALIVE_SECONDS = 25
"""How long a connection may be silent, before the first request as well as between two."""

LINGERING_SECONDS = 2.0
"""How long the rest of a refused body is thrown away, so that the refusal is read."""

LOOK_SECONDS = 1.0
SHUTDOWN_SECONDS = 5.0
BACKLOG = 1024


class _Server(web.Server):
    registry: ConnectionRegistry

    def __call__(self) -> HttpConnection:
        return HttpConnection(self, self.registry, loop=self._loop, **self._kwargs)


def _with_problems(handler: Handler) -> Handler:
    """Answer what aiohttp refuses before any handler, such as an unknown Expect, in our form."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            request_id = new_request_id()
            response = problem_response(error_of(error), request_id)
            response.headers["X-Request-Id"] = request_id
            return response

    return handle


class _Runner(web.AppRunner):
    registry: ConnectionRegistry

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        server = _Server(
            _with_problems(made.request_handler),
            request_factory=made.request_factory,
            loop=made._loop,
            **made._kwargs,
        )
        server.registry = self.registry
        return server


class Listener:
    """Serve one application on one address, until `close`.

    Its limits are those of the application's `CONNECTIONS`; one without gets those of a program
    that few call.
    """

    def __init__(self, app: web.Application) -> None:
        counter = app.get(CONNECTIONS) or OpenConnections(ConnectionLimits())
        self._registry = ConnectionRegistry(counter, app.get(LANE))
        self._watch: asyncio.Task[None] | None = None
        self._runner = _Runner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=KEEPALIVE_SECONDS,
            lingering_time=LINGERING_SECONDS,
            # 972 KB of gzip inflated to 1 GB, which held the event loop for four seconds.
            auto_decompress=False,
            shutdown_timeout=SHUTDOWN_SECONDS,
        )
        self._runner.registry = self._registry

    async def open(self, host: str, port: int) -> int:
        """Start the application and listen; return the port, which matters for port 0."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
        await site.start()
        self._watch = asyncio.create_task(self._look(), name="slow-callers")
        address = self._runner.addresses[0]
        return int(address[1])

    async def close(self) -> None:
        """Stop listening, let requests finish, and clean the application up."""
        await self._runner.cleanup()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        before = loop.time()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = loop.time()
            # A process that was stopped for a while does not hold that against its callers.
            seconds, before = min(now - before, 2 * LOOK_SECONDS), now
            self._registry.look(seconds)
