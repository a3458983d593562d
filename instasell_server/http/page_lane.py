"""A short way for plain requests of public pages: from the bytes of a head to those of an answer.

A page that is at hand costs aiohttp 39 us for its request, task, response and headers, and what
surrounds every request 50 us more. Here it is 15 us, because a head that came before is known by
its bytes. Whatever is not plain goes the ordinary way, where it gets the same answer: another
method, a body, credentials, a header that is not on the list, a query that is wrong.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import structlog
from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from instasell_client.models.errors import InstaSellError, RateLimited
from instasell_server import logs, metrics
from instasell_server.http.client_address import Network, client_address
from instasell_server.http.connections import OpenConnections
from instasell_server.http.encoded_page import (
    EncodedPage,
    FoundPage,
    Page,
    is_unchanged,
)
from instasell_server.http.plain_requests import PlainRequest, PlainRequests
from instasell_server.http.problems import problem_bytes
from instasell_server.http.ratelimit import RateLimitResult, RateLimits
from instasell_server.http.request_context import CALLER_GONE, new_request_id
from instasell_server.http.route import Route

_log = structlog.get_logger("instasell.http")


class PageLane:
    """Recognize plain requests and put their answers together; the connection sends them."""

    def __init__(
        self,
        app: web.Application,
        routes: Iterable[Route],
        *,
        limits: RateLimits,
        connections: OpenConnections,
        proxies: tuple[Network, ...],
        varies_by_origin: bool,
    ) -> None:
        self._app = app
        self._limits = limits
        self._connections = connections
        self._proxies = proxies
        self._constant = b"X-Content-Type-Options: nosniff\r\nServer: InstaSell\r\n"
        self._varies = {"Vary": "Origin"} if varies_by_origin else {}
        for name, value in self._varies.items():
            self._constant += f"{name}: {value}\r\n".encode()
        self._requests = PlainRequests(routes)

    def recognize(self, data: bytes) -> PlainRequest | None:
        """Return the request that these bytes are, whole and alone; None for anything else."""
        return self._requests.recognize(data)

    # One request ------------------------------------------------------------------------------

    def try_admit(self, request: PlainRequest, peer: str | None) -> Admission | None:
        """Count a request without waiting; None where that takes a query, see `admit`."""
        address = client_address(peer, request.forwarded, self._proxies)
        is_counted, counted = self._limits.try_address(address)
        return self._admission(request, peer, address, counted) if is_counted else None

    async def admit(self, request: PlainRequest, peer: str | None) -> Admission:
        """Count a request."""
        address = client_address(peer, request.forwarded, self._proxies)
        counted = await self._limits.hit_address(address)
        return self._admission(request, peer, address, counted)

    def _admission(
        self,
        request: PlainRequest,
        peer: str | None,
        address: str,
        counted: RateLimitResult | None,
    ) -> Admission:
        request_id = request.request_id or new_request_id()
        try:
            is_held = self._connections.begin_request(peer, address)
        except InstaSellError as error:
            return Admission(request_id, address, counted, False, error)
        return Admission(request_id, address, counted, is_held, _refusal_of(counted))

    def find(self, request: PlainRequest) -> FoundPage:
        """Find the page of a request."""
        return request.route.source(self._app, request.ids, request.query)

    def answer(
        self, request: PlainRequest, admission: Admission, page: Page, seconds: float
    ) -> bytes:
        """Return the bytes of the answer; metrics and log have the request then."""
        if isinstance(page, InstaSellError):
            return self._refuse(request, admission, page, seconds)
        known = request.if_none_match
        status = 200 if known is None or not is_unchanged(known, page) else 304
        head = (
            f"Cache-Control: {request.route.cache_control}\r\nETag: {page.etag}\r\n"
            f"Date: {rfc822_formatted_time()}\r\nX-Request-Id: {admission.request_id}\r\n"
        )
        if admission.counted is not None:
            head += "".join([f"{name}: {value}\r\n" for name, value in admission.headers().items()])
        self._finish(request, admission, status, seconds)
        if status == 304:
            return b"HTTP/1.1 304 Not Modified\r\n%b%b\r\n" % (self._constant, head.encode())
        return b"".join((
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
            str(len(page.body)).encode(),
            b"\r\n",
            self._constant,
            head.encode(),
            b"\r\n",
            page.body,
        ))  # fmt: skip

    def note_gone(self, request: PlainRequest, admission: Admission, seconds: float) -> None:
        """Note a request whose caller went away."""
        self._finish(request, admission, CALLER_GONE, seconds)

    def _refuse(
        self, request: PlainRequest, admission: Admission, error: InstaSellError, seconds: float
    ) -> bytes:
        if type(error) is InstaSellError:
            _log.error(
                "request_failed", method="GET", path=request.path, exc_info=error.__cause__,
                request_id=admission.request_id,
            )  # fmt: skip
        self._finish(request, admission, error.status, seconds)
        more = {**admission.headers(), "Date": rfc822_formatted_time(), **self._varies}
        return problem_bytes(error, admission.request_id, more)

    def _finish(
        self, request: PlainRequest, admission: Admission, status: int, seconds: float
    ) -> None:
        if admission.is_held:
            self._connections.end_request(admission.address)
        template = request.route.template
        metrics.observe_request("GET", template, status, seconds)
        logs.REQUESTS.write(
            method="GET",
            path=request.path,
            route=template,
            status=status,
            seconds=seconds,
            address=admission.address,
            user_id=None,
            request_id=admission.request_id,
        )


class Admission(NamedTuple):
    """Hold who sent a request that was counted."""

    request_id: str
    address: str
    counted: RateLimitResult | None
    is_held: bool
    refusal: InstaSellError | None

    def headers(self) -> Mapping[str, str]:
        """Return the headers that say what is left of the limit."""
        return {} if self.counted is None else self.counted.headers()


class PageAnswer:
    """One plain request, until its answer is sent."""

    __slots__ = (
        "_admission", "_lane", "_peer", "_reading", "_request", "_send", "_started", "_task",
    )  # fmt: skip

    def __init__(
        self,
        lane: PageLane,
        request: PlainRequest,
        peer: str | None,
        send: Callable[[bytes], None],
    ) -> None:
        self._lane = lane
        self._request = request
        self._peer = peer
        self._send: Callable[[bytes], None] | None = send
        self._started = time.perf_counter()
        self._admission: Admission | None = None
        self._task: asyncio.Task[Admission] | None = None
        self._reading: asyncio.Future[Page] | None = None

    def begin(self) -> None:
        """Answer at once if everything is at hand, else when it is."""
        admission = self._lane.try_admit(self._request, self._peer)
        if admission is not None:
            self._find(admission)
            return
        self._task = asyncio.create_task(self._lane.admit(self._request, self._peer))
        self._task.add_done_callback(self._find_counted)

    def abandon(self) -> None:
        """Note that the caller went away; the page is read on if others wait for it."""
        self._send = None
        if self._reading is not None:
            self._reading.cancel()
        if self._admission is not None:
            self._lane.note_gone(self._request, self._admission, self._seconds())

    def _find_counted(self, task: asyncio.Task[Admission]) -> None:
        error = task.exception()
        if error is None:
            self._find(task.result())
            return
        unknown = Admission(new_request_id(), self._peer or "", None, False, _failure(error))
        self._find(unknown)

    def _find(self, admission: Admission) -> None:
        self._admission = admission
        if self._send is None:
            self.abandon()
            return
        if admission.refusal is not None:
            self._finish(admission.refusal)
            return
        try:
            page = self._lane.find(self._request)
        except Exception as error:
            self._finish(_failure(error))
            return
        if isinstance(page, EncodedPage):
            self._finish(page)
        else:
            self._reading = page
            page.add_done_callback(self._finish_reading)

    def _finish_reading(self, reading: asyncio.Future[Page]) -> None:
        self._reading = None
        if not reading.cancelled():
            error = reading.exception()
            self._finish(reading.result() if error is None else _failure(error))

    def _finish(self, page: Page) -> None:
        send, admission = self._send, self._admission
        if send is None or admission is None:
            return
        self._send = None
        send(self._lane.answer(self._request, admission, page, self._seconds()))

    def _seconds(self) -> float:
        return time.perf_counter() - self._started


def _failure(error: BaseException) -> InstaSellError:
    refusal = InstaSellError()
    refusal.__cause__ = error
    return refusal


LANE: web.AppKey[PageLane] = web.AppKey("page_lane", PageLane)


def _refusal_of(counted: RateLimitResult | None) -> InstaSellError | None:
    try:
        if counted is not None:
            counted.require()
    except RateLimited as error:
        return error
    return None
