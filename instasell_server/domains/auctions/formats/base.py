"""Define what every auction format decides with: terms, snapshots, requests and results.

All amounts are integer minor units, all instants aware UTC, all ids canonical text.

The records are named tuples because the auctioneer makes several for every bid: a frozen
dataclass costs three times as much to build. Use `_replace` where one field changes.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

from instasell_server.domains.auctions.formats.increments import EBAY, Increments

Status: TypeAlias = Literal["pending", "live", "ended", "cancelled"]
RefusalCode: TypeAlias = Literal[
    "auction_not_open",
    "seller_cannot_bid",
    "bid_too_low",
    "already_leading",
    "buy_now_unavailable",
]


class BidRowKind(StrEnum):
    """Name the kind of a row of `bids`. An offer is a bid or buy-now; `decide_bid` makes raises."""

    BID = "bid"
    RAISE = "raise"
    BUY_NOW = "buy_now"


@dataclass(frozen=True, slots=True)
class AuctionTerms:
    """Hold what the seller set, fixed from the first bid on. Raises ValueError on a clash."""

    auction_id: str
    seller_id: str
    start_at: datetime
    min_bid: int
    reserve: int | None = None
    buy_now: int | None = None
    increments: Increments = EBAY
    extension_window_seconds: int = 5
    extension_seconds: int = 5
    format: str = "english"

    def __post_init__(self) -> None:
        if self.min_bid < 1:
            raise ValueError("min_bid must be at least 1 minor unit")
        if self.reserve is not None and self.reserve < self.min_bid:
            raise ValueError("reserve must be at least min_bid")
        if self.buy_now is not None and self.buy_now < max(self.min_bid, self.reserve or 0):
            raise ValueError("buy_now must be at least min_bid and reserve")
        if not 0 <= self.extension_window_seconds <= self.extension_seconds:
            raise ValueError("extension_seconds must be at least extension_window_seconds")


class AuctionSnapshot(NamedTuple):
    """Hold the state of an auction after the bid with number `seq`.

    `price` is what the market shows, None before the first bid. `leader_max` and `runner_up_max`
    are private. `reserve_met` is True once a bid may win: without a reserve the first one does.
    """

    status: Status
    end_at: datetime
    price: int | None
    leader_id: str | None
    leader_max: int | None
    runner_up_max: int | None
    reserve_met: bool
    seq: int
    bidder_count: int


class BidRequest(NamedTuple):
    """Ask for a bid: `amount` now, `max_amount` as far as the engine may bid for the bidder.

    In a buy-now `amount` is the price that the buyer saw, None to accept any.
    `bidder_no` is the bidder's number in this auction, None before their first accepted bid. After
    it, its `BidAccepted.bidder_no` belongs in their next request, also within one batch.
    """

    bidder_id: str
    amount: int | None = None
    max_amount: int | None = None
    kind: BidRowKind = BidRowKind.BID
    bidder_no: int | None = None


class BidAccepted(NamedTuple):
    """Hold an accepted bid: the row to insert, and the auction's new snapshot.

    `max_amount` is how far the bidder goes with it, also where they named an amount alone. `amount`
    is what is shown of it: that maximum or the price after it, whichever is less.
    `ended` is True for a buy-now, which sells the auction at once.
    """

    standing: AuctionSnapshot
    kind: BidRowKind
    seq: int
    bidder_no: int
    max_amount: int
    amount: int
    price_after: int
    leader_after: str
    extended: bool
    outbid_at_once: bool
    previous_leader: str | None
    ended: bool


class BidRefused(NamedTuple):
    """A bid that changes nothing.

    `minimum` is what would be taken at this moment: the least offer for `bid_too_low`, the least
    maximum that would be a raise for `already_leading`, the auction's own price where a buy-now
    named another. None otherwise.
    """

    code: RefusalCode
    minimum: int | None = None


class ClosingResult(NamedTuple):
    """Hold the result of a closing auction: no winner without bids or below the reserve."""

    winner_id: str | None
    price: int | None
    reserve_met: bool

    def shown_in(self, standing: AuctionSnapshot) -> AuctionSnapshot:
        """Return a snapshot with the price and the reserve as they are after the end."""
        price = standing.price if self.price is None else self.price
        return standing._replace(price=price, reserve_met=self.reserve_met)


OPEN: Final = ("pending", "live")
"""The statuses in which bids may count: a worker that is late does not make an auction late."""


def initial_snapshot(end_at: datetime, status: Status = "pending") -> AuctionSnapshot:
    """Return the snapshot of an auction without bids."""
    return AuctionSnapshot(status, end_at, None, None, None, None, False, 0, 0)


def is_open(terms: AuctionTerms, standing: AuctionSnapshot, at: datetime) -> bool:
    """Return whether a bid decided at this instant may count, whatever workers have done."""
    return standing.status in OPEN and terms.start_at <= at < standing.end_at


def is_due_to_start(terms: AuctionTerms, standing: AuctionSnapshot, at: datetime) -> bool:
    """Return whether a pending auction should be made live."""
    return standing.status == "pending" and terms.start_at <= at


def is_due_to_end(standing: AuctionSnapshot, at: datetime) -> bool:
    """Return whether an auction should be closed, even if no worker ever made it live."""
    return standing.status in OPEN and standing.end_at <= at
