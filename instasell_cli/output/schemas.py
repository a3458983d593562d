"""The records of each noun: their fields, and what a table shows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from instasell_cli.output.schema import RecordSchema

if TYPE_CHECKING:
    from pydantic import BaseModel

    from instasell_client.models.auctions import AuctionView
    from instasell_client.models.bids import BiddingAuction
    from instasell_client.models.seller_auctions import SellingAuction

USER = RecordSchema(
    ("id", "email", "display_name", "role", "status", "verification_status", "created_at"),
    ("id", "email", "role", "status", "display_name"),
)
ACCOUNT = RecordSchema(
    ("profile", "url", "signed_in", "email", "display_name", "role", "status"),
    ("profile", "url", "signed_in", "email", "role"),
    key="profile",
    needed=("profile", "signed_in", "email", "url"),
)
TOKEN = RecordSchema(
    ("id", "name", "scopes", "created_at", "expires_at"),
    ("id", "name", "scopes", "expires_at", "created_at"),
)
TOKEN_GRANT = replace(TOKEN, fields=(*TOKEN.fields, "token"))
CATEGORY = RecordSchema(
    ("id", "name", "parent_id", "path", "listing_count"),
    ("id", "path", "listing_count"),
)
CATEGORY_IMPORT = RecordSchema(
    ("row", "path", "id", "outcome", "message"), ("outcome", "path", "id", "message")
)
LISTING = RecordSchema(
    (
        *("id", "seller_id", "seller_name", "type", "title", "description", "category_id"),
        *("category_path", "condition", "price", "stock", "shipping_amount", "seller_sku"),
        *("status", "auction_id", "version", "created_at", "updated_at"),
    ),
    ("id", "title", "price", "stock", "type", "condition", "seller_name"),
    frozenset({"price", "shipping_amount"}),
)
IMAGE = RecordSchema(
    ("id", "position", "width", "height", "created_at", "url", "versions"),
    ("id", "position", "width", "height", "created_at"),
)
EVIDENCE = RecordSchema(
    ("id", "author", "file_name", "content_type", "size_bytes", "created_at", "url"),
    ("id", "author", "file_name", "content_type", "size_bytes", "created_at"),
)
EVIDENCE_FILE = RecordSchema(
    ("id", "author", "file_name", "content_type", "size_bytes", "outcome", "path"),
    ("id", "author", "outcome", "path", "size_bytes"),
    needed=("id", "path", "outcome"),
)
LISTING_VIEW = replace(LISTING, fields=(*LISTING.fields, "seller"))
VERDICT = RecordSchema(
    ("row", "outcome", "listing_id", "seller_sku", "errors", "images"),
    ("row", "outcome", "listing_id", "seller_sku"),
    key="listing_id",
    needed=("row", "outcome", "listing_id"),
)
SCHEDULED = RecordSchema(
    ("row", "outcome", "auction_id", "status", "listing_id", "seller_sku", "errors"),
    ("row", "outcome", "auction_id", "status", "seller_sku"),
    key="auction_id",
    needed=("row", "outcome", "auction_id"),
)
_STATE = (
    *("auction_id", "listing_id", "seller_id", "title", "category_id", "status", "start_at"),
    *("end_at", "min_bid", "current_bid", "minimum_bid", "buy_now", "has_reserve"),
    *("reserve_met", "leader", "winner", "bid_count", "bidder_count", "shipping_amount"),
    *("extension_window_seconds", "extension_seconds", "version", "seq"),
)
_STATE_AMOUNTS = frozenset({"min_bid", "current_bid", "minimum_bid", "buy_now", "shipping_amount"})
AUCTION = RecordSchema(
    _STATE,
    ("auction_id", "title", "current_bid", "end_at", "minimum_bid", "bid_count", "leader"),
    _STATE_AMOUNTS,
    key="auction_id",
    needed=("auction_id", "title", "current_bid", "end_at", "bid_count", "leader"),
)
AUCTION_VIEW = RecordSchema(
    (
        *_STATE,
        *("description", "condition", "category_path", "seller_name", "currency", "increments"),
        *("order_id", "orders", "seller", "you", "server_time"),
    ),
    AUCTION.columns,
    _STATE_AMOUNTS | {"max_amount", "unit_amount"},
    key="auction_id",
    needed=AUCTION.needed,
)
SELLING = RecordSchema(
    (
        *("auction_id", "part", "listing_id", "title", "status", "start_at", "end_at", "min_bid"),
        *("current_bid", "buy_now", "reserve", "reserve_met", "bid_count", "bidder_count"),
        *("watchers", "gas_fee", "order_id", "order_status", "buyer_name", "total_amount"),
        "payment_due_at",
    ),
    ("auction_id", "part", "title", "current_bid", "bid_count", "end_at", "order_status"),
    _STATE_AMOUNTS | {"reserve", "total_amount"},
    key="auction_id",
    needed=("auction_id", "title", "part", "current_bid", "end_at", "order_status"),
)
BIDDING = RecordSchema(
    (
        *("auction_id", "part", "listing_id", "title", "status", "start_at", "end_at"),
        *("current_bid", "minimum_bid", "max_amount", "shipping_amount", "leader", "bidder"),
        *("bid_count", "last_bid_at", "order_id", "order_status", "total_amount"),
        "payment_due_at",
    ),
    ("auction_id", "part", "title", "current_bid", "max_amount", "total_amount", "end_at"),
    _STATE_AMOUNTS | {"max_amount", "total_amount"},
    key="auction_id",
    needed=("auction_id", "title", "part", "current_bid", "end_at", "max_amount"),
)
AUCTION_LISTED = replace(
    AUCTION,
    columns=("auction_id", "title", "status", "current_bid", "end_at", "bid_count", "leader"),
    needed=("auction_id", "title", "status", "current_bid", "end_at", "bid_count"),
)
AUCTION_VERDICT = replace(
    AUCTION,
    fields=(*_STATE, "outcome", "code", "message"),
    columns=("auction_id", "outcome", "title", "status", "end_at", "message"),
    needed=("auction_id", "outcome", "message", "title"),
)
BID = RecordSchema(
    (
        *("seq", "kind", "bidder", "amount", "price", "leader", "created_at"),
        *("bidder_id", "bidder_name"),
    ),
    ("seq", "created_at", "kind", "bidder", "amount", "price", "leader"),
    frozenset({"amount", "price"}),
    key="seq",
    needed=("seq", "bidder", "amount", "price", "created_at", "leader"),
)
RECEIPT = RecordSchema(
    (
        *("auction_id", "outcome", "seq", "kind", "bidder", "amount", "max_amount"),
        *("current_bid", "minimum_bid", "reserve_met", "auction_extended", "end_at"),
        *("version", "bid_at", "repeated", "order_id"),
    ),
    ("auction_id", "outcome", "amount", "current_bid", "minimum_bid", "end_at"),
    frozenset({"amount", "max_amount", "current_bid", "minimum_bid"}),
    key="auction_id",
)
_ORDER = (
    *("id", "status", "title", "quantity", "unit_amount", "shipping_amount", "total_amount"),
    *("held_amount", "refunded_amount", "currency", "buyer_id", "buyer_name", "seller_id"),
    *("seller_name", "listing_id", "auction_id", "payment_method", "payment_due_at", "paid_at"),
    *("shipped_at", "carrier", "tracking", "escrow_release_at", "delivered_at", "address"),
    *("version", "created_at", "updated_at"),
)
_ORDER_AMOUNTS = frozenset(
    {"unit_amount", "shipping_amount", "total_amount", "held_amount", "refunded_amount"}
)
ORDER = RecordSchema(
    _ORDER,
    ("id", "status", "title", "total_amount", "created_at", "buyer_name", "seller_name"),
    _ORDER_AMOUNTS,
    needed=("id", "status", "title", "total_amount", "created_at"),
)
ORDER_VIEW = replace(ORDER, fields=(*_ORDER, "checkout_url", "events", "due"))
_DISPUTE = (
    *("id", "status", "order_id", "title", "reason", "text", "buyer_id", "buyer_name"),
    *("seller_id", "seller_name", "order_status", "total_amount", "held_amount", "currency"),
    *("refund_amount", "resolution", "resolved_by", "created_at", "updated_at", "resolved_at"),
)
_DISPUTE_AMOUNTS = frozenset({"total_amount", "held_amount", "refund_amount"})
DISPUTE = RecordSchema(
    _DISPUTE,
    ("id", "status", "title", "reason", "held_amount", "refund_amount", "created_at"),
    _DISPUTE_AMOUNTS,
    needed=("id", "status", "title", "held_amount", "created_at", "reason"),
)
DISPUTE_VIEW = replace(DISPUTE, fields=(*_DISPUTE, "messages", "evidence"))
ADMIN_ORDER = replace(ORDER, fields=(*ORDER_VIEW.fields, "ledger"))
ADMIN_ACTION = RecordSchema(
    (
        *("id", "created_at", "admin_id", "admin_name", "action", "subject_kind", "subject_id"),
        *("reason", "details"),
    ),
    ("created_at", "action", "admin_name", "subject_kind", "subject_id", "reason", "id"),
    needed=("created_at", "action", "subject_id", "admin_name", "id"),
)
ALERT = RecordSchema(
    ("id", "kind", "subject", "details", "created_at", "closed_at", "remedy"),
    ("id", "kind", "subject", "created_at", "closed_at"),
    needed=("id", "kind", "subject", "created_at"),
)
FIGURES = RecordSchema(
    (
        *("start_at", "end_at", "registrations", "listings", "auctions_started"),
        *("active_auctions", "bids", "bids_per_auction", "orders", "orders_paid"),
        *("gross_amount", "payments_succeeded", "payments_failed", "payment_success_rate"),
        *("refunds", "refunded_amount", "orders_delivered", "fulfilment_seconds_median"),
        "currency",
    ),
    (
        *("start_at", "registrations", "bids", "orders_paid", "gross_amount"),
        *("refunded_amount", "payment_success_rate"),
    ),
    frozenset({"gross_amount", "refunded_amount"}),
    key="start_at",
    needed=("start_at", "gross_amount", "orders_paid", "bids"),
)
WALLET = RecordSchema(
    (
        *("balance", "gas_balance", "currency", "user_id", "version", "updated_at"),
        *("withdrawable_amount", "held_amount", "owed_amount", "held", "payouts_stopped"),
    ),
    ("balance", "withdrawable_amount", "held_amount", "gas_balance", "currency"),
    frozenset({"balance", "withdrawable_amount", "held_amount", "owed_amount"}),
    key="user_id",
)
WALLET_ENTRY = RecordSchema(
    (
        *("id", "account", "type", "amount", "balance_after", "order_id", "reference"),
        "created_at",
    ),
    ("created_at", "account", "type", "amount", "balance_after", "reference", "id"),
    frozenset({"amount", "balance_after"}),
    needed=("created_at", "type", "amount", "balance_after", "account", "id"),
)
TOP_UP = RecordSchema(
    ("payment_id", "status", "amount", "target", "checkout_url"),
    ("payment_id", "status", "amount", "target"),
    frozenset({"amount"}),
    key="payment_id",
)
PAYOUT_ACCOUNT = RecordSchema(("ready", "onboarding_url"), ("ready", "onboarding_url"), key=None)
WITHDRAWAL = RecordSchema(
    ("id", "amount", "status", "failure", "created_at", "updated_at"),
    ("created_at", "amount", "status", "failure", "id"),
    frozenset({"amount"}),
)
FEATURED = RecordSchema(
    ("auction_id", "featured_until", "gas_balance", "wallet"),
    ("auction_id", "featured_until", "gas_balance"),
    frozenset({"balance"}),
    key="auction_id",
)
NOTIFICATION = RecordSchema(
    ("id", "kind", "text", "payload", "created_at", "read_at"),
    ("created_at", "kind", "text", "read_at", "id"),
    needed=("text", "id", "created_at"),
)
READ = RecordSchema(("marked", "unread_count"), ("marked", "unread_count"), key=None)
PREFERENCE = RecordSchema(("kind", "in_app", "email"), ("kind", "in_app", "email"), key="kind")
SUBSCRIPTION = RecordSchema(
    ("kind", "subject_id", "name", "created_at"),
    ("kind", "name", "created_at", "subject_id"),
    key="subject_id",
    needed=("kind", "name", "subject_id"),
)
CONVERSATION = RecordSchema(
    (
        *("id", "title", "you", "buyer_id", "buyer_name", "seller_id", "seller_name"),
        *("listing_id", "order_id", "message_count", "unread_count", "last_text"),
        *("created_at", "updated_at"),
    ),
    ("updated_at", "title", "buyer_name", "seller_name", "unread_count", "last_text", "id"),
    needed=("id", "title", "unread_count", "last_text", "updated_at"),
)
MESSAGE = RecordSchema(
    ("seq", "created_at", "author", "author_name", "text", "author_id", "conversation_id"),
    ("created_at", "author_name", "text"),
    key="seq",
    needed=("text", "author_name", "created_at"),
)
SEEDED = RecordSchema(("noun", "created", "existing"), ("noun", "created", "existing"), key="noun")
SEED_IDS = RecordSchema(("section", "name", "id"), ("section", "name", "id"))
CHECK = RecordSchema(("check", "state", "detail"), ("check", "state", "detail"), key="check")


def record_of(model: BaseModel) -> Mapping[str, object]:
    """Return a model as a record of JSON values."""
    return model.model_dump(mode="json")


def own_record(own: SellingAuction | BiddingAuction) -> Mapping[str, object]:
    """Return an auction of the seller or the bidder as one flat record."""
    whole = own.model_dump(mode="json")
    return {**whole.pop("state"), **whole}


def view_record(view: AuctionView) -> Mapping[str, object]:
    """Return an auction with its listing as one flat record."""
    whole = view.model_dump(mode="json")
    return {**whole.pop("state"), **whole}
