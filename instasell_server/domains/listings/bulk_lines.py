"""NDJSON as it comes in: bytes to lines, lines to rows, in batches that are small and prompt."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from aiohttp import StreamReader
from pydantic import ValidationError

from instasell_client.models.errors import Invalid, Malformed
from instasell_client.models.listings import BulkListing
from instasell_client.models.validation import field_errors
from instasell_server.domains.listings.bulk_rules import ImportRow
from instasell_server.domains.listings.category_tree import normal_path
from instasell_server.domains.listings.rules import FieldErrors
from instasell_server.http.body import parse_json

LINE_BYTES_MAX = 256 * 1024
"""Enough for 20,000 characters of description, each escaped as a pair of surrogates."""

ROWS_MAX = 100_000
BATCH_ROWS = 500
BATCH_BYTES = 1024 * 1024
PAUSE_SECONDS = 0.1
"""How long a batch that is not full waits for more."""

SILENCE_SECONDS = 30.0
# Between so many rows the event loop gets its turn.
ROWS_AT_A_TIME = 25

_LISTING = ("type", "title", "description", "condition", "price", "stock", "shipping_amount")
_COLUMNS = (*_LISTING, "seller_sku")


class _TooLong:
    """Stands for a line over the limit, whose bytes were let go."""


Line = bytes | _TooLong


async def read_rows(content: StreamReader) -> AsyncGenerator[list[ImportRow], None]:
    """Read the rows of a body in batches; lines that are no rows are rows with an error.

    Whatever breaks a limit of the whole body becomes a last row that says so. Raises what the
    connection raises when the client goes away; the line that was cut is no row then.
    """
    number = 0
    try:
        async with contextlib.aclosing(_read_lines(content)) as batches:
            async for lines in batches:
                taken = lines[: ROWS_MAX - number]
                if taken:
                    yield await _rows(taken, number)
                    number += len(taken)
                if len(taken) < len(lines):
                    complaint = f"send at most {ROWS_MAX} rows at a time, the rest again"
                    yield [_broken(ROWS_MAX + 1, complaint)]
                    return
    except TimeoutError:
        complaint = f"nothing came for {SILENCE_SECONDS:.0f} s; send this row and the rest again"
        yield [_broken(number + 1, complaint)]


async def _rows(lines: list[Line], before: int) -> list[ImportRow]:
    rows = []
    for number, line in enumerate(lines, before + 1):
        rows.append(_row(number, line))
        if number % ROWS_AT_A_TIME == 0:
            await asyncio.sleep(0)
    return rows


async def _read_lines(content: StreamReader) -> AsyncGenerator[list[Line], None]:
    """Read lines that are not blank: as many as a batch takes, or all that came before a pause."""
    splitter = _Splitter()
    reading: asyncio.Task[bytes] | None = None
    try:
        while True:
            reading = reading or asyncio.ensure_future(content.readany())
            wait = PAUSE_SECONDS if splitter.lines else SILENCE_SECONDS
            await asyncio.wait({reading}, timeout=wait)
            if not reading.done():
                if not splitter.lines:
                    raise TimeoutError
                yield splitter.take()
                continue
            chunk, reading = reading.result(), None
            if not chunk:
                break
            splitter.feed(chunk)
            while splitter.is_full:
                yield splitter.take()
        splitter.end()
        while splitter.lines:
            yield splitter.take()
    finally:
        if reading is not None:
            reading.cancel()


class _Splitter:
    """Cuts bytes into lines, and lets those go that are too long."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._sizes: list[int] = []
        self._bytes = 0
        self._rest = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> None:
        *whole, rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            self._add(line)
        self._rest = rest
        if len(rest) > LINE_BYTES_MAX:
            self._rest = b""
            if not self._skipping:
                self._append(_TooLong(), 0)
            self._skipping = True

    def end(self) -> None:
        self._add(self._rest)
        self._rest = b""

    def _add(self, line: bytes) -> None:
        if self._skipping:
            self._skipping = False
        elif len(line) > LINE_BYTES_MAX:
            self._append(_TooLong(), 0)
        elif stripped := line.strip():
            self._append(stripped, len(stripped))

    def _append(self, line: Line, size: int) -> None:
        self.lines.append(line)
        self._sizes.append(size)
        self._bytes += size

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= BATCH_ROWS or self._bytes >= BATCH_BYTES

    def take(self) -> list[Line]:
        """Return the next batch; a single line may be larger than a batch should be."""
        count = size = 0
        for each in self._sizes[:BATCH_ROWS]:
            if count and size + each > BATCH_BYTES:
                break
            count, size = count + 1, size + each
        taken, self.lines = self.lines[:count], self.lines[count:]
        self._sizes = self._sizes[count:]
        self._bytes -= size
        return taken


def _row(number: int, line: Line) -> ImportRow:
    if isinstance(line, _TooLong):
        return _broken(number, f"send at most {LINE_BYTES_MAX // 1024} KiB on a line")
    try:
        content = parse_json(line.removeprefix(b"\xef\xbb\xbf"))
    except Malformed as error:
        complaint = str(error.detail).replace("the body", "the line", 1)
        return _broken(number, f"{complaint}; send one JSON object on each line")
    except Invalid as error:
        bad = error.errors[0]
        return _broken(number, bad.message, bad.field)
    if not isinstance(content, dict):
        return _broken(number, "send one JSON object on each line")
    columns, errors = _columns(content)
    return _built(number, columns, errors)


def _columns(content: dict[str, Any]) -> tuple[BulkListing, FieldErrors]:
    """Return the valid columns, and what is wrong with the others."""
    try:
        return BulkListing.model_validate(content), []
    except ValidationError as error:
        errors = field_errors(error, "row")
        bad = {_plain(str(each["loc"][0])) for each in error.errors() if each["loc"]}
    try:
        rest = {name: value for name, value in content.items() if _plain(name) not in bad}
        return BulkListing.model_validate(rest), errors
    except ValidationError:
        return BulkListing(), errors


def _plain(name: str) -> str:
    """Return the same text for both spellings of a column, seller_sku and sellerSku."""
    return name.replace("_", "").lower()


def _built(number: int, columns: BulkListing, errors: FieldErrors) -> ImportRow:
    given = {name: value for name, value in columns if value is not None}
    path = given.get("category")
    if path is not None:
        path = given["category"] = normal_path(path)
    digest = _digest(given)
    return ImportRow(
        number=number,
        key=_key(given, digest),
        digest=digest,
        values={name: given[name] for name in _COLUMNS if name in given},
        category_id=columns.category_id,
        category_path=path,
        listing_id=columns.listing_id,
        exported_stock=columns.exported_stock,
        errors=errors,
        is_readable=True,
    )


def _key(given: Mapping[str, Any], digest: str) -> str:
    if "listing_id" in given:
        return f"listing:{given['listing_id']}"
    if "seller_sku" in given:
        return f"sku:{given['seller_sku']}"
    return f"row:{digest}"


def _digest(given: Mapping[str, Any]) -> str:
    """Return the same digest for rows that mean the same; the case of paths does not matter."""
    meant = {**given, "category": given["category"].lower()} if "category" in given else given
    canonical = json.dumps(meant, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _broken(number: int, complaint: str, field: str = "row") -> ImportRow:
    return ImportRow(number, "", "", {}, None, None, None, None, [(field, complaint)], False)
