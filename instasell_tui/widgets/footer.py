"""Show the line of keys at the end of a screen, drawn by one widget.

Textual's footer makes a widget for every key, and makes all of them again at each change of focus,
which is a third of what opening a screen costs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

RULE = "▏"


class FooterKey(NamedTuple):
    """A key, how it is written, what it does, and whether it does so now."""

    key: str
    shown: str
    description: str
    enabled: bool

    @property
    def cells(self) -> int:
        """Return the width in cells."""
        return cell_len(self.shown) + cell_len(self.description) + 3


class Footer(Widget):
    """Names the keys that work; a click presses one. Keys without room are left out whole."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "footer--key",
        "footer--description",
        "footer--hover",
        "footer--rule",
    }
    DEFAULT_CSS = """
    Footer {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        & > .footer--key { color: $footer-key-foreground; text-style: bold; }
        & > .footer--description { color: $footer-description-foreground; }
        & > .footer--hover { color: $footer-key-foreground; background: $block-hover-background; }
        & > .footer--rule { color: $foreground 20%; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[FooterKey] = []
        self._palette: FooterKey | None = None
        self._under_mouse: FooterKey | None = None

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def on_unmount(self) -> None:
        self.screen.bindings_updated_signal.unsubscribe(self)

    def _changed(self, screen: Screen[object]) -> None:
        if screen.app.app_focus and self.is_attached and screen is self.screen:
            self.call_after_refresh(self._look)

    def _look(self) -> None:
        """Read which keys work here and now."""
        if not self.is_attached:
            return
        palette_key = self.app.COMMAND_PALETTE_BINDING
        keys: dict[str, FooterKey] = {}
        palette = None
        for name, (_, binding, enabled, _) in self.screen.active_bindings.items():
            shown = self.app.get_key_display(binding)
            key = FooterKey(binding.key, shown, binding.description, enabled)
            if name == palette_key and self.app.ENABLE_COMMAND_PALETTE:
                palette = key
            elif binding.show:
                keys.setdefault(binding.action, key)
        found = list(keys.values())
        if (found, palette) != (self._keys, self._palette):
            self._keys, self._palette = found, palette
            self.refresh()

    # Drawing ----------------------------------------------------------------------------------

    def _laid_out(self) -> Iterator[tuple[int, FooterKey]]:
        """Yield the keys that there is room for, each with where it begins."""
        end, palette = self.size.width, self._palette
        if palette is not None:
            palette = self._with_word(palette, end)
            end -= palette.cells
            yield end, palette
        at = 0
        for key in self._keys:
            if at + key.cells > end:
                return
            yield at, key
            at += key.cells

    def _with_word(self, palette: FooterKey, width: int) -> FooterKey:
        """Return the key of the palette with the longest word that takes no other key's room."""
        forms = [palette._replace(description=word) for word in (palette.description, "more", "")]
        most = self._fitting(width - forms[-1].cells)
        return next(form for form in forms if self._fitting(width - form.cells) == most)

    def _fitting(self, room: int) -> int:
        """Return how many keys, from the first, so many cells have room for."""
        edges = list(accumulate(key.cells for key in self._keys))
        return bisect_right(edges, room)

    def render_line(self, y: int) -> Strip:
        width, paper = self.size.width, self.rich_style
        segments: list[Segment] = []
        at = 0
        for begin, key in sorted(self._laid_out()):
            is_palette = self._palette is not None and key.key == self._palette.key
            before = RULE if is_palette else " "
            segments.append(Segment(" " * (begin - at), paper))
            segments.append(Segment(before, self._style("rule", key)))
            segments.append(Segment(f"{key.shown} ", self._style("key", key)))
            segments.append(Segment(f"{key.description} ", self._style("description", key)))
            at = begin + key.cells
        return Strip(segments).adjust_cell_length(width, paper)

    def _style(self, name: str, key: FooterKey) -> Style:
        if key is self._under_mouse and name != "rule":
            name = "hover"
        style = self.get_component_rich_style(f"footer--{name}")
        return style if key.enabled else style + Style(dim=True)

    # The mouse --------------------------------------------------------------------------------

    def _key_at(self, x: int) -> FooterKey | None:
        for begin, key in self._laid_out():
            if begin <= x < begin + key.cells:
                return key
        return None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._point_at(self._key_at(event.x))

    def on_leave(self) -> None:
        self._point_at(None)

    def _point_at(self, key: FooterKey | None) -> None:
        if key is not self._under_mouse:
            self._under_mouse = key
            self.refresh()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        key = self._key_at(event.x)
        if key is None:
            return
        if key.enabled:
            self.app.simulate_key(key.key)
        else:
            self.app.bell()
