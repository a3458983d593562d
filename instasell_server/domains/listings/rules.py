"""Check what a listing may be and how it may change: pure rules, without I/O or clock."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from instasell_client.models.base import JsonObject
from instasell_client.models.listings import Listing, ListingType

FieldErrors = list[tuple[str, str]]

STOCK_MAX = 1_000_000
LANES = (0, 1)
"""A seller's bulk rows are written in two lanes at once, each key always in the same one."""

REQUIRED = ("type", "title", "condition")


class ListingFields(NamedTuple):
    """Hold what the seller decides about a listing. Amounts are minor units."""

    type: str
    title: str
    description: str
    category_id: str
    condition: str
    price: int | None
    stock: int
    shipping_amount: int
    seller_sku: str | None


FIELDS = frozenset(ListingFields._fields)


def find_problems(fields: ListingFields) -> FieldErrors:
    """Return what the type of a listing forbids."""
    if fields.type == ListingType.DIRECT:
        if fields.price is None:
            return [("price", "give a price; a direct listing has one")]
        return []
    found: FieldErrors = []
    if fields.price is not None:
        found.append(("price", "leave the price out; an auction's listing has none"))
    if fields.stock != 1:
        found.append(("stock", "send 1 or leave it out; an auction's listing has stock 1"))
    return found


def changed_fields(before: ListingFields, after: ListingFields) -> set[str]:
    """Return the names of the fields that differ."""
    pairs = zip(ListingFields._fields, before, after, strict=True)
    return {name for name, old, new in pairs if old != new}


def find_change_problems(before: ListingFields, changes: Mapping[str, Any]) -> FieldErrors:
    """Return the rules for listings of its type that a change breaks.

    The stock of an auction's listing is 0 once it is sold, and that alone breaks nothing.
    """
    after = before._replace(**changes)
    return [
        complaint
        for complaint in find_problems(after)
        if getattr(after, complaint[0]) != getattr(before, complaint[0])
    ]


def is_held_by_bids(before: ListingFields, after: ListingFields) -> bool:
    """Return whether a change is more than bidders must accept: text added at the end."""
    changed = changed_fields(before, after)
    return bool(changed - {"description"}) or not after.description.startswith(before.description)


def lane_of(key: str) -> int:
    """Return the lane of a bulk row's key."""
    return zlib.crc32(key.encode()) % len(LANES)


def moved_stock(current: int, given: int, base: int | None) -> int:
    """Return the stock after an import: moved by the difference from `base`, never below zero.

    Without a base nothing can have been sold since, and `given` is the stock.
    """
    if base is None:
        return given
    return min(STOCK_MAX, max(0, current + given - base))


def exported_row(listing: Listing) -> JsonObject:
    """Return a listing as a row that a bulk upload takes back; what it has not is left out."""
    row = {
        "listing_id": listing.id,
        "type": listing.type,
        "title": listing.title,
        "description": listing.description,
        "category": listing.category_path,
        "condition": listing.condition,
        "price": listing.price,
        "stock": listing.stock,
        "exported_stock": listing.stock,
        "shipping_amount": listing.shipping_amount,
        "seller_sku": listing.seller_sku,
    }
    return {name: value for name, value in row.items() if value is not None}
