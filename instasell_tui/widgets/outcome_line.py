"""Show what a step came to, where it was done, for as long as it is news."""

from __future__ import annotations

from rich.text import Text
from textual.timer import Timer
from textual.widgets import Static

from instasell_tui.widgets.tone import Tone

READ_ONLY = "Opened read-only: nothing can be changed from here"
OUTCOME_SECONDS = 20.0
REFUSAL_SECONDS = 60.0
"""A refusal says what to do about it, which takes longer to read and to do."""


class OutcomeLine(Static):
    """Says one thing at a time, and stops by itself."""

    _clearing: Timer | None = None

    def __init__(self) -> None:
        super().__init__(id="outcome")

    def say(self, text: str, tone: Tone, *, stays: bool = False) -> None:
        """Show what came of a step; nothing clears the line. `stays` keeps it until the next."""
        self.update(Text(text))
        for each in Tone:
            self.set_class(each is tone, f"-{each.value}")
        if self._clearing is not None:
            self._clearing.stop()
            self._clearing = None
        # What is still being done says so with an ellipsis, and until it is done.
        if text and not stays and not text.endswith("…"):
            seconds = REFUSAL_SECONDS if tone is Tone.BAD else OUTCOME_SECONDS
            self._clearing = self.set_timer(seconds, self._clear)

    def _clear(self) -> None:
        self._clearing = None
        self.update(Text())
