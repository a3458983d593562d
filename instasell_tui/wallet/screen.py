"""Show the wallet of the user: its balances, and every row of the ledger behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from instasell_client.models.accounts import Role
from instasell_client.models.money import parse_amount
from instasell_client.models.wallets import WalletAccount, WalletEntry
from instasell_tui.market import messages
from instasell_tui.market.paged_list import PagedListScreen
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.actions import ask_form
from instasell_tui.orders.checkout_screen import CheckoutScreen
from instasell_tui.wallet.big_number import BigNumber
from instasell_tui.widgets.form_screen import Form, FormField, Values
from instasell_tui.widgets.formats import NOTHING, count, local_time, money, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.outcome_line import OutcomeLine
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.wallet.host import WalletApp

WIDE_CELLS = 110
SHORT_ID_CHARS = 8


def _amount_cells(width: int) -> int:
    return 18 if width >= WIDE_CELLS else 14


class WalletScreen(PagedListScreen):
    """The two amounts on top are the newest that the market told; the rows come by pages."""

    app: WalletApp

    PLACE = "Wallet"
    TABS: ClassVar[Mapping[str, str]] = {"all": "All", "balance": "Balance", "gas": "Gas"}
    REFRESH_SECONDS = 30.0
    TELLS_OUTCOMES = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="wallet.back"),
        Binding("u", "top_up", "Top up", id="wallet.top_up"),
        Binding("1", "tab('all')", "All", show=False, id="wallet.all"),
        Binding("2", "tab('balance')", "Balance", show=False, id="wallet.balance"),
        Binding("3", "tab('gas')", "Gas", show=False, id="wallet.gas"),
        Binding("r", "refresh", "Refresh", id="wallet.refresh"),
        Binding("o", "app.orders", "Orders", id="app.orders"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[WalletEntry] = []
        self._next: str | None = None
        self._loaded = False
        self._busy = False

    def parts(self) -> Iterable[Widget]:
        with Horizontal(id="amounts"):
            yield BigNumber("Balance", name="balance")
            yield BigNumber("Gas, which pays for auctions", name="gas")
        yield OutcomeLine()
        yield from super().parts()

    # Showing ----------------------------------------------------------------------------------

    @property
    def _account(self) -> WalletAccount | None:
        return None if self.tab == "all" else WalletAccount(self.tab)

    @property
    def _has_wallet(self) -> bool:
        user = self.app.feed.user
        return user is not None and user.role is not Role.ADMIN

    @property
    def _currency(self) -> str:
        wallet = self.app.orders.wallet
        return wallet.currency if wallet else self.app.feed.currency

    def columns(self, width: int) -> Sequence[TableColumn]:
        wide, cells = width >= WIDE_CELLS, _amount_cells(width)
        return [
            TableColumn("when", "When", 12),
            TableColumn("type", "What", 24 if wide else 0),
            *([TableColumn("reference", "Reference", 0)] if wide else []),
            TableColumn("account", "Account", 7),
            TableColumn("amount", "Amount", cells, right=True),
            TableColumn("after", "After it", cells, right=True),
        ]

    def rows(self) -> Sequence[TableRow]:
        return [self._row(each, self._currency) for each in self._entries]

    def show_beside(self) -> None:
        wallet = self.app.orders.wallet
        balance, gas = self.query_one("#balance", BigNumber), self.query_one("#gas", BigNumber)
        balance.show(money(wallet.balance, wallet.currency) if wallet else NOTHING)
        gas.show(f"{wallet.gas_balance:,}" if wallet else NOTHING)

    def told(self, rows: Sequence[TableRow]) -> str:
        more = "+" if self.has_more else ""
        text = f"{count(len(rows), 'row')}{more} · {self._currency}"
        wallet = self.app.orders.wallet
        stays = None
        if wallet is not None:
            stays = orders_text.what_stays(wallet, self.app.zone, self.app.feed.now())
        return f"{text} · {stays}" if stays else text

    def _row(self, each: WalletEntry, currency: str) -> TableRow:
        incoming = each.amount > 0
        cells = _amount_cells(self.app.size.width)
        amount = orders_text.in_account(each.amount, each.account, currency, cells, signed=True)
        after = orders_text.in_account(each.balance_after, each.account, currency, cells)
        texts: dict[str, Cell] = {
            "when": (local_time(each.created_at, self.app.zone, self.app.feed.now()), "quiet"),
            "type": (orders_text.entry(each), "plain"),
            "reference": (self._reference(each), "quiet"),
            "account": (each.account.value, "quiet"),
            "amount": (amount, "good" if incoming else "plain"),
            "after": (after, "strong"),
        }
        return TableRow(each.id, ("+" if incoming else "−", "good" if incoming else "quiet"), texts)

    def _reference(self, each: WalletEntry) -> str:
        """Return what moved the money: by its title where that is known, else by a short id."""
        if each.order_id is not None:
            order = self.app.orders.orders.get(each.order_id)
            return safe_text(order.title) if order else f"order {each.order_id[:SHORT_ID_CHARS]}"
        if each.reference is None:
            return NOTHING
        auction = self.app.board.state.get(each.reference)
        return auction.title if auction else safe_text(each.reference)[:SHORT_ID_CHARS]

    def nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then your wallet is here."
        if feed.user is not None and not self._has_wallet:
            return "An admin has no wallet."
        if self.failure is not None:
            return self.failure
        if not self._loaded:
            return "Asking the market …"
        return "Nothing has moved here yet.\n\nPress u to top up."

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take the step that moves money out of the footer where it leads nowhere."""
        if action == "top_up":
            return self._has_wallet and not self.app.feed.read_only and not self._busy
        return True

    # What changes -----------------------------------------------------------------------------

    @on(messages.WalletChanged)
    def _wallet_changed(self) -> None:
        self.show_rows()
        self.refresh_list()

    def turned(self) -> None:
        self._entries, self._next, self._loaded = [], None, False
        self.show_rows(from_top=True)
        self.refresh_list()

    def person_changed(self) -> None:
        self.turned()

    @property
    def may_read(self) -> bool:
        return self._has_wallet

    @property
    def has_more(self) -> bool:
        return self._next is not None

    async def load(self) -> None:
        """Read the wallet and the newest rows; older rows stay unless there is a hole."""
        orders, account = self.app.orders, self._account
        page = await orders.entries(account)
        await orders.look_at_wallet()
        if not orders.loaded and any(each.order_id for each in page.items):
            # Their titles say more than their ids.
            await orders.look_at_orders()
        self._loaded = True
        known = {each.id for each in self._entries}
        new = [each for each in page.items if each.id not in known]
        if len(new) == len(page.items):
            self._entries, self._next = new, page.next
        else:
            self._entries = new + self._entries

    async def load_more(self) -> None:
        cursor = self._next
        if cursor is None:
            return
        page = await self.app.orders.entries(self._account, cursor)
        if cursor == self._next:
            self._entries, self._next = [*self._entries, *page.items], page.next

    # What people do ---------------------------------------------------------------------------

    @on(RowTable.RowOpened)
    def _opened(self, event: RowTable.RowOpened) -> None:
        """Open the order that moved the money, where it was one."""
        chosen = next(each for each in self._entries if each.id == event.key)
        if chosen.order_id is not None:
            self.app.open_order(chosen.order_id)

    def action_top_up(self) -> None:
        if not self._busy:
            self._busy = True
            # The payment belongs to the application: its end is shown after this screen too.
            self.app.run_worker(self._top_up(), group="step")

    async def _top_up(self) -> None:
        currency = self._currency
        form = Form(
            "Top up your wallet",
            "The payment provider takes the money on its own page",
            (
                FormField("amount", f"Amount, {currency}", max_length=24),
                FormField("target", "Into", options={"balance": "balance", "gas": "gas"}),
            ),
            "Go to the page",
            partial(_check_amount, currency),
        )
        try:
            typed = {"target": "gas" if self.tab == "gas" else "balance"}
            said = await ask_form(self.app, form, typed, currency, partial(self._pay, currency))
            self.tell(*said)
        finally:
            self._busy = False
        self.refresh_list()

    async def _pay(self, currency: str, values: Values) -> TonedText:
        amount, target = parse_amount(values["amount"], currency), WalletAccount(values["target"])
        orders = self.app.orders
        reply = await orders.top_up(amount, target)
        text = money(amount, currency)
        gas = [("You get", f"{amount:,} gas")] if target is WalletAccount.GAS else []
        lines = [("You pay by card", f"{text} {currency}"), *gas]
        if reply.checkout_url is not None:
            arrived = partial(orders.has_arrived, reply.payment_id, target)
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
