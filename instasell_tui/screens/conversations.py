"""Whom one speaks with, the newest words first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Static

from instasell_client import InstaSellError
from instasell_client.models.messages import Conversation
from instasell_tui import inbox_wording, messages
from instasell_tui.feed import Standing
from instasell_tui.formats import count, local_time, shown
from instasell_tui.screens.conversation import ConversationScreen
from instasell_tui.widgets.bars import StatusBar, TopBar
from instasell_tui.widgets.row_table import Cell, Column, Row, RowTable

if TYPE_CHECKING:
    from instasell_tui.app import InstaSellApp

TICK_SECONDS = 1.0
WIDE_CELLS = 100


def _columns(width: int) -> Sequence[Column]:
    wide = width >= WIDE_CELLS
    return [
        Column("with", "With", 18 if wide else 14),
        Column("about", "About", 44 if wide else 22),
        Column("last", "Last said", 0),
        Column("unread", "New", 3, right=True),
        Column("when", "When", 12, right=True),
    ]


class ConversationsScreen(Screen[None]):
    """Shows what the inbox has."""

    app: InstaSellApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="messages.back"),
        Binding("r", "refresh", "Refresh", id="messages.refresh"),
        Binding("q", "app.quit", "Quit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._failure: str | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("Messages")
        yield RowTable(_columns)
        yield Static(id="empty")
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        self.app.feed.subscribe(self)
        self.set_interval(TICK_SECONDS, self._show)
        self.query_one(RowTable).focus()

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    def on_screen_resume(self) -> None:
        self._show()
        self._refresh()

    @on(messages.InboxChanged)
    @on(messages.AccountChanged)
    def _show(self) -> None:
        if not self.is_current:
            return
        feed, table = self.app.feed, self.query_one(RowTable)
        found = feed.inbox.conversations
        table.show([self._row(each) for each in found])
        table.display = bool(found)
        if found and self.focused is None:
            table.focus()
        empty = self.query_one("#empty", Static)
        empty.display = not found
        empty.update(Text(self._nothing()))
        self.query_one(TopBar).show(feed)
        told = self._failure or count(len(found), "conversation")
        self.query_one(StatusBar).show(feed, self.app.zone, told)

    def _row(self, conversation: Conversation) -> Row:
        unread, now = bool(conversation.unread_count), self.app.feed.now()
        cells: dict[str, Cell] = {
            "with": (inbox_wording.other_side(conversation), "strong" if unread else "plain"),
            "about": (inbox_wording.about(conversation), "quiet"),
            "last": (shown(conversation.last_text), "strong" if unread else "plain"),
            "unread": (f"{conversation.unread_count:,}" if unread else "", "soon"),
            "when": (local_time(conversation.updated_at, self.app.zone, now), "quiet"),
        }
        return Row(conversation.id, inbox_wording.mark(unread=unread), cells)

    def _nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then your messages are here."
        if self._failure is not None:
            return self._failure
        if not feed.inbox.loaded_conversations:
            return "Asking the market …"
        return "Nobody has written yet.\n\nOn an auction, a asks its seller."

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        if self.app.feed.standing is Standing.LIVE:
            self._refresh()

    def _refresh(self) -> None:
        if self.is_current and self.app.feed.user is not None:
            self._read()

    @work(exclusive=True, group="read")
    async def _read(self, *, further: bool = False) -> None:
        try:
            await self.app.feed.inbox.look_at_conversations(further=further)
        except InstaSellError as error:
            self._failure = shown(str(error))
        else:
            self._failure = None
        self._show()

    @on(RowTable.NearEnd)
    def _near_end(self) -> None:
        if self.app.feed.inbox.next_conversations is not None:
            self._read(further=True)

    def action_refresh(self) -> None:
        self._refresh()

    def action_back(self) -> None:
        self.dismiss()

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        self.app.push_screen(ConversationScreen(event.key))
