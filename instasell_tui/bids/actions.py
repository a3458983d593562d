"""Bidding from a list: asked for what it needs, confirmed with its amount, and sent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from instasell_client import InstaSellError
from instasell_client.models.bids import BiddingAuction
from instasell_client.models.money import parse_amount
from instasell_tui.auction import text as auction_text
from instasell_tui.auction.bid_box import AMOUNT_CHARS_MAX, BidInput
from instasell_tui.auction.state import AuctionPageState
from instasell_tui.orders.actions import NOTHING_SENT, ask_form
from instasell_tui.widgets.confirm_screen import ConfirmScreen, Question
from instasell_tui.widgets.form_screen import Form, FormField, Values
from instasell_tui.widgets.formats import money, safe_text
from instasell_tui.widgets.tone import TonedText

if TYPE_CHECKING:
    from instasell_tui.bids.host import BidsApp


class BidActions:
    """Bids for a screen. Call from a worker: it waits for answers."""

    def __init__(self, app: BidsApp) -> None:
        self._app = app

    async def again(self, own: BiddingAuction) -> TonedText:
        """Bid the minimum of this moment."""
        return await self._bid(own, BidInput(own.state.minimum_bid, None))

    async def up_to(self, own: BiddingAuction) -> TonedText:
        """Let the market bid up to a maximum that is typed."""
        currency = self._app.feed.currency
        least = own.max_amount + 1 if own.state.leader == own.bidder else own.state.minimum_bid
        entry = FormField(
            "maximum",
            f"Maximum, {currency}",
            max_length=AMOUNT_CHARS_MAX,
            placeholder=f"now {money(own.max_amount, currency)}",
        )
        form = Form(
            "How far do you go?",
            safe_text(own.state.title),
            (entry,),
            "Go on",
            partial(_check, currency, least),
        )

        async def send(values: Values) -> TonedText:
            return await self._bid(own, BidInput(None, parse_amount(values["maximum"], currency)))

        return await ask_form(self._app, form, {}, currency, send)

    async def _bid(self, own: BiddingAuction, bid_input: BidInput) -> TonedText:
        feed, state = self._app.feed, own.state
        lines = auction_text.bid_lines(
            AuctionPageState(state.auction_id, state), bid_input, feed.currency
        )
        question = Question("Place this bid?", safe_text(state.title), lines, "Bid")
        screen = ConfirmScreen(question, self._app.armed_after_seconds)
        if not await self._app.push_screen_wait(screen):
            return NOTHING_SENT
        try:
            receipt = await self._app.auction.bid(
                state.auction_id, amount=bid_input.amount, max_amount=bid_input.max_amount
            )
        except InstaSellError as error:
            return auction_text.refusal(error, feed.currency)
        return auction_text.answer(receipt, feed.currency)


def _check(currency: str, least: int, values: Values) -> Values:

    try:
        amount = parse_amount(values["maximum"], currency)
    except ValueError as error:
        return {"maximum": str(error)}
    return {} if amount >= least else {"maximum": f"At least {money(least, currency)}"}
