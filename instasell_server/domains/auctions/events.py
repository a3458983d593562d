"""Events as the bytes that every subscriber gets: encoded once, naming bidders by number only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from instasell_client.models.live import ServerEvent, YourBid
from instasell_server.ports import Event, OwnBid

BIDS_IN_EVENT_MAX = 50


def bidder_name(number: int | None) -> str | None:
    """Return the public name of a bidder in one auction."""
    return None if number is None else f"bidder-{number}"


def bid_placed(
    state: dict[str, Any],
    bids: Sequence[dict[str, Any]],
    *,
    extended: bool,
    server_time: datetime,
    own_bids: tuple[OwnBid, ...] = (),
) -> Event:
    """Return the event of a batch of bids on one auction.

    `state` has the fields that the event shares with a conflated one: auction_id, version, seq,
    bid_count, bidder_count, current_bid, minimum_bid, leader, reserve_met, end_at.
    """
    shared = {**state, "auction_extended": extended, "server_time": server_time}
    full = {
        **shared,
        "first_seq": bids[0]["seq"],
        "bid": bids[-1],
        "bids": bids[-BIDS_IN_EVENT_MAX:],
        "truncated": len(bids) > BIDS_IN_EVENT_MAX,
        "conflated": False,
    }
    short = {**shared, "first_seq": state["seq"], "conflated": True}
    return Event(
        auction_id=state["auction_id"],
        version=state["version"],
        seq=state["seq"],
        frame=frame(ServerEvent.BID_PLACED, full),
        board=frame(ServerEvent.BID_PLACED, short),
        conflates=True,
        own_bids=own_bids,
    )


def changed(
    event: ServerEvent,
    auction_id: str,
    version: int,
    server_time: datetime,
    *,
    seq: int,
    own_bids: tuple[OwnBid, ...] = (),
    **data: Any,
) -> Event:
    """Return the event of a start, an end, a cancellation or an edit."""
    shared = {"auction_id": auction_id, "version": version, "seq": seq}
    encoded = frame(event, {**shared, "server_time": server_time, **data})
    return Event(auction_id, version, seq, encoded, encoded, conflates=False, own_bids=own_bids)


def your_bid(auction_id: str, version: int, own: OwnBid) -> YourBid:
    """Return a bidder's position as that bidder sees it."""
    return YourBid.model_construct(
        auction_id=auction_id,
        version=version,
        bidder=f"bidder-{own.bidder_no}",
        leading=own.leading,
        max_amount=own.max_amount,
    )


def your_bid_changed(auction_id: str, version: int, own: OwnBid) -> bytes:
    """Return the frame that tells a bidder of a position that has changed."""
    return frame(ServerEvent.YOUR_BID_CHANGED, your_bid(auction_id, version, own))


def frame(event: ServerEvent, data: Any) -> bytes:
    """Encode one text frame."""
    return to_json({"event": event.value, "data": data})
