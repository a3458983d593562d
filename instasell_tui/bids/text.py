"""Write the texts of the bids screen. Pure: no clock, no widgets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo

from instasell_client.models.auctions import BELOW_RESERVE
from instasell_client.models.bids import BiddingAuction, BiddingPart
from instasell_client.models.orders import OrderStatus
from instasell_tui.bids.state import OPEN_PARTS, to_pay
from instasell_tui.orders.text import HOUR_SECONDS
from instasell_tui.widgets.formats import NOTHING, countdown, duration, local_time, money, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.tone import Tone, TonedText

_MARKS: dict[BiddingPart, Cell] = {
    BiddingPart.OUTBID: ("▼", "bad"),
    BiddingPart.LEADING: ("▲", "good"),
    BiddingPart.WON: ("✓", "good"),
    BiddingPart.LOST: ("■", "quiet"),
    BiddingPart.CANCELLED: ("■", "quiet"),
}
_PLACES: dict[BiddingPart, Cell] = {
    BiddingPart.OUTBID: ("outbid", "bad"),
    BiddingPart.LEADING: ("you lead", "good"),
    BiddingPart.LOST: ("lost", "quiet"),
    BiddingPart.CANCELLED: ("cancelled", "quiet"),
}
_BOUGHT = {
    OrderStatus.PENDING: "not paid in time",
    OrderStatus.PROCESSING: "paid",
    OrderStatus.SHIPPED: "on its way",
    OrderStatus.DELIVERED: "delivered",
    OrderStatus.DISPUTED: "in dispute",
    OrderStatus.CANCELLED: "order cancelled",
}


def mark(own: BiddingAuction, now: datetime) -> Cell:
    """Return the sign in front of a row."""
    return ("▶", "soon") if to_pay(own, now) else _MARKS.get(own.part, ("·", "quiet"))


def place(own: BiddingAuction, now: datetime) -> Cell:
    """Describe the position of the bidder, in two words."""
    if to_pay(own, now):
        return "to pay", "soon"
    if own.part is BiddingPart.LOST and own.state.winner is None:
        return "not sold", "quiet"
    if own.part in _PLACES:
        return _PLACES[own.part]
    return (_BOUGHT[own.order_status] if own.order_status else "won"), "plain"


def leader(own: BiddingAuction) -> str:
    """Return who leads or has won; "you" where that is the user."""
    if own.part in (BiddingPart.CANCELLED, BiddingPart.LOST) and own.state.winner is None:
        return NOTHING
    name = own.state.winner or own.state.leader or ""
    return "you" if name == own.bidder else safe_text(name)


def price(own: BiddingAuction) -> int:
    """Return the current price, or the price at which bidding starts."""
    state = own.state
    return state.min_bid if state.current_bid is None else state.current_bid


def total(own: BiddingAuction) -> int:
    """Return the total of the order, or the current price with shipping."""
    if own.total_amount is not None:
        return own.total_amount
    return price(own) + own.state.shipping_amount


def when(own: BiddingAuction, now: datetime, zone: tzinfo | None) -> Cell:
    """Return the time left until the next deadline, or the time of the end."""
    if to_pay(own, now):
        assert own.payment_due_at is not None
        left = (own.payment_due_at - now).total_seconds()
        hurry = left < HOUR_SECONDS
        return f"{'! ' if hurry else ''}pay {duration(left)}", "urgent" if hurry else "soon"
    if own.part in OPEN_PARTS:
        end = countdown((own.state.end_at - now).total_seconds())
        return end.text, ("plain", "soon", "urgent", "quiet")[end.urgency]
    return local_time(own.state.end_at, zone, now), "quiet"


def headline(own: BiddingAuction, now: datetime, currency: str) -> TonedText:
    """Return the most important fact about the selected auction, in a line."""
    state, shipping = own.state, own.state.shipping_amount

    def whole(amount: int) -> str:
        with_shipping = f", {money(amount + shipping, currency)} with shipping" if shipping else ""
        return f"{money(amount, currency)}{with_shipping}"

    if to_pay(own, now):
        return f"▶ Pay {money(total(own), currency)}: p from the wallet, c by card", Tone.WARN
    if own.part is BiddingPart.OUTBID:
        by = f" by {state.leader}" if state.leader else ""
        return f"▼ Outbid{by}: b bids {whole(state.minimum_bid)}", Tone.BAD
    if own.part is BiddingPart.LEADING:
        if own.max_amount > price(own):
            return f"▲ You lead, automatic up to {whole(own.max_amount)}", Tone.GOOD
        return f"▲ You lead at {whole(price(own))}; m sets a maximum", Tone.GOOD
    if own.part is BiddingPart.CANCELLED:
        return "■ The auction was cancelled", Tone.PLAIN
    if own.part is BiddingPart.LOST:
        if state.winner is None:
            return f"■ {BELOW_RESERVE}", Tone.PLAIN
        return f"■ {state.winner} won at {money(price(own), currency)}", Tone.PLAIN
    return f"✓ Yours at {money(total(own), currency)}: {place(own, now)[0]}", Tone.GOOD


def summary(auctions: Collection[BiddingAuction], now: datetime) -> str:
    """Return the number of auctions that need the user, and of those in which the user leads."""
    parts: Sequence[tuple[str, int]] = (
        ("▶ {:,} to pay", sum(to_pay(each, now) for each in auctions)),
        ("▼ {:,} outbid", sum(each.part is BiddingPart.OUTBID for each in auctions)),
        ("▲ {:,} leading", sum(each.part is BiddingPart.LEADING for each in auctions)),
    )
    told = [text.format(number) for text, number in parts if number]
    return " · ".join(told) or "nothing needs you"
