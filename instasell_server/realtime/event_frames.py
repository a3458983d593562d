"""Encode the events of auctions as the bytes that every subscriber gets: once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from instasell_client.models.live import ServerEvent
from instasell_server.domains.auctions.bid_records import PublicBid
from instasell_server.domains.auctions.board_reader import ShownAuction
from instasell_server.domains.auctions.events import (
    AuctionCancelled,
    AuctionEnded,
    AuctionEvent,
    AuctionStarted,
    BidsAccepted,
    OwnBid,
    your_bid,
)

_OVER = tuple(
    f'{{"event":"{each.value}"'.encode() for each in (ServerEvent.ENDED, ServerEvent.CANCELLED)
)
_STARTED = f'{{"event":"{ServerEvent.STARTED.value}"'.encode()
_EXTENDED = b'"auction_extended":true'

BIDS_IN_EVENT_MAX = 50
"""A hot auction takes up to 256 bids with one commit; a reader who wants all asks for the rest."""


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """One committed change of an auction, encoded.

    `frame` is the text for the auction's room; `board` that for the board and for slow readers,
    which get the newest state and not every change. `conflates` tells that a newer event with the
    flag may replace this event on a board. `own_bids` has those who bid or lost the lead.
    """

    auction_id: str
    version: int
    seq: int
    frame: bytes
    board: bytes
    conflates: bool
    own_bids: tuple[OwnBid, ...] = ()

    @property
    def is_over(self) -> bool:
        """Return whether the auction has ended or was cancelled."""
        return self.frame.startswith(_OVER)

    @property
    def is_start(self) -> bool:
        """Return whether the auction has gone live."""
        return self.frame.startswith(_STARTED)

    @property
    def is_extended(self) -> bool:
        """Return whether bids have moved the end of the auction."""
        return _EXTENDED in self.board


def encode_event(event: AuctionEvent) -> EncodedEvent:
    """Encode an event for a room and for the board."""
    shared = {"auction_id": event.auction_id, "version": event.version, "seq": event.seq}
    if isinstance(event, BidsAccepted):
        return _bids_placed(event, shared)
    shared["server_time"] = event.at
    if isinstance(event, AuctionEnded):
        kind = ServerEvent.ENDED
        shared |= {
            "bids": _newest(event.bids),
            "winner": event.winner,
            "price": event.price,
            "reserve_met": event.reserve_met,
        }
    elif isinstance(event, AuctionCancelled):
        kind, shared["reason"] = ServerEvent.CANCELLED, event.reason
    else:
        is_start = isinstance(event, AuctionStarted)
        kind = ServerEvent.STARTED if is_start else ServerEvent.UPDATED
        shared["state"] = event.state
    encoded = _frame(kind, shared)
    return EncodedEvent(
        event.auction_id, event.version, event.seq, encoded, encoded,
        conflates=False, own_bids=event.own_bids,
    )  # fmt: skip


def _bids_placed(event: BidsAccepted, shared: dict[str, Any]) -> EncodedEvent:
    seq = event.seq
    shared |= {
        "bid_count": seq,
        "bidder_count": event.bidder_count,
        "current_bid": event.current_bid,
        "minimum_bid": event.minimum_bid,
        "leader": event.leader,
        "reserve_met": event.reserve_met,
        "end_at": event.end_at,
        "auction_extended": event.extended,
        "server_time": event.at,
    }
    bids = _newest(event.bids)
    full = {
        **shared,
        "first_seq": event.bids[0].seq,
        "bid": bids[-1],
        "bids": bids,
        "truncated": len(event.bids) > BIDS_IN_EVENT_MAX,
        "conflated": False,
    }
    return EncodedEvent(
        event.auction_id,
        event.version,
        seq,
        frame=_frame(ServerEvent.BID_PLACED, full),
        board=_frame(ServerEvent.BID_PLACED, {**shared, "first_seq": seq, "conflated": True}),
        conflates=True,
        own_bids=event.own_bids,
    )


def entered_frame(auction: ShownAuction) -> bytes:
    """Encode the frame that brings an auction onto a board."""
    head = _head_of(ServerEvent.UPDATED, auction.auction_id, auction.version, auction.seq)
    return head + b',"entered":true,"server_time":' + _now() + b',"state":' + auction.state + b"}}"


def left_frame(auction_id: str, version: int) -> bytes:
    """Encode the frame that says that an open auction is not in a board's view any more."""
    head = _head_of(ServerEvent.LEFT, auction_id, version, 0)
    return head + b',"server_time":' + _now() + b"}}"


def _head_of(event: ServerEvent, auction_id: str, version: int, seq: int) -> bytes:
    return (
        f'{{"event":"{event.value}","data":{{"auction_id":"{auction_id}"'
        f',"version":{version},"seq":{seq}'
    ).encode()


def _now() -> bytes:
    """Return the time of this server, whose clock a board's window does not depend on."""
    return to_json(datetime.now(UTC))


def your_bid_frame(auction_id: str, version: int, own: OwnBid) -> bytes:
    """Encode the frame that tells a bidder of a position that has changed."""
    return _frame(ServerEvent.YOUR_BID_CHANGED, your_bid(auction_id, version, own))


def _newest(bids: Sequence[PublicBid]) -> list[dict[str, Any]]:
    return [each._asdict() for each in bids[-BIDS_IN_EVENT_MAX:]]


def _frame(event: ServerEvent, data: Any) -> bytes:
    return to_json({"event": event.value, "data": data})
