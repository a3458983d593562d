"""The Board: every live auction in one table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, Static

from instasell_client import InstaSellError
from instasell_tui.board.category_tree import CategoryTreeView
from instasell_tui.board.messages import BoardChanged
from instasell_tui.board.state import BoardColumn, BoardQuery, Tab
from instasell_tui.board.table import BoardTable
from instasell_tui.market import messages
from instasell_tui.market.bars import StatusBar, TopBar
from instasell_tui.market.connection import ConnectionStatus
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.formats import count, safe_text
from instasell_tui.widgets.tone import Tone

if TYPE_CHECKING:
    from instasell_tui.board.host import BoardApp

WIDE_CELLS = 120
ORDER_SECONDS = 1.0
COUNT_SECONDS = 2.0
_NAMES = {Tab.ALL: "All", Tab.WATCHING: "Watching", Tab.MINE: "Mine"}
_COLUMNS = list(BoardColumn)


class TabLabel(Static):
    """One tab; a click chooses it."""

    class Clicked(Message):
        """The tab was clicked."""

        def __init__(self, tab: Tab) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, tab: Tab) -> None:
        super().__init__(id=f"tab-{tab.value}")
        self._tab = tab

    def on_click(self) -> None:
        self.post_message(self.Clicked(self._tab))


class BoardScreen(Screen[None]):
    """Shows what the feed has; choosing, filtering and sorting are all that it decides."""

    app: BoardApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="board.filter"),
        Binding("s", "sort", "Sort", id="board.sort"),
        Binding("S", "reverse", "Reverse", show=False, id="board.reverse"),
        Binding("c", "categories", "Categories", id="board.categories"),
        Binding("w", "watch", "Watch", id="board.watch"),
        Binding("o", "orders", "Orders", id="app.orders"),
        Binding("W", "wallet", "Wallet", id="app.wallet"),
        Binding("1", "tab('all')", "All", show=False, id="board.all"),
        Binding("2", "tab('watching')", "Watching", show=False, id="board.watching"),
        Binding("3", "tab('mine')", "Mine", show=False, id="board.mine"),
        Binding("escape", "clear", "Clear", show=False, id="board.clear"),
        Binding("q", "app.quit", "Quit", id="app.quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.query_now = BoardQuery()
        self._category = ""
        self._panel_wanted: bool | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("Board")
        with Horizontal(id="tabs"):
            for tab in Tab:
                yield TabLabel(tab)
            yield Static(id="narrowed")
            yield Input(id="filter", compact=True, placeholder="words in the title", max_length=80)
        with Horizontal(id="body"):
            yield CategoryTreeView()
            with Vertical(id="list"):
                yield BoardTable(self.app.feed.now)
                yield Static(id="empty")
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        self.app.feed.subscribe(self)
        self.query_one("#filter").display = False
        self.query_one(CategoryTreeView).load(self.app.feed.categories)
        self.set_interval(ORDER_SECONDS, self._reorder)
        self.set_interval(COUNT_SECONDS, self._count)
        self._show_panel()
        self._show()
        self._person()
        self.query_one(BoardTable).focus()

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    def on_screen_resume(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self._show_panel()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Show keys that work everywhere in the footer only where it has room for them."""
        return action not in ("orders", "wallet") or self.app.size.width >= WIDE_CELLS

    # Showing ----------------------------------------------------------------------------------

    def _show(self, *, from_top: bool = False) -> None:
        """Filter and sort the auctions again; a hidden board waits until it is visible."""
        if not self.is_current:
            return
        feed, table = self.app.feed, self.query_one(BoardTable)
        table.currency = feed.currency
        table.sorting = (self.query_now.column, self.query_now.descending)
        auctions = self.app.board.state.select(self.query_now)
        table.show(auctions, from_top=from_top)
        table.display = bool(auctions)
        if auctions and self.focused is None:
            table.focus()
        empty = self.query_one("#empty", Static)
        empty.display = not auctions
        if not auctions:
            empty.update(Text(self._nothing()))
        self._show_tabs()
        self._status()

    def _reorder(self) -> None:
        """Put the lines in order, once a second at most: prices and ends move all the time."""
        if not self.is_current:
            return
        table = self.query_one(BoardTable)
        auctions = self.app.board.state.select(self.query_now)
        if [each.auction_id for each in auctions] != [each.auction_id for each in table.rows]:
            self._show()
        self._status()

    def _show_tabs(self) -> None:
        auctions = self.app.board.state
        for number, tab in enumerate(Tab, 1):
            label = self.query_one(f"#tab-{tab.value}", TabLabel)
            label.update(Text(f"{number} {_NAMES[tab]} {auctions.count(tab):,}"))
            label.set_class(tab is self.query_now.tab, "-chosen")
        parts = [f"in {self._category}"] if self._category else []
        if self.query_now.text and not self.query_one("#filter").display:
            parts.append(f"/{self.query_now.text}")
        self.query_one("#narrowed", Static).update(
            Text("  ".join(parts), overflow="ellipsis", no_wrap=True)
        )

    def _status(self) -> None:
        if not self.is_current:
            return
        shown = len(self.query_one(BoardTable).rows)
        column, arrow = self.query_now.column.value, "▼" if self.query_now.descending else "▲"
        told = f"{count(shown, 'auction')} · by {column} {arrow}"
        self.query_one(StatusBar).show(self.app.feed, self.app.zone, told)

    def _nothing(self) -> str:
        feed, query = self.app.feed, self.query_now
        if self.app.board.failure is not None:
            return f"The market refused: {safe_text(self.app.board.failure)}"
        if not self.app.board.state.loaded:
            if feed.status is ConnectionStatus.CONNECTING:
                url = safe_text(feed.client.base_url)
                return f"Connecting to {url} …\n\nIs the market running there?"
            return "Waiting for the board …"
        if query.text or query.categories is not None:
            return "Nothing here matches.\n\nEscape shows everything again."
        if query.tab is not Tab.ALL and feed.user is None:
            return "Press i to sign in; then this is your list."
        if query.tab is Tab.WATCHING:
            return "You watch nothing yet.\n\nPress w on an auction to watch it."
        if query.tab is Tab.MINE:
            return "You have no bids here and sell nothing.\n\nPress Enter on an auction to bid."
        return "No auction is open.\n\nNew ones appear here by themselves."

    def _count(self) -> None:
        tree = self.query_one(CategoryTreeView)
        if tree.display:
            auctions = self.app.board.state.all()
            tree.count(auction.state.category_id for auction in auctions if not auction.over)

    def _show_panel(self) -> None:
        wanted = self._panel_wanted
        shown_now = self.app.size.width >= WIDE_CELLS if wanted is None else wanted
        self.query_one(CategoryTreeView).display = shown_now
        self._count()

    def _person(self) -> None:
        feed = self.app.feed
        self.query_one(TopBar).show(feed)

    # What the feed tells ----------------------------------------------------------------------

    @on(BoardChanged)
    def _board_changed(self, message: BoardChanged) -> None:
        if message.changes.rows:
            self._show()
        else:
            self.query_one(BoardTable).tick()

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        if not len(self.app.board.state):
            self._show()
        self._status()

    @on(messages.AccountChanged)
    def _account_changed(self) -> None:
        self._person()
        self._show()

    @on(messages.CategoriesChanged)
    def _categories_changed(self) -> None:
        self.query_one(CategoryTreeView).load(self.app.feed.categories)
        self._count()

    # What people do ---------------------------------------------------------------------------

    def _ask(self, query: BoardQuery) -> None:
        self.query_now = query
        self._show(from_top=True)

    def action_tab(self, name: str) -> None:
        self._ask(replace(self.query_now, tab=Tab(name)))

    def action_sort(self) -> None:
        place = (_COLUMNS.index(self.query_now.column) + 1) % len(_COLUMNS)
        self._sort(_COLUMNS[place])

    def action_reverse(self) -> None:
        self._ask(replace(self.query_now, descending=not self.query_now.descending))

    def _sort(self, column: BoardColumn) -> None:
        """Begin where people look first: the soonest end, the highest price, the most bids."""
        descending = column in (BoardColumn.PRICE, BoardColumn.BIDS)
        self._ask(replace(self.query_now, column=column, descending=descending))

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()
        self._show_tabs()

    def action_categories(self) -> None:
        tree = self.query_one(CategoryTreeView)
        self._panel_wanted = not tree.display
        self._show_panel()
        (tree if tree.display else self.query_one(BoardTable)).focus()

    def action_clear(self) -> None:
        """Escape goes back: from a field to the table, then to everything."""
        field, table = self.query_one("#filter", Input), self.query_one(BoardTable)
        if self.query_one(CategoryTreeView).has_focus:
            table.focus()
            return
        field.value = ""
        field.display = False
        self._category = ""
        self._ask(replace(self.query_now, text="", categories=None))
        table.focus()

    def action_orders(self) -> None:
        self.app.action_orders()

    def action_wallet(self) -> None:
        self.app.action_wallet()

    def action_watch(self) -> None:
        auction = self.query_one(BoardTable).cursor_row
        if auction is not None:
            self._watch(auction.auction_id, on=not auction.watching)

    @work
    async def _watch(self, auction_id: str, *, on: bool) -> None:
        try:
            await self.app.board.watch(auction_id, on=on)
        except InstaSellError as error:
            self.app.say(safe_text(str(error)), Tone.BAD)

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        self._ask(replace(self.query_now, text=event.value))

    @on(Input.Submitted, "#filter")
    def _filtered(self, event: Input.Submitted) -> None:
        event.input.display = bool(event.value)
        self.query_one(BoardTable).focus()
        self._show_tabs()

    @on(TabLabel.Clicked)
    def _tab_clicked(self, event: TabLabel.Clicked) -> None:
        self.action_tab(event.tab.value)

    @on(BoardTable.Sorted)
    def _head_clicked(self, event: BoardTable.Sorted) -> None:
        if event.column is self.query_now.column:
            self.action_reverse()
        else:
            self._sort(event.column)

    @on(BoardTable.InSight)
    def _in_sight(self, event: BoardTable.InSight) -> None:
        self.app.board.want_trends(event.auction_ids)

    @on(BoardTable.RowOpened)
    def _opened(self, event: BoardTable.RowOpened) -> None:
        self.app.open_auction(event.key)

    @on(CategoryTreeView.CategoryChosen)
    def _chosen(self, event: CategoryTreeView.CategoryChosen) -> None:
        self._category = event.name
        self._ask(replace(self.query_now, categories=event.categories))
