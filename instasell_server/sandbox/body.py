"""Read bodies of requests, and refuse those that would hold the sandbox up."""

from __future__ import annotations

from aiohttp import hdrs, web

from instasell_server.sandbox.errors import BodyRefused


def check_encoding(request: web.Request) -> None:
    """Raise `BodyRefused` for a request whose head announces an encoded body.

    A megabyte of gzip can inflate to a gigabyte, and Stripe's client encodes nothing.
    """
    transfer = request.headers.getall(hdrs.TRANSFER_ENCODING, ())
    is_plain = [value.strip().lower() for value in transfer] in ([], ["chunked"])
    if hdrs.CONTENT_ENCODING in request.headers or not is_plain:
        raise BodyRefused("Encoded bodies are not read: send it without compression.", status=415)


async def read_body(request: web.Request) -> bytes:
    """Return the body. Raises `BodyRefused` when the listener has found it too slow."""
    try:
        return await request.read()
    except TimeoutError:
        raise BodyRefused("The body came too slowly.", status=408) from None
