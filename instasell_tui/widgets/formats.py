"""Format texts, amounts, times and trends. Pure: no clock, no widgets.

Texts of other people pass through `shown`, which removes all that steers a terminal and
all whose width terminals disagree about; a column is then as wide as it was asked to be.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import IntEnum
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size

from instasell_client import InstaSellError, OutcomeUnknown, TransportError, Unavailable
from instasell_client.models.money import decimals_of, format_amount
from instasell_client.models.text import clean
from instasell_tui.widgets.tone import Tone, TonedText

ELLIPSIS = "…"
NOTHING = "–"
MARKS_MAX = 2
"""Combining marks on one letter; more of them would pile up over the lines above."""

CACHED_CHARACTERS_MAX = 500
"""Titles and names are asked for again and again; what is longer would fill the memory."""

TAB_CELLS = 4
INDENT_CELLS_MAX = 8
URGENT_SECONDS = 10.0
SOON_SECONDS = 60.0
_FLAG_A, _FLAG_Z = "\U0001f1e6", "\U0001f1ff"
_BLOCKS = "▁▂▃▄▅▆"
"""Low enough for a gap to the line above: blocks as high as a line merge into a wall."""
_SHORT = ((10**9, "bn"), (10**6, "m"), (10**3, "k"))


def safe_text(text: str) -> str:
    """Return `text` as one line that is safe to print and whose width is certain.

    What can be seen by nobody is shown as nothing, so that it has a place all the same.
    """
    if text.isascii() and text.isprintable():
        return text
    return _shown(text) if len(text) > CACHED_CHARACTERS_MAX else _shown_before(text)


def prose(text: str) -> str:
    """Return `text` of several safe lines; empty lines in a row become one."""
    lines: list[str] = []
    for line in text.expandtabs(TAB_CELLS).splitlines():
        safe = _safe(line)
        if safe:
            lines.append(" " * min(len(line) - len(line.lstrip(" ")), INDENT_CELLS_MAX) + safe)
        elif lines and lines[-1]:
            lines.append("")
    return "\n".join(lines).rstrip()


def _shown(text: str) -> str:
    return _safe(text) or (NOTHING if text.strip() else "")


def _safe(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for char in clean(" ".join(text.split())):
        if _FLAG_A <= char <= _FLAG_Z:
            # Two of them are a flag of two cells, or of four, or two letters.
            kept.append(chr(ord("A") + ord(char) - ord(_FLAG_A)))
            continue
        category = unicodedata.category(char)
        if category == "Cf" or "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff":
            # Joiners, selectors and skin tones change the width of their neighbours, in some
            # terminals only.
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MARKS_MAX or (marks and not kept):
            continue
        kept.append("\N{REPLACEMENT CHARACTER}" if category == "Cn" else char)
    return " ".join("".join(kept).split())


_shown_before = lru_cache(maxsize=8192)(_shown)


def clip(text: str, width: int) -> str:
    """Return `text` in at most `width` cells; what does not fit gives way to an ellipsis."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += get_character_cell_size(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept).rstrip() + ELLIPSIS


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` in exactly `width` cells."""
    text = clip(text, width)
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding


def money(amount: int | None, currency: str, width: int | None = None) -> str:
    """Format an amount with grouping; in fewer than `width` cells it gets shorter, never cut."""
    if amount is None:
        return NOTHING
    text = format_amount(amount, currency, grouping=True)
    if width is None or len(text) <= width:
        return text
    places = decimals_of(currency)
    whole = amount // 10**places
    if len(f"{whole:,}") <= width:
        return f"{whole:,}"
    for size, name in _SHORT:
        if whole >= size:
            return f"~{whole / size:.1f}{name}"
    return str(whole)


class Urgency(IntEnum):
    """Name the nearness of an end."""

    CALM = 0
    SOON = 1
    URGENT = 2
    OVER = 3


@dataclass(frozen=True, slots=True)
class Countdown:
    """Hold the time left of an auction, as text that shows its urgency without colour."""

    text: str
    urgency: Urgency


def countdown(seconds: float) -> Countdown:
    """Format the time left: `!` marks the last minute, `!!` the last ten seconds, with tenths."""
    if seconds <= 0:
        return Countdown("closing", Urgency.OVER)
    if seconds < URGENT_SECONDS:
        return Countdown(f"!!{int(seconds * 10) / 10:4.1f}s", Urgency.URGENT)
    if seconds < SOON_SECONDS:
        return Countdown(f"! {int(seconds)}s", Urgency.SOON)
    return Countdown(duration(seconds), Urgency.CALM)


def duration(seconds: float) -> str:
    """Format a length of time in its two largest units."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours:02}h"
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def local_time(instant: datetime, zone: tzinfo | None, now: datetime | None = None) -> str:
    """Format the time of day in the local zone, with the day when that is not the day of `now`."""
    local = instant.astimezone(zone)
    if now is not None and local.date() != now.astimezone(zone).date():
        return f"{local:%d %b %H:%M}"
    return f"{local:%H:%M:%S}"


def sparkline(values: Iterable[int], width: int) -> str:
    """Draw the newest `width` values as blocks, right-aligned; one that never moved lies low."""
    if width <= 0:
        return ""
    newest = list(values)[-width:]
    if not newest:
        return " " * width
    low, high = min(newest), max(newest)
    spread = max(high - low, 1)
    blocks = "".join(_BLOCKS[(value - low) * (len(_BLOCKS) - 1) // spread] for value in newest)
    return blocks.rjust(width)


def count(number: int, noun: str) -> str:
    """Format a number and its noun: "1 bid", "1,204 bids"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def refusal(error: InstaSellError) -> TonedText:
    """Describe why a step was refused, or that nobody knows whether it was done."""
    reason = safe_text(str(error))
    if isinstance(error, OutcomeUnknown | TransportError | Unavailable):
        return f"No answer: {reason}. The same step again counts once", Tone.BAD
    return f"Refused: {reason}", Tone.BAD
