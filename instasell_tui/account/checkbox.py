"""A check box whose state is seen without colours."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Checkbox


class CheckboxField(Checkbox):
    """Shows a tick when it is on, and nothing when it is off."""

    BUTTON_INNER = " "

    def __init__(self, label: str, *, name: str) -> None:
        super().__init__(Text(label), id=name, compact=True)

    def watch_value(self) -> None:
        self.BUTTON_INNER = "✓" if self.value else " "
        super().watch_value()
        self.refresh()
