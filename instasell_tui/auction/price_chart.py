"""The price of one auction over time, as a step line with the bids as points."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import ClassVar, NamedTuple

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from instasell_client.models.auctions import Bid
from instasell_tui.widgets.formats import local_time, money

LABEL_CELLS = 11
MIDDLE_GAP_CELLS = 36
LEAST_SPAN = timedelta(seconds=5)
OTHERS, OWN = "•", "●"


class PriceHistory(NamedTuple):
    """Hold the data of the chart: from `start` to `end`, first at `opening`, then at the bids."""

    opening: int
    bids: Sequence[Bid]
    start: datetime
    end: datetime
    bidder: str | None
    currency: str


class Plot(NamedTuple):
    """A grid of characters, each with the name of its style, from the top down."""

    chars: list[list[str]]
    styles: list[list[str]]


class PriceChart(Widget):
    """Draws a `Course`; `show` replaces it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--axis",
        "chart--line",
        "chart--others",
        "chart--own",
    }

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__()
        self._zone = zone
        self._course: PriceHistory | None = None

    def show(self, course: PriceHistory | None) -> None:
        """Draw another course, when it is another."""
        if course != self._course:
            self._course = course
            self.refresh()

    def render(self) -> Text:
        width, height = self.size.width - LABEL_CELLS - 1, self.size.height - 1
        if self._course is None or width < 8 or height < 2:
            return Text("")
        course = self._course
        low, high = span(course)
        plot = drawn(course, width, height, low, high)
        text = Text(no_wrap=True, end="")
        for row in range(height):
            text.append(self._label(row, height, low, high, course.currency), self._ink("axis"))
            for char, style in zip(plot.chars[row], plot.styles[row], strict=True):
                text.append(char, self._ink(style) if style else "")
            text.append("\n")
        text.append(self._times(course, width), self._ink("axis"))
        return text

    def _ink(self, name: str) -> Style:
        return Style(color=self.get_component_rich_style(f"chart--{name}").color)

    def _label(self, row: int, height: int, low: int, high: int, currency: str) -> str:
        flat = high - low == 1
        marks = {height - 1: low} if flat else {0: high, height - 1: low}
        if height >= 7 and not flat:
            marks[(height - 1) // 2] = low + (high - low) * (height - 1 - (height - 1) // 2) // (
                height - 1
            )
        if row not in marks:
            return " " * LABEL_CELLS + "│"
        return money(marks[row], currency, LABEL_CELLS - 1).rjust(LABEL_CELLS - 1) + " ┤"

    def _times(self, course: PriceHistory, width: int) -> str:
        first = local_time(course.start, self._zone, course.end)
        last = local_time(course.end, self._zone)
        gap = width - len(first) - len(last)
        line = first + " " * gap + last if gap > 0 else last
        if gap >= MIDDLE_GAP_CELLS:
            half = course.start + (course.end - course.start) / 2
            middle = local_time(half, self._zone, course.end)
            at = (width - len(middle)) // 2
            line = line[:at] + middle + line[at + len(middle) :]
        return " " * (LABEL_CELLS + 1) + line


def span(course: PriceHistory) -> tuple[int, int]:
    """Return the lowest and the highest price that the chart has room for."""
    prices = [course.opening, *(bid.price for bid in course.bids)]
    low, high = min(prices), max(prices)
    return (low, high) if high > low else (low, low + 1)


def drawn(course: PriceHistory, width: int, height: int, low: int, high: int) -> Plot:
    """Return the step line in a grid of `width` times `height`, the bids on top of it."""
    chars = [[" "] * width for _ in range(height)]
    styles = [[""] * width for _ in range(height)]

    def put(column: int, row: int, char: str, style: str) -> None:
        chars[row][column], styles[row][column] = char, style

    def row_of(price: int) -> int:
        share = (price - low) / (high - low)
        return max(0, min(height - 1, round((height - 1) * (1 - share))))

    length = max(course.end - course.start, LEAST_SPAN).total_seconds()
    times = [(bid.created_at - course.start).total_seconds() for bid in course.bids]
    rows = [row_of(course.opening), *(row_of(bid.price) for bid in course.bids)]
    before = rows[0]
    for column in range(width):
        row = rows[bisect_left(times, length * (column + 1) / width)]
        started = bool(times) and times[0] < length * (column + 1) / width
        if row == before:
            put(column, row, "─" if started else "┄", "line")
        else:
            put(column, before, "╯" if row < before else "╮", "line")
            put(column, row, "╭" if row < before else "╰", "line")
            for between in range(min(row, before) + 1, max(row, before)):
                put(column, between, "│", "line")
        before = row
    for bid, at, row in zip(course.bids, times, rows[1:], strict=True):
        column = max(0, min(width - 1, int(at * width / length)))
        own = bid.bidder == course.bidder
        if chars[row][column] != OWN:
            put(column, row, OWN if own else OTHERS, "own" if own else "others")
    return Plot(chars, styles)
