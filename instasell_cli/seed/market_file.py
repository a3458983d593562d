"""Define the content of a market file: users, categories, listings, auctions and bids, with their
references.

Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from instasell_cli.seed.yaml_document import FileProblem, YamlEntry

FIELDS: Mapping[str, frozenset[str]] = {
    "users": frozenset({"name", "email", "password", "display_name", "role"}),
    "categories": frozenset({"name", "path"}),
    "listings": frozenset(
        {"name", "seller", "type", "title", "description", "category", "condition", "price"}
        | {"stock", "shipping_amount", "seller_sku"}
    ),
    "auctions": frozenset(
        {"name", "listing", "min_bid", "reserve", "buy_now", "start", "end", "duration"}
        | {"increments", "extension_window", "extension"}
    ),
    "bids": frozenset({"auction", "bidder", "amount", "max"}),
}
"""The fields of the entries of each section."""

TYPED_AS = {
    "start_at": "start",
    "end_at": "end",
    "duration_seconds": "duration",
    "extension_window_seconds": "extension_window",
    "extension_seconds": "extension",
    "max_amount": "max",
}
"""What fields of the wire are called in the file, where that differs."""


@dataclass(frozen=True)
class AccountEntry:
    """Hold a user to sign up. Without a display name, the name in the file is shown."""

    entry: YamlEntry
    name: str
    email: str
    password: str | None
    display_name: str | None
    sells: bool


@dataclass(frozen=True)
class ListingEntry:
    """Hold a listing of a seller; `row` has all fields of the request but the category."""

    entry: YamlEntry
    name: str
    seller: str
    category: str
    row: Mapping[str, Any]


@dataclass(frozen=True)
class AuctionEntry:
    """The terms of an auction of a listing."""

    entry: YamlEntry
    name: str
    listing: str
    terms: Mapping[str, Any]


@dataclass(frozen=True)
class BidEntry:
    """A bid on an auction."""

    entry: YamlEntry
    auction: str
    bidder: str
    amount: int | None
    maximum: int | None


@dataclass(frozen=True)
class MarketFile:
    """A whole file. `categories` are paths by name."""

    people: Sequence[AccountEntry] = ()
    categories: Mapping[str, str] = field(default_factory=dict)
    pieces: Sequence[ListingEntry] = ()
    sales: Sequence[AuctionEntry] = ()
    offers: Sequence[BidEntry] = ()


class InvalidMarketFile(Exception):
    """A file that cannot be carried out; `faults` has every one, in the order of lines."""

    def __init__(self, faults: Sequence[FileProblem]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = sorted(faults, key=lambda each: each.line)
