"""Show one auction: its prices, the bids as they come, and the bid of the user."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input, Static

from instasell_client import AlreadyLeading, BidTooLow, InstaSellError
from instasell_client.models.accounts import Role
from instasell_client.models.auctions import BidReceipt
from instasell_tui.auction import details
from instasell_tui.auction import text as auction_text
from instasell_tui.auction.bid_box import BidBox, BidInput
from instasell_tui.auction.bid_list import BidListView
from instasell_tui.auction.item_panel import ItemPanel
from instasell_tui.auction.pictures_screen import PicturesScreen
from instasell_tui.auction.price_chart import PriceChart, PriceHistory
from instasell_tui.auction.state import AuctionPageState, BidderPosition
from instasell_tui.market import messages
from instasell_tui.market.bars import StatusBar, TopBar
from instasell_tui.orders.start_conversation import ask_seller
from instasell_tui.widgets.confirm_screen import ConfirmScreen, Question
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.formats import count, countdown, safe_text
from instasell_tui.widgets.text_screen import TextScreen
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.auction.host import AuctionApp

TICK_SECONDS = 0.1
CHART_SECONDS = 1.0


class AuctionScreen(Screen[None]):
    """Show the followed auction. A bid is sent after a confirmation, and in no other way."""

    app: AuctionApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Board", id="auction.back"),
        Binding("b", "bid", "Bid", id="auction.bid"),
        Binding("e", "edit", "Amount", id="auction.edit"),
        Binding("m", "maximum", "Max", id="auction.maximum"),
        Binding("n", "buy_now", "Buy", id="auction.buy_now"),
        Binding("w", "watch", "Watch", id="auction.watch"),
        Binding("a", "ask", "Ask", id="auction.ask"),
        Binding("d", "details", "Info", id="auction.details"),
        Binding("v", "view", "Pics", id="auction.view"),
        Binding("q", "app.quit", "Quit", show=False, id="app.quit"),
    ]

    def __init__(self, auction_id: str) -> None:
        super().__init__()
        self._auction_id = auction_id
        self._page = AuctionPageState(auction_id)
        self._question: tuple[ConfirmScreen, BidInput] | None = None
        self._asking = False
        self._sending = False
        self._place = BidderPosition.NONE

    def compose(self) -> ComposeResult:
        yield TopBar("Auction")
        with Horizontal(id="head"):
            yield Static(id="title")
            yield Static(id="countdown")
        with Horizontal(id="about"):
            yield Static(id="item")
            yield Static(id="ends")
        with Horizontal(id="middle"):
            yield PriceChart(self.app.zone)
            yield BidListView(self.app.zone)
        yield ItemPanel()
        yield Static(id="names")
        yield Static(id="values")
        yield Static(id="place")
        yield BidBox()
        yield StatusBar()
        yield Footer()

    async def on_mount(self) -> None:
        self.query_one(PriceChart).border_title = "Price"
        self.query_one(BidBox).border_title = "Your bid"
        self.app.feed.subscribe(self)
        await self._follow()
        self.set_interval(TICK_SECONDS, self._tick)
        self.set_interval(CHART_SECONDS, self._tick_slowly)
        self._show()
        self.query_one(BidListView).focus()

    async def on_screen_resume(self) -> None:
        # One auction is followed at a time: another page above this one has ended that here.
        if self.app.auction.page is not self._page:
            await self._follow()
            self._show()

    async def _follow(self) -> None:
        try:
            self._page = await self.app.auction.follow(self._auction_id)
        except InstaSellError as error:
            self._page.failure = str(error)

    async def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)
        await self.app.auction.unfollow(self._page)

    # Showing ----------------------------------------------------------------------------------

    @on(messages.AuctionPageChanged)
    def _show(self) -> None:
        feed, page = self.app.feed, self._page
        self._put("title", Text(page.title, overflow="ellipsis", no_wrap=True))
        self._put("item", Text(auction_text.item_line(page), overflow="ellipsis", no_wrap=True))
        facts = auction_text.facts(page, feed.currency)
        self._put("names", details.row([name for name, _ in facts]))
        self._put("values", details.row([value for _, value in facts]))
        if page.view is not None:
            self.query_one(ItemPanel).show(page.view)
        bids = self.query_one(BidListView)
        bids.show(list(page.bids), page.you.bidder if page.you else None, feed.currency)
        bids.border_title = auction_text.count_of_bids(page)
        self.query_one(TopBar).show(feed)
        if page.place is not self._place and not self._sending:
            # What was said of the last bid is not true any more.
            self._place = page.place
            self.query_one(BidBox).tell("")
        self._follow_minimum()
        self._warn_question()
        self._tick()
        self._tick_slowly()
        self.refresh_bindings()

    def _put(self, where: str, content: RenderableType) -> None:
        self.query_one(f"#{where}", Static).update(content)

    def _tick(self) -> None:
        """Show again what changes with the clock alone."""
        page, feed = self._page, self.app.feed
        label = self.query_one("#countdown", Static)
        if page.state is None:
            label.update(Text(""))
        elif not page.open:
            label.update(Text(page.state.status.value))
        else:
            left = countdown((page.state.end_at - feed.now()).total_seconds())
            label.update(Text(left.text))
            label.set_class(left.urgency.name in ("SOON", "URGENT"), "-soon")
            label.set_class(left.urgency.name == "URGENT", "-urgent")
        text, tone = self._headline()
        self._say("place", text, tone)
        self._say("ends", *auction_text.end(page, feed.now(), self.app.zone))

    def _say(self, where: str, text: str, tone: Tone) -> None:
        label = self.query_one(f"#{where}", Static)
        label.update(Text(text, overflow="ellipsis", no_wrap=True))
        for each in Tone:
            label.set_class(each is tone, f"-{each.value}")

    def _headline(self) -> TonedText:
        page, feed = self._page, self.app.feed
        if page.failure is not None:
            return f"! {safe_text(page.failure)}", Tone.BAD
        if page.state is None:
            return "Asking the market …", Tone.PLAIN
        return auction_text.place(page, feed.currency, feed.now(), self.app.zone)

    def _tick_slowly(self) -> None:
        page, feed = self._page, self.app.feed
        self.query_one(StatusBar).show(feed, self.app.zone, self._told())
        state = page.state
        if state is None:
            return
        end = min(feed.now(), state.end_at)
        start = max(state.start_at, page.bids[0].created_at) if page.bids else state.start_at
        opening = page.bids[0].price if page.bids and page.bids[0].seq > 1 else state.min_bid
        own = page.you.bidder if page.you else None
        course = PriceHistory(opening, tuple(page.bids), min(start, end), end, own, feed.currency)
        self.query_one(PriceChart).show(course)

    def _told(self) -> str:
        view, you = self._page.view, self._page.you
        watchers = None if view is None or not view.watchers else count(view.watchers, "watcher")
        own = "★ watching" if you is not None and you.watching else None
        return " · ".join(part for part in (watchers, own) if part)

    def _follow_minimum(self) -> None:
        page, feed, box = self._page, self.app.feed, self.query_one(BidBox)
        state = page.state
        leading = page.place is BidderPosition.LEADING
        minimum = None if state is None or leading or not page.open else state.minimum_bid
        shipping = state.shipping_amount if state else 0
        box.follow(minimum, page.buy_now, feed.currency, shipping)
        box.set_open(on=self._why_not() is None and not self._sending)
        why_not = self._why_not()
        if why_not is not None:
            box.tell(why_not)

    def _why_not(self) -> str | None:
        """Return why the user cannot bid from here; None for a user who can."""
        page, feed = self._page, self.app.feed
        if page.state is not None and not page.open:
            return "Bidding is over"
        if feed.read_only:
            return "Opened read-only: bidding is off"
        if feed.user is None:
            return "Press i to sign in and bid"
        if feed.user.role is Role.ADMIN:
            return "An admin does not bid"
        if page.place is BidderPosition.SELLER:
            return "This is your own auction"
        return "" if page.state is None else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take keys that lead nowhere out of the footer."""
        if action in ("bid", "edit", "maximum"):
            return self._why_not() is None
        if action == "buy_now":
            return self._why_not() is None and self._page.buy_now is not None
        if action == "details":
            return self._page.view is not None
        if action == "ask":
            you = self._page.you
            return self.app.feed.may_bid and not (you and you.is_seller)
        return True

    @on(messages.ConnectionChanged)
    @on(messages.AccountChanged)
    def _feed_changed(self) -> None:
        self._show()

    # Bidding ----------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Escape leaves a field first, and then the auction."""
        if isinstance(self.focused, Input):
            self.query_one(BidListView).focus()
        else:
            self.dismiss()

    def action_edit(self) -> None:
        self.query_one("#amount", Input).focus()

    def action_maximum(self) -> None:
        self.query_one("#maximum", Input).focus()

    def action_bid(self) -> None:
        state, box = self._page.state, self.query_one(BidBox)
        unanswered = self.app.auction.unanswered_bid(self._auction_id)
        if unanswered is not None:
            self._confirm(BidInput(*unanswered))
        elif self._page.place is BidderPosition.LEADING:
            box.tell("You lead already. Press m to set an automatic maximum", Tone.GOOD)
        elif state is not None:
            self._confirm(BidInput(state.minimum_bid, None))

    @on(BidBox.Wanted)
    def _wanted(self, event: BidBox.Wanted) -> None:
        self._confirm(event.bid_input)

    def _confirm(self, bid_input: BidInput) -> None:
        page = self._page
        lines = auction_text.bid_lines(page, bid_input, self.app.feed.currency)
        unanswered = self.app.auction.unanswered_bid(self._auction_id)
        again = unanswered == (bid_input.amount, bid_input.max_amount)
        head = "Send the same bid again?" if again else "Place this bid?"
        question = Question(head, page.title, lines, "Bid")
        self._ask(question, bid_input, partial(self._send, bid_input))

    def _ask(
        self, question: Question, bid_input: BidInput, send: Callable[[], Awaitable[None]]
    ) -> None:
        """Ask one question at a time; keys that come meanwhile lead nowhere."""
        if self._asking or self._sending or self._why_not() is not None:
            return
        self._asking = True
        self._await_answer(question, bid_input, send)

    @work(group="ask")
    async def _await_answer(
        self, question: Question, bid_input: BidInput, send: Callable[[], Awaitable[None]]
    ) -> None:
        screen = ConfirmScreen(question, self.app.armed_after_seconds)
        self._question = (screen, bid_input)
        try:
            confirmed = await self.app.push_screen_wait(screen)
        finally:
            self._question, self._asking = None, False
        if not confirmed:
            self.query_one(BidBox).tell("Nothing was sent")
            return
        self._start_sending()
        try:
            await send()
        finally:
            self._sending = False
            self._follow_minimum()

    async def _send(self, bid_input: BidInput) -> None:
        auction, box = self.app.auction, self.query_one(BidBox)
        try:
            receipt = await auction.bid(
                self._auction_id, amount=bid_input.amount, max_amount=bid_input.max_amount
            )
        except InstaSellError as error:
            self._refused(error)
        else:
            self._taken(receipt)
            box.clear_maximum()

    def _start_sending(self) -> None:
        self._sending = True
        box = self.query_one(BidBox)
        box.set_open(on=False)
        box.tell("Sending …")
        self.query_one(BidListView).focus()

    def _taken(self, receipt: BidReceipt) -> None:
        box, currency = self.query_one(BidBox), self.app.feed.currency
        self._place = self._page.place
        self._say_outcome(*auction_text.answer(receipt, currency))
        box.refill(None if self._page.place is BidderPosition.LEADING else receipt.minimum_bid)

    def _refused(self, error: InstaSellError) -> None:
        box, currency = self.query_one(BidBox), self.app.feed.currency
        if isinstance(error, BidTooLow) and error.minimum is not None:
            box.refill(error.minimum)
        if isinstance(error, AlreadyLeading):
            self.query_one("#maximum", Input).value = ""
        self._say_outcome(*auction_text.refusal(error, currency))

    def _say_outcome(self, text: str, tone: Tone) -> None:
        """Say what came of a bid, and keep it in the log with the title."""
        self.query_one(BidBox).tell(text, tone)
        self.app.keep(f"{self._page.title}: {text}", tone)

    def _warn_question(self) -> None:
        """Warn in a confirmation when its amount is late; it never changes to another amount."""
        if self._question is not None:
            screen, bid_input = self._question
            screen.tell(auction_text.news(self._page, bid_input, self.app.feed.currency))

    def action_buy_now(self) -> None:
        page = self._page
        amount = page.buy_now
        if amount is None:
            return
        lines = auction_text.buy_lines(page, amount, self.app.feed.currency)
        question = Question("Buy this at once?", page.title, lines, "Buy")
        self._ask(question, BidInput(amount, None), partial(self._buy, amount))

    @on(BidBox.BuyNowWanted)
    def _buy_now_wanted(self) -> None:
        self.action_buy_now()

    async def _buy(self, amount: int) -> None:
        try:
            self._taken(await self.app.auction.buy_now(self._auction_id, amount))
        except InstaSellError as error:
            self._refused(error)

    @work(group="ask")
    async def action_ask(self) -> None:
        state = self._page.state
        if state is not None:
            text, tone = await ask_seller(self.app, state.listing_id, state.title)
            self.app.say(text, tone)

    def action_view(self) -> None:
        """Show the pictures of the item."""
        state = self._page.state
        if state is not None:
            self.app.push_screen(PicturesScreen(state.listing_id, self._page.title))

    def action_details(self) -> None:
        """Show what the seller wrote, and all that is fixed, where there is room to read it."""
        view = self._page.view
        if view is not None:
            feed = self.app.feed
            text = details.page_of(view, feed.currency, feed.now(), self.app.zone)
            self.app.push_screen(TextScreen(self._page.title, text))

    @work
    async def action_watch(self) -> None:
        you = self._page.you
        try:
            await self.app.auction.watch(self._auction_id, on=not (you and you.watching))
        except InstaSellError as error:
            self.app.say(safe_text(str(error)), Tone.BAD)
