"""Write notifications and conversations as lines. Pure: no clock, no widgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from instasell_client.models.auctions import BELOW_RESERVE
from instasell_client.models.messages import Conversation
from instasell_client.models.notifications import Notification, NotificationKind
from instasell_tui.widgets.formats import money, safe_text
from instasell_tui.widgets.line_table import Cell

Payload = Mapping[str, Any]


def _amount(name: str) -> Callable[[Payload], str]:
    return lambda payload: money(payload.get(name), str(payload.get("currency") or "USD"))


_price, _total = _amount("price"), _amount("total_amount")
_bid, _minimum, _sum, _back = (
    _amount("current_bid"),
    _amount("minimum"),
    _amount("amount"),
    _amount("refund_amount"),
)


def _lost(payload: Payload) -> str:
    if "winner" not in payload:
        # An older notice does not tell whether anybody won.
        return f"You did not win it; it ended at {_price(payload)}"
    winner = payload["winner"]
    return f"{safe_text(str(winner))} won at {_price(payload)}" if winner else BELOW_RESERVE


def _ended(payload: Payload) -> str:
    if payload.get("order_id"):
        return f"Your auction ended at {_price(payload)}"
    return BELOW_RESERVE if payload.get("bid_count") else "Your auction ended without a bid"


_SENTENCES: Mapping[str, Callable[[Payload], str]] = {
    "outbid": lambda it: f"▼ Outbid at {_bid(it)}; {_minimum(it)} leads again",
    "won": lambda it: f"▲ Won: pay {_total(it)}",
    "lost": lambda it: f"■ {_lost(it)}",
    "auction_ended": lambda it: f"■ {_ended(it)}",
    "auction_cancelled": lambda it: f"■ The auction was cancelled{_because(it)}",
    "ending_soon": lambda it: f"! Ends within minutes, at {_bid(it)}",
    "paid": lambda it: f"▶ Paid {_total(it)} by {safe_text(str(it.get('buyer_name')))}: ship it",
    "shipped": lambda it: f"▶ On its way with {safe_text(str(it.get('carrier')))}",
    "delivered": lambda _: "✓ Delivered",
    "order_cancelled": lambda it: f"■ The order is cancelled{_because(it)}",
    "dispute_opened": lambda it: (
        f"! The buyer complains: {safe_text(str(it.get('reason')).replace('_', ' '))}"
    ),
    "dispute_answered": lambda _: "! The other side answers in the dispute",
    "dispute_resolved": lambda it: f"✓ The dispute is decided: {_back(it)} to the buyer",
    "refund": lambda it: f"+ {_sum(it)} came back to you",
    "release": lambda it: f"+ {_sum(it)} is yours",
    "message": lambda it: (
        f"{safe_text(str(it.get('sender_name')))}: {safe_text(str(it.get('text')))}"
    ),
    "new_auction": lambda it: f"New auction of {safe_text(str(it.get('seller_name')))}",
    "new_listing": lambda it: f"New at {_price(it)}, from {safe_text(str(it.get('seller_name')))}",
    "failed_sign_ins": lambda it: (
        f"! {safe_text(str(it.get('attempts')))} failed sign-ins, "
        f"from {safe_text(str(it.get('address')))}"
    ),
}

_OCCASIONS = {
    NotificationKind.OUTBID: "A bidder outbids you",
    NotificationKind.WON: "You win an auction",
    NotificationKind.LOST: "Another wins what you bid on",
    NotificationKind.AUCTION_ENDED: "Your auction has ended",
    NotificationKind.AUCTION_CANCELLED: "An auction is cancelled",
    NotificationKind.ENDING_SOON: "What you watch ends within minutes",
    NotificationKind.PAID: "A buyer has paid",
    NotificationKind.SHIPPED: "What you bought is on its way",
    NotificationKind.DELIVERED: "An order is delivered",
    NotificationKind.ORDER_CANCELLED: "An order is cancelled",
    NotificationKind.DISPUTE_OPENED: "A buyer complains",
    NotificationKind.DISPUTE_ANSWERED: "A reply in a dispute",
    NotificationKind.DISPUTE_RESOLVED: "A dispute is decided",
    NotificationKind.REFUND: "Money comes back to you",
    NotificationKind.RELEASE: "Money of a sale is yours",
    NotificationKind.MESSAGE: "A new message",
    NotificationKind.NEW_AUCTION: "A new auction in a subscription of yours",
    NotificationKind.NEW_LISTING: "A new listing in a subscription of yours",
    NotificationKind.FAILED_SIGN_INS: "Wrong passwords are tried on your account",
}


def occasion(kind: str) -> str:
    """Describe the cause of a kind of notification; a kind from a newer server has its name."""
    known = {each.value: text for each, text in _OCCASIONS.items()}
    return known.get(kind) or safe_text(kind.replace("_", " "))


def sentence(notice: Notification) -> str:
    """Return the text of a notification; the name of a kind that only a newer server knows."""
    tell = _SENTENCES.get(notice.kind)
    return tell(notice.payload) if tell else safe_text(notice.kind.replace("_", " "))


def subject(notice: Notification) -> str:
    """Return the title of the subject."""
    return safe_text(str(notice.payload.get("title") or ""))


def mark(*, unread: bool) -> Cell:
    """Return the sign in front of a row."""
    return ("●", "soon") if unread else ("·", "quiet")


def other_side(conversation: Conversation) -> str:
    """Return the name of the other side."""
    name = conversation.seller_name if conversation.you == "buyer" else conversation.buyer_name
    return safe_text(name)


def about(conversation: Conversation) -> str:
    """Describe the subject of a conversation, in one line."""
    what = "order" if conversation.order_id is not None else "question"
    return f"{what}: {safe_text(conversation.title)}"


def news(notices: int, unread: int) -> str:
    """Return the counts at the top of every screen; empty where there is nothing new."""
    parts = []
    if notices:
        parts.append(f"● {notices:,} new (N)")
    if unread:
        parts.append(f"✉ {unread:,} (M)")
    return "  ".join(parts)


def _because(payload: Payload) -> str:
    reason = payload.get("reason")
    return f": {safe_text(str(reason))}" if reason else ""
