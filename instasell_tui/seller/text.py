"""Write the texts of the seller's screen, and check its forms. Pure: no clock, no widgets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from instasell_client.models.listings import Listing
from instasell_client.models.money import format_amount, parse_amount
from instasell_client.models.seller_auctions import SellingAuction, SellingPart
from instasell_tui.orders.text import Lines
from instasell_tui.seller.listing_import import ImportProgress
from instasell_tui.widgets.formats import NOTHING, countdown, local_time, money
from instasell_tui.widgets.line_table import Cell

_UNITS = {"m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(?:(\d{1,3})\s*([dhm]))+", re.IGNORECASE)
_PART = re.compile(r"(\d{1,3})\s*([dhm])", re.IGNORECASE)
SECONDS_MAX = 90 * 86400
_ORDER = {
    "pending": "not paid yet",
    "processing": "to ship",
    "shipped": "on its way",
    "delivered": "delivered",
    "disputed": "in dispute",
}
CONDITIONS = {
    "new": "new",
    "refurbished": "refurbished",
    "used-like-new": "used, like new",
    "used-good": "used, good",
    "used-fair": "used, fair",
    "for-parts": "for parts",
}
"""The conditions of an item in the words of the form, the specification's two first."""
_STYLES = {"pending": "quiet", "processing": "soon", "delivered": "good", "disputed": "bad"}


def price(own: SellingAuction, currency: str, width: int) -> str:
    """Return the current price, or the price at which it starts."""
    state = own.state
    return money(state.min_bid if state.current_bid is None else state.current_bid, currency, width)


def mark(own: SellingAuction) -> Cell:
    """Return the sign in front of a row: rows that wait for the seller are marked."""
    if own.part is SellingPart.SOLD:
        waits = own.order_status is not None and own.order_status.value == "processing"
        return ("▶", "soon") if waits else ("·", "quiet")
    return ("▶", "soon") if own.part is SellingPart.UNSOLD else ("·", "quiet")


def left(own: SellingAuction, now: datetime) -> Cell:
    """Return the time left of an auction, or the time until it starts."""
    state = own.state
    if state.start_at > now:
        return f"in {countdown((state.start_at - now).total_seconds()).text}", "quiet"
    seconds = countdown((state.end_at - now).total_seconds())
    return seconds.text, ("plain", "soon", "urgent", "quiet")[seconds.urgency]


def came_of(own: SellingAuction) -> Cell:
    """Describe the result of an auction that is over."""
    if own.part is SellingPart.SOLD and own.order_status is not None:
        status = own.order_status.value
        return _ORDER[status], _STYLES.get(status, "plain")
    if own.order_id is not None:
        return "not paid", "soon"
    if not own.state.bid_count:
        return "no bids", "plain"
    return "below your reserve", "plain"


def ended(own: SellingAuction, zone: tzinfo | None, now: datetime) -> str:
    """Return the time of the end of an auction."""
    return local_time(own.state.end_at, zone, now)


def offer(listing: Listing) -> str:
    """Describe the way in which a listing is sold."""
    if listing.price is not None:
        return "at a price"
    return "up for auction" if listing.auction_id else "by auction"


def seconds_of(text: str) -> int:
    """Read a span as typed: 3d, 12h, 1d 6h, 45m. Raises ValueError."""
    compact = "".join(text.split())
    if not _SPAN.fullmatch(compact):
        raise ValueError("Type it as 3d, 12h or 45m")
    seconds = sum(int(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(compact))
    if not 0 < seconds <= SECONDS_MAX:
        raise ValueError("At least a minute, and at most 90d")
    return seconds


def span_of(seconds: float) -> str:
    """Return a span as `seconds_of` reads it, in whole minutes; at least one."""
    minutes = max(int(seconds) // 60, 1)
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "m"))
    return " ".join(f"{number}{unit}" for number, unit in parts if number)


def terms_of(own: SellingAuction, currency: str) -> dict[str, str]:
    """Return the terms of an auction as its seller would type them."""
    state = own.state
    amounts = {"min_bid": state.min_bid, "reserve": own.reserve, "buy_now": state.buy_now}
    typed = {
        name: "" if amount is None else format_amount(amount, currency)
        for name, amount in amounts.items()
    }
    return {**typed, "duration": span_of((state.end_at - state.start_at).total_seconds())}


def verdict_lines(found: ImportProgress) -> Lines:
    """Return the lines of the confirmation before an import: outcomes, and the first complaints."""
    names = {"created": "New", "updated": "Changed", "unchanged": "As they are"}
    lines = [(name, f"{found.counts[each]:,}") for each, name in names.items()]
    refused = [(row, said) for row, _, said in (each.partition(": ") for each in found.complaints)]
    return [*lines, ("Left out", f"{found.counts['rejected']:,}"), *refused]


def told_of(found: ImportProgress) -> str:
    """Describe the result of an import, with the first complaint."""
    return f"{found.summary}; {found.complaints[0]}" if found.complaints else found.summary


def wrong_terms(values: Mapping[str, str], currency: str) -> dict[str, str]:
    """Return the errors in the terms of an auction, by the names of the fields."""
    wrong = wrong_amounts(values, ("min_bid", "reserve", "buy_now"), currency)
    try:
        seconds_of(values["duration"])
    except ValueError as error:
        wrong["duration"] = str(error)
    if wrong:
        return wrong
    named = {name: values[name] for name in ("min_bid", "reserve", "buy_now") if values[name]}
    amounts = {name: parse_amount(text, currency) for name, text in named.items()}
    if amounts.get("reserve", amounts["min_bid"]) < amounts["min_bid"]:
        wrong["reserve"] = "Not below the minimum bid"
    if amounts.get("buy_now", 10**15) < max(amounts["min_bid"], amounts.get("reserve", 0)):
        wrong["buy_now"] = "Not below the minimum bid or the reserve"
    return wrong


def wrong_listing_fields(
    values: Mapping[str, str], paths: Mapping[str, str], currency: str
) -> dict[str, str]:
    """Return the errors in a listing, by the names of the fields."""
    wrong = wrong_amounts(values, ("shipping",), currency)
    if values.get("type", "direct") == "direct" and "price" in values:
        wrong |= wrong_amounts(values, ("price",), currency)
        if not values["price"]:
            wrong["price"] = "Type this"
        if not values["stock"].isdecimal() or not values["stock"].isascii():
            wrong["stock"] = "A whole number, as 5"
    if "category" in values and find_path(values["category"], paths) is None:
        wrong["category"] = _which(values["category"], paths)
    return wrong


def wrong_amounts(values: Mapping[str, str], names: Iterable[str], currency: str) -> dict[str, str]:
    """Return those of the fields that are typed and are no amount."""
    wrong = {}
    for name in names:
        if values[name]:
            try:
                parse_amount(values[name], currency)
            except ValueError as error:
                wrong[name] = str(error)
    return wrong


def find_path(typed: str, paths: Mapping[str, str]) -> str | None:
    """Return the category that is meant: a whole path, or the end of one path alone."""
    wanted = _folded(typed)
    whole = [path for path in paths if _folded(path) == wanted]
    ends = [path for path in paths if _folded(path).endswith(f">{wanted}")]
    found = whole or ends
    return found[0] if len(found) == 1 else None


def _which(typed: str, paths: Mapping[str, str]) -> str:
    near = [path for path in paths if _folded(typed) in _folded(path)] or list(paths)
    return f"Which one? {', '.join(near[:3])}" if near else "There are no categories yet"


def _folded(path: str) -> str:
    return ">".join(" ".join(part.split()).casefold() for part in path.split(">"))


def terms(values: Mapping[str, str], currency: str, fee: int | None, gas: int | None) -> Lines:
    """Return the lines of the confirmation before an auction is created."""

    def shown(name: str) -> str:
        text = values[name]
        return money(parse_amount(text, currency), currency) if text else NOTHING

    return [
        ("Minimum bid", shown("min_bid")),
        ("Hidden reserve", shown("reserve")),
        ("Buy now", shown("buy_now")),
        ("Runs for", values["duration"]),
        ("It costs", NOTHING if fee is None else f"{fee:,} gas"),
        ("You have", NOTHING if gas is None else f"{gas:,} gas"),
    ]
