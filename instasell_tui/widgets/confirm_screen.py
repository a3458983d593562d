"""The question before anything that cannot be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Static

from instasell_tui.widgets.formats import safe_text

TOO_EARLY = "That Enter came too early to count. Wait a moment."
ENTER_COUNTS = "That Enter came too early to count. Press Enter now."


@dataclass(frozen=True, slots=True)
class Question:
    """Describe the step to confirm. `lines` are pairs of a name and a value; `verb` is the
    button's.
    """

    head: str
    subject: str
    lines: Sequence[tuple[str, str]]
    verb: str


def sign_out_question(name: str) -> Question:
    """Return the question before the user signs out: what ends, and what goes on."""
    lines = (
        ("Ends", "the session of this screen"),
        ("Goes on", "profiles and scripts, your bids and maximums"),
    )
    return Question("Sign out of this screen?", safe_text(name), lines, "Sign out")


class ConfirmScreen(ModalScreen[bool]):
    """Enter confirms and Escape cancels; True is the answer to a confirmation only.

    The keystroke that brought the question up, held down or struck twice, is no answer to it, nor
    is one that was typed before the question could be read: nothing confirms until no Enter has
    come for `armed_after_seconds`. A refused Enter is named, so that nobody waits in vain.
    """

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "confirm", "Confirm", priority=True),
        Binding("escape", "cancel", "Cancel"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, question: Question, armed_after_seconds: float) -> None:
        super().__init__()
        self._question = question
        self._armed_after_seconds = armed_after_seconds
        self._armed_at = inf
        self._arming: Timer | None = None
        self.armed = False

    def compose(self) -> ComposeResult:
        question = self._question
        with Vertical(id="question"):
            yield Static(Text(question.head), id="head")
            yield Static(Text(question.subject, overflow="ellipsis", no_wrap=True), id="subject")
            yield Static(pairs(question.lines), id="lines")
            yield Static(id="news")
            yield Static(id="early")
            with Horizontal(id="answers"):
                yield Button(Text(f"⏎ {question.verb}"), id="confirm", disabled=True)
                yield Button("Esc Cancel", id="cancel")

    def on_mount(self) -> None:
        self.query_one("#early").display = False
        self._arming = self.set_timer(self._armed_after_seconds, self._arm)

    def admits(self, event: events.Key | events.Paste) -> bool:
        """Return whether a key was typed after the question could be read; Escape always may."""
        if isinstance(event, events.Key) and event.key == "escape":
            return True
        if event.time >= self._armed_at:
            return True
        if isinstance(event, events.Key) and event.key == "enter":
            if self._arming is not None and not self.armed:
                # A held-down Enter comes again and again, and each puts the moment off.
                self._arming.reset()
            early = self.query_one("#early", Static)
            early.update(Text(ENTER_COUNTS if self.armed else TOO_EARLY))
            early.display = True
        return False

    def _arm(self) -> None:
        self.armed, self._armed_at = True, Message().time
        self.query_one("#early", Static).update(Text(ENTER_COUNTS))
        button = self.query_one("#confirm", Button)
        button.disabled = False
        button.focus()

    def tell(self, text: str) -> None:
        """Say that something has changed since the question was asked."""
        self.query_one("#news", Static).update(Text(text))

    def action_confirm(self) -> None:
        """Enter answers what the focus is on; with the focus on Cancel it cancels."""
        if self.armed:
            self.dismiss(self.focused is None or self.focused.id != "cancel")

    def action_cancel(self) -> None:
        self.dismiss(False)

    @on(Button.Pressed, "#confirm")
    def _confirmed(self) -> None:
        if self.armed:
            self.dismiss(True)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(False)


def pairs(lines: Sequence[tuple[str, str]], *, right: bool = True) -> Table:
    """Return names at the left, values in line at the right; or not `right`, beside the names."""
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right" if right else "left", overflow="fold")
    for name, value in lines:
        table.add_row(Text(name), Text(value, style="bold" if right else ""))
    return table
