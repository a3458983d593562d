"""A page of text over a screen, as long as it may be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from instasell_tui.widgets.formats import local_time
from instasell_tui.widgets.message_log import LoggedMessage


def log_of(remarks: Sequence[LoggedMessage], zone: tzinfo | None, now: datetime) -> TextScreen:
    """Return the page of the messages of this screen."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in remarks:
        when = Text(local_time(each.said_at, zone, now), style="dim")
        table.add_row(when, Text(each.text))
    return TextScreen("What was said", table if remarks else Text("Nothing yet."))


class TextScreen(ModalScreen[None]):
    """Shows a text that arrow keys, pages and the mouse scroll; Escape goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,d,exclamation_mark", "dismiss", "Close"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("space", "page", show=False),
    ]

    def __init__(self, head: str, content: RenderableType) -> None:
        super().__init__()
        self._head = head
        self._content = content

    def compose(self) -> ComposeResult:
        with Vertical(id="reading"):
            yield Static(Text(self._head, overflow="ellipsis", no_wrap=True), id="head")
            with VerticalScroll(id="page"):
                yield Static(self._content, id="text")
            yield Static(Text("↑ ↓ PgUp PgDn scroll · Esc closes"), id="hint")

    def on_mount(self) -> None:
        self.query_one("#page").focus()

    def action_scroll(self, lines: int) -> None:
        """Move the page by a line."""
        self.query_one("#page").scroll_relative(y=lines, animate=False)

    def action_page(self) -> None:
        """Move the page by what is in sight of it."""
        self.query_one("#page").scroll_page_down(animate=False)
