"""Write the texts of the auction screen: about an auction, a bid and its answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from instasell_client import (
    AlreadyLeading,
    AuctionNotOpen,
    BidTooLow,
    BuyNowUnavailable,
    InstaSellError,
    OutcomeUnknown,
    SellerCannotBid,
)
from instasell_client.models.auctions import BELOW_RESERVE, AuctionStatus, BidOutcome, BidReceipt
from instasell_tui.auction.bid_box import BidInput
from instasell_tui.auction.state import AuctionPageState, BidderPosition
from instasell_tui.widgets.formats import NOTHING, count, duration, local_time, money, safe_text
from instasell_tui.widgets.tone import Tone, TonedText


def facts(page: AuctionPageState, currency: str) -> Sequence[tuple[str, str]]:
    """Return the names and values that a bidder looks at."""
    state = page.state
    if state is None:
        return []
    reserve = "none" if not state.has_reserve else "met" if state.reserve_met else "not met"
    price = state.min_bid if state.current_bid is None else state.current_bid
    people = f"{state.bid_count:,} by {state.bidder_count:,}" if state.bid_count else "0"
    maximum = page.you.max_amount if page.you else None
    return [
        ("Price" if state.bid_count else "Starts at", money(price, currency)),
        ("Minimum bid", money(state.minimum_bid, currency) if page.open else NOTHING),
        ("Bids", people),
        ("Reserve", reserve),
        ("Shipping", money(state.shipping_amount, currency)),
        ("Your maximum", money(maximum, currency)),
    ]


def place(page: AuctionPageState, currency: str, now: datetime, zone: tzinfo | None) -> TonedText:
    """Return the most important fact of this moment, in one line."""
    state = page.state
    if state is None:
        return "", Tone.PLAIN
    if state.status is AuctionStatus.CANCELLED:
        why = f": {page.cancel_reason}" if page.cancel_reason else ""
        return f"■ Cancelled{why}", Tone.BAD
    if state.status is AuctionStatus.ENDED:
        return _ended(page, currency)
    if state.start_at > now:
        starts = duration((state.start_at - now).total_seconds())
        return f"Starts in {starts}, at {local_time(state.start_at, zone, now)}", Tone.PLAIN
    return _open_place(page, currency)


def end(page: AuctionPageState, now: datetime, zone: tzinfo | None) -> TonedText:
    """Return the end of the auction; a late bid's extension is shown while it is recent."""
    state = page.state
    if state is None:
        return "", Tone.PLAIN
    at = local_time(state.end_at, zone, now)
    if not page.open:
        return f"ended {at}", Tone.PLAIN
    extension = page.extended_lately(now)
    if extension is None:
        return f"ends {at}", Tone.PLAIN
    return f"↻ extended by {extension.seconds} s, ends {at}", Tone.GOOD


def _open_place(page: AuctionPageState, currency: str) -> TonedText:
    state = page.state
    assert state is not None
    if page.place is BidderPosition.LEADING:
        maximum = page.you.max_amount if page.you else None
        further = maximum is not None and maximum > (state.current_bid or 0)
        more = f", automatic up to {money(maximum, currency)}" if further else ""
        return f"▲ You lead{more}", Tone.GOOD
    if page.place is BidderPosition.OUTBID:
        minimum = money(state.minimum_bid, currency)
        return f"▼ Outbid by {state.leader}: {minimum} or more leads again", Tone.BAD
    if page.place is BidderPosition.SELLER:
        return "◆ You sell this", Tone.PLAIN
    if state.leader is None:
        return "No bids yet: the first one leads", Tone.PLAIN
    return f"{state.leader} leads", Tone.PLAIN


def _ended(page: AuctionPageState, currency: str) -> TonedText:
    state = page.state
    assert state is not None
    price = money(state.current_bid, currency)
    if page.place is BidderPosition.WON:
        order = " · your order is made" if page.view and page.view.order_id else ""
        return f"▲ You won at {price}{order}", Tone.GOOD
    if state.winner is not None:
        text = f"■ Ended: {state.winner} won at {price}"
        return text, Tone.BAD if page.place is BidderPosition.LOST else Tone.PLAIN
    if state.bid_count:
        return f"■ {BELOW_RESERVE}", Tone.PLAIN
    return "■ Ended without a bid", Tone.PLAIN


def item_line(page: AuctionPageState) -> str:
    """Return category, condition, and the seller with the number of sales, in one line."""
    view = page.view
    if view is None:
        return ""
    sold = "" if view.seller is None else f" ({view.seller.sales_completed} sales)"
    parts = [
        safe_text(view.category_path),
        view.condition,
        f"sold by {safe_text(view.seller_name)}{sold}",
    ]
    return " · ".join(part for part in parts if part)


def bid_lines(
    page: AuctionPageState, bid_input: BidInput, currency: str
) -> Sequence[tuple[str, str]]:
    """Return the lines of the confirmation before a bid."""
    most = max(bid_input.amount or 0, bid_input.max_amount or 0)
    lines = []
    if bid_input.amount is not None:
        lines.append(("You bid", money(bid_input.amount, currency)))
    if bid_input.max_amount is not None:
        lines.append(("Automatic bids up to", money(bid_input.max_amount, currency)))
    return lines + _total(page, most, currency, "At most, with shipping")


def buy_lines(page: AuctionPageState, amount: int, currency: str) -> Sequence[tuple[str, str]]:
    """Return the lines of the confirmation before a purchase."""
    return [
        ("You buy at", money(amount, currency)),
        *_total(page, amount, currency, "With shipping"),
    ]


def _total(page: AuctionPageState, amount: int, currency: str, name: str) -> list[tuple[str, str]]:
    shipping = page.state.shipping_amount if page.state else 0
    return [(name, money(amount + shipping, currency))] if shipping else []


def news(page: AuctionPageState, bid_input: BidInput, currency: str) -> str:
    """Describe a change since the bid was typed; "" when the bid is still possible."""
    state = page.state
    if state is None or not page.open:
        return "The auction is over."
    most = max(bid_input.amount or 0, bid_input.max_amount or 0)
    if page.place is not BidderPosition.LEADING and most < state.minimum_bid:
        minimum = money(state.minimum_bid, currency)
        return f"The minimum has risen to {minimum}; this would be refused."
    return ""


def answer(receipt: BidReceipt, currency: str) -> TonedText:
    """Describe the server's answer to an accepted bid."""
    price = money(receipt.current_bid, currency)
    if receipt.outcome is BidOutcome.OUTBID:
        minimum = money(receipt.minimum_bid, currency)
        text = f"Taken, but a higher maximum leads: the minimum is {minimum}"
        return text, Tone.BAD
    if receipt.kind == "buy_now":
        return f"Bought at {price}", Tone.GOOD
    more = receipt.max_amount > receipt.current_bid
    upto = f", automatic up to {money(receipt.max_amount, currency)}" if more else ""
    return f"Your bid leads at {price}{upto}", Tone.GOOD


def refusal(error: InstaSellError, currency: str) -> TonedText:
    """Describe why a bid was refused, and which bid would be accepted."""
    if isinstance(error, BidTooLow) and error.minimum is not None:
        text = f"Too low by now: the minimum is {money(error.minimum, currency)}"
    elif isinstance(error, AlreadyLeading):
        least = f" of {money(error.minimum, currency)} or more" if error.minimum else ""
        text = f"You lead already; only a maximum{least} would change anything"
    elif isinstance(error, AuctionNotOpen):
        text = "Refused: the auction is not open"
    elif isinstance(error, SellerCannotBid):
        text = "Refused: you sell this yourself"
    elif isinstance(error, BuyNowUnavailable):
        text = "Buy now is not offered any more"
    elif isinstance(error, OutcomeUnknown):
        text = "No answer came. Press b to ask again: the bid counts once, whatever happened"
    else:
        text = safe_text(str(error))
    return text, Tone.BAD


def count_of_bids(page: AuctionPageState) -> str:
    """Return the title of the list of bids."""
    number = page.state.bid_count if page.state else 0
    return count(number, "bid")
