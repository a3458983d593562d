"""Rows that each want an auction: what they say, and which auction is already the one they want.

Pure, but for the local zone, and for the clock where a row counts from this moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from instasell_cli.input.rows import cell_readers
from instasell_cli.input.rows.columns import RowColumns, Schema
from instasell_cli.input.rows.files.row_file import RawRow
from instasell_cli.input.rows.row_results import REJECTED, RowResult
from instasell_cli.input.times import parse_instant

if TYPE_CHECKING:
    from instasell_client.models.auctions import AuctionState

AUCTIONS = Schema(
    {
        "listing_id": cell_readers.text,
        "seller_sku": cell_readers.text,
        "min_bid": cell_readers.price,
        "reserve": cell_readers.price,
        "buy_now": cell_readers.price,
        "start_at": cell_readers.moment,
        "end_at": cell_readers.moment,
        "duration": cell_readers.seconds,
        "increments": cell_readers.word,
        "extension_window": cell_readers.seconds,
        "extension": cell_readers.seconds,
    },
    {
        "id": "listing_id",
        "listing": "listing_id",
        "sku": "seller_sku",
        "opening_price": "min_bid",
        "start_price": "min_bid",
        "reserve_price": "reserve",
        "buy_now_price": "buy_now",
        "start": "start_at",
        "starts_at": "start_at",
        "end": "end_at",
        "ends_at": "end_at",
        "duration_seconds": "duration",
        "extension_window_seconds": "extension_window",
        "extension_seconds": "extension",
    },
    {
        "duration": "end_at",
        "end_at": "duration",
        "listing_id": "seller_sku",
        "seller_sku": "listing_id",
    },
)
OUTCOMES = ("created", "unchanged", REJECTED)
OVER = frozenset({"ended", "cancelled"})

START_TOLERANCE = timedelta(seconds=60)
"""The market takes a start that lies this far back as "at once"."""

_OURS = {
    "duration_seconds": "duration",
    "extension_seconds": "extension",
    "extension_window_seconds": "extension_window",
}
Errors = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class AuctionRow:
    """A row as it is understood, or what is wrong with it. `values` are those of `Schema`."""

    row: RawRow
    values: Mapping[str, Any]
    listing_id: str | None = None
    errors: Errors = ()

    @property
    def fixed_start(self) -> datetime | None:
        """Return the fixed start, None for at once and for a time from now."""
        return self._instant("start_at", is_fixed=True)

    @property
    def fixed_end(self) -> datetime | None:
        """Return the fixed end, None for a duration and for a time from now."""
        return self._instant("end_at", is_fixed=True)

    def terms(self) -> dict[str, Any]:
        """Return the arguments for `auctions.create`."""
        values = self.values
        return {
            "min_bid": values["min_bid"],
            "reserve": values.get("reserve"),
            "buy_now": values.get("buy_now"),
            "start_at": self._instant("start_at"),
            "end_at": self._instant("end_at"),
            "duration_seconds": values.get("duration"),
            "increments": values.get("increments", "ebay"),
            "extension_window_seconds": values.get("extension_window", 5),
            "extension_seconds": values.get("extension", 5),
        }

    def _instant(self, name: str, *, is_fixed: bool = False) -> datetime | None:
        text = self.values.get(name)
        if text is None or (is_fixed and text.startswith("+")):
            return None
        return parse_instant(text, name)


@dataclass(frozen=True)
class ExistingAuction:
    """An auction of the seller's, with the reserve that nobody else sees."""

    state: AuctionState
    reserve: int | None


class OwnAuctions:
    """Read the auctions that a seller has created so far, by listing."""

    def __init__(self) -> None:
        self._by_listing: dict[str, list[ExistingAuction]] = defaultdict(list)
        self._ids: set[str] = set()

    def add(self, auction: ExistingAuction) -> None:
        """Add one that the market has, once."""
        if auction.state.auction_id not in self._ids:
            self._by_listing[auction.state.listing_id].append(auction)
            self._ids.add(auction.state.auction_id)

    def __contains__(self, auction_id: object) -> bool:
        return auction_id in self._ids

    def same_as(self, wish: AuctionRow) -> AuctionState | None:
        """Return the earlier auction of a row; one that is open, if there are several."""
        found = [
            each.state
            for each in self._by_listing.get(wish.listing_id or "", ())
            if is_same(wish, each)
        ]
        return min(found, key=lambda state: state.status.value in OVER, default=None)


def is_same(wish: AuctionRow, auction: ExistingAuction) -> bool:
    """Return whether an auction has the terms of a row. Bids move the end, which is not compared
    then.
    """
    state, terms = auction.state, wish.terms()
    asked = (terms["min_bid"], terms["reserve"], terms["buy_now"])
    if asked != (state.min_bid, auction.reserve, state.buy_now):
        return False
    windows = (terms["extension_window_seconds"], terms["extension_seconds"])
    if windows != (state.extension_window_seconds, state.extension_seconds):
        return False
    start, end = wish.fixed_start, wish.fixed_end
    if start is not None and not start <= state.start_at <= start + START_TOLERANCE:
        return False
    if state.bid_count:
        return True
    if end is not None:
        return end == state.end_at
    length, duration = state.end_at - state.start_at, terms["duration_seconds"]
    return duration is None or abs(length - timedelta(seconds=duration)) < timedelta(seconds=1)


def parse_row(row: RawRow, columns: RowColumns) -> AuctionRow:
    """Read the terms in a row, without its listing."""
    if row.problem is not None:
        return AuctionRow(row, {}, errors=[("row", row.problem)])
    converted = columns.convert(row.cells)
    values, errors = converted.values, [*converted.errors]
    told = {name for name, _ in errors}
    if not told & {"listing_id", "seller_sku"} and not {"listing_id", "seller_sku"} & {*values}:
        errors.append(("seller_sku", "give this column, or listing_id"))
    if "min_bid" not in told | {*values}:
        errors.append(("min_bid", "give this column; it is the opening price"))
    if not told & {"duration", "end_at"} and ("duration" in values) == ("end_at" in values):
        errors.append(("duration", "give either this or end_at"))
    return AuctionRow(row, values, errors=errors)


def reject_row(wish: AuctionRow, errors: Errors) -> RowResult:
    """Return the result of a row without an auction."""
    ours = {**_OURS, "listing_id": named(wish)}
    told_of = [(ours.get(name, name), message) for name, message in errors]
    return RowResult(wish.row.number, REJECTED, ids_of(wish), told_of)


def describe_row(wish: AuctionRow, outcome: str, state: AuctionState) -> RowResult:
    """Return the result of a row that has, or had, an auction."""
    ids = {**ids_of(wish), "auction_id": state.auction_id, "status": state.status.value}
    return RowResult(wish.row.number, outcome, ids)


def ids_of(wish: AuctionRow) -> dict[str, str | None]:
    """Return the ids of a row, as far as they are known."""
    return {
        "auction_id": None,
        "status": None,
        "listing_id": wish.listing_id,
        "seller_sku": wish.values.get("seller_sku"),
    }


def named(wish: AuctionRow) -> str:
    """Return the field by which a row names its listing."""
    return "listing_id" if "listing_id" in wish.values else "seller_sku"


def other_terms(auction_id: str) -> str:
    """Describe the conflict with an open auction of the listing that has other terms."""
    return (
        f"an auction of it is open with other terms ({auction_id}); change those with"
        " `instasell auctions update`, or leave the row out"
    )
