"""Frames of the WebSocket at /ws.

A client sends `{"event", "id", "data"}`; the server answers with an `ack` or an `error` of the
same `id`, and sends events of its own accord.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, model_validator

from instasell_client.models.auctions import (
    AuctionState,
    AuctionView,
    Bid,
    LiveSort,
    PlaceBid,
    You,
)
from instasell_client.models.base import Id, IdempotencyKey, Instant, JsonObject, Reply, Request
from instasell_client.models.text import Line

BOARD = "*"
"""The `auction_id` of the board: a window of the open auctions, conflated."""

BOARD_AUCTIONS_MAX = 500
"""A window of the board has so many auctions at most, besides those that concern the account."""

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
    LEFT = "auction_left"


FrameId = Annotated[str, Field(max_length=64)] | Annotated[int, Field(strict=True)]


class ClientFrame(Request):
    """Define the envelope of what a client sends."""

    event: ClientEvent
    id: FrameId | None = None
    data: JsonObject = {}


class Authenticate(Request):
    """Sign in, as the first frame of a client that cannot set headers."""

    token: Annotated[str, Field(max_length=4096)]


class BoardView(Request):
    """Choose the auctions of a board: the first `limit` of those that match, in this order.

    `text` has words of titles, as `q` of `GET /auctions/live` has.
    """

    category: Id | None = None
    text: Annotated[Line, Field(max_length=200)] | None = None
    sort: LiveSort = LiveSort.ENDING
    limit: Annotated[int, Field(strict=True, ge=1, le=BOARD_AUCTIONS_MAX)] = BOARD_AUCTIONS_MAX


class JoinAuction(Request):
    """Join an auction, with the bids missed since `after_seq`; "*" joins the board.

    For an auction, `view` asks for what `GET /auctions/{id}` answers as well, so that it takes no
    request. For the board it chooses the auctions; without it they are the 500 that end soonest.
    Joining the board again with another view replaces the one before.
    """

    auction_id: Id | Literal["*"] = Field(validation_alias=AliasChoices("auction_id", "auctionId"))
    after_seq: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = Field(
        default=None, validation_alias=AliasChoices("after_seq", "afterSeq")
    )
    view: Annotated[bool, Field(strict=True)] | BoardView | None = None

    @model_validator(mode="after")
    def _is_view_of_its_target(self) -> JoinAuction:
        if isinstance(self.view, BoardView) and self.auction_id != BOARD:
            raise ValueError("only the board takes a view with fields; send true or leave it out")
        return self


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
    """Answer a join of the board. `your_bids` has your positions in open auctions.

    The first `window_size` of `auctions` are those of the view, in its order; the others are open
    auctions that you sell, watch or have bid in, up to 200 of each. `total` is the number that
    match the view, where it is known; `total_is_estimate` tells that it was not counted. Older
    servers omit these three, and `currency`.
    """

    auctions: list[AuctionState]
    window_size: int | None = None
    total: int | None = None
    total_is_estimate: bool = False
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

    `bids` has what the same commit took before it ended the auction, which a buy-now does. On a
    board, an `auction_updated` that is `entered` brings an auction that has come into the view,
    with its state, and `auction_left` says that one has gone out of it.
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
    entered: bool = False
    server_time: Instant
