"""A number three lines high; one that has no room for that is written as other text is."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Digits, Static

DIGIT_CELLS = 3


class BigNumber(Vertical):
    """A name above a number."""

    def __init__(self, label: str, *, name: str) -> None:
        super().__init__(id=name)
        self._label = label
        self._value = ""

    def compose(self) -> ComposeResult:
        yield Static(Text(self._label), classes="name")
        yield Digits()
        yield Static(classes="plain")

    def show(self, value: str) -> None:
        """Show `value`, which has digits, points and commas only."""
        if value == self._value:
            return
        self._value = value
        self.query_one(Digits).update(value)
        self.query_one(".plain", Static).update(Text(value))
        self._fit()

    @property
    def value(self) -> str:
        """Return the number as shown."""
        return self._value

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        large = sum(DIGIT_CELLS if char.isdigit() else 1 for char in self._value) <= self.size.width
        self.query_one(Digits).display = large
        self.query_one(".plain").display = not large
