"""What the market would say of an auction that is not put up: the rules that a row can be held to.

The market has no rehearsal of its own for auctions, and its word is the one that counts. Gas is not
looked at here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from instasell_cli.rows.wishes import START_TOLERANCE, Wish, named, other_terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from instasell_client import AsyncInstaSell

Errors = list[tuple[str, str]]

LONGEST = timedelta(days=365)
"""What any market takes at most; most take less."""


class Rehearsal:
    """Judges rows as the market would at `now`, for the seller with the id `seller_id`."""

    def __init__(self, client: AsyncInstaSell, seller_id: str, now: datetime) -> None:
        self._client = client
        self._seller_id = seller_id
        self._now = now

    async def complaints(self, wish: Wish) -> Errors:
        """What is wrong with a row whose listing is known."""
        from instasell_client.errors import Invalid, ListingNotFound
        from instasell_client.models.auctions import CreateAuction
        from instasell_client.operation import request

        terms = wish.terms()
        try:
            request(CreateAuction, listing_id=wish.listing_id, **terms)
            listing = await self._client.listings.get(str(wish.listing_id))
        except Invalid as error:
            return [(entry.field, entry.message) for entry in error.errors]
        except ListingNotFound:
            return [(named(wish), "no active listing of yours has it")]
        if listing.seller_id != self._seller_id or listing.status != "active":
            return [(named(wish), "no active listing of yours has it")]
        if listing.type != "auction":
            return [(named(wish), "is sold at a price; choose a listing of type auction")]
        if listing.auction_id is not None:
            return [(named(wish), other_terms(listing.auction_id))]
        if listing.stock < 1:
            return [("row", "the goods of this listing are sold")]
        return [*_of_times(terms, self._now), *_of_amounts(terms)]


def _of_times(terms: Mapping[str, Any], now: datetime) -> Errors:
    start, end = terms["start_at"] or now, terms["end_at"]
    found = []
    if start < now - START_TOLERANCE:
        found.append(("start_at", "lies in the past; leave it out to start at once"))
    if end is not None and end <= max(start, now):
        found.append(("end_at", "must come after start_at, and after this moment"))
    if end is not None and end > now + LONGEST:
        found.append(("end_at", f"must lie within {LONGEST.days} days"))
    if terms["extension_seconds"] < terms["extension_window_seconds"]:
        found.append(("extension", "must be at least extension_window; raise it"))
    return found


def _of_amounts(terms: Mapping[str, Any]) -> Errors:
    found = []
    if terms["reserve"] is not None and terms["reserve"] < terms["min_bid"]:
        found.append(("reserve", "must be at least min_bid"))
    if terms["buy_now"] is not None and terms["buy_now"] < (terms["reserve"] or terms["min_bid"]):
        found.append(("buy_now", "must be at least min_bid and reserve"))
    return found
