"""Frames of the WebSocket at /ws.

A client sends `{"event", "id", "data"}`; the server answers with an `ack` or an `error` of the
same `id`, and sends events of its own accord.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from instasell_client.models.auctions import AuctionState, AuctionView, Bid, PlaceBid, You
from instasell_client.models.base import Id, IdempotencyKey, Instant, JsonObject, Reply, Request

BOARD = "*"
"""The `auction_id` of the board: every open auction, conflated."""

FRAME_BYTES_MAX = 4096
"""A longer frame from a client closes the socket with 1009."""


class ClientEvent(StrEnum):
    """Name what a client may send."""

    AUTHENTICATE = "authenticate"
    JOIN = "join_auction"
    LEAVE = "leave_auction"
    BID = "place_bid"
    PING = "ping"


class ServerEvent(StrEnum):
    """Name what the server sends."""

    ACK = "ack"
    ERROR = "error"
    BID_PLACED = "bid_placed"
    STARTED = "auction_started"
    ENDED = "auction_ended"
    CANCELLED = "auction_cancelled"
    UPDATED = "auction_updated"
    NEW_MESSAGE = "new_message"
    NOTIFICATION = "notification"
    WALLET_CHANGED = "wallet_changed"
    YOUR_BID_CHANGED = "your_bid_changed"


FrameId = Annotated[str, Field(max_length=64)] | Annotated[int, Field(strict=True)]


class ClientFrame(Request):
    """Define the envelope of what a client sends."""

    event: ClientEvent
    id: FrameId | None = None
    data: JsonObject = {}


class Authenticate(Request):
    """Sign in, as the first frame of a client that cannot set headers."""

    token: Annotated[str, Field(max_length=4096)]


class JoinAuction(Request):
    """Join an auction, with the bids missed since `after_seq`; "*" joins the board.

    `view` asks for what `GET /auctions/{id}` answers as well, so that it takes no request.
    """

    auction_id: Id | Literal["*"] = Field(validation_alias=AliasChoices("auction_id", "auctionId"))
    after_seq: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = Field(
        default=None, validation_alias=AliasChoices("after_seq", "afterSeq")
    )
    view: Annotated[bool, Field(strict=True)] | None = None


class LeaveAuction(Request):
    """Leave one auction, or the board."""

    auction_id: Id | Literal["*"] = Field(validation_alias=AliasChoices("auction_id", "auctionId"))


class LiveBid(PlaceBid):
    """Bid over the socket; your key makes a repeat after a lost answer safe.

    Without one the server makes a key, and a repeat is another bid.
    """

    auction_id: Id = Field(validation_alias=AliasChoices("auction_id", "auctionId"))
    idempotency_key: IdempotencyKey | None = Field(
        default=None, validation_alias=AliasChoices("idempotency_key", "idempotencyKey")
    )


class JoinedAuction(Reply):
    """Answer a join with the snapshot, and the bids missed since `after_seq`.

    `truncated`: more than 500 were missed, and `missed` has the newest of them. `view` is there
    when it was requested; older servers omit it.
    """

    auction_id: Id
    version: int
    seq: int
    state: AuctionState
    you: You | None = None
    missed: list[Bid] = []
    truncated: bool = False
    view: AuctionView | None = None
    server_time: Instant


class YourBid(Reply):
    """Describe your position in an auction as of its `version`; amounts in minor units.

    `bidder` is your public name there, `max_amount` your limit, which nobody else sees. As an
    event, `your_bid_changed`, it goes to those sockets of your account that have joined the
    auction or the board, whatever placed the bid: this socket, another one, a script.
    """

    auction_id: Id
    version: int
    bidder: str
    leading: bool
    max_amount: int


class JoinedBoard(Reply):
    """Answer a join of the board. `your_bids` has your positions in its auctions.

    Older servers omit `currency`.
    """

    auctions: list[AuctionState]
    your_bids: list[YourBid] = []
    currency: str | None = None
    server_time: Instant


class BidPlaced(Reply):
    """Report one committed change with accepted bids. `bids` has the newest 50 of the batch.

    `conflated`: a state that stands for several changes, without `bid` and `bids`.
    """

    auction_id: Id
    version: int
    first_seq: int
    seq: int
    bid: Bid | None = None
    bids: list[Bid] = []
    truncated: bool = False
    bid_count: int
    bidder_count: int = 0
    current_bid: int | None
    minimum_bid: int
    leader: str | None
    reserve_met: bool
    auction_extended: bool
    end_at: Instant
    server_time: Instant
    conflated: bool = False


class AuctionChanged(Reply):
    """Report that an auction started, ended, was cancelled, or changed before its first bid.

    `bids` has what the same commit took before it ended the auction, which a buy-now does.
    """

    auction_id: Id
    version: int
    seq: int = 0
    bids: list[Bid] = []
    state: AuctionState | None = None
    winner: str | None = None
    price: int | None = None
    reserve_met: bool | None = None
    reason: str | None = None
    server_time: Instant
