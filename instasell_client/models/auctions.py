"""Auctions and bids."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from instasell_client.models.base import (
    GivenInstant,
    Id,
    IdempotencyKey,
    Instant,
    JsonObject,
    Paging,
    Reply,
    Request,
)
from instasell_client.models.money import Amount
from instasell_client.models.orders import OrderStatus
from instasell_client.models.problems import FieldError
from instasell_client.models.sellers import SellerRecord
from instasell_client.models.text import Line

Seconds = Annotated[int, Field(strict=True, ge=0, le=3600)]
IncrementTable = Annotated[
    list[tuple[Annotated[int, Field(strict=True, ge=0)], Amount]],
    Field(min_length=1, max_length=50),
]
"""Pairs of (price from which on, increment), both in minor units, in rising order from 0."""


class AuctionStatus(StrEnum):
    """pending -> live -> ended | cancelled."""

    PENDING = "pending"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"


class BidKind(StrEnum):
    """Name the kind of a bid; `raise` raises the leader's maximum."""

    BID = "bid"
    RAISE = "raise"
    BUY_NOW = "buy_now"


class LiveSort(StrEnum):
    """Name the orders of GET /auctions/live."""

    ENDING = "ending"
    PRICE_ASC = "price"
    PRICE_DESC = "-price"
    BIDS = "bids"


class CreateAuction(Request):
    """Create an auction of a listing of type auction. Give `end_at` or `duration_seconds`.

    `start_at` absent means at once. The reserve is never shown. `min_bid <= reserve <= buy_now`.
    `extension_seconds` may not be less than `extension_window_seconds`.
    """

    listing_id: Id
    start_at: GivenInstant | None = None
    end_at: GivenInstant | None = None
    duration_seconds: Annotated[int, Field(strict=True, ge=1, le=90 * 86400)] | None = None
    min_bid: Amount
    reserve: Amount | None = None
    buy_now: Amount | None = None
    increments: Literal["ebay", "none"] | IncrementTable = "ebay"
    extension_window_seconds: Seconds = 5
    extension_seconds: Seconds = 5

    @model_validator(mode="after")
    def _one_end(self) -> CreateAuction:
        if (self.end_at is None) == (self.duration_seconds is None):
            raise ValueError("give either end_at or duration_seconds")
        return self


CHECKS_MAX = 500
"""Auctions that are checked in one request."""


class CheckAuctions(Request):
    """Check auctions, each as `POST /auctions` accepts it; nothing is created."""

    auctions: Annotated[list[JsonObject], Field(min_length=1, max_length=CHECKS_MAX)]


class AuctionCheckOutcome(StrEnum):
    """Name the result of a check of an auction."""

    CREATED = "created"
    REJECTED = "rejected"


class AuctionCheck(Reply):
    """Give the result of one row, counted from 1; gas is not checked here.

    `open_auction_id` is the open auction of the listing.
    """

    row: int
    outcome: AuctionCheckOutcome
    open_auction_id: Id | None = None
    errors: list[FieldError] = []


class AuctionChecks(Reply):
    """List the results, and the gas that creating all valid auctions would cost.

    `gas_missing` is what your wallet lacks for them.
    """

    items: list[AuctionCheck]
    auction_gas_fee: int
    gas_needed: int
    gas_balance: int
    gas_missing: int
    server_time: Instant


class UpdateAuction(Request):
    """Change terms or times of an auction without bids; what is absent stays as it is."""

    start_at: GivenInstant | None = None
    end_at: GivenInstant | None = None
    min_bid: Amount | None = None
    reserve: Amount | None = None
    buy_now: Amount | None = None


class PlaceBid(Request):
    """Bid `amount` now; up to `max_amount` the market then bids for you."""

    amount: Amount | None = None
    max_amount: Amount | None = None
    idempotency_key: IdempotencyKey | None = None

    @model_validator(mode="after")
    def _something(self) -> PlaceBid:
        if self.amount is None and self.max_amount is None:
            raise ValueError("give amount, max_amount or both")
        if (
            self.amount is not None
            and self.max_amount is not None
            and self.amount > self.max_amount
        ):
            raise ValueError("amount is more than max_amount; raise max_amount")
        return self


class BuyNow(Request):
    """Buy at the price that you saw; another price than the auction's is refused."""

    amount: Amount


class CancelAuction(Request):
    """Give the reason of a cancellation, for the bidders to read."""

    reason: Annotated[Line, Field(max_length=500)] | None = None


class RelistAuction(Request):
    """Give the terms of the new auction that differ from those of the old one.

    What is absent stays as it was, the length too; a `reserve` or `buy_now` of null is removed.
    """

    start_at: GivenInstant | None = None
    end_at: GivenInstant | None = None
    duration_seconds: Annotated[int, Field(strict=True, ge=1, le=90 * 86400)] | None = None
    min_bid: Amount | None = None
    reserve: Amount | None = None
    buy_now: Amount | None = None

    @model_validator(mode="after")
    def _one_end(self) -> RelistAuction:
        if self.end_at is not None and self.duration_seconds is not None:
            raise ValueError("give either end_at or duration_seconds")
        return self


class ChangeQuery(Request):
    """Ask with `dry_run` for the answer to a change that is not made."""

    dry_run: bool = False


BELOW_RESERVE = "Ended below the reserve: no sale"
"""What every interface says of an auction that got bids, and none as high as its reserve."""


class AuctionState(Reply):
    """Describe what changes while an auction runs, and what a board shows of it.

    Amounts are minor units. `version` rises by one with each committed change, `seq` with each
    bid. `minimum_bid` is the least that would be taken from a bidder who does not lead.
    `leader` and `winner` are public names of the form `bidder-N`.
    """

    auction_id: Id
    listing_id: Id
    seller_id: Id
    title: str
    category_id: Id
    status: AuctionStatus
    start_at: Instant
    end_at: Instant
    min_bid: int
    current_bid: int | None
    minimum_bid: int
    buy_now: int | None
    has_reserve: bool
    reserve_met: bool
    leader: str | None
    winner: str | None
    bid_count: int
    bidder_count: int
    shipping_amount: int
    extension_window_seconds: int
    extension_seconds: int
    version: int
    seq: int
    featured_until: Instant | None = None

    @property
    def ended_below_reserve(self) -> bool:
        """Tell whether it is over and unsold although there were bids."""
        return self.status is AuctionStatus.ENDED and self.winner is None and self.bid_count > 0


class You(Reply):
    """Describe your part in an auction; nobody else sees `max_amount`."""

    bidder: str | None = None
    leading: bool = False
    max_amount: int | None = None
    is_seller: bool = False
    watching: bool = False


class AuctionOrder(Reply):
    """Describe an order of an auction: the winner's, or one offered to a runner-up.

    `unit_amount` is the price in minor units, without shipping.
    """

    order_id: Id
    buyer_id: Id
    buyer_name: str
    status: OrderStatus
    unit_amount: int
    payment_due_at: Instant
    paid_at: Instant | None
    created_at: Instant


class AuctionView(Reply):
    """Answer GET /auctions/{id}: the state, the item, and your part in it.

    `orders` is filled in for the auction's seller and for admins, the oldest first: the winner of
    the auction stays its winner, also when another bidder gets it in the end. `watchers` counts the
    watchlists that it is on; older servers omit it.
    """

    state: AuctionState
    description: str
    condition: str
    category_path: str
    seller_name: str
    currency: str
    increments: Literal["ebay", "none"] | list[tuple[int, int]]
    order_id: Id | None = None
    orders: list[AuctionOrder] | None = None
    seller: SellerRecord | None = None
    watchers: int | None = None
    you: You | None = None
    server_time: Instant


class AuctionStatusReply(Reply):
    """Answer GET /auctions/{id}/status."""

    state: AuctionState
    server_time: Instant


class LiveQuery(Paging):
    """Select open auctions."""

    q: Annotated[Line, Field(max_length=200)] | None = None
    category: Id | None = None
    seller: Id | None = None
    price_min: Annotated[int, Field(ge=0, le=10**12)] | None = None
    price_max: Annotated[int, Field(ge=0, le=10**12)] | None = None
    sort: LiveSort = LiveSort.ENDING


class AuctionsQuery(Paging):
    """Select auctions of every status, the newest first."""

    status: AuctionStatus | None = None
    seller: Id | None = None


class LivePage(Reply):
    """Open auctions and the server's clock, by which countdowns run.

    `currency` is the market's, in which all amounts are; servers before 1.1 omit it.
    """

    items: list[AuctionState]
    next: str | None = None
    server_time: Instant
    currency: str | None = None


class Bid(Reply):
    """Describe an accepted bid as all see it: `amount` is min(its maximum, the price after it).

    `bidder_id` and `bidder_name` are filled in for the auction's seller and for admins.
    """

    seq: int
    kind: BidKind
    bidder: str
    amount: int
    price: int
    leader: str
    created_at: Instant
    bidder_id: Id | None = None
    bidder_name: str | None = None


class BidsQuery(Request):
    """Select the bids above `after_seq`, in order, 500 at most."""

    after_seq: Annotated[int, Field(ge=0, le=2**53)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class BidList(Reply):
    """List bids in order of `seq`; `next` is the `after_seq` of the following page, or None."""

    items: list[Bid]
    next: int | None = None


class BidOutcome(StrEnum):
    """Name the result of a bid: the bidder leads, or was outbid by a maximum at once."""

    LEADING = "leading"
    OUTBID = "outbid"


class BidReceipt(Reply):
    """Answer an accepted bid. `repeated`: this key was answered before."""

    auction_id: Id
    outcome: BidOutcome
    seq: int
    kind: BidKind
    bidder: str
    amount: int
    max_amount: int
    current_bid: int
    minimum_bid: int
    reserve_met: bool
    auction_extended: bool
    end_at: Instant
    version: int
    bid_at: Instant
    repeated: bool = False
    order_id: Id | None = None
