"""List the orders of the user: those with a step due now come first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from instasell_client import ConnectionFailed, InstaSellError
from instasell_client.models.orders import Order
from instasell_tui.market import messages
from instasell_tui.market.paged_list import PagedListScreen
from instasell_tui.orders import rules as order_rules
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.order_facts import OrderFacts
from instasell_tui.orders.rules import OrderDue, OrderSide
from instasell_tui.widgets.formats import count, money, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow
from instasell_tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from instasell_tui.orders.host import OrdersApp

WIDE_CELLS = 100
FACTS_FROM_CELLS = 130
PAGES_AT_ONCE_MAX = 20
TOTAL_CELLS = 12


class OrdersScreen(PagedListScreen):
    """Shows what the state of the orders has read; choosing one side is all that it decides."""

    app: OrdersApp

    PLACE = "Orders"
    TABS: ClassVar[Mapping[str, str]] = {"all": "All", "buyer": "Buying", "seller": "Selling"}
    REFRESH_SECONDS = 30.0

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="orders.back"),
        Binding("1", "tab('all')", "All", show=False, id="orders.all"),
        Binding("2", "tab('buyer')", "Buying", show=False, id="orders.buying"),
        Binding("3", "tab('seller')", "Selling", show=False, id="orders.selling"),
        Binding("r", "refresh", "Refresh", id="orders.refresh"),
        Binding("W", "app.wallet", "Wallet", id="app.wallet"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def parts(self) -> Iterable[Widget]:
        yield TabStrip(self.TABS)
        with Horizontal(id="body"):
            with Vertical(id="list"):
                yield RowTable(self.columns)
                yield Static(id="empty")
            yield OrderFacts()

    def on_resize(self) -> None:
        self.query_one(OrderFacts).display = self.app.size.width >= FACTS_FROM_CELLS

    # Showing ----------------------------------------------------------------------------------

    def columns(self, width: int) -> Sequence[TableColumn]:
        parties = [TableColumn("with", "With", 18)] if width >= WIDE_CELLS else []
        return [
            TableColumn("title", "What", 0),
            TableColumn("role", "Role", 7),
            *parties,
            TableColumn("status", "Status", 12),
            TableColumn("total", "Total", TOTAL_CELLS, right=True),
            TableColumn("when", "Due / when", 14, right=True),
        ]

    def rows(self) -> Sequence[TableRow]:
        return [self._row(order) for order in self._chosen()]

    def _chosen(self) -> list[Order]:
        feed = self.app.feed
        if feed.user is None:
            return []
        mine = order_rules.sort_orders(self.app.orders.orders.values(), feed.user.id, feed.now())
        if self.tab == "all":
            return mine
        side = OrderSide(self.tab)
        return [each for each in mine if order_rules.side_of(each, feed.user.id) is side]

    def _row(self, order: Order) -> TableRow:
        feed, zone = self.app.feed, self.app.zone
        assert feed.user is not None
        person, now = feed.user.id, feed.now()
        due = order_rules.due_of(order, person, now) is not OrderDue.NOTHING
        other = order.seller_name
        if order_rules.side_of(order, person) is OrderSide.SELLER:
            other = order.buyer_name
        total = money(order.total_amount, order.currency, TOTAL_CELLS)
        cells: dict[str, Cell] = {
            "title": (safe_text(order.title), "strong" if due else "plain"),
            "role": (orders_text.role(order, person), "quiet"),
            "with": (safe_text(other), "quiet"),
            "status": (orders_text.status(order, person, now), "soon" if due else "plain"),
            "total": (total, "plain"),
            "when": orders_text.when(order, person, now, zone),
        }
        return TableRow(order.id, orders_text.mark(order, person, now), cells)

    def tab_counts(self) -> Mapping[str, str]:
        feed = self.app.feed
        known, person = self.app.orders.orders.values(), feed.user
        sides = [order_rules.side_of(each, person.id) for each in known] if person else []
        more = "+" if self.app.orders.has_more else ""
        counts = {"all": f"{len(sides):,}{more}"}
        for side in OrderSide:
            counts[side.value] = f"{sides.count(side):,}{more}"
        return counts

    @on(RowTable.Moved)
    def show_beside(self) -> None:
        feed, key = self.app.feed, self.query_one(RowTable).cursor_key
        order = self.app.orders.orders.get(key) if key else None
        facts = self.query_one(OrderFacts)
        if order is not None and feed.user is not None:
            facts.show(order, feed.user.id)
        else:
            facts.clear()

    def told(self, rows: Sequence[TableRow]) -> str:
        feed = self.app.feed
        if feed.user is None:
            return ""
        person, now = feed.user.id, feed.now()
        due = sum(
            order_rules.due_of(each, person, now) is not OrderDue.NOTHING for each in self._chosen()
        )
        waiting = f"▶ {due:,} due" if due else "nothing due"
        return f"{count(len(rows), 'order')} · {waiting}"

    def nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then your orders are here."
        if self.failure is not None:
            return self.failure
        if not self.app.orders.loaded:
            return "Asking the market …"
        if self.tab == "seller":
            return "Nobody has ordered from you yet."
        return "You have no orders yet.\n\nAn auction that you win makes one."

    def reason(self, error: InstaSellError) -> str:
        if isinstance(error, ConnectionFailed):
            return "The market does not answer; what is shown may be old"
        return f"The market refused: {safe_text(str(error))}"

    # What changes -----------------------------------------------------------------------------

    @on(messages.OrdersChanged)
    def _orders_changed(self) -> None:
        self.show_rows()

    @on(messages.WalletChanged)
    def _moved(self) -> None:
        """Read the list again: where money has moved, an order has mostly changed too."""
        self.refresh_list()

    async def load(self) -> None:
        await self.app.orders.look_at_orders()

    async def load_more(self) -> None:
        """Read until this tab has grown: the next page may hold the other side's alone."""
        orders, before = self.app.orders, len(self._chosen())
        for _ in range(PAGES_AT_ONCE_MAX):
            await orders.load_more()
            if not orders.has_more or len(self._chosen()) > before:
                break

    @property
    def has_more(self) -> bool:
        return self.app.orders.has_more

    # What people do ---------------------------------------------------------------------------

    @on(RowTable.RowOpened)
    def _opened(self, event: RowTable.RowOpened) -> None:
        self.app.open_order(event.key)
