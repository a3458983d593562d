"""The own orders: what is due now comes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer, Static

from instasell_client import ConnectionFailed, InstaSellError
from instasell_client.models.orders import Order
from instasell_tui import messages, orders, trade_wording
from instasell_tui.feed import Standing
from instasell_tui.formats import count, money, shown
from instasell_tui.orders import Due, Side
from instasell_tui.screens.order import OrderScreen
from instasell_tui.widgets.bars import StatusBar, TopBar
from instasell_tui.widgets.order_facts import OrderFacts
from instasell_tui.widgets.row_table import Cell, Column, Row, RowTable
from instasell_tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from instasell_tui.app import InstaSellApp

TICK_SECONDS = 1.0
REFRESH_SECONDS = 30.0
WIDE_CELLS = 100
FACTS_FROM_CELLS = 130
PAGES_AT_ONCE_MAX = 20
TOTAL_CELLS = 12
_TABS = {"all": "All", "buyer": "Buying", "seller": "Selling"}


def _columns(width: int) -> Sequence[Column]:
    parties = [Column("with", "With", 18)] if width >= WIDE_CELLS else []
    return [
        Column("title", "What", 0),
        Column("role", "Role", 7),
        *parties,
        Column("status", "Status", 12),
        Column("total", "Total", TOTAL_CELLS, right=True),
        Column("when", "Due / when", 14, right=True),
    ]


class OrdersScreen(Screen[None]):
    """Shows what `trading` has read; choosing one side is all that it decides."""

    app: InstaSellApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="orders.back"),
        Binding("1", "tab('all')", "All", show=False, id="orders.all"),
        Binding("2", "tab('buyer')", "Buying", show=False, id="orders.buying"),
        Binding("3", "tab('seller')", "Selling", show=False, id="orders.selling"),
        Binding("r", "refresh", "Refresh", id="orders.refresh"),
        Binding("W", "app.wallet", "Wallet", id="app.wallet"),
        Binding("q", "app.quit", "Quit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._tab = "all"
        self._failure: str | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("Orders")
        yield TabStrip(_TABS)
        with Horizontal(id="body"):
            with Vertical(id="list"):
                yield RowTable(_columns)
                yield Static(id="empty")
            yield OrderFacts()
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        self.app.feed.subscribe(self)
        self.set_interval(TICK_SECONDS, self._show)
        self.set_interval(REFRESH_SECONDS, self._refresh)
        self.watch(self.app, "app_focus", self._refresh, init=False)
        self.query_one(RowTable).focus()

    def on_resize(self) -> None:
        self.query_one(OrderFacts).display = self.app.size.width >= FACTS_FROM_CELLS

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    def on_screen_resume(self) -> None:
        self._show()
        self._refresh()

    # Showing ----------------------------------------------------------------------------------

    @on(messages.OrdersChanged)
    @on(messages.AccountChanged)
    def _show(self, _: object = None, *, anew: bool = False) -> None:
        if not self.is_current:
            return
        feed, table = self.app.feed, self.query_one(RowTable)
        chosen = self._chosen()
        table.show([self._row(order) for order in chosen], anew=anew)
        table.display = bool(chosen)
        if chosen and self.focused is None:
            table.focus()
        empty = self.query_one("#empty", Static)
        empty.display = not chosen
        empty.update(Text(self._nothing()))
        self._show_tabs()
        self._show_facts()
        self.query_one(TopBar).show(feed)
        self.query_one(StatusBar).show(feed, self.app.zone, self._told(chosen))

    def _chosen(self) -> list[Order]:
        feed = self.app.feed
        if feed.user is None:
            return []
        mine = orders.arranged(feed.trading.orders.values(), feed.user.id, feed.now())
        if self._tab == "all":
            return mine
        side = Side(self._tab)
        return [each for each in mine if orders.side_of(each, feed.user.id) is side]

    def _row(self, order: Order) -> Row:
        feed, zone = self.app.feed, self.app.zone
        assert feed.user is not None
        person, now = feed.user.id, feed.now()
        due = orders.due_of(order, person, now) is not Due.NOTHING
        other = order.seller_name
        if orders.side_of(order, person) is Side.SELLER:
            other = order.buyer_name
        total = money(order.total_amount, order.currency, TOTAL_CELLS)
        cells: dict[str, Cell] = {
            "title": (shown(order.title), "strong" if due else "plain"),
            "role": (trade_wording.role(order, person), "quiet"),
            "with": (shown(other), "quiet"),
            "status": (trade_wording.status(order, person, now), "soon" if due else "plain"),
            "total": (total, "plain"),
            "when": trade_wording.when(order, person, now, zone),
        }
        return Row(order.id, trade_wording.mark(order, person, now), cells)

    def _show_tabs(self) -> None:
        feed = self.app.feed
        known, person = feed.trading.orders.values(), feed.user
        sides = [orders.side_of(each, person.id) for each in known] if person else []
        more = "+" if feed.trading.has_more else ""
        counts = {"all": f"{len(sides):,}{more}"}
        for side in Side:
            counts[side.value] = f"{sides.count(side):,}{more}"
        self.query_one(TabStrip).show(self._tab, counts)

    def _show_facts(self) -> None:
        feed, key = self.app.feed, self.query_one(RowTable).cursor_key
        order = feed.trading.orders.get(key) if key else None
        facts = self.query_one(OrderFacts)
        if order is not None and feed.user is not None:
            facts.show(order, feed.user.id)
        else:
            facts.clear()

    def _told(self, chosen: Sequence[Order]) -> str:
        feed = self.app.feed
        if self._failure is not None:
            return self._failure
        if feed.user is None:
            return ""
        person, now = feed.user.id, feed.now()
        due = sum(orders.due_of(each, person, now) is not Due.NOTHING for each in chosen)
        waiting = f"▶ {due:,} due" if due else "nothing due"
        return f"{count(len(chosen), 'order')} · {waiting}"

    def _nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then your orders are here."
        if self._failure is not None:
            return self._failure
        if not feed.trading.loaded:
            return "Asking the market …"
        if self._tab == "seller":
            return "Nobody has ordered from you yet."
        return "You have no orders yet.\n\nAn auction that you win makes one."

    # What changes -----------------------------------------------------------------------------

    @on(messages.WalletChanged)
    @on(messages.AccountChanged)
    def _moved(self) -> None:
        """Where money has moved, an order has mostly moved too."""
        self._refresh()

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        if self.app.feed.standing is Standing.LIVE:
            self._refresh()

    def _refresh(self) -> None:
        if self.is_current and self.app.feed.user is not None:
            self._read()

    @on(RowTable.NearEnd)
    def _near_end(self) -> None:
        if self.app.feed.trading.has_more:
            self._read_on()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        trading = self.app.feed.trading
        try:
            await trading.look_at_orders()
        except InstaSellError as error:
            self._failure = _why(error)
        else:
            self._failure = None
        self._show()

    @work(exclusive=True, group="read_on")
    async def _read_on(self) -> None:
        """Reads until this tab has grown: the next page may hold the other side's alone."""
        trading, before = self.app.feed.trading, len(self._chosen())
        try:
            for _ in range(PAGES_AT_ONCE_MAX):
                await trading.look_further()
                if not trading.has_more or len(self._chosen()) > before:
                    break
        except InstaSellError as error:
            self._failure = _why(error)
            self._show()

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

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        self.app.push_screen(OrderScreen(event.key))

    @on(RowTable.Moved)
    def _moved_cursor(self) -> None:
        self._show_facts()


def _why(error: InstaSellError) -> str:
    if isinstance(error, ConnectionFailed):
        return "The market does not answer; what is shown may be old"
    return f"The market refused: {shown(str(error))}"
