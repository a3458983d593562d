"""The own wallet: what it has, and every row of the ledger behind that."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Static

from instasell_client import InstaSellError
from instasell_client.models.accounts import Role
from instasell_client.models.money import parse_amount
from instasell_client.models.wallets import WalletAccount, WalletEntry
from instasell_tui import messages, trade_wording
from instasell_tui.feed import Standing
from instasell_tui.formats import NOTHING, count, local_time, money, shown
from instasell_tui.screens.checkout import CheckoutScreen
from instasell_tui.screens.form import Entry, Form, Values
from instasell_tui.screens.order import OrderScreen
from instasell_tui.screens.order_steps import filled
from instasell_tui.trade_wording import Said
from instasell_tui.widgets.bars import StatusBar, TopBar
from instasell_tui.widgets.bid_box import Tone
from instasell_tui.widgets.big_number import BigNumber
from instasell_tui.widgets.row_table import Cell, Column, Row, RowTable
from instasell_tui.widgets.tab_strip import TabStrip

if TYPE_CHECKING:
    from instasell_tui.app import InstaSellApp

TICK_SECONDS = 1.0
REFRESH_SECONDS = 30.0
WIDE_CELLS = 110
_TABS = {"all": "All", "balance": "Balance", "gas": "Gas"}


def _columns(width: int) -> Sequence[Column]:
    wide, cells = width >= WIDE_CELLS, _amount_cells(width)
    return [
        Column("when", "When", 12),
        Column("type", "What", 24 if wide else 0),
        *([Column("reference", "Reference", 0)] if wide else []),
        Column("account", "Account", 7),
        Column("amount", "Amount", cells, right=True),
        Column("after", "After it", cells, right=True),
    ]


def _amount_cells(width: int) -> int:
    return 18 if width >= WIDE_CELLS else 14


class WalletScreen(Screen[None]):
    """The two amounts on top are the newest that the market told; the rows come by pages."""

    app: InstaSellApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="wallet.back"),
        Binding("u", "top_up", "Top up", id="wallet.top_up"),
        Binding("1", "tab('all')", "All", show=False, id="wallet.all"),
        Binding("2", "tab('balance')", "Balance", show=False, id="wallet.balance"),
        Binding("3", "tab('gas')", "Gas", show=False, id="wallet.gas"),
        Binding("r", "refresh", "Refresh", id="wallet.refresh"),
        Binding("o", "app.orders", "Orders", id="app.orders"),
        Binding("q", "app.quit", "Quit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._tab = "all"
        self._entries: list[WalletEntry] = []
        self._next: str | None = None
        self._loaded = False
        self._failure: str | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        yield TopBar("Wallet")
        with Horizontal(id="amounts"):
            yield BigNumber("Balance", name="balance")
            yield BigNumber("Gas, which pays for auctions", name="gas")
        yield Static(id="outcome")
        yield TabStrip(_TABS)
        yield RowTable(_columns)
        yield Static(id="empty")
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        self.app.feed.subscribe(self)
        self.set_interval(TICK_SECONDS, self._show)
        self.set_interval(REFRESH_SECONDS, self._refresh)
        self.watch(self.app, "app_focus", self._refresh, init=False)
        if self.app.feed.read_only:
            self._tell("Opened read-only: nothing can be changed from here", Tone.PLAIN)
        self.query_one(RowTable).focus()

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    def on_screen_resume(self) -> None:
        self._show()
        self._refresh()

    # Showing ----------------------------------------------------------------------------------

    @property
    def _account(self) -> WalletAccount | None:
        return None if self._tab == "all" else WalletAccount(self._tab)

    @property
    def _has_wallet(self) -> bool:
        user = self.app.feed.user
        return user is not None and user.role is not Role.ADMIN

    def _show(self, *, anew: bool = False) -> None:
        if not self.is_current:
            return
        feed, table = self.app.feed, self.query_one(RowTable)
        wallet = feed.trading.wallet
        balance, gas = self.query_one("#balance", BigNumber), self.query_one("#gas", BigNumber)
        balance.show(money(wallet.balance, wallet.currency) if wallet else NOTHING)
        gas.show(f"{wallet.gas_balance:,}" if wallet else NOTHING)
        currency = wallet.currency if wallet else feed.currency
        table.show([self._row(each, currency) for each in self._entries], anew=anew)
        table.display = bool(self._entries)
        if self._entries and self.focused is None:
            table.focus()
        empty = self.query_one("#empty", Static)
        empty.display = not self._entries
        empty.update(Text(self._nothing()))
        self.query_one(TabStrip).show(self._tab)
        self.query_one(TopBar).show(feed)
        more = "+" if self._next else ""
        told = self._failure or f"{count(len(self._entries), 'row')}{more} · {currency}"
        self.query_one(StatusBar).show(feed, self.app.zone, told)
        self.refresh_bindings()

    def _row(self, each: WalletEntry, currency: str) -> Row:
        incoming = each.amount > 0
        cells = _amount_cells(self.app.size.width)
        amount = trade_wording.in_account(each.amount, each.account, currency, cells, signed=True)
        after = trade_wording.in_account(each.balance_after, each.account, currency, cells)
        reference = each.order_id or each.reference or NOTHING
        texts: dict[str, Cell] = {
            "when": (local_time(each.created_at, self.app.zone, self.app.feed.now()), "quiet"),
            "type": (trade_wording.entry(each), "plain"),
            "reference": (shown(f"order {reference}" if each.order_id else reference), "quiet"),
            "account": (each.account.value, "quiet"),
            "amount": (amount, "good" if incoming else "plain"),
            "after": (after, "strong"),
        }
        return Row(each.id, ("+" if incoming else "−", "good" if incoming else "quiet"), texts)

    def _nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then your wallet is here."
        if feed.user is not None and not self._has_wallet:
            return "An admin has no wallet."
        if self._failure is not None:
            return self._failure
        if not self._loaded:
            return "Asking the market …"
        return "Nothing has moved here yet.\n\nPress u to top up."

    def _tell(self, text: str, tone: Tone) -> None:
        if self not in self.app.screen_stack:
            self.app.say(text, tone)
            return
        label = self.query_one("#outcome", Static)
        label.update(Text(text))
        for each in Tone:
            label.set_class(each is tone, f"-{each.value}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Takes the step that moves money out of the footer where it leads nowhere."""
        if action == "top_up":
            return self._has_wallet and not self.app.feed.read_only and not self._busy
        return True

    # What changes -----------------------------------------------------------------------------

    @on(messages.WalletChanged)
    def _wallet_changed(self) -> None:
        self._show()
        if self.is_current:
            self._read()

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        if self.app.feed.standing is Standing.LIVE:
            self._refresh()

    @on(messages.AccountChanged)
    def _account_changed(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self._entries, self._next, self._loaded = [], None, False
        self._show(anew=True)
        self._refresh()

    def _refresh(self) -> None:
        if self.is_current and self._has_wallet:
            self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        """Reads the wallet and the newest rows; older rows stay unless there is a hole."""
        trading, account = self.app.feed.trading, self._account
        try:
            page = await trading.entries(account)
            await trading.look_at_wallet()
        except InstaSellError as error:
            self._failure = shown(str(error))
        else:
            self._failure, self._loaded = None, True
            known = {each.id for each in self._entries}
            new = [each for each in page.items if each.id not in known]
            if len(new) == len(page.items):
                self._entries, self._next = new, page.next
            else:
                self._entries = new + self._entries
        self._show()

    @on(RowTable.NearEnd)
    def _near_end(self) -> None:
        if self._next is not None:
            self._read_on(self._next)

    @work(exclusive=True, group="read_on")
    async def _read_on(self, cursor: str) -> None:
        try:
            page = await self.app.feed.trading.entries(self._account, cursor)
        except InstaSellError as error:
            self._failure = shown(str(error))
        else:
            if cursor == self._next:
                self._entries, self._next = [*self._entries, *page.items], page.next
        self._show()

    # What people do ---------------------------------------------------------------------------

    @on(RowTable.Opened)
    def _opened(self, event: RowTable.Opened) -> None:
        """The order that moved the money, where it was one."""
        chosen = next(each for each in self._entries if each.id == event.key)
        if chosen.order_id is not None:
            self.app.push_screen(OrderScreen(chosen.order_id))

    def action_tab(self, name: str) -> None:
        if name != self._tab:
            self._tab = name
            self._restart()

    @on(TabStrip.Chosen)
    def _tab_clicked(self, event: TabStrip.Chosen) -> None:
        self.action_tab(event.key)

    def action_refresh(self) -> None:
        self._refresh()

    def action_back(self) -> None:
        self.dismiss()

    def action_top_up(self) -> None:
        if not self._busy:
            self._busy = True
            # The payment is the application's: its end is told also when this screen was left.
            self.app.run_worker(self._top_up(), group="step")

    async def _top_up(self) -> None:
        wallet = self.app.feed.trading.wallet
        currency = wallet.currency if wallet else self.app.feed.currency
        form = Form(
            "Top up your wallet",
            "The payment provider takes the money on its own page",
            (
                Entry("amount", f"Amount, {currency}", max_length=24),
                Entry("target", "Into", options={"balance": "balance", "gas": "gas"}),
            ),
            "Go to the page",
            partial(_check_amount, currency),
        )
        try:
            typed = {"target": "gas" if self._tab == "gas" else "balance"}
            said = await filled(self.app, form, typed, currency, partial(self._pay, currency))
            self._tell(*said)
        finally:
            self._busy = False
        self._refresh()

    async def _pay(self, currency: str, values: Values) -> Said:
        amount, target = parse_amount(values["amount"], currency), WalletAccount(values["target"])
        trading = self.app.feed.trading
        reply = await trading.top_up(amount, target)
        text = money(amount, currency)
        gas = [("You get", f"{amount:,} gas")] if target is WalletAccount.GAS else []
        lines = [("You pay by card", f"{text} {currency}"), *gas]
        if reply.checkout_url is not None:
            arrived = partial(trading.has_arrived, reply.payment_id, target)
            page = CheckoutScreen(f"Top up {target.value}", lines, reply.checkout_url, arrived)
            if not await self.app.push_screen_wait(page):
                return "Not paid yet: the wallet grows by itself once it is", Tone.PLAIN
        return f"{text} paid into your {target.value}", Tone.GOOD


def _check_amount(currency: str, values: Values) -> Values:
    try:
        amount = parse_amount(values["amount"], currency)
    except ValueError as error:
        return {"amount": str(error)}
    return {} if amount else {"amount": "More than zero"}
