"""Cursors of keyset paging: where a page ended, as text that callers hand back unread."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from datetime import datetime
from typing import Any

from instasell_client.models.base import check_instant
from instasell_client.models.errors import Invalid


def encode_cursor(*parts: str | int) -> str:
    """Encode the cursor of a place; the first part names the order that it belongs to."""
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, *kinds: type[str] | type[int]) -> tuple[Any, ...]:
    """Decode the parts of a cursor. Raises Invalid for a text that `encode_cursor` did not make."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        raise _refused() from None
    fits = (
        isinstance(parts, list)
        and len(parts) == len(kinds)
        and all(type(part) is kind for part, kind in zip(parts, kinds, strict=True))
        and all(abs(part) < 2**63 for part in parts if isinstance(part, int))
    )
    if not fits:
        raise _refused()
    return tuple(parts)


def encode_place(order: str, at: datetime, row_id: str) -> str:
    """Encode the cursor of a row in a list by instant and id."""
    return encode_cursor(order, at.isoformat(), row_id)


def decode_place(cursor: str | None) -> tuple[datetime, str] | tuple[None, None]:
    """Decode the instant and the id behind which a page begins. Raises Invalid."""
    if cursor is None:
        return None, None
    _, at, row_id = decode_cursor(cursor, str, str, str)
    return read_place(at, row_id)


def read_place(at: str, row_id: str) -> tuple[datetime, str]:
    """Return the instant and the id that are parts of a cursor. Raises Invalid."""
    try:
        return check_instant(datetime.fromisoformat(at)), str(uuid.UUID(row_id))
    except (ValueError, OverflowError):
        raise _refused() from None


def _refused() -> Invalid:
    return Invalid.one("cursor", "use the `next` of the page before, with the same filters")
