"""Refuses encoded bodies: a megabyte of gzip can inflate to a gigabyte, and hold everybody up."""

from __future__ import annotations

from aiohttp import hdrs, web

from instasell_client.models.errors import Unsupported


def check_encoding(request: web.BaseRequest) -> None:
    """Raise Unsupported for a request whose head announces an encoded body.

    Any Content-Encoding is refused, also `identity` and an empty one: nobody needs to send it, and
    a list such as `identity, gzip` then needs no parser. Of the transfer encodings only `chunked`
    is read (RFC 9112, 7.1).
    """
    headers = request.headers
    if hdrs.CONTENT_ENCODING in headers:
        raise encoded_body()
    transfer = headers.getall(hdrs.TRANSFER_ENCODING, ())
    if transfer and [value.strip().lower() for value in transfer] != ["chunked"]:
        raise encoded_body()


def encoded_body() -> Unsupported:
    """Return the refusal of an encoded body."""
    return Unsupported(
        "Encoded bodies are not read: send the body without compression, without Content-Encoding,"
        " and with no Transfer-Encoding but chunked."
    )
