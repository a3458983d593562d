"""One of a few, chosen with the arrow keys; which one is seen without colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Static


class Choice(Static, can_focus=True):
    """Shows `(•) one  ( ) other`; `value` is the key of the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,space", "turn(1)", "Next", show=False),
        Binding("left", "turn(-1)", "Previous", show=False),
    ]

    def __init__(self, options: Mapping[str, str], value: str, *, name: str) -> None:
        super().__init__(id=name)
        self._options = options
        self.value = value if value in options else next(iter(options))

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        texts = [
            f"({'•' if key == self.value else ' '}) {name}" for key, name in self._options.items()
        ]
        self.update(Text("  ".join(texts)))

    def action_turn(self, places: int) -> None:
        keys = list(self._options)
        self.value = keys[(keys.index(self.value) + places) % len(keys)]
        self._show()

    def on_click(self, event: events.Click) -> None:
        edge = 0
        for key, name in self._options.items():
            edge += len(name) + 6
            if event.x < edge:
                self.value = key
                break
        self._show()
