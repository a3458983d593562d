"""The fields of rows, for the help: what each is, how it is written, and an example."""

from __future__ import annotations

from collections.abc import Mapping

AMOUNTS_TEXT = (
    "Amounts are in the market's currency: 12.50, $1,234.00 or 12 USD. Another currency is refused,"
    " and so is what can be read in two ways, as 1.250, until --decimal-comma or --decimal-point"
    " says which it is. An integer of JSON or YAML is in minor units."
)
LISTING_FIELDS: Mapping[str, tuple[str, str]] = {
    "type": ("direct or auction; needed for a new listing", "direct"),
    "title": ("up to 200 characters; needed for a new listing", "Pocket watch"),
    "description": ("up to 20,000 characters, in several lines if you like", "Runs well."),
    "category": ("a path, or give category_id; needed for a new listing", "Watches > Pocket"),
    "category_id": ("the id of a category", "0d5c2f8e-6a5b-..."),
    "condition": (
        "new, refurbished, used-like-new, used-good, used-fair or for-parts, or as other markets"
        " say it; needed for a new listing",
        "used-good",
    ),
    "price": ("an amount, of direct listings only", "120.00"),
    "stock": ("a number of pieces, 1 if it is left out", "3"),
    "shipping_amount": ("an amount, or 0; also called shipping", "4.90"),
    "seller_sku": ("your own name for it, by which it is found again; also sku", "W-17"),
    "listing_id": ("the id of a listing that is to be changed; also id", "0d5c2f8e-6a5b-..."),
    "image_1": ("a picture, its cover: a file or an address; to image_12", "front.jpg"),
    "exported_stock": ("the stock at the time of an export; written by it", "3"),
}
"""What a row of `listings import` may have."""

AUCTION_FIELDS: Mapping[str, tuple[str, str]] = {
    "seller_sku": ("your own name for the listing, or give listing_id; also sku", "W-17"),
    "listing_id": ("the id of a listing of type auction; also id, listing", "0d5c2f8e-6a5b-..."),
    "min_bid": ("an amount, needed; also opening_price, start_price", "5.00"),
    "reserve": ("an amount that nobody sees; also reserve_price", "40.00"),
    "buy_now": ("an amount; also buy_now_price", "99.00"),
    "start_at": ("a time; at once if it is left out; also start", "2030-01-31 18:00"),
    "end_at": ("a time, or give duration; also end", "2030-02-07 18:00"),
    "duration": ("a span, or give end_at", "7d"),
    "increments": ("ebay or none", "ebay"),
    "extension_window": ("a bid this late moves the end", "5s"),
    "extension": ("by how much, at least the window", "5s"),
}
"""What a row of `auctions schedule` may have."""


def guide_text(fields: Mapping[str, tuple[str, str]]) -> str:
    """Return a list of the fields as a paragraph of a help text that keeps its lines."""
    lines = [f"  {name}: {form} ({example})" for name, (form, example) in fields.items()]
    return "\n".join(["\b", "Fields, each with an example:", *lines])
