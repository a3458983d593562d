"""List the bids of the user: first those to pay, then the outbid, then the leading ones."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from instasell_client import InstaSellError
from instasell_client.models.bids import BiddingAuction, BiddingPart
from instasell_tui.bids import text as bids_text
from instasell_tui.bids.actions import BidActions
from instasell_tui.bids.state import OPEN_PARTS, sort_bids, to_pay
from instasell_tui.board.messages import BoardChanged
from instasell_tui.market import messages
from instasell_tui.market.paged_list import PagedListScreen
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.actions import OrderActions
from instasell_tui.orders.rules import OrderStep
from instasell_tui.widgets.formats import count, money, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.outcome_line import OutcomeLine
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.bids.host import BidsApp

WIDE_CELLS = 110
PAGES_AT_ONCE_MAX = 20
_PAYING = {"pay_wallet": OrderStep.PAY_WALLET, "pay_card": OrderStep.PAY_CARD}


class BidsScreen(PagedListScreen):
    """Shows what the feed's `bids` have read, as the board moves it on."""

    app: BidsApp

    PLACE = "My bids"
    TABS: ClassVar[Mapping[str, str]] = {"all": "All", "running": "Running", "over": "Over"}
    REFRESH_SECONDS = 15.0
    TELLS_OUTCOMES = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="bids.back"),
        Binding("1", "tab('all')", "All", show=False, id="bids.all"),
        Binding("2", "tab('running')", "Running", show=False, id="bids.running"),
        Binding("3", "tab('over')", "Over", show=False, id="bids.over"),
        Binding("b", "step('again')", "Bid again", id="bids.bid"),
        Binding("m", "step('up_to')", "Maximum", id="bids.maximum"),
        Binding("p", "step('pay_wallet')", "Pay wallet", id="bids.pay_wallet"),
        Binding("c", "step('pay_card')", "Pay card", id="bids.pay_card"),
        Binding("v", "view", "Auction", id="bids.view"),
        Binding("r", "refresh", "Refresh", show=False, id="bids.refresh"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._busy = False

    def parts(self) -> Iterable[Widget]:
        yield from super().parts()
        yield Static(id="headline")
        yield OutcomeLine()

    # Showing ----------------------------------------------------------------------------------

    def columns(self, width: int) -> Sequence[TableColumn]:
        wide = width >= WIDE_CELLS
        cells = _amount_cells(width)
        return [
            TableColumn("title", "What", 0),
            *(
                [TableColumn("place", "You", 16), TableColumn("leader", "Leads", 12)]
                if wide
                else []
            ),
            TableColumn("price", "Price", cells, right=True),
            TableColumn("maximum", "Your max.", cells, right=True),
            TableColumn("total", "+ shipping", cells, right=True),
            TableColumn("when", "Left / end", 13, right=True),
        ]

    def rows(self) -> Sequence[TableRow]:
        return [self._row(each) for each in self._shown()]

    def _shown(self) -> list[BiddingAuction]:
        feed = self.app.feed
        every = sort_bids(self.app.bids.auctions.values(), feed.now())
        if self.tab == "all":
            return every
        return [each for each in every if (each.part in OPEN_PARTS) is (self.tab == "running")]

    def _row(self, own: BiddingAuction) -> TableRow:
        feed, state = self.app.feed, own.state
        now, currency = feed.now(), feed.currency
        width = _amount_cells(self.app.size.width)
        needs = own.part is BiddingPart.OUTBID or to_pay(own, now)
        cells: dict[str, Cell] = {
            "title": (safe_text(state.title), "strong" if needs else "plain"),
            "place": bids_text.place(own, now),
            "leader": (bids_text.leader(own), "quiet"),
            "price": (money(bids_text.price(own), currency, width), "plain"),
            "maximum": (money(own.max_amount, currency, width), "quiet"),
            "total": (money(bids_text.total(own), currency, width), "plain"),
            "when": bids_text.when(own, now, self.app.zone),
        }
        return TableRow(state.auction_id, bids_text.mark(own, now), cells)

    def tab_counts(self) -> Mapping[str, str]:
        bids = self.app.bids
        more = "+" if bids.next else ""
        whole = len(bids.auctions)
        return {
            "all": f"{whole:,}{more}",
            "running": f"{bids.running:,}",
            "over": f"{whole - bids.running:,}{more}",
        }

    @on(RowTable.Moved)
    def show_beside(self) -> None:
        feed, own = self.app.feed, self._chosen()
        text, tone = "", Tone.PLAIN
        if own is not None:
            text, tone = bids_text.headline(own, feed.now(), feed.currency)
        label = self.query_one("#headline", Static)
        label.update(Text(text, overflow="ellipsis", no_wrap=True))
        for each in Tone:
            label.set_class(each is tone, f"-{each.value}")
        self.refresh_bindings()

    def told(self, rows: Sequence[TableRow]) -> str:
        feed = self.app.feed
        number = count(len(rows), "auction")
        return f"{number} · {bids_text.summary(self.app.bids.auctions.values(), feed.now())}"

    def nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then the auctions that you bid in are here."
        if self.failure is not None:
            return self.failure
        if not self.app.bids.loaded:
            return "Asking the market …"
        if self.tab == "running" and self.app.bids.auctions:
            return "You bid in no running auction."
        if self.tab == "over" and self.app.bids.auctions:
            return "No auction with a bid of yours is over."
        return "You have not bid yet.\n\nOn an auction, b bids the minimum and m up to a maximum."

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take steps that lead nowhere out of the footer."""
        if action == "view":
            return self._chosen() is not None
        if action != "step":
            return True
        feed, own, name = self.app.feed, self._chosen(), str(parameters[0])
        if own is None or self._busy or not feed.may_bid:
            return False
        if name in _PAYING:
            return to_pay(own, feed.now())
        wanted = OPEN_PARTS if name == "up_to" else {BiddingPart.OUTBID}
        return own.part in wanted and own.state.start_at <= feed.now() < own.state.end_at

    def _chosen(self) -> BiddingAuction | None:
        key = self.query_one(RowTable).cursor_key
        return self.app.bids.auctions.get(key) if key else None

    # What changes -----------------------------------------------------------------------------

    @on(BoardChanged)
    def _board_changed(self, message: BoardChanged) -> None:
        """Read an auction again when it ends: only the server decides whether it is to be paid."""
        bids = self.app.bids
        if not self.is_current or message.changes.auction_ids.isdisjoint(bids.auctions):
            return
        running = bids.running
        if bids.keep_up():
            self.show_rows()
            if bids.running < running:
                self.refresh_list()

    @on(messages.OrdersChanged)
    @on(messages.InboxChanged)
    @on(messages.WalletChanged)
    def _told(self) -> None:
        """Read again: a notification of an order or a movement of money may change what is due."""
        self.refresh_list()

    async def load(self) -> None:
        await self.app.bids.load()

    async def load_more(self) -> None:
        """Read until this tab has grown: the next page may hold nothing of it."""
        bids, before = self.app.bids, len(self._shown())
        for _ in range(PAGES_AT_ONCE_MAX):
            await bids.load_more()
            if bids.next is None or len(self._shown()) > before:
                break

    @property
    def has_more(self) -> bool:
        return self.app.bids.next is not None

    # What people do ---------------------------------------------------------------------------

    @on(RowTable.RowOpened)
    def _opened(self) -> None:
        """Open the order where there is a valid one, else the auction."""
        own = self._chosen()
        if own is not None and own.part in (BiddingPart.TO_PAY, BiddingPart.WON) and own.order_id:
            self.app.open_order(own.order_id)
        else:
            self.action_view()

    def action_view(self) -> None:
        """Open the auction."""
        own = self._chosen()
        if own is not None:
            self.app.open_auction(own.state.auction_id)

    def action_step(self, name: str) -> None:
        """Bid or pay."""
        own = self._chosen()
        if own is not None and self.check_action("step", (name,)):
            self._busy = True
            # The step is the application's: its answer comes also when this screen was left.
            self.app.run_worker(self._do(name, own), group="step")

    def _step(self, name: str, own: BiddingAuction) -> Awaitable[TonedText]:
        if name in _PAYING:
            return self._pay(_PAYING[name], str(own.order_id))
        steps = BidActions(self.app)
        return steps.again(own) if name == "again" else steps.up_to(own)

    async def _pay(self, step: OrderStep, order_id: str) -> TonedText:
        view = await self.app.orders.look_at(order_id)
        return await OrderActions(self.app, self.tell).run(step, view.order)

    async def _do(self, name: str, own: BiddingAuction) -> None:
        try:
            self.tell("", Tone.PLAIN)
            try:
                said = await self._step(name, own)
            except InstaSellError as error:
                said = orders_text.refusal(error, self.app.feed.currency)
            if self in self.app.screen_stack:
                await self.reading(self.load)
            self.tell(*said)
        finally:
            self._busy = False
        self.show_rows()


def _amount_cells(width: int) -> int:
    return 14 if width >= WIDE_CELLS else 10
