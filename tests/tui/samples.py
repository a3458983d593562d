"""States, bids and events to put together what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from instasell_client import AuctionChange, AuctionJoined, BidsPlaced
from instasell_client.models.auctions import AuctionState, Bid, BidReceipt, You
from instasell_client.models.live import AuctionChanged, BidPlaced, JoinedAuction

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SELLER = "00000000-0000-4000-8000-00000000aaaa"
CATEGORY = "00000000-0000-4000-8000-00000000cccc"


def auction_id(number: int) -> str:
    """The id of a numbered auction."""
    return f"00000000-0000-4000-8000-{number:012}"


def state(number: int = 1, **changes: Any) -> AuctionState:
    """A live auction that has an hour left, without bids."""
    values: dict[str, Any] = {
        "auction_id": auction_id(number),
        "listing_id": auction_id(number + 500_000),
        "seller_id": SELLER,
        "title": f"Watch {number}",
        "category_id": CATEGORY,
        "status": "live",
        "start_at": NOW - timedelta(hours=1),
        "end_at": NOW + timedelta(hours=1),
        "min_bid": 1000,
        "current_bid": None,
        "minimum_bid": 1000,
        "buy_now": None,
        "has_reserve": False,
        "reserve_met": False,
        "leader": None,
        "winner": None,
        "bid_count": 0,
        "bidder_count": 0,
        "shipping_amount": 0,
        "extension_window_seconds": 5,
        "extension_seconds": 5,
        "version": 1,
        "seq": 0,
    }
    return AuctionState.model_validate({**values, **changes})


def bid(seq: int, price: int = 0, bidder: str = "bidder-1", **changes: Any) -> Bid:
    """A bid; its price is its seq in whole units unless told."""
    price = price or 1000 + seq * 100
    at = NOW - timedelta(minutes=30) + timedelta(seconds=seq)
    values = {"seq": seq, "kind": "bid", "bidder": bidder, "amount": price, "price": price}
    return Bid.model_validate({**values, "leader": bidder, "created_at": at, **changes})


def placed(version: int, *bids: Bid, number: int = 1, **changes: Any) -> BidsPlaced:
    """The event of a batch of bids."""
    last = bids[-1] if bids else bid(version - 1)
    values: dict[str, Any] = {
        "auction_id": auction_id(number),
        "version": version,
        "first_seq": bids[0].seq if bids else last.seq,
        "seq": last.seq,
        "bid": bids[-1] if bids else None,
        "bids": list(bids),
        "bid_count": last.seq,
        "bidder_count": 2,
        "current_bid": last.price,
        "minimum_bid": last.price + 50,
        "leader": last.leader,
        "reserve_met": False,
        "auction_extended": False,
        "end_at": NOW + timedelta(hours=1),
        "server_time": NOW,
    }
    return BidsPlaced(BidPlaced.model_validate({**values, **changes}))


def changed(event: Any, version: int, *, number: int = 1, **changes: Any) -> AuctionChange:
    """A start, an end, a cancellation or an edit."""
    values = {"auction_id": auction_id(number), "version": version, "server_time": NOW}
    return AuctionChange(event, AuctionChanged.model_validate({**values, **changes}))


def joined(
    at: AuctionState, *missed: Bid, you: You | None = None, resumed: bool = False, **changes: Any
) -> AuctionJoined:
    """The answer to a join."""
    values = {
        "auction_id": at.auction_id,
        "version": at.version,
        "seq": at.seq,
        "state": at,
        "you": you,
        "missed": list(missed),
        "server_time": NOW,
    }
    return AuctionJoined(JoinedAuction.model_validate({**values, **changes}), resumed=resumed)


def receipt(**changes: Any) -> BidReceipt:
    """The answer to an own bid that leads."""
    values: dict[str, Any] = {
        "auction_id": auction_id(1),
        "outcome": "leading",
        "seq": 1,
        "kind": "bid",
        "bidder": "bidder-1",
        "amount": 1100,
        "max_amount": 1100,
        "current_bid": 1100,
        "minimum_bid": 1150,
        "reserve_met": False,
        "auction_extended": False,
        "end_at": NOW + timedelta(hours=1),
        "version": 2,
        "bid_at": NOW,
    }
    return BidReceipt.model_validate({**values, **changes})
