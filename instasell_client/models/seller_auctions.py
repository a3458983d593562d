"""Define what sellers see of their auctions, and what creating one costs."""

from __future__ import annotations

from enum import StrEnum

from instasell_client.models.auctions import AuctionState
from instasell_client.models.base import Id, Instant, Paging, Reply
from instasell_client.models.orders import OrderStatus


class SellingPart(StrEnum):
    """Name the state of an auction for its seller.

    Unsold: it ended without a buyer, or its order was cancelled, and it is not relisted.
    """

    RUNNING = "running"
    SOLD = "sold"
    UNSOLD = "unsold"
    CANCELLED = "cancelled"
    RELISTED = "relisted"


class SellingQuery(Paging):
    """Select your auctions, the newest first; only one part if it is given."""

    part: SellingPart | None = None


class SellingAuction(Reply):
    """Describe an auction that you created; amounts in minor units.

    Only its seller sees `reserve`. The order is the newest one of the auction; without
    one, `order_id` and what follows it are None.
    """

    part: SellingPart
    state: AuctionState
    reserve: int | None
    gas_fee: int
    watchers: int
    order_id: Id | None
    order_status: OrderStatus | None
    buyer_name: str | None
    total_amount: int | None
    payment_due_at: Instant | None


class SellingPage(Reply):
    """List your auctions, and give the server's clock and the fees in gas."""

    items: list[SellingAuction]
    next: str | None = None
    server_time: Instant
    currency: str
    auction_gas_fee: int
    feature_gas_fee: int
