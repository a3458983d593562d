"""Show the seller's auctions (running, unsold, sold) and listings."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from instasell_client import InstaSellError
from instasell_client.models.accounts import Role
from instasell_client.models.listings import Listing
from instasell_client.models.seller_auctions import SellingAuction, SellingPart
from instasell_tui.board.messages import BoardChanged
from instasell_tui.market import messages
from instasell_tui.market.paged_list import PagedListScreen
from instasell_tui.orders import text as orders_text
from instasell_tui.seller import text as seller_text
from instasell_tui.seller.actions import SellerActions
from instasell_tui.widgets.formats import NOTHING, count, money, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.outcome_line import OutcomeLine
from instasell_tui.widgets.row_table import RowTable, TableColumn, TableRow
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.seller.host import SellerApp

WIDE_CELLS = 110
PRICE_CELLS = 12
LISTINGS = "listings"
_EMPTY = {
    "running": "No auction of yours is open.\n\nUnder Listings, p starts one.",
    "unsold": "Every auction has found a buyer, or runs.",
    "sold": "No auction of yours was won yet.\n\nWhat sells at a price is under Orders.",
    LISTINGS: "You have nothing to sell yet.\n\nn adds something, I a whole file.",
}
_STEPS = {
    "running": ("cancel",),
    "unsold": ("auction", "offer"),
    "sold": (),
    LISTINGS: ("add", "bring_in", "edit", "auction", "remove"),
}


class SellerScreen(PagedListScreen):
    """Show the auctions and listings of the seller. A step is done after a question only."""

    app: SellerApp

    PLACE = "Selling"
    TABS: ClassVar[Mapping[str, str]] = {
        "running": "Running",
        "unsold": "Unsold",
        "sold": "Sold",
        LISTINGS: "Listings",
    }
    REFRESH_SECONDS = 15.0
    TELLS_OUTCOMES = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="selling.back"),
        Binding("1", "tab('running')", "Running", show=False, id="selling.running"),
        Binding("2", "tab('unsold')", "Unsold", show=False, id="selling.unsold"),
        Binding("3", "tab('sold')", "Sold", show=False, id="selling.sold"),
        Binding("4", "tab('listings')", "Listings", show=False, id="selling.listings"),
        Binding("n", "step('add')", "New", id="selling.add"),
        Binding("e", "step('edit')", "Edit", id="selling.edit"),
        Binding("I", "step('bring_in')", "Import", id="selling.import"),
        Binding("p", "step('auction')", "Auction", id="selling.auction"),
        Binding("u", "step('offer')", "Offer on", id="selling.offer"),
        Binding("x", "step('cancel')", "Cancel", id="selling.cancel"),
        Binding("delete", "step('remove')", "Take away", id="selling.remove"),
        Binding("r", "refresh", "Refresh", show=False, id="selling.refresh"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._auctions: list[SellingAuction] = []
        self._listings: list[Listing] = []
        self._next: str | None = None
        self._loaded = False
        self._busy = False

    def parts(self) -> Iterable[Widget]:
        yield from super().parts()
        yield OutcomeLine()

    # Showing ----------------------------------------------------------------------------------

    @property
    def _sells(self) -> bool:
        user = self.app.feed.user
        return user is not None and user.role is Role.SELLER

    def columns(self, width: int) -> Sequence[TableColumn]:
        wide = width >= WIDE_CELLS
        title = TableColumn("title", "What", 0)
        price = TableColumn("price", "Price", PRICE_CELLS, right=True)
        bids = TableColumn("bids", "Bids", 5, right=True)
        if self.tab == LISTINGS:
            category = [TableColumn("category", "Category", 28)] if wide else []
            stock = TableColumn("bids", "Stock", 7, right=True)
            return [title, *category, TableColumn("offer", "Sold", 14), price, stock]
        if self.tab == "running":
            more = [
                TableColumn("reserve", "Reserve", PRICE_CELLS, right=True),
                TableColumn("watchers", "Watched", 7, right=True),
            ]
            return [
                title,
                price,
                bids,
                *(more if wide else []),
                TableColumn("when", "Left", 10, True),
            ]
        who = [TableColumn("who", "Buyer", 18)] if wide else []
        return [title, *who, TableColumn("came", "What came of it", 18), price, bids,
                TableColumn("when", "Ended", 12, right=True)]  # fmt: skip

    def told(self, rows: Sequence[TableRow]) -> str:
        more = "+" if self.has_more else ""
        noun = "listing" if self.tab == LISTINGS else "auction"
        return f"{count(len(rows), noun)}{more} · {self.app.feed.currency}"

    def rows(self) -> Sequence[TableRow]:
        if self.tab == LISTINGS:
            return [self._listing_row(each) for each in self._listings]
        return [self._auction(each) for each in self._auctions]

    def _listing_row(self, listing: Listing) -> TableRow:
        currency = self.app.feed.currency
        price = NOTHING if listing.price is None else money(listing.price, currency, PRICE_CELLS)
        is_out = listing.price is not None and not listing.stock
        cells: dict[str, Cell] = {
            "title": (safe_text(listing.title), "quiet" if is_out else "plain"),
            "category": (safe_text(listing.category_path), "quiet"),
            "offer": (seller_text.offer(listing), "quiet"),
            "price": (price, "plain"),
            "bids": (f"{listing.stock:,}", "bad" if is_out else "plain"),
        }
        return TableRow(listing.id, ("■", "bad") if is_out else ("·", "quiet"), cells)

    def _auction(self, own: SellingAuction) -> TableRow:
        feed, state = self.app.feed, own.state
        now, currency = feed.now(), feed.currency
        reserve = NOTHING if own.reserve is None else money(own.reserve, currency, PRICE_CELLS)
        running = own.part is SellingPart.RUNNING
        when: Cell = (
            seller_text.left(own, now)
            if running
            else (seller_text.ended(own, self.app.zone, now), "quiet")
        )
        cells: dict[str, Cell] = {
            "title": (safe_text(state.title), "plain"),
            "who": (safe_text(own.buyer_name) if own.buyer_name else NOTHING, "quiet"),
            "came": seller_text.came_of(own),
            "price": (
                seller_text.price(own, currency, PRICE_CELLS),
                "plain" if state.bid_count else "quiet",
            ),
            "bids": (f"{state.bid_count:,}", "plain"),
            "reserve": (reserve, "good" if own.reserve and state.reserve_met else "quiet"),
            "watchers": (f"{own.watchers:,}", "quiet"),
            "when": when,
        }
        return TableRow(state.auction_id, seller_text.mark(own), cells)

    def nothing(self) -> str:
        feed = self.app.feed
        if feed.client.token is None:
            return "Press i to sign in; then what you sell is here."
        if feed.user is not None and not self._sells:
            return "This account does not sell.\n\ninstasell auth become-seller changes that."
        if self.failure is not None:
            return self.failure
        return _EMPTY[self.tab] if self._loaded else "Asking the market …"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take steps that lead nowhere out of the footer."""
        if action != "step":
            return True
        name = str(parameters[0])
        if self._busy or self.app.feed.read_only or not self._sells:
            return False
        if name not in _STEPS[self.tab]:
            return False
        if name in ("add", "bring_in"):
            return True
        listing = self._chosen_listing()
        if self.tab == LISTINGS:
            if name == "auction":
                return listing is not None and listing.price is None and listing.auction_id is None
            return listing is not None
        own = self._chosen_auction()
        if own is None or (name == "offer" and own.order_id is None):
            return False
        return name != "cancel" or not own.state.bid_count

    def _chosen_listing(self) -> Listing | None:
        key = self.query_one(RowTable).cursor_key
        return next((each for each in self._listings if each.id == key), None)

    def _chosen_auction(self) -> SellingAuction | None:
        key = self.query_one(RowTable).cursor_key
        return next((each for each in self._auctions if each.state.auction_id == key), None)

    @on(RowTable.Moved)
    def _moved_cursor(self) -> None:
        self.refresh_bindings()

    # What changes -----------------------------------------------------------------------------

    @on(BoardChanged)
    def _board_changed(self, message: BoardChanged) -> None:
        """Show a bid on an item of the seller at once, and read the page again."""
        if self.tab == "running" and self.is_current:
            auctions = self.app.board.state
            changed = False
            for at, own in enumerate(self._auctions):
                auction = auctions.get(own.state.auction_id)
                if auction is not None and auction.state.version > own.state.version:
                    self._auctions[at] = own.model_copy(update={"state": auction.state})
                    changed = True
            if changed:
                self.show_rows()

    @on(messages.WalletChanged)
    def _wallet_changed(self) -> None:
        self.refresh_list()

    def turned(self) -> None:
        self.tell("", Tone.PLAIN)
        self.person_changed()

    def person_changed(self) -> None:
        self._auctions, self._listings, self._next, self._loaded = [], [], None, False
        self.show_rows(from_top=True)
        self.refresh_list()

    @property
    def may_read(self) -> bool:
        return self._sells

    @property
    def has_more(self) -> bool:
        return self._next is not None

    async def load(self) -> None:
        await self._look_at(None)

    async def load_more(self) -> None:
        await self._look_at(self._next)

    async def _look_at(self, cursor: str | None) -> None:
        """Read a page. The first one takes the place of all that is here once it is complete."""
        seller, tab = self.app.seller, self.tab
        listings: list[Listing] = []
        auctions: list[SellingAuction] = []
        if tab == LISTINGS:
            listings, following = await seller.listings(cursor)
        else:
            auctions, following = await seller.auctions(SellingPart(tab), cursor)
        if tab == self.tab and (cursor is None or cursor == self._next):
            self._listings = listings if cursor is None else [*self._listings, *listings]
            self._auctions = auctions if cursor is None else [*self._auctions, *auctions]
            self._next, self._loaded = following, True

    # What people do ---------------------------------------------------------------------------

    @on(RowTable.RowOpened)
    def _opened(self) -> None:
        own = self._chosen_auction()
        if own is None:
            self.action_step("edit")
        elif own.part is SellingPart.SOLD and own.order_id is not None:
            self.app.open_order(own.order_id)
        else:
            self.app.open_auction(own.state.auction_id)

    def action_step(self, name: str) -> None:
        if self.check_action("step", (name,)):
            self._busy = True
            # The step is the application's: its answer comes also when this screen was left.
            self.app.run_worker(self._do(self._step(name)), group="step")

    def _step(self, name: str) -> Awaitable[TonedText]:
        steps, listing, own = (
            SellerActions(self.app, self.tell),
            self._chosen_listing(),
            self._chosen_auction(),
        )
        if name in ("add", "bring_in"):
            return steps.add() if name == "add" else steps.bring_in()
        if own is not None and name == "cancel":
            return steps.cancel_auction(own)
        if own is not None and name == "offer":
            return steps.offer(own)
        if own is not None:
            return steps.relist(own)
        assert listing is not None
        if name == "auction":
            return steps.start_auction(listing)
        return steps.remove(listing) if name == "remove" else steps.edit(listing)

    async def _do(self, step: Awaitable[TonedText]) -> None:
        try:
            self.tell("", Tone.PLAIN)
            try:
                said = await step
            except InstaSellError as error:
                said = orders_text.refusal(error, self.app.feed.currency)
            if self in self.app.screen_stack:
                await self.reading(self.load)
            self.tell(*said)
        finally:
            self._busy = False
        self.show_rows()
