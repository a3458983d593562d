"""What a text can be the beginning of."""

from __future__ import annotations

import re

PREFIX_DIGITS_MIN = 6
"""Fewer hexadecimal digits than these would begin many ids of a large market."""

_DIGITS = 32
_PREFIX = re.compile(r"[0-9a-f]{6,8}(?:-?[0-9a-f]{1,4}){0,3}(?:-?[0-9a-f]{1,12})?", re.ASCII)


def id_range(text: str) -> tuple[str, str] | tuple[None, None]:
    """Return the lowest and the highest id that begin like `text`, or a pair of None."""
    lowered = text.lower()
    digits = lowered.replace("-", "")
    if _PREFIX.fullmatch(lowered) is None or not PREFIX_DIGITS_MIN <= len(digits) <= _DIGITS:
        return None, None
    return digits.ljust(_DIGITS, "0"), digits.ljust(_DIGITS, "f")
