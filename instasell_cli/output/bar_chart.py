"""Bars of numbers as plain text: no colour and no control sequences, on a terminal and off it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

GAP = "  "
BAR_CELLS_MIN = 8
_PARTS = " ▏▎▍▌▋▊▉"
_FULL = "█"


def bars(
    labels: Sequence[str],
    values: Sequence[float | None],
    texts: Sequence[str],
    *,
    width: int | None = None,
) -> list[str]:
    """Return label, text and bar of each value as a line; the longest bar fills `width` cells.

    Labels and texts are ASCII. Without `width` it is that of the terminal, 80 where there is none.
    """
    if not labels:
        return []
    cells = width or shutil.get_terminal_size((80, 24)).columns
    left, middle = max(map(len, labels)), max(map(len, texts))
    room = max(BAR_CELLS_MIN, cells - left - middle - 2 * len(GAP))
    most = max((value for value in values if value is not None), default=0) or 1
    drawn = _drawn if _has_blocks() else _in_ascii
    return [
        f"{label:<{left}}{GAP}{text:>{middle}}{GAP}{drawn((value or 0) / most, room)}".rstrip()
        for label, value, text in zip(labels, values, texts, strict=True)
    ]


def _drawn(share: float, room: int) -> str:
    eighths = round(share * room * 8)
    # What is more than nothing is seen, however little it is.
    eighths = max(eighths, 1) if share > 0 else 0
    return _FULL * (eighths // 8) + _PARTS[eighths % 8].strip()


def _in_ascii(share: float, room: int) -> str:
    return "#" * (max(1, round(share * room)) if share > 0 else 0)


def _has_blocks() -> bool:
    try:
        (_FULL + _PARTS).encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
