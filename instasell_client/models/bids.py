"""Define what bidders see of the auctions that they bid in."""

from __future__ import annotations

from enum import StrEnum

from instasell_client.models.auctions import AuctionState
from instasell_client.models.base import Id, Instant, Paging, Reply
from instasell_client.models.orders import OrderStatus


class BiddingPart(StrEnum):
    """Name the state of an auction for one of its bidders, the most urgent first.

    `to_pay`: the bidder's order waits to be paid, as winner or as next bidder.
    """

    TO_PAY = "to_pay"
    OUTBID = "outbid"
    LEADING = "leading"
    WON = "won"
    LOST = "lost"
    CANCELLED = "cancelled"


class BiddingQuery(Paging):
    """Select the auctions that you have bid in; only one part if it is given."""

    part: BiddingPart | None = None


class BiddingAuction(Reply):
    """Describe an auction that you have bid in; amounts in minor units.

    `bidder` is your public name there, and `max_amount` your limit, which nobody else sees. The
    order is your newest one of this auction; without one, `order_id` and what follows it are None.
    """

    part: BiddingPart
    state: AuctionState
    bidder: str
    max_amount: int
    last_bid_at: Instant
    order_id: Id | None
    order_status: OrderStatus | None
    total_amount: int | None
    payment_due_at: Instant | None


class BiddingPage(Reply):
    """List auctions that you bid in, and give the server's clock.

    First what you have to pay, by its last day, then where you were outbid and where you lead, by
    the ends, then all that is over, the newest first. An auction that changes its part while
    pages are read may come twice or not at all.
    """

    items: list[BiddingAuction]
    next: str | None = None
    server_time: Instant
    currency: str
