"""A notification as a sentence. Its words are the market's, its names and titles other people's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from instasell_cli.output.amounts import default_currency, shown_amount
from instasell_cli.output.times import local_text

if TYPE_CHECKING:
    from instasell_client.models.notifications import Notification

_SENTENCES = {
    "outbid": "{title}: you were outbid at {current_bid}; {minimum} or more takes the lead again",
    "won": "{title}: you won it; pay {total_amount} by {payment_due_at}",
    "lost": "{title}: you did not win it; it ended at {price}",
    "auction_ended": "{title}: the auction ended at {price} with {bid_count} bids",
    "auction_cancelled": "{title}: the auction was cancelled: {reason}",
    "ending_soon": "{title}: the auction ends at {end_at}; the price is {current_bid}",
    "paid": "{title}: {buyer_name} paid {total_amount}; ship it",
    "shipped": "{title}: it is on its way with {carrier}, {tracking}",
    "delivered": "{title}: it was delivered",
    "order_cancelled": "{title}: the order was cancelled: {reason}",
    "dispute_opened": "{title}: the buyer opened a dispute: {reason}",
    "dispute_answered": "{title}: there is an answer in the dispute",
    "dispute_resolved": "{title}: the dispute is decided, {refund_amount} refunded: {resolution}",
    "refund": "{title}: {amount} came back to you",
    "release": "{title}: {amount} is yours",
    "message": "{sender_name} writes: {text}",
    "new_auction": "{title}: {seller_name} sells it by auction until {end_at}",
    "new_listing": "{title}: {seller_name} sells it for {price}",
    "failed_sign_ins": "{attempts} failed sign-ins to your account, the last one from {address}",
}
_AMOUNTS = frozenset({"amount", "current_bid", "minimum", "price", "refund_amount", "total_amount"})


class _Facts(dict[str, str]):
    """Facts for a sentence; one that a server leaves out is a dash."""

    def __missing__(self, name: str) -> str:
        return "-"


def notification_sentence(notice: Notification) -> str:
    """Return the sentence of a notification; the kind itself where it is not known here."""
    pattern = _pattern(notice.kind, notice.payload)
    if pattern is None:
        return notice.kind.replace("_", " ")
    return pattern.format_map(_facts(notice.payload))


def _pattern(kind: str, payload: Mapping[str, Any]) -> str | None:
    from instasell_client.models.auctions import BELOW_RESERVE

    if kind == "lost" and "winner" in payload:
        won = "{title}: {winner} won at {price}"
        return won if payload["winner"] else f"{{title}}: {BELOW_RESERVE}"
    if kind == "auction_ended" and not payload.get("order_id") and payload.get("bid_count"):
        return f"{{title}}: {BELOW_RESERVE}"
    return _SENTENCES.get(kind)


def _facts(payload: Mapping[str, Any]) -> _Facts:
    currency = payload.get("currency")
    known = currency if isinstance(currency, str) else default_currency()
    facts = _Facts()
    for name, value in payload.items():
        if value is None:
            continue
        if name in _AMOUNTS and isinstance(value, int):
            facts[name] = f"{shown_amount(value, known)} {known}"
        else:
            facts[name] = local_text(str(value)) if name.endswith("_at") else str(value)
    return facts
