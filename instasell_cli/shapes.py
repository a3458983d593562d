"""The records of each noun: their fields, and what a table shows of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from instasell_cli.output import Shape

if TYPE_CHECKING:
    from pydantic import BaseModel

    from instasell_client.models.auctions import AuctionView

USER = Shape(
    ("id", "email", "display_name", "role", "status", "verification_status", "created_at"),
    ("email", "role", "status"),
)
ACCOUNT = Shape(
    ("profile", "url", "signed_in", "email", "display_name", "role", "status"),
    ("profile", "url", "signed_in", "email", "role"),
)
CATEGORY = Shape(
    ("id", "name", "parent_id", "path", "listing_count"),
    ("id", "path", "listing_count"),
)
CATEGORY_IMPORT = Shape(("path", "id", "outcome"), ("outcome", "path"))
LISTING = Shape(
    (
        *("id", "seller_id", "seller_name", "type", "title", "description", "category_id"),
        *("category_path", "condition", "price", "stock", "shipping_amount", "seller_sku"),
        *("status", "auction_id", "version", "created_at", "updated_at"),
    ),
    ("id", "title", "price", "stock", "type", "condition", "seller_name"),
    frozenset({"price", "shipping_amount"}),
)
VERDICT = Shape(
    ("row", "outcome", "listing_id", "seller_sku", "errors"),
    ("row", "outcome", "listing_id", "seller_sku"),
)
_STATE = (
    *("auction_id", "listing_id", "seller_id", "title", "category_id", "status", "start_at"),
    *("end_at", "min_bid", "current_bid", "minimum_bid", "buy_now", "has_reserve"),
    *("reserve_met", "leader", "winner", "bid_count", "bidder_count", "shipping_amount"),
    *("extension_window_seconds", "extension_seconds", "version", "seq"),
)
_STATE_AMOUNTS = frozenset({"min_bid", "current_bid", "minimum_bid", "buy_now", "shipping_amount"})
AUCTION = Shape(
    _STATE,
    ("auction_id", "title", "current_bid", "end_at", "minimum_bid", "bid_count", "leader"),
    _STATE_AMOUNTS,
)
AUCTION_VIEW = Shape(
    (
        *_STATE,
        *("description", "condition", "category_path", "seller_name", "currency", "increments"),
        *("order_id", "you", "server_time"),
    ),
    AUCTION.columns,
    _STATE_AMOUNTS | {"max_amount"},
)
BID = Shape(
    (
        *("seq", "kind", "bidder", "amount", "price", "leader", "created_at"),
        *("bidder_id", "bidder_name"),
    ),
    ("seq", "created_at", "kind", "bidder", "amount", "price", "leader"),
    frozenset({"amount", "price"}),
)
RECEIPT = Shape(
    (
        *("auction_id", "outcome", "seq", "kind", "bidder", "amount", "max_amount"),
        *("current_bid", "minimum_bid", "reserve_met", "auction_extended", "end_at"),
        *("version", "bid_at", "repeated", "order_id"),
    ),
    ("auction_id", "outcome", "amount", "current_bid", "minimum_bid", "end_at"),
    frozenset({"amount", "max_amount", "current_bid", "minimum_bid"}),
)
SEEDED = Shape(("noun", "created", "existing"), ("noun", "created", "existing"))
CHECK = Shape(("check", "state", "detail"), ("check", "state", "detail"))


def record_of(model: BaseModel) -> Mapping[str, object]:
    """A model as a record of JSON values."""
    return model.model_dump(mode="json")


def view_record(view: AuctionView) -> Mapping[str, object]:
    """An auction with its goods, as one flat record."""
    whole = view.model_dump(mode="json")
    return {**whole.pop("state"), **whole}
