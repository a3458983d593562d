"""Read bodies and queries strictly: whatever could be read in two ways is refused.

A key given twice, text that PostgreSQL cannot store, a nesting or a number without end: each is
reported, and none of them reaches a handler.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from aiohttp import web
from yarl import URL

from instasell_client.models.errors import Invalid, Malformed, TooLarge, TooSlow, Unsupported

BODY_BYTES_MAX = 1024 * 1024
BODY_TIMEOUT_SECONDS = 20
NESTING_MAX = 64
KEY_SHOWN_MAX = 100


class _Repeated(Exception):
    """Report a key that is twice in one object."""


async def read_json(request: web.Request) -> Any:
    """Read the body as Python values. Raises Unsupported, TooLarge, Malformed or Invalid."""
    _check_type(request)
    length = request.content_length
    if length is not None and length > BODY_BYTES_MAX:
        raise TooLarge(limit_bytes=BODY_BYTES_MAX)
    return parse_json(await _read(request))


async def _read(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            return await request.read()
    except TimeoutError:
        raise TooSlow(
            f"the body did not arrive within {BODY_TIMEOUT_SECONDS} s; send it faster"
        ) from None
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge(limit_bytes=BODY_BYTES_MAX) from None
    except web.RequestPayloadError as error:
        raise Malformed("the body ended early or is encoded wrongly") from error


def _check_type(request: web.Request) -> None:
    kind = request.content_type
    if kind != "application/json" and not kind.endswith("+json"):
        raise Unsupported("send the body as JSON with Content-Type: application/json")
    charset = request.charset
    if charset is not None and charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Unsupported("send the body in UTF-8")


def parse_json(raw: bytes) -> Any:
    """Parse strict JSON. Raises Malformed, or Invalid with the fields that are not text."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        _complain_of_surrogates(raw)
        raise Malformed("the body is not UTF-8; encode it so") from None
    if "\x00" in text:
        raise Invalid.one("body", "remove the NUL character")
    try:
        value = _DECODER.decode(text)
    except _Repeated as error:
        raise Invalid.one(
            shown_key(error.args[0]), "give this key once; the body has it twice"
        ) from None
    except RecursionError:
        raise Malformed(f"the body is nested deeper than {NESTING_MAX} levels") from None
    except json.JSONDecodeError as error:
        raise Malformed(
            f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except ValueError:
        raise Malformed("the body has a number with too many digits") from None
    if raw.count(b"[") + raw.count(b"{") > NESTING_MAX:
        _check_depth(value)
    if b"\\u" in raw:
        check_text(value, "body")
    return value


def _complain_of_surrogates(raw: bytes) -> None:
    try:
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return
    raise Invalid.one("body", "remove the lone surrogate; send valid Unicode")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Repeated(key)
            seen.add(key)
    return found


# `json.loads` makes a decoder for each call that brings a hook.
_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _check_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(NESTING_MAX + 1):
        level = [
            child
            for each in level
            if isinstance(each, (dict, list))
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise Malformed(f"the body is nested deeper than {NESTING_MAX} levels")


def check_text(value: Any, where: str) -> None:
    """Refuse NUL and lone surrogates anywhere in `value`, keys included; name each place."""
    found = list(_bad_texts(value, ""))
    if found:
        raise Invalid([(field or where, message) for field, message in found])


def _bad_texts(value: Any, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        complaint = text_complaint(value)
        if complaint:
            yield field, complaint
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _bad_texts(child, f"{field}.{index}" if field else str(index))
    elif isinstance(value, dict):
        for key, child in value.items():
            name = shown_key(key)
            complaint = text_complaint(key)
            if complaint:
                yield name, complaint
            yield from _bad_texts(child, f"{field}.{name}" if field else name)


def text_complaint(text: str) -> str | None:
    """Return what to change in a text that the database cannot hold, or None."""
    if "\x00" in text:
        return "remove the NUL character"
    if not text.isascii() and any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return "remove the lone surrogate; send valid Unicode"
    return None


def shown_key(key: str) -> str:
    """Return a caller's own key as it may be shown back: short, printable."""
    short = key[:KEY_SHOWN_MAX]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in short)


def hash_of(value: Any) -> str:
    """Return the same hash for the same JSON, whatever its spaces and the order of its keys."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_query(url: URL) -> dict[str, str]:
    """Read the query's parameters. Raises Invalid for one given twice and for what is not text."""
    if not url.raw_query_string:
        return {}
    found: dict[str, str] = {}
    complaints = _unreadable_parameters(url.raw_query_string)
    for name, value in url.query.items():
        if name in found:
            complaints.append((shown_key(name), "give this parameter once"))
        complaint = text_complaint(value) or text_complaint(name)
        if complaint:
            complaints.append((shown_key(name), complaint))
        found[name] = value
    if complaints:
        raise Invalid(complaints)
    return found


def _unreadable_parameters(query: str) -> list[tuple[str, str]]:
    """Name what is no UTF-8 under its percent signs; yarl would leave it as it was sent."""
    if "%" not in query and query.isascii():
        return []
    found = []
    for part in query.split("&"):
        try:
            unquote_to_bytes(part.encode("utf-8", "surrogateescape")).decode("utf-8")
        except UnicodeError:
            name = unquote_to_bytes(part.partition("=")[0].encode("utf-8", "surrogateescape"))
            shown = shown_key(name.decode("utf-8", "replace"))
            found.append((shown, "send valid Unicode, in UTF-8"))
    return found
