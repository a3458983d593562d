"""Read plain requests of public pages from the bytes of their heads.

Plain is a GET of HTTP/1.1 without a body or credentials, with headers that ask for no more than the
page. All else is for aiohttp to read, and a doubt is reason enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel
from yarl import URL

from instasell_client.models.errors import InstaSellError
from instasell_server.http.dispatch import query_reader_of
from instasell_server.http.encoded_page import PagePath, PageSource
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


class PublicRoute(NamedTuple):
    """Hold what is needed of a route to answer its plain requests."""

    template: str
    source: PageSource
    read_query: Callable[[URL], BaseModel | None]
    cache_control: str


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """Hold what the head of a plain request says."""

    route: PublicRoute
    path: str
    ids: PagePath
    query: BaseModel | None
    if_none_match: str | None
    request_id: str | None
    forwarded: tuple[str, ...]


class PlainRequests:
    """Recognize plain requests of some routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, PublicRoute] = {}
        self._patterns: list[tuple[re.Pattern[str], PublicRoute]] = []
        for route in routes:
            if route.page is not None:
                self._add(route, route.page)
        self._known: dict[bytes, PlainRequest] = {}

    def _add(self, route: Route, source: PageSource) -> None:
        cache_control = route.cache_control or "no-cache"
        public = PublicRoute(route.path, source, query_reader_of(route), cache_control)
        if "{" in route.path:
            pattern = _IDS.sub(lambda found: f"(?P<{found[1]}>{_UUID})", route.path)
            self._patterns.append((re.compile(pattern, re.ASCII), public))
        else:
            self._exact[route.path] = public

    def recognize(self, data: bytes) -> PlainRequest | None:
        """Return the request that these bytes are, whole and alone; None for anything else."""
        if len(data) > HEAD_BYTES_MAX or not data.endswith(b"\r\n\r\n"):
            return None
        known = self._known.get(data)
        if known is not None:
            return known
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

    def _find_route(self, path: str) -> tuple[PublicRoute, PagePath] | None:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        for pattern, route in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                return route, match.groupdict()
        return None


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
