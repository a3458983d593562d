"""Cells of CSV files that spreadsheets would take for formulas.

A cell that begins with = + - @ TAB or CR gets a leading apostrophe, which spreadsheets hide. So
does one that begins with apostrophes before such a character: that makes `restored` the exact
inverse of `neutralised`, for every text.
"""

from __future__ import annotations

import re

_RISKY = re.compile(r"'*[=+\-@\t\r]")
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")


def neutralize(text: str) -> str:
    """Return a cell to write."""
    return "'" + text if _RISKY.match(text) else text


def restore(text: str) -> str:
    """Return a cell that was read."""
    return text[1:] if _NEUTRALISED.match(text) else text
