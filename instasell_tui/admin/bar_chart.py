"""One figure over time as upright bars, with its scale at the left; readable without colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

LABEL_CELLS = 11
BAR_CELLS_MAX = 6
_PARTS = " ▁▂▃▄▅▆▇█"


class BarSeries(NamedTuple):
    """Hold the bars: a value for each, None where there is none; `text` formats a value."""

    values: Sequence[float | None]
    first: str
    last: str
    text: Callable[[float], str]
    least: float = 1
    """The value that the scale reaches at least, so that little does not look like much."""


class BarChart(Widget):
    """Draw a `BarSeries`; `show` replaces them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"chart--axis", "chart--bar"}

    def __init__(self, title: str, *, name: str) -> None:
        super().__init__(id=f"figure-{name}")
        self.border_title = title
        self._bars: BarSeries | None = None

    def show(self, bars: BarSeries | None) -> None:
        """Draw other bars."""
        self._bars = bars
        self.refresh()

    def render(self) -> Text:
        width, height = self.size.width - LABEL_CELLS - 1, self.size.height - 1
        bars = self._bars
        if bars is not None and not bars.values:
            return Text("Nothing happened in this time.", self._ink("axis"))
        if bars is None or width < 8 or height < 2:
            return Text("")
        most = max([bars.least, *(each for each in bars.values if each is not None)])
        text = Text(no_wrap=True, end="")
        for row, line in enumerate(drawn(bars.values, width, height, most)):
            text.append(_label(row, height, most, bars.text), self._ink("axis"))
            text.append(line, self._ink("bar"))
            text.append("\n")
        room = min(width, step_of(len(bars.values), width) * len(bars.values))
        gap = max(1, room - len(bars.first) - len(bars.last))
        axis = " " * (LABEL_CELLS + 1) + bars.first + " " * gap + bars.last
        text.append(axis, self._ink("axis"))
        return text

    def _ink(self, name: str) -> Style:
        return Style(color=self.get_component_rich_style(f"chart--{name}").color)


def step_of(count: int, width: int) -> int:
    """Return the cells of a bar, with the gap behind it."""
    return max(1, min(BAR_CELLS_MAX, width // max(count, 1)))


def drawn(values: Sequence[float | None], width: int, height: int, most: float) -> list[str]:
    """Draw the lines of the chart from the top down; of too many values, only the newest.

    A value above zero has a part of a block at least; none at all is a dot, and zero is a line.
    """
    shown = values[-width:]
    step = step_of(len(shown), width)
    bar_cells = step - 1 if step > 1 else 1
    lines = []
    for row in range(height):
        floor = (height - 1 - row) * 8
        line = ""
        for value in shown:
            eighths = 0 if value is None else round(value / most * height * 8)
            if value:
                eighths = max(eighths, 1)
            part = _PARTS[max(0, min(8, eighths - floor))]
            if floor == 0 and not value:
                part = "·" if value is None else "_"
            line += part * bar_cells + " " * (step - bar_cells)
        lines.append(line.rstrip())
    return lines


def _label(row: int, height: int, most: float, text: Callable[[float], str]) -> str:
    marks = {0: most, height - 1: 0.0}
    if row not in marks:
        return " " * LABEL_CELLS + "│"
    return text(marks[row]).rjust(LABEL_CELLS - 1)[: LABEL_CELLS - 1] + " ┤"
