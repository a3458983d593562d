"""Replies as a server would send them."""

from __future__ import annotations

from typing import Any

AUCTION = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
OTHER = "1d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
LISTING = "2d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
SELLER = "3d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
CATEGORY = "4d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
NOON = "2026-03-01T12:00:00Z"
LATER = "2026-03-01T13:00:00Z"
ORDER = "5d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
ADDRESS = {
    "name": "Bob Lee",
    "line1": "5 Mill Lane",
    "line2": "",
    "city": "Berlin",
    "region": "",
    "postal_code": "10115",
    "country": "DE",
}

Json = dict[str, Any]


def state(auction_id: str = AUCTION, *, version: int = 1, seq: int = 0, **more: Any) -> Json:
    """An AuctionState."""
    return {
        "auction_id": auction_id,
        "listing_id": LISTING,
        "seller_id": SELLER,
        "title": "A brass lamp",
        "category_id": CATEGORY,
        "status": "live",
        "start_at": NOON,
        "end_at": LATER,
        "min_bid": 100,
        "current_bid": 100 + seq if seq else None,
        "minimum_bid": 101 + seq,
        "buy_now": None,
        "has_reserve": False,
        "reserve_met": True,
        "leader": "bidder-1" if seq else None,
        "winner": None,
        "bid_count": seq,
        "bidder_count": min(seq, 1),
        "shipping_amount": 0,
        "extension_window_seconds": 5,
        "extension_seconds": 5,
        "version": version,
        "seq": seq,
        **more,
    }


def bid(seq: int) -> Json:
    """A Bid."""
    return {
        "seq": seq,
        "kind": "bid",
        "bidder": "bidder-1",
        "amount": 100 + seq,
        "price": 100 + seq,
        "leader": "bidder-1",
        "created_at": NOON,
    }


def bid_placed(version: int, first: int, last: int, auction_id: str = AUCTION) -> Json:
    """The data of a bid_placed frame for the bids `first` to `last`."""
    bids = [bid(seq) for seq in range(first, last + 1)]
    return {
        "auction_id": auction_id,
        "version": version,
        "first_seq": first,
        "seq": last,
        "bid": bids[-1],
        "bids": bids[-50:],
        "truncated": len(bids) > 50,
        "bid_count": last,
        "bidder_count": 1,
        "current_bid": 100 + last,
        "minimum_bid": 101 + last,
        "leader": "bidder-1",
        "reserve_met": True,
        "auction_extended": False,
        "end_at": LATER,
        "server_time": NOON,
        "conflated": False,
    }


def board_state(version: int, seq: int, auction_id: str = AUCTION) -> Json:
    """The data of a conflated bid_placed frame."""
    full = bid_placed(version, seq, seq, auction_id)
    return {**full, "bid": None, "bids": [], "conflated": True}


def receipt(**more: Any) -> Json:
    """A BidReceipt."""
    return {
        "auction_id": AUCTION,
        "outcome": "leading",
        "seq": 1,
        "kind": "bid",
        "bidder": "bidder-1",
        "amount": 1250,
        "max_amount": 1250,
        "current_bid": 1250,
        "minimum_bid": 1300,
        "reserve_met": True,
        "auction_extended": False,
        "end_at": LATER,
        "version": 2,
        "bid_at": NOON,
        **more,
    }


def view() -> Json:
    """An AuctionView."""
    return {
        "state": state(),
        "description": "",
        "condition": "new",
        "category_path": "Lamps",
        "seller_name": "Ann",
        "currency": "USD",
        "increments": "ebay",
        "server_time": NOON,
    }


def status() -> Json:
    """An AuctionStatusReply."""
    return {"state": state(), "server_time": NOON}


def checks() -> Json:
    """An AuctionChecks with a row that holds and one that does not."""
    bad = {"field": "min_bid", "message": "send 1 or more"}
    return {
        "items": [
            {"row": 1, "outcome": "created", "open_auction_id": None, "errors": []},
            {"row": 2, "outcome": "rejected", "open_auction_id": AUCTION, "errors": [bad]},
        ],
        "auction_gas_fee": 50,
        "gas_needed": 50,
        "gas_balance": 20,
        "gas_missing": 30,
        "server_time": NOON,
    }


def user() -> Json:
    """A User."""
    return {
        "id": SELLER,
        "email": "ann@example.org",
        "display_name": "Ann",
        "role": "seller",
        "status": "active",
        "verification_status": "unverified",
        "created_at": NOON,
    }


def grant() -> Json:
    """A Grant."""
    return {"token": "a-new-token", "expires_at": LATER, "user": user()}


def token() -> Json:
    """A Token."""
    return {
        "id": OTHER,
        "name": "ci",
        "scopes": ["bid"],
        "created_at": NOON,
        "expires_at": LATER,
    }


def category() -> Json:
    """A Category."""
    return {
        "id": CATEGORY,
        "name": "Lamps",
        "parent_id": None,
        "path": "Lamps",
        "listing_count": 0,
    }


def listing() -> Json:
    """A Listing."""
    return {
        "id": LISTING,
        "seller_id": SELLER,
        "seller_name": "Ann",
        "type": "direct",
        "title": "A brass lamp",
        "description": "",
        "category_id": CATEGORY,
        "category_path": "Lamps",
        "condition": "new",
        "price": 1250,
        "stock": 1,
        "shipping_amount": 0,
        "seller_sku": None,
        "status": "active",
        "version": 1,
        "created_at": NOON,
        "updated_at": NOON,
    }


def order(order_id: str = ORDER, **more: Any) -> Json:
    """An Order."""
    return {
        "id": order_id,
        "status": "pending",
        "buyer_id": OTHER,
        "buyer_name": "Bob",
        "seller_id": SELLER,
        "seller_name": "Ann",
        "listing_id": LISTING,
        "title": "A brass lamp",
        "auction_id": None,
        "quantity": 1,
        "unit_amount": 1250,
        "shipping_amount": 300,
        "total_amount": 1550,
        "held_amount": 0,
        "refunded_amount": 0,
        "currency": "USD",
        "payment_method": None,
        "payment_due_at": LATER,
        "paid_at": None,
        "shipped_at": None,
        "carrier": None,
        "tracking": None,
        "escrow_release_at": None,
        "delivered_at": None,
        "address": None,
        "version": 1,
        "created_at": NOON,
        "updated_at": NOON,
        **more,
    }


def order_view(**more: Any) -> Json:
    """An OrderView."""
    event = {
        "from_status": None,
        "to_status": "pending",
        "actor": "buyer",
        "reason": "bought",
        "created_at": NOON,
    }
    return {"order": order(**more), "events": [event], "checkout_url": None}


def wallet() -> Json:
    """A Wallet."""
    return {
        "user_id": SELLER,
        "balance": 1250,
        "gas_balance": 95,
        "currency": "USD",
        "version": 3,
        "updated_at": NOON,
    }


def entry(number: int = 1) -> Json:
    """A WalletEntry."""
    return {
        "id": OTHER,
        "account": "balance",
        "type": "topup",
        "amount": number,
        "balance_after": number,
        "created_at": NOON,
    }


def withdrawal() -> Json:
    """A Withdrawal."""
    return {
        "id": OTHER,
        "amount": 3000,
        "status": "pending",
        "created_at": NOON,
        "updated_at": NOON,
    }


def problem(code: str, status: int, **more: Any) -> Json:
    """The body of a refusal."""
    return {"type": f"/docs#{code}", "title": "No", "status": status, "code": code, **more}


def admin_action() -> Json:
    """An AdminAction."""
    return {
        "id": 7,
        "admin_id": SELLER,
        "admin_name": "Ann",
        "action": "set_role",
        "subject_kind": "user",
        "subject_id": OTHER,
        "reason": "a colleague",
        "details": {"role": "admin"},
        "created_at": NOON,
    }


def alert() -> Json:
    """An Alert."""
    return {
        "id": OTHER,
        "kind": "stray_payment",
        "subject": "pi_1",
        "details": {"amount": 500},
        "created_at": NOON,
        "closed_at": None,
    }


def analytics() -> Json:
    """Analytics of one bucket in which nothing happened."""
    counts = (
        *("registrations", "listings", "auctions_started", "active_auctions", "bids", "orders"),
        *("orders_paid", "gross_amount", "payments_succeeded", "payments_failed", "refunds"),
        *("refunded_amount", "orders_delivered"),
    )
    rates = ("bids_per_auction", "payment_success_rate", "fulfilment_seconds_median")
    figures = {**dict.fromkeys(counts, 0), **dict.fromkeys(rates)}
    return {
        "from_at": NOON,
        "to_at": LATER,
        "bucket": "hour",
        "currency": "USD",
        "items": [{"start_at": NOON, "end_at": LATER, **figures}],
    }


def dispute(**more: Any) -> Json:
    """A Dispute that is open."""
    return {
        "id": OTHER,
        "order_id": ORDER,
        "status": "open",
        "reason": "damaged",
        "text": "It came in two parts.",
        "buyer_id": OTHER,
        "buyer_name": "Bob",
        "seller_id": SELLER,
        "seller_name": "Ann",
        "title": "A brass lamp",
        "order_status": "disputed",
        "total_amount": 1550,
        "held_amount": 1550,
        "currency": "USD",
        "refund_amount": None,
        "resolution": None,
        "resolved_by": None,
        "created_at": NOON,
        "updated_at": NOON,
        "resolved_at": None,
        **more,
    }


def dispute_view(**more: Any) -> Json:
    """A DisputeView with one answer."""
    answer = {
        "author": "seller",
        "author_name": "Ann",
        "text": "It left whole.",
        "created_at": NOON,
    }
    return {"dispute": dispute(**more), "messages": [answer]}


def selling(**more: Any) -> Json:
    """A SellingAuction that found no buyer."""
    return {
        "part": "unsold",
        "state": state(status="ended"),
        "reserve": 5000,
        "gas_fee": 50,
        "watchers": 3,
        "order_id": None,
        "order_status": None,
        "buyer_name": None,
        "total_amount": None,
        "payment_due_at": None,
        **more,
    }


def bidding(**more: Any) -> Json:
    """A BiddingAuction where another leads."""
    return {
        "part": "outbid",
        "state": state(),
        "bidder": "bidder-2",
        "max_amount": 1200,
        "last_bid_at": NOON,
        "order_id": None,
        "order_status": None,
        "total_amount": None,
        "payment_due_at": None,
        **more,
    }


def notification(**changes: Any) -> dict[str, Any]:
    """A notice of an outbid bidder."""
    return {
        "id": OTHER,
        "kind": "outbid",
        "payload": {"auction_id": AUCTION, "title": "A lamp", "current_bid": 1250},
        "created_at": NOON,
        "read_at": None,
        **changes,
    }


def preferences() -> dict[str, Any]:
    """One kind and its ways."""
    return {"items": [{"kind": "outbid", "in_app": True, "email": False}]}


def subscription() -> dict[str, Any]:
    """A seller who is followed."""
    return {"kind": "seller", "subject_id": SELLER, "name": "Ann", "created_at": NOON}


def conversation(**changes: Any) -> dict[str, Any]:
    """A question about a lamp, as its seller sees it."""
    return {
        "id": OTHER,
        "listing_id": LISTING,
        "order_id": None,
        "title": "A lamp",
        "you": "seller",
        "buyer_id": OTHER,
        "buyer_name": "Bob",
        "seller_id": SELLER,
        "seller_name": "Ann",
        "message_count": 1,
        "unread_count": 1,
        "last_text": "Is it new?",
        "created_at": NOON,
        "updated_at": NOON,
        **changes,
    }


def message(**changes: Any) -> dict[str, Any]:
    """Return a question about a lamp."""
    return {
        "conversation_id": OTHER,
        "seq": 1,
        "author": "buyer",
        "author_id": OTHER,
        "author_name": "Bob",
        "text": "Is it new?",
        "created_at": NOON,
        **changes,
    }


def new_message() -> dict[str, Any]:
    """A message with its conversation."""
    return {"conversation": conversation(), "message": message()}
