"""What the market has told this person, the newest first; each leads to what it is about."""

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
from instasell_client.models.notifications import Notification
from instasell_tui import inbox_wording, messages
from instasell_tui.feed import Standing
from instasell_tui.formats import count, local_time, shown
from instasell_tui.screens.conversation import ConversationScreen
from instasell_tui.screens.order import OrderScreen
from instasell_tui.widgets.bars import StatusBar, TopBar
from instasell_tui.widgets.row_table import Cell, Column, Row, RowTable
from instasell_tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from instasell_tui.app import InstaSellApp

TICK_SECONDS = 1.0
WIDE_CELLS = 100
_TABS = {"all": "All", "unread": "Unread"}


def _columns(width: int) -> Sequence[Column]:
    if width < WIDE_CELLS:
        return [
            Column("what", "What", 0),
            Column("title", "About", 24),
            Column("when", "When", 12, right=True),
        ]
    return [
        Column("what", "What", 0),
        Column("title", "About", 52),
        Column("when", "When", 14, right=True),
    ]


class NoticesScreen(Screen[None]):
    """Shows what the inbox has; opening one marks it as read."""

    app: InstaSellApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="notices.back"),
        Binding("1", "tab('all')", "All", show=False, id="notices.all"),
        Binding("2", "tab('unread')", "Unread", show=False, id="notices.unread"),
        Binding("a", "read_all", "All read", id="notices.read_all"),
        Binding("r", "refresh", "Refresh", show=False, id="notices.refresh"),
        Binding("q", "app.quit", "Quit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._tab = "all"
        self._failure: str | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("Notices")
        yield TabStrip(_TABS)
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
    def _show(self, _: object = None, *, anew: bool = False) -> None:
        if not self.is_current:
            return
        feed, table = self.app.feed, self.query_one(RowTable)
        chosen = self._chosen()
        table.show([self._row(each) for each in chosen], anew=anew)
        table.display = bool(chosen)
        if chosen and self.focused is None:
            table.focus()
        empty = self.query_one("#empty", Static)
        empty.display = not chosen
        empty.update(Text(self._nothing()))
        more = "+" if feed.inbox.next_notices else ""
        counts = {
            "all": f"{len(feed.inbox.notices):,}{more}",
            "unread": f"{feed.inbox.unread_notices:,}",
        }
        self.query_one(TabStrip).show(self._tab, counts)
        self.query_one(TopBar).show(feed)
        told = self._failure or count(len(chosen), "notice")
        self.query_one(StatusBar).show(feed, self.app.zone, told)
        self.refresh_bindings()

    def _chosen(self) -> list[Notification]:
        notices = self.app.feed.inbox.notices
        return notices if self._tab == "all" else [each for each in notices if not each.read_at]

    def _row(self, notice: Notification) -> Row:
        unread = notice.read_at is None
        now = self.app.feed.now()
        cells: dict[str, Cell] = {
            "what": (inbox_wording.sentence(notice), "strong" if unread else "plain"),
            "title": (inbox_wording.subject(notice), "quiet"),
            "when": (local_time(notice.created_at, self.app.zone, now), "quiet"),
        }
        return Row(notice.id, inbox_wording.mark(unread=unread), cells)

    def _nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then the market tells you here what concerns you."
        if self._failure is not None:
            return self._failure
        if not feed.inbox.loaded_notices:
            return "Asking the market …"
        return "Nothing new." if self._tab == "unread" else "Nothing has happened yet."

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Takes what leads nowhere out of the footer."""
        if action == "read_all":
            feed = self.app.feed
            return bool(feed.inbox.unread_notices) and not feed.read_only
        return True

    # What changes -----------------------------------------------------------------------------

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
            await self.app.feed.inbox.look_at_notices(further=further)
        except InstaSellError as error:
            self._failure = shown(str(error))
        else:
            self._failure = None
        self._show()

    @on(RowTable.NearEnd)
    def _near_end(self) -> None:
        if self.app.feed.inbox.next_notices is not None:
            self._read(further=True)

    # What people do ---------------------------------------------------------------------------

    def action_tab(self, name: str) -> None:
        self._tab = name
        self._show(anew=True)

    @on(TabStrip.Chosen)
    def _tab_clicked(self, event: TabStrip.Chosen) -> None:
        self.action_tab(event.key)

    def action_refresh(self) -> None:
        self._refresh()

    def action_back(self) -> None:
        self.dismiss()

    @work
    async def action_read_all(self) -> None:
        try:
            await self.app.feed.inbox.mark_all_read()
        except InstaSellError as error:
            self.notify(shown(str(error)), severity="warning", markup=False)

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        notice = next((each for each in self.app.feed.inbox.notices if each.id == event.key), None)
        if notice is None:
            return
        self._mark(notice)
        names = ("conversation_id", "order_id", "auction_id")
        conversation_id, order_id, auction_id = (notice.payload.get(name) for name in names)
        if conversation_id:
            self.app.push_screen(ConversationScreen(str(conversation_id)))
        elif order_id and notice.kind != "auction_ended":
            self.app.push_screen(OrderScreen(str(order_id)))
        elif auction_id:
            self.app.open_auction(str(auction_id))
        elif order_id:
            self.app.push_screen(OrderScreen(str(order_id)))

    @work
    async def _mark(self, notice: Notification) -> None:
        try:
            await self.app.feed.inbox.mark_read(notice)
        except InstaSellError as error:
            self._failure = shown(str(error))
