"""A picture in half-blocks: each cell has the colour of two pixels, or a shade where there is none.

The upper half of a cell is its ink, the lower half its paper. Without colours, and with sixteen, a
cell is as bright as its two pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels

HALF = "▀"
SHADES = " ░▒▓█"


class PictureView(Widget):
    """Shows pixels as large as it has room, or one line of words."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._pixels: Pixels | None = None
        self._words = ""
        self._lines: list[list[tuple[str, Style]]] = []
        self._drawn_for: tuple[int, int, bool] | None = None

    def show(self, pixels: Pixels | None, words: str = "") -> None:
        """Draw other pixels; `words` stand where there are none."""
        self._pixels, self._words, self._drawn_for = pixels, words, None
        self.refresh()

    @property
    def has_pixels(self) -> bool:
        """Return whether there is a picture to show."""
        return self._pixels is not None

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        wanted = (width, height, self.app.no_color or self.app.native_ansi_color)
        if self._drawn_for != wanted:
            self._lines = self._draw(*wanted)
            self._drawn_for = wanted
        ground = Style(bgcolor=self.rich_style.bgcolor)
        if y >= len(self._lines):
            return Strip.blank(width, ground)
        line = [Segment(text, ground + style) for text, style in self._lines[y]]
        return Strip(line).adjust_cell_length(width, ground)

    def _draw(self, width: int, height: int, shaded: bool) -> list[list[tuple[str, Style]]]:
        if width < 1 or height < 1:
            return []
        if self._pixels is None:
            quiet = Style(color=self.rich_style.color)
            return [[(self._words[:width].center(width), quiet)]] if self._words else []
        rows = (
            shades(self._pixels, width, height) if shaded else blocks(self._pixels, width, height)
        )
        above = (height - len(rows)) // 2
        left = " " * ((width - len(rows[0])) // 2)
        return [[] for _ in range(above)] + [[(left, Style()), *row] for row in rows]


def blocks(pixels: Pixels, width: int, height: int) -> list[list[tuple[str, Style]]]:
    """Return rows of half-blocks in at most `width` times `height` cells, as wide as high."""
    small = _within(pixels, width, height * 2)
    data = small.tobytes()

    def colour(x: int, y: int) -> str:
        at = (y * small.width + x) * 3
        return f"#{data[at]:02x}{data[at + 1]:02x}{data[at + 2]:02x}"

    return [
        [(HALF, Style(color=colour(x, y), bgcolor=colour(x, y + 1))) for x in range(small.width)]
        for y in range(0, small.height, 2)
    ]


def shades(pixels: Pixels, width: int, height: int) -> list[list[tuple[str, Style]]]:
    """Return rows of shades, from dark to bright, in at most `width` times `height` cells."""
    small = _within(pixels, width, height * 2)
    grey = small.convert("L").resize((small.width, small.height // 2)).tobytes()
    plain = Style()
    return [
        [
            (SHADES[grey[y * small.width + x] * len(SHADES) // 256], plain)
            for x in range(small.width)
        ]
        for y in range(small.height // 2)
    ]


def _within(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return the picture in at most so many pixels, its height even; nothing is made larger."""
    share = min(width / pixels.width, height / pixels.height, 1)
    across = max(1, round(pixels.width * share))
    down = max(2, round(pixels.height * share / 2) * 2)
    return pixels.resize((across, min(down, height)))
