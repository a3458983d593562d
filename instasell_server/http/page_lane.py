"""A short way for plain requests of public pages: from the bytes of a head to those of an answer.

A page that is at hand costs aiohttp 39 us for its request, task, response and headers, and what
surrounds every request 50 us more. Here it is 15 us, because a head that came before is known by
its bytes. Whatever is not plain goes the ordinary way, where it gets the same answer: another
method, a body, credentials, a header that is not on the list, a query that is wrong.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time
from pydantic import BaseModel
from yarl import URL

from instasell_client.models.errors import InstaSellError, RateLimited
from instasell_server import logs, metrics
from instasell_server.http.client_address import Network, client_address
from instasell_server.http.connections import OpenConnections
from instasell_server.http.dispatch import query_reader_of
from instasell_server.http.encoded_page import (
    EncodedPage,
    FoundPage,
    Page,
    PagePath,
    PageSource,
    is_unchanged,
)
from instasell_server.http.problems import problem_bytes
from instasell_server.http.ratelimit import RateLimitResult, RateLimits
from instasell_server.http.request_context import CALLER_GONE, new_request_id
from instasell_server.http.route import Route

HEAD_BYTES_MAX = 2048
HEADS_MAX = 1024
"""Heads that are known by their bytes, 2 MB at most, with what they say. A client's are alike."""

_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_REQUEST_LINE = re.compile(r"GET (/[a-z0-9/_.-]*)(?:\?([!\"$-~]*))? HTTP/1\.1", re.ASCII)
# Nothing in it is optional twice over: white space is stripped afterwards, in linear time.
_HEADER = re.compile(r"([A-Za-z0-9-]+):([\t -~]*)", re.ASCII)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})(?=\r\n|$)")
_OPEN_ENDED = (b"transfer-encoding", b"upgrade", b"expect")
_SANE_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}", re.ASCII)
_IDS = re.compile(r"\{(\w+id)\}")
_PLAIN_HEADERS = frozenset({
    "host", "user-agent", "accept", "accept-encoding", "accept-language", "cache-control",
    "connection", "if-none-match", "x-request-id", "x-forwarded-for", "x-forwarded-proto",
    "x-forwarded-host", "x-real-ip", "via", "pragma", "dnt",
})  # fmt: skip


_log = structlog.get_logger("instasell.http")


class _PublicRoute(NamedTuple):
    template: str
    source: PageSource
    read_query: Callable[[URL], BaseModel | None]
    cache_control: str


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """Hold what the head of a plain request says."""

    route: _PublicRoute
    path: str
    ids: PagePath
    query: BaseModel | None
    if_none_match: str | None
    request_id: str | None
    forwarded: tuple[str, ...]


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
        self._exact: dict[str, _PublicRoute] = {}
        self._patterns: list[tuple[re.Pattern[str], _PublicRoute]] = []
        for route in routes:
            if route.page is not None:
                self._add(route, route.page)
        self._known: dict[bytes, PlainRequest] = {}

    def _add(self, route: Route, source: PageSource) -> None:
        cache_control = route.cache_control or "no-cache"
        public = _PublicRoute(route.path, source, query_reader_of(route), cache_control)
        if "{" in route.path:
            pattern = _IDS.sub(lambda found: f"(?P<{found[1]}>{_UUID})", route.path)
            self._patterns.append((re.compile(pattern, re.ASCII), public))
        else:
            self._exact[route.path] = public

    def recognize(self, data: bytes) -> PlainRequest | None:
        """Return the request that these bytes are, whole and alone; None for anything else."""
        known = self._known.get(data)
        if known is not None:
            return known
        if len(data) > HEAD_BYTES_MAX or not data.endswith(b"\r\n\r\n"):
            return None
        request = self._read(data)
        if request is not None:
            if len(self._known) >= HEADS_MAX:
                self._known.clear()
            self._known[bytes(data)] = request
        return request

    def _read(self, data: bytes) -> PlainRequest | None:
        try:
            line, *lines = data[:-4].decode("ascii").split("\r\n")
        except UnicodeDecodeError:
            return None
        start = _REQUEST_LINE.fullmatch(line)
        if start is None:
            return None
        path, query = start[1], start[2] or ""
        found = self._find_route(path)
        headers = None if found is None else _plain_headers(lines)
        if found is None or headers is None:
            return None
        route, ids = found
        try:
            wanted = route.read_query(URL.build(path=path, query_string=query, encoded=True))
        except InstaSellError:
            return None
        forwarded = headers.get("x-forwarded-for")
        return PlainRequest(
            route,
            path,
            ids,
            wanted,
            headers.get("if-none-match"),
            headers.get("x-request-id"),
            () if forwarded is None else (forwarded,),
        )

    def _find_route(self, path: str) -> tuple[_PublicRoute, PagePath] | None:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        for pattern, route in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                return route, match.groupdict()
        return None

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


def is_whole_message(data: bytes) -> bool:
    """Tell whether bytes at the start of a message are all of one, and nothing behind it."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = data[:end].lower()
    if any(word in head for word in _OPEN_ENDED):
        return False
    length = 0
    if b"content-length" in head:
        lengths = _LENGTH.findall(head)
        if len(lengths) != 1 or head.count(b"content-length") != 1:
            return False
        length = int(lengths[0])
    return len(data) == end + len(b"\r\n\r\n") + length


def _refusal_of(counted: RateLimitResult | None) -> InstaSellError | None:
    try:
        if counted is not None:
            counted.require()
    except RateLimited as error:
        return error
    return None


def _plain_headers(lines: list[str]) -> Mapping[str, str] | None:
    """Return headers by their names in lower case; None if they ask for more than a page."""
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            return None
        name = match[1].lower()
        if name not in _PLAIN_HEADERS or name in headers:
            return None
        value = match[2].strip(" \t")
        if "\t" in value:
            return None
        headers[name] = value
    if not headers.get("host") or headers.get("connection", "keep-alive").lower() != "keep-alive":
        return None
    request_id = headers.get("x-request-id")
    if request_id is not None and _SANE_ID.fullmatch(request_id) is None:
        return None
    return headers
