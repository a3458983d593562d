"""List the conversations of the user, the newest message first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from instasell_client.models.messages import Conversation
from instasell_tui.inbox import text as inbox_text
from instasell_tui.inbox.conversation_screen import ConversationScreen
from instasell_tui.market import messages
from instasell_tui.market.paged_list import PagedListScreen
from instasell_tui.widgets.formats import count, local_time, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow

if TYPE_CHECKING:
    from instasell_tui.inbox.host import InboxApp

WIDE_CELLS = 100


class ConversationsScreen(PagedListScreen):
    """Shows what the inbox has."""

    app: InboxApp

    PLACE = "Messages"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="messages.back"),
        Binding("r", "refresh", "Refresh", id="messages.refresh"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def columns(self, width: int) -> Sequence[TableColumn]:
        wide = width >= WIDE_CELLS
        return [
            TableColumn("with", "With", 18 if wide else 14),
            TableColumn("about", "About", 44 if wide else 22),
            TableColumn("last", "Last said", 0),
            TableColumn("unread", "New", 3, right=True),
            TableColumn("when", "When", 12, right=True),
        ]

    def rows(self) -> Sequence[TableRow]:
        return [self._row(each) for each in self.app.inbox.conversations]

    def told(self, rows: Sequence[TableRow]) -> str:
        return count(len(rows), "conversation")

    def _row(self, conversation: Conversation) -> TableRow:
        unread, now = bool(conversation.unread_count), self.app.feed.now()
        cells: dict[str, Cell] = {
            "with": (inbox_text.other_side(conversation), "strong" if unread else "plain"),
            "about": (inbox_text.about(conversation), "quiet"),
            "last": (safe_text(conversation.last_text), "strong" if unread else "plain"),
            "unread": (f"{conversation.unread_count:,}" if unread else "", "soon"),
            "when": (local_time(conversation.updated_at, self.app.zone, now), "quiet"),
        }
        return TableRow(conversation.id, inbox_text.mark(unread=unread), cells)

    def nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then your messages are here."
        if self.failure is not None:
            return self.failure
        if not self.app.inbox.loaded_conversations:
            return "Asking the market …"
        return "Nobody has written yet.\n\nOn an auction, a asks its seller."

    @on(messages.InboxChanged)
    def _inbox_changed(self) -> None:
        self.show_rows()

    async def load(self) -> None:
        await self.app.inbox.look_at_conversations()

    async def load_more(self) -> None:
        await self.app.inbox.look_at_conversations(further=True)

    @property
    def has_more(self) -> bool:
        return self.app.inbox.next_conversations is not None

    @on(RowTable.RowOpened)
    def _opened(self, event: RowTable.RowOpened) -> None:
        self.app.push_screen(ConversationScreen(event.key))
