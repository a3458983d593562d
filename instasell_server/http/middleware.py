"""Wrap every request: its id, the limit, the session, the answer to errors, the log line."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import HttpVersion11, web

from instasell_client.models.errors import (
    Forbidden,
    InstaSellError,
    Invalid,
    TooLarge,
    TooSlow,
    Unauthenticated,
    Unsupported,
)
from instasell_server import logs, metrics
from instasell_server.http.client_address import Network, client_address
from instasell_server.http.connection import HttpConnection, SlowBody
from instasell_server.http.connections import OpenConnections
from instasell_server.http.content_encoding import check_encoding
from instasell_server.http.cross_origin import CrossOrigin
from instasell_server.http.dispatch import Endpoint
from instasell_server.http.problems import error_of, problem_response
from instasell_server.http.ratelimit import (
    FILES_PATH,
    OF_ADDRESS,
    UNCOUNTED,
    RateLimitResult,
    RateLimits,
)
from instasell_server.http.request_context import (
    CALLER_GONE,
    PASSAGE,
    RequestContext,
    new_request_id,
)
from instasell_server.http.route import Route
from instasell_server.ports.principal import Principal

Authenticate = Callable[[str], Awaitable[Principal]]
"""Who a bearer token is. Raises Unauthenticated."""

REQUEST_ID_HEADER = "X-Request-Id"
BEARER = "bearer "
TOKEN_BYTES_MAX = 4096

_SANE_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}", re.ASCII)
_log = structlog.get_logger("instasell.http")


class RequestMiddleware:
    """Surround every request. `routes` maps an endpoint to its row of the route table."""

    def __init__(
        self,
        *,
        routes: Mapping[Endpoint, Route],
        authenticate: Authenticate | None,
        limits: RateLimits,
        proxies: tuple[Network, ...],
        connections: OpenConnections,
        cross_origin: CrossOrigin,
    ) -> None:
        self._routes = routes
        self._authenticate = authenticate
        self._limits = limits
        self._proxies = proxies
        self._connections = connections
        self._cross_origin = cross_origin

    @web.middleware
    async def handle(self, request: web.Request, handler: Endpoint) -> web.StreamResponse:
        """Answer one request, whatever happens to it.

        A socket that is open keeps the frames of all coroutines around it, so this is one, and
        what can be done without waiting is done in functions.
        """
        started = time.perf_counter()
        passage = self._begin(request)
        route = self._routes.get(request.match_info.handler)
        path = route.path if route else "unknown"
        status = CALLER_GONE
        is_held = False
        try:
            is_held = self._connections.begin_request(request.remote, passage.address)
            check_encoding(request)
            if self._cross_origin.is_preflight(request):
                answer = await self._answer_preflight(request, passage)
                status = answer.status
                return answer
            if path not in UNCOUNTED:
                await self._admit(request, path, passage)
            await _invite_body(request, route)
            response = await handler(request)
            status = response.status
            return response
        except Exception as error:
            refusal = _refusal(error, request, passage)
            status = refusal.status
            return refusal
        finally:
            if is_held:
                self._connections.end_request(passage.address)
            _write_down(request, path, status, passage, time.perf_counter() - started)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers of every answer; a signal, so that streams and sockets have them too."""
        passage = request.get(PASSAGE)
        if passage is None:
            return
        headers = response.headers
        headers["X-Request-Id"] = passage.request_id
        if response.status != 101:
            # An open socket keeps its headers in memory, and these tell it nothing.
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Server"] = "InstaSell"
            self._cross_origin.add_headers(request, response)
        if passage.counted is not None:
            headers.update(passage.counted.headers())

    async def _answer_preflight(
        self, request: web.Request, passage: RequestContext
    ) -> web.Response:
        """Answer without counting: each request of a page would count twice otherwise."""
        if not self._cross_origin.allows(request):
            await self._count_address(passage)
            raise Forbidden("this origin may not call; name it in INSTASELL_CORS_ORIGINS")
        return self._cross_origin.answer_preflight()

    def _begin(self, request: web.Request) -> RequestContext:
        given = request.headers.get(REQUEST_ID_HEADER)
        sane = given is not None and _SANE_ID.fullmatch(given) is not None
        request_id = given if given is not None and sane else new_request_id()
        address = client_address(
            request.remote, request.headers.getall("X-Forwarded-For", ()), self._proxies
        )
        passage = RequestContext(request_id, address)
        request[PASSAGE] = passage
        logs.REQUEST_ID.set(request_id)
        return passage

    async def _admit(self, request: web.Request, path: str, passage: RequestContext) -> None:
        """Find out who asks, and count it. Credentials that do not hold count for the address."""
        own_budget = OF_ADDRESS.get(path)
        if own_budget is not None:
            _count(passage, await self._limits.hit_address(passage.address, own_budget))
        header = request.headers.get("Authorization")
        if header is None:
            if own_budget is None:
                await self._count_address(passage)
            return
        try:
            passage.principal = await self._principal(header)
        except Unauthenticated:
            await self._count_address(passage)
            raise
        if own_budget is None:
            _count(passage, await self._limits.hit_user(passage.principal))

    async def _principal(self, header: str) -> Principal:
        if header[: len(BEARER)].lower() != BEARER or len(header) > TOKEN_BYTES_MAX:
            raise Unauthenticated("send Authorization: Bearer and a token")
        if self._authenticate is None:
            raise Unauthenticated
        return await self._authenticate(header[len(BEARER) :].strip())

    async def _count_address(self, passage: RequestContext) -> None:
        _count(passage, await self._limits.hit_address(passage.address))


def _refusal(error: Exception, request: web.Request, passage: RequestContext) -> web.Response:
    """Return the reply to what a handler raised. Raises it again where it is no error of ours."""
    if isinstance(error, SlowBody):
        error = TooSlow(f"the body stalled for too long, or came too slowly: {error}")
    if isinstance(error, InstaSellError):
        if type(error) is InstaSellError:
            # A read that many waited for has failed: each of their requests has its line.
            cause = error.__cause__
            _log.error("request_failed", method=request.method, path=request.path, exc_info=cause)
        response = problem_response(error, passage.request_id)
        if isinstance(error, (Unsupported, TooLarge, TooSlow)):
            # The body is not worth reading, so what follows it on the connection is not either.
            response.force_close()
        return response
    if isinstance(error, web.HTTPException):
        if error.status < 400:
            raise error
        return problem_response(error_of(error), passage.request_id)
    if isinstance(error, ConnectionResetError) and _is_gone(request):
        # Nobody reads this, and nothing has failed.
        return web.Response(status=CALLER_GONE)
    _log.error("request_failed", method=request.method, path=request.path, exc_info=error)
    return problem_response(InstaSellError(), passage.request_id)


async def _invite_body(request: web.Request, route: Route | None) -> None:
    """Tell a caller that waits for it to send its body, now that it has been admitted."""
    connection = request.protocol
    if route is not None and route.streams and isinstance(connection, HttpConnection):
        connection.allow_stream()
    expected = request.headers.get("Expect")
    if expected is None or route is None:
        return
    if expected.lower() != "100-continue":
        raise Invalid.one("Expect", "send 100-continue, or leave the header away")
    if request.version >= HttpVersion11 and request.can_read_body:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # What was written is no part of the answer.
        request.writer.output_size = 0


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _write_down(
    request: web.Request, path: str, status: int, passage: RequestContext, seconds: float
) -> None:
    """Record metrics and log line of a request that is over; an open socket is none."""
    if status != 101:
        metrics.observe_request(request.method, path, status, seconds)
    logs.REQUESTS.write(
        method=request.method,
        # The address of a file is enough to fetch it, so it is not for the log.
        path=request.path if path != FILES_PATH else path,
        route=path,
        status=status,
        seconds=seconds,
        address=passage.address,
        user_id=passage.principal.user_id if passage.principal else None,
        request_id=passage.request_id,
    )


def _count(passage: RequestContext, counted: RateLimitResult | None) -> None:
    if counted is not None:
        passage.counted = counted
        counted.require()
