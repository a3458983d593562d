"""Show one order: its amounts, its delivery, its history, and the steps possible now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from instasell_client import InstaSellError
from instasell_client.models.disputes import DisputeView
from instasell_client.models.orders import Order, OrderEvent, OrderStatus
from instasell_tui.market import messages
from instasell_tui.market.bars import StatusBar, TopBar
from instasell_tui.market.connection import ConnectionStatus
from instasell_tui.orders import rules as order_rules
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.actions import OrderActions
from instasell_tui.orders.order_facts import OrderFacts
from instasell_tui.orders.rules import OrderStep
from instasell_tui.orders.start_conversation import start_order_conversation
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.formats import safe_text
from instasell_tui.widgets.outcome_line import READ_ONLY, OutcomeLine
from instasell_tui.widgets.tone import Tone

if TYPE_CHECKING:
    from instasell_tui.orders.host import OrdersApp

TICK_SECONDS = 1.0
REFRESH_SECONDS = 30.0


class OrderScreen(Screen[None]):
    """Shows one order. A step is done after a question, and in no other way."""

    app: OrdersApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="order.back"),
        Binding("p", "step('pay_wallet')", "Pay wallet", id="order.pay_wallet"),
        Binding("c", "step('pay_card')", "Pay card", id="order.pay_card"),
        Binding("a", "step('address')", "Address", id="order.address"),
        Binding("s", "step('ship')", "Ship", id="order.ship"),
        Binding("d", "step('confirm')", "Delivered", id="order.confirm"),
        Binding("x", "step('cancel')", "Cancel", id="order.cancel"),
        Binding("f", "step('refund')", "Refund", id="order.refund"),
        Binding("D", "step('dispute')", "Dispute", id="order.dispute"),
        Binding("e", "step('answer')", "Answer", id="order.answer"),
        Binding("u", "step('attach')", "Attach file", id="order.attach"),
        Binding("m", "write", "Message", id="order.write"),
        Binding("r", "refresh", "Refresh", show=False, id="order.refresh"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self, order_id: str) -> None:
        super().__init__()
        self._order_id = order_id
        self._events: list[OrderEvent] = []
        self._dispute: DisputeView | None = None
        self._failure: str | None = None
        self._busy = False
        self._read_for: OrderStatus | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("Order")
        with Horizontal(id="head"):
            yield Static(id="title")
            yield Static(id="status")
        yield Static(id="parties")
        yield Static(id="headline")
        yield OrderFacts()
        with VerticalScroll(id="history"):
            yield Static(id="events")
        yield OutcomeLine()
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#history").border_title = "History"
        self.app.feed.subscribe(self)
        self.set_interval(TICK_SECONDS, self._show)
        self.set_interval(REFRESH_SECONDS, self._refresh)
        self.watch(self.app, "app_focus", self._refresh, init=False)
        if self.app.feed.read_only:
            self.query_one(OutcomeLine).say(READ_ONLY, Tone.PLAIN, stays=True)
        self.query_one("#history").focus()

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    def on_screen_resume(self) -> None:
        self._show()
        self._refresh()

    # Showing ----------------------------------------------------------------------------------

    @property
    def _open(self) -> bool:
        """Return whether the screen is open, if under others; what comes later finds it empty."""
        return self in self.app.screen_stack

    @property
    def _order(self) -> Order | None:
        return self.app.orders.orders.get(self._order_id)

    @on(messages.OrdersChanged)
    def _orders_changed(self) -> None:
        """Take the history along with the status, which a list or a notice may tell first."""
        order, view = self._order, self.app.orders.views.get(self._order_id)
        if view is not None:
            self._events = view.events
        is_behind = order is not None and (view is None or view.order.status is not order.status)
        if order is not None and is_behind and order.status is not self._read_for:
            self._read_for = order.status
            self._refresh()
        self._show()

    def _show(self) -> None:
        if not self._open:
            return
        feed, order = self.app.feed, self._order
        self.query_one(TopBar).show(feed)
        self.query_one(StatusBar).show(feed, self.app.zone, self._failure or "")
        self.refresh_bindings()
        if order is None or feed.user is None:
            text = "Asking the market …" if feed.user else "Press i to sign in"
            if self._failure is None:
                self._say("headline", text, Tone.PLAIN)
            else:
                self._say("headline", f"! {self._failure}", Tone.BAD)
            return
        person, now = feed.user.id, feed.now()
        self._put("title", safe_text(order.title))
        sign, _ = orders_text.mark(order, person, now)
        self._put("status", f"{sign} {orders_text.status(order, person, now)}")
        self._put("parties", orders_text.parties(order, person))
        self._say("headline", *orders_text.headline(order, person, now))
        self.query_one(OrderFacts).show(order, person)
        self._show_history(order, person)

    def _put(self, where: str, text: str) -> None:
        self.query_one(f"#{where}", Static).update(Text(text, overflow="ellipsis", no_wrap=True))

    def _say(self, where: str, text: str, tone: Tone) -> None:
        self._put(where, text)
        label = self.query_one(f"#{where}", Static)
        for each in Tone:
            label.set_class(each is tone, f"-{each.value}")

    def _tell(self, text: str, tone: Tone) -> None:
        """Show the result of a step; it may take two lines."""
        if not self._open:
            self.app.say(text, tone)
            return
        self.query_one(OutcomeLine).say(text, tone)
        self.app.keep(text, tone)

    def _show_history(self, order: Order, person: str) -> None:
        side, now = order_rules.side_of(order, person), self.app.feed.now()
        table = Table.grid(padding=(0, 2))
        for _ in range(3):
            table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for time, what, who, why in orders_text.history(self._events, side, self.app.zone, now):
            table.add_row(Text(time, style="dim"), Text(what), Text(who), Text(why, style="dim"))
        if self._dispute is None:
            self.query_one("#events", Static).update(table)
            return
        said = Table.grid(padding=(0, 2))
        for _ in range(2):
            said.add_column(no_wrap=True)
        said.add_column(overflow="fold")
        for time, who, what in orders_text.statements(self._dispute, person, self.app.zone, now):
            said.add_row(Text(time, style="dim"), Text(who), Text(what))
        self.query_one("#history").border_title = "Dispute and history"
        head = Text(orders_text.dispute_head(self._dispute.dispute), style="bold")
        self.query_one("#events", Static).update(Group(head, said, Text(), table))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take steps that are not open to this person out of the footer."""
        if action == "write":
            return self._order is not None and not self.app.feed.read_only
        if action != "step":
            return True
        feed, order = self.app.feed, self._order
        if self._busy or feed.read_only or order is None or feed.user is None:
            return False
        return OrderStep(str(parameters[0])) in order_rules.steps_of(
            order, feed.user.id, feed.now()
        )

    # What changes -----------------------------------------------------------------------------

    @on(messages.WalletChanged)
    def _moved(self) -> None:
        self._refresh()

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        self._show()
        if self.app.feed.status is ConnectionStatus.LIVE:
            self._refresh()

    @on(messages.AccountChanged)
    def _account_changed(self) -> None:
        self._show()
        self._refresh()

    def _refresh(self) -> None:
        if self.app.feed.user is not None:
            self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        await self._look()

    async def _look(self) -> None:
        try:
            view = await self.app.orders.look_at(self._order_id)
            if any(each.to_status is OrderStatus.DISPUTED for each in view.events):
                self._dispute = await self.app.orders.dispute_of(self._order_id)
        except InstaSellError as error:
            self._failure = safe_text(str(error))
        else:
            self._failure = None
            self._events = view.events
        self._show()

    # What people do ---------------------------------------------------------------------------

    def action_back(self) -> None:
        self.dismiss()

    def action_refresh(self) -> None:
        self._refresh()

    @work(group="ask")
    async def action_write(self) -> None:
        """Open what was said about the order, or begin it."""
        order = self._order
        if order is not None:
            self._tell(*await start_order_conversation(self.app, order))

    def action_step(self, name: str) -> None:
        order = self._order
        if not self._busy and order is not None:
            self._busy = True
            # The step is the application's: its answer comes also when this screen was left.
            self.app.run_worker(self._do(OrderStep(name), order), group="step")

    async def _do(self, step: OrderStep, order: Order) -> None:
        """Do one step at a time; whatever its result, the order is read again."""
        try:
            self._tell("", Tone.PLAIN)
            said = await OrderActions(self.app, self._tell).run(step, order)
            await self._look()
            self._tell(*said)
        finally:
            self._busy = False
        self._show()
