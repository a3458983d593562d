"""One of a few, chosen with the arrow keys; which one is seen without colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Static

ROW_CELLS = 46
"""What the row of a form has room for; more options stand below each other."""


class ChoiceField(Static, can_focus=True):
    """Shows `(•) one  ( ) other`, or one above the other; `value` is the key of the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "turn(1)", "Next", show=False),
        Binding("left", "turn(-1)", "Previous", show=False),
        Binding("down", "step(1)", "Down", show=False),
        Binding("up", "step(-1)", "Up", show=False),
    ]

    def __init__(self, options: Mapping[str, str], value: str, *, name: str) -> None:
        super().__init__(id=name)
        self._options = options
        self.value = value if value in options else next(iter(options))
        cells = sum(cell_len(name) + 6 for name in options.values())
        self._between = "  " if cells <= ROW_CELLS else "\n"

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        texts = [
            f"({'•' if key == self.value else ' '}) {name}" for key, name in self._options.items()
        ]
        self.update(Text(self._between.join(texts)))

    def action_turn(self, places: int) -> None:
        keys = list(self._options)
        self.value = keys[(keys.index(self.value) + places) % len(keys)]
        self._show()

    def action_step(self, places: int) -> None:
        """Choose the option below or above, where they stand so; else go to the next field."""
        keys = list(self._options)
        at = keys.index(self.value) + places
        if self._between == "\n" and 0 <= at < len(keys):
            self.action_turn(places)
        elif places > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def _at(self, x: int, y: int) -> str:
        keys = list(self._options)
        if self._between == "\n":
            return keys[min(y, len(keys) - 1)]
        edge = 0
        for key, name in self._options.items():
            edge += cell_len(name) + 6
            if x < edge:
                return key
        return self.value

    def on_click(self, event: events.Click) -> None:
        self.value = self._at(event.x, event.y)
        self._show()
