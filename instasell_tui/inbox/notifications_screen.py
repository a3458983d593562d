"""List the notifications of the user, the newest first; each leads to its subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType

from instasell_client import InstaSellError
from instasell_client.models.notifications import Notification
from instasell_tui.inbox import text as inbox_text
from instasell_tui.inbox.conversation_screen import ConversationScreen
from instasell_tui.inbox.preferences_screen import PreferencesScreen
from instasell_tui.market import messages
from instasell_tui.market.paged_list import PagedListScreen
from instasell_tui.widgets.formats import count, local_time, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow
from instasell_tui.widgets.tone import Tone

if TYPE_CHECKING:
    from instasell_tui.inbox.host import InboxApp

WIDE_CELLS = 100


class NoticesScreen(PagedListScreen):
    """Shows what the inbox has; opening one marks it as read."""

    app: InboxApp

    PLACE = "Notifications"
    TABS: ClassVar[Mapping[str, str]] = {"all": "All", "unread": "Unread"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="notices.back"),
        Binding("1", "tab('all')", "All", show=False, id="notices.all"),
        Binding("2", "tab('unread')", "Unread", show=False, id="notices.unread"),
        Binding("a", "read_all", "All read", id="notices.read_all"),
        Binding("p", "preferences", "Preferences", id="notices.preferences"),
        Binding("r", "refresh", "Refresh", show=False, id="notices.refresh"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    # Showing ----------------------------------------------------------------------------------

    def columns(self, width: int) -> Sequence[TableColumn]:
        wide = width >= WIDE_CELLS
        return [
            TableColumn("what", "What", 0),
            TableColumn("title", "About", 52 if wide else 24),
            TableColumn("when", "When", 14 if wide else 12, right=True),
        ]

    def rows(self) -> Sequence[TableRow]:
        return [self._row(each) for each in self._chosen()]

    def told(self, rows: Sequence[TableRow]) -> str:
        return count(len(rows), "notice")

    def tab_counts(self) -> Mapping[str, str]:
        inbox = self.app.inbox
        more = "+" if inbox.next_notices else ""
        return {"all": f"{len(inbox.notices):,}{more}", "unread": f"{inbox.unread_notices:,}"}

    def _chosen(self) -> list[Notification]:
        notices = self.app.inbox.notices
        return notices if self.tab == "all" else [each for each in notices if not each.read_at]

    def _row(self, notice: Notification) -> TableRow:
        unread = notice.read_at is None
        now = self.app.feed.now()
        cells: dict[str, Cell] = {
            "what": (inbox_text.sentence(notice), "strong" if unread else "plain"),
            "title": (inbox_text.subject(notice), "quiet"),
            "when": (local_time(notice.created_at, self.app.zone, now), "quiet"),
        }
        return TableRow(notice.id, inbox_text.mark(unread=unread), cells)

    def nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then the market tells you here what concerns you."
        if self.failure is not None:
            return self.failure
        if not self.app.inbox.loaded_notices:
            return "Asking the market …"
        if self.tab == "unread":
            return "Nothing new."
        return (
            "Nothing has happened yet.\n\nNews of bids, orders and listings appears here;"
            " p chooses your notifications."
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take what leads nowhere out of the footer."""
        if action == "read_all":
            feed = self.app.feed
            return bool(self.app.inbox.unread_notices) and not feed.read_only
        return True

    # What changes -----------------------------------------------------------------------------

    @on(messages.InboxChanged)
    def _inbox_changed(self) -> None:
        self.show_rows()

    async def load(self) -> None:
        await self.app.inbox.look_at_notices()

    async def load_more(self) -> None:
        await self.app.inbox.look_at_notices(further=True)

    @property
    def has_more(self) -> bool:
        return self.app.inbox.next_notices is not None

    # What people do ---------------------------------------------------------------------------

    def action_preferences(self) -> None:
        """Show the channels of each kind of notification."""
        self.app.push_screen(PreferencesScreen())

    @work
    async def action_read_all(self) -> None:
        try:
            await self.app.inbox.mark_all_read()
        except InstaSellError as error:
            self.app.say(safe_text(str(error)), Tone.BAD)

    @on(RowTable.RowOpened)
    def _opened(self, event: RowTable.RowOpened) -> None:
        notice = next((each for each in self.app.inbox.notices if each.id == event.key), None)
        if notice is None:
            return
        self._mark(notice)
        names = ("conversation_id", "order_id", "auction_id")
        conversation_id, order_id, auction_id = (notice.payload.get(name) for name in names)
        if conversation_id:
            self.app.push_screen(ConversationScreen(str(conversation_id)))
        elif order_id and notice.kind != "auction_ended":
            self.app.open_order(str(order_id))
        elif auction_id:
            self.app.open_auction(str(auction_id))
        elif order_id:
            self.app.open_order(str(order_id))

    @work
    async def _mark(self, notice: Notification) -> None:
        try:
            await self.app.inbox.mark_read(notice)
        except InstaSellError as error:
            self.failure = safe_text(str(error))
