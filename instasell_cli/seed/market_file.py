"""What a market file says: people, categories, goods, auctions and bids, with their references.

Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from instasell_cli.seed.yaml_document import Entry, Fault

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
class Person:
    """Somebody to sign up. Without a display name of his own he is called as in the file."""

    entry: Entry
    name: str
    email: str
    password: str | None
    display_name: str | None
    sells: bool


@dataclass(frozen=True)
class Piece:
    """Goods of a seller; `row` has what the wire asks for but the category."""

    entry: Entry
    name: str
    seller: str
    category: str
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Sale:
    """The terms of an auction of a listing."""

    entry: Entry
    name: str
    listing: str
    terms: Mapping[str, Any]


@dataclass(frozen=True)
class Offer:
    """A bid on an auction."""

    entry: Entry
    auction: str
    bidder: str
    amount: int | None
    maximum: int | None


@dataclass(frozen=True)
class Sheet:
    """A whole file. `categories` are paths by name."""

    people: Sequence[Person] = ()
    categories: Mapping[str, str] = field(default_factory=dict)
    pieces: Sequence[Piece] = ()
    sales: Sequence[Sale] = ()
    offers: Sequence[Offer] = ()


class Faulty(Exception):
    """A file that cannot be carried out; `faults` has every one, in the order of lines."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = sorted(faults, key=lambda each: each.line)
