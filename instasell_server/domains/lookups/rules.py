"""Decide what a text can be the beginning of."""

from __future__ import annotations

import re

PREFIX_DIGITS_MIN = 6
"""Fewer hexadecimal digits than these would begin many ids of a large market."""

PART_LENGTH_MIN = 3

_DIGITS = 32
_TWO_LETTERS = re.compile(r"[^\W_]{2}")
_PREFIX = re.compile(r"[0-9a-f]{6,8}(?:-?[0-9a-f]{1,4}){0,3}(?:-?[0-9a-f]{1,12})?", re.ASCII)


def id_range(text: str) -> tuple[str, str] | tuple[None, None]:
    """Return the lowest and the highest id that begin like `text`, or a pair of None."""
    lowered = text.lower()
    digits = lowered.replace("-", "")
    if _PREFIX.fullmatch(lowered) is None or not PREFIX_DIGITS_MIN <= len(digits) <= _DIGITS:
        return None, None
    return digits.ljust(_DIGITS, "0"), digits.ljust(_DIGITS, "f")


def has_part(text: str) -> bool:
    """Return whether an index finds titles that hold `text`.

    Of `!!!` there is no trigram: PostgreSQL would read every title, 2 s for 300,000 of them.
    """
    return len(text) >= PART_LENGTH_MIN and _TWO_LETTERS.search(text) is not None
