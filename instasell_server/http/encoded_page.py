"""A public page as the bytes that are sent, with a strong validator."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web

from instasell_client.models.errors import InstaSellError

DIGEST_BYTES = 12


@dataclass(frozen=True, slots=True)
class EncodedPage:
    """Hold a JSON body and its ETag, quotes included. Equal bytes have equal tags anywhere."""

    body: bytes
    etag: str


Page = EncodedPage | InstaSellError
"""What a read found; a refusal is a value, never raised."""

FoundPage = EncodedPage | asyncio.Future[Page]
"""A page that is at hand, or one that is being read, for this caller alone: it may be cancelled."""

PagePath = Mapping[str, str]

PageSource = Callable[[web.Application, PagePath, Any], FoundPage]
"""Finds the page of a route for everybody who is not signed in, by its path and query."""


def encode_page(body: bytes) -> EncodedPage:
    """Return the page of a body."""
    digest = hashlib.blake2b(body, digest_size=DIGEST_BYTES).hexdigest()
    return EncodedPage(body, f'"{digest}"')


def is_unchanged(if_none_match: str, page: EncodedPage) -> bool:
    """Tell whether a caller has these bytes already (RFC 9110, 13.1.2: compared weakly)."""
    if if_none_match.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return page.etag in tags


def json_response(page: Page) -> web.Response:
    """Return the answer with a page for a reader who is signed in. Raises a refusal."""
    if isinstance(page, InstaSellError):
        raise page
    return web.Response(body=page.body, content_type="application/json")


def page_response(request: web.BaseRequest, page: EncodedPage, cache_control: str) -> web.Response:
    """Return the answer with a page, or 304 where the caller has it."""
    headers = {hdrs.CACHE_CONTROL: cache_control, hdrs.ETAG: page.etag}
    known = request.headers.get(hdrs.IF_NONE_MATCH)
    if known is not None and is_unchanged(known, page):
        return web.Response(status=304, headers=headers)
    headers[hdrs.CONTENT_TYPE] = "application/json"
    return web.Response(body=page.body, headers=headers)
