"""Listens, with the time-outs that keep slow or silent sockets from staying."""

from __future__ import annotations

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from instasell_server.errors import InstaSellError, Malformed
from instasell_server.http.encoding import encoded_body
from instasell_server.http.passage import new_request_id
from instasell_server.http.problems import problem_response

KEEPALIVE_SECONDS = 25
"""How long a socket may take to send the head of a request, the first as well as any other."""

LINGERING_SECONDS = 2.0
"""How long the rest of a refused body is thrown away, so that the refusal is read."""

SHUTDOWN_SECONDS = 5.0
BACKLOG = 1024

_log = structlog.get_logger(__name__)


class _Protocol(RequestHandler):
    """aiohttp's protocol, which answers what is no HTTP with a problem like any other."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The reply to bytes that could not be read as a request."""
        if status >= 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        _log.info("not_http", address=request.remote, error=type(exc).__name__)
        response = problem_response(_error_of(message), new_request_id())
        response.force_close()
        # What could not be read counts as HTTP/1.0, where closing goes without saying.
        response.headers["Connection"] = "close"
        return response


def _error_of(message: str | None) -> InstaSellError:
    """The market's error for what aiohttp's parser said of a request."""
    # llhttp reads a body that is encoded and not chunked as one without an end, and refuses it.
    if message is not None and "Transfer-Encoding" in message:
        return encoded_body()
    return Malformed("the request is not valid HTTP")


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            loop=made._loop,
            **made._kwargs,
        )


class Listener:
    """One application on one address, until `close`."""

    def __init__(self, app: web.Application) -> None:
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

    async def open(self, host: str, port: int) -> int:
        """Starts the application and listens; returns the port, which matters for port 0."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=BACKLOG)
        await site.start()
        address = self._runner.addresses[0]
        return int(address[1])

    async def close(self) -> None:
        """Stops listening, lets requests finish, and cleans the application up."""
        await self._runner.cleanup()
