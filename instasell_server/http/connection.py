"""One connection of HTTP: counted, watched, and answered also where aiohttp itself would refuse.

aiohttp closes a connection that is idle. It lets a body take for ever, though, and an answer that
nobody reads: 500 sockets that stopped in the middle of one stayed until the server was stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from instasell_client.models.errors import HeadTooLarge, InstaSellError, Malformed, TooSlow
from instasell_server import metrics
from instasell_server.http.connections import OpenConnections
from instasell_server.http.content_encoding import encoded_body
from instasell_server.http.frame_limit import FrameLimit
from instasell_server.http.page_lane import PageAnswer, PageLane
from instasell_server.http.plain_requests import is_whole_message
from instasell_server.http.problems import problem_bytes, problem_response
from instasell_server.http.request_context import new_request_id
from instasell_server.http.slow_transfers import SlowTransfer, TransferWatch

HEAD_BYTES_MAX = 64 * 1024
"""Of a request line with all headers; aiohttp limits each header to 8 KB, and their number."""

REFUSAL_SECONDS = 1.0
REFUSALS_MAX = 32
REPORT_SECONDS = 10.0

Lost = Callable[[BaseException | None], None]

_log = structlog.get_logger(__name__)


class SlowBody(TimeoutError):
    """Report a request body that comes too slowly, to the handler that reads it."""


class ConnectionRegistry:
    """Watch and count the connections of one listener, and share its lane for public pages."""

    def __init__(self, counter: OpenConnections, lane: PageLane | None = None) -> None:
        self.counter = counter
        self.lane = lane
        self.watched: set[HttpConnection] = set()
        self.refusals = 0
        self._refused = 0
        self._report_in = 0.0
        self._address: str | None = None

    def count_refusal(self, address: str | None, error: InstaSellError) -> None:
        """Note a connection over a limit; the log gets a line for many."""
        metrics.CONNECTIONS_REFUSED.labels(error.code).inc()
        self._refused += 1
        self._address = address

    def look(self, seconds: float) -> None:
        """Account for `seconds` that have passed, and cut off a caller who is too slow."""
        self._report_in -= seconds
        if self._refused and self._report_in <= 0:
            # With an address that is a proxy's, INSTASELL_TRUSTED_PROXIES does not name it.
            _log.warning("connections_refused", number=self._refused, last_address=self._address)
            self._refused, self._report_in = 0, REPORT_SECONDS
        for connection in list(self.watched):
            connection.look(seconds)


class HttpConnection(RequestHandler):
    """Put limits around aiohttp's protocol. `registry` counts and watches it."""

    __slots__ = (
        "_head_bytes", "_head_left", "_is_between", "_is_counted", "_later", "_page", "_peer",
        "_registry", "_transfers", "_wire", "frames",
    )  # fmt: skip

    def __init__(self, manager: web.Server, registry: ConnectionRegistry, **options: Any) -> None:
        super().__init__(manager, **options)
        self._registry = registry
        self._transfers: TransferWatch | None = None
        self._head_left: float | None = None
        self._head_bytes = 0
        self._is_counted = False
        self._peer: str | None = None
        # aiohttp forgets its transport when it begins to close, which may take a reader for ever.
        self._wire: asyncio.Transport | None = None
        # The part before the frames of a WebSocket, once the connection is one.
        self.frames: FrameLimit | None = None
        # The plain request of a public page that is being answered, and what came behind it.
        self._page: PageAnswer | None = None
        self._later: list[bytes] = []
        # Whether aiohttp's parser has been given whole messages only, so that the next bytes begin
        # one. What it makes of a part of one cannot be asked, and then the lane stays closed.
        self._is_between = True

    # The life of a connection ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; over a cap, it is refused without a byte being read."""
        self._wire = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else None
        try:
            self._registry.counter.open(self._peer)
        except InstaSellError as error:
            self._registry.count_refusal(self._peer, error)
            self._force_close = True
            _hang_up(self._registry, self._wire, error)
            return
        self._is_counted = True
        self._transfers = TransferWatch(self._registry.counter.limits)
        self._registry.watched.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Take back what was counted."""
        if self._is_counted:
            self._is_counted = False
            self._registry.counter.close(self._peer)
            self._registry.watched.discard(self)
        page = self._page
        if page is not None:
            self._end_page()
            page.abandon()
        super().connection_lost(exc)
        self._wire = None

    def set_parser(self, parser: Any, data_received_cb: Any = None) -> None:
        """Hand over to a WebSocket, which looks after its readers itself."""
        self._registry.watched.discard(self)
        self._transfers = None
        self.frames = FrameLimit(parser, self)
        super().set_parser(cast(Any, self.frames), data_received_cb)

    def pause_frames(self) -> None:
        """Read no more from the network."""
        if self._wire is not None and not self._wire.is_closing():
            self._wire.pause_reading()

    def resume_frames(self) -> None:
        """Read from the network again."""
        if self._wire is not None and not self._wire.is_closing():
            self._wire.resume_reading()

    def cut_off(self) -> None:
        """Abort a connection that sends more pieces of a message than anybody honest would."""
        _log.info("too_many_frames", address=self._peer)
        if self._wire is not None:
            self._wire.abort()

    def end_frames(self) -> None:
        """Close a connection whose bytes are not those of a WebSocket."""
        self.close()

    def data_received(self, data: bytes) -> None:
        """Pass bytes on, and measure a head that is not whole yet."""
        if self._page is not None:
            self._later.append(data)
            self.pause_frames()
            return
        if self._is_between:
            if data.startswith(b"GET ") and self._answer_page(data):
                return
            self._is_between = is_whole_message(data)
        super().data_received(data)
        if self._payload_parser is not None or self._upgraded:
            return
        if self._messages:
            self._head_left = None
            self._head_bytes = 0
        elif data and self._waiter is not None and not self._waiter.done():
            if self._head_left is None:
                self._head_left = self._registry.counter.limits.head_seconds
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(_head_too_large())

    # Plain requests of public pages ------------------------------------------------------------

    def _answer_page(self, data: bytes) -> bool:
        """Answer by the lane, if the bytes are a plain request and nothing else is going on."""
        lane, wire = self._registry.lane, self._wire
        if lane is None or wire is None or self._paused or self._force_close or self._close:
            return False
        waiter = self._waiter
        if waiter is None or waiter.done() or self._messages:
            return False
        if self._payload_parser is not None or self._upgraded:
            return False
        request = lane.recognize(data)
        if request is None:
            return False
        self._page = PageAnswer(lane, request, self._peer, self._send_page)
        # As aiohttp does with its own: a clean stop waits for the answer.
        self._request_in_progress = True
        self._page.begin()
        return True

    def _end_page(self) -> None:
        self._page = None
        self._request_in_progress = False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)

    def _process_keepalive(self) -> None:
        """Close an idle connection; one whose page is being read is not idle."""
        if self._page is None:
            super()._process_keepalive()
            return
        self._keepalive_handle = self._loop.call_later(
            self._keepalive_timeout, self._process_keepalive
        )

    def _send_page(self, answer: bytes) -> None:
        wire = self._wire
        if wire is not None and not wire.is_closing():
            wire.write(answer)
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        self._end_page()
        if self._later:
            data = b"".join(self._later)
            self._later.clear()
            self.resume_frames()
            self.data_received(data)

    def allow_stream(self) -> None:
        """Give the body of the current request the time of a stream."""
        if self._transfers is not None:
            self._transfers.allow_stream()

    def look(self, seconds: float) -> None:
        """Account for `seconds` that have passed, and cut the caller off when it is too slow."""
        wire, request = self._wire, self._current_request
        if wire is None or self._transfers is None:
            return
        paused = self._reading_paused or self._buffer_paused
        slow = self._transfers.look(request, wire, seconds=seconds, paused=paused)
        if slow is SlowTransfer.READING:
            self._note_slow(slow.value)
            wire.abort()
        elif slow is SlowTransfer.SENDING and request is not None:
            if request.content.exception() is None:
                self._note_slow(slow.value)
                request.content.set_exception(SlowBody("the body comes too slowly"))
        elif self._head_left is not None:
            self._head_left -= seconds
            if self._head_left <= 0:
                self._note_slow("slow_head")
                limit = self._registry.counter.limits.head_seconds
                self._refuse(TooSlow(f"send the head of a request within {limit:g} s"))

    def _note_slow(self, kind: str) -> None:
        metrics.SLOW_CALLERS.labels(kind).inc()
        _log.info(kind, address=self._peer)

    def _refuse(self, error: InstaSellError) -> None:
        """Answer a head that never became a request, and hang up."""
        self._head_left = None
        # Ends aiohttp's task, and leaves the transport open.
        self.close()
        if self._wire is not None:
            _hang_up(self._registry, self._wire, error, self.connection_lost)

    # What aiohttp refuses itself -------------------------------------------------------------

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer bytes that could not be read as a request, and what failed around a handler."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, and another cannot follow it")
        if status >= 500:
            _log.error("request_failed", method=request.method, path=request.path, exc_info=exc)
            error = InstaSellError()
        else:
            _log.info("not_http", address=request.remote, error=type(exc).__name__)
            error = _error_of(exc, message)
        request_id = new_request_id()
        response = problem_response(error, request_id)
        response.headers["X-Request-Id"] = request_id
        response.force_close()
        # What could not be read counts as HTTP/1.0, where closing goes without saying.
        response.headers["Connection"] = "close"
        return response


def _output_of(request: web.BaseRequest | None) -> int:
    return request.writer.output_size if request is not None else 0


def _error_of(exc: BaseException | None, message: str | None) -> InstaSellError:
    """Return the market's error for what aiohttp's parser said of a request."""
    text = message or ""
    if isinstance(exc, LineTooLong) or "Too many headers" in text:
        return _head_too_large()
    # llhttp reads a body that is encoded and not chunked as one without an end, and refuses it.
    if "Transfer-Encoding" in text:
        return encoded_body()
    return Malformed("the request is not valid HTTP")


def _head_too_large() -> HeadTooLarge:
    return HeadTooLarge(
        "send a shorter request line and fewer or shorter headers: each may have 8190 bytes, and"
        f" all of them {HEAD_BYTES_MAX}",
        limit_bytes=HEAD_BYTES_MAX,
    )


# Connections over a cap -----------------------------------------------------------------------


def _hang_up(
    registry: ConnectionRegistry,
    transport: asyncio.Transport,
    error: InstaSellError,
    on_lost: Lost | None = None,
) -> None:
    """Answer with a refusal and close; without `on_lost`, the answer waits to be asked."""
    if registry.refusals >= REFUSALS_MAX:
        transport.abort()
        return
    refusal = _RefusedConnection(registry, transport, problem_bytes(error, new_request_id()))
    transport.set_protocol(refusal)
    if on_lost is not None:
        refusal.on_lost = on_lost
        refusal.data_received(b"")


class _RefusedConnection(asyncio.Protocol):
    """Answers whatever is asked with a refusal, and hangs up within a second.

    The answer waits for the first bytes of the caller, and the rest of them is thrown away: to
    close a socket with unread bytes resets it, and the caller would never see the answer.
    """

    def __init__(
        self, registry: ConnectionRegistry, transport: asyncio.Transport, answer: bytes
    ) -> None:
        registry.refusals += 1
        self.on_lost: Lost | None = None
        self._registry = registry
        self._transport = transport
        self._answer: bytes | None = answer
        loop = asyncio.get_running_loop()
        self._end = loop.call_later(REFUSAL_SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            self._transport.write(answer)
            if self._transport.can_write_eof():
                self._transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._registry.refusals -= 1
        self._end.cancel()
        if self.on_lost is not None:
            self.on_lost(exc)
