"""A line of tabs: a number key or a click chooses one."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static


class TabStrip(Horizontal):
    """Tabs by their keys. The screen binds the numbers; the strip tells of clicks."""

    class TabChosen(Message):
        """A tab was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Label(Static):
        """One tab."""

        def on_click(self) -> None:
            self.post_message(TabStrip.TabChosen(str(self.name)))

    def __init__(self, tabs: Mapping[str, str]) -> None:
        super().__init__()
        self._tabs = tabs

    def compose(self) -> ComposeResult:
        for key in self._tabs:
            yield self.Label(name=key)

    def show(self, chosen: str, counts: Mapping[str, str] | None = None) -> None:
        """Mark the chosen tab; `counts` stand behind the names."""
        for number, label in enumerate(self.query(self.Label), 1):
            key = str(label.name)
            behind = f" {counts[key]}" if counts and counts[key] else ""
            # Brackets mark the chosen one too, for terminals without styles.
            text = f"{number} {self._tabs[key]}{behind}"
            label.update(Text(f"[{text}]" if key == chosen else f" {text} "))
            label.set_class(key == chosen, "-chosen")
