"""What a seller sees of the own auctions, and what putting one up costs."""

from __future__ import annotations

from enum import StrEnum

from instasell_client.models.auctions import AuctionState
from instasell_client.models.base import Id, Instant, Paging, Reply
from instasell_client.models.orders import OrderStatus


class SellingPart(StrEnum):
    """Where an own auction stands for its seller.

    Unsold: it ended without a buyer, or its order was called off, and the goods are not up again.
    """

    RUNNING = "running"
    SOLD = "sold"
    UNSOLD = "unsold"
    CANCELLED = "cancelled"
    RELISTED = "relisted"


class SellingQuery(Paging):
    """The own auctions, the newest first; of one part alone if it is given."""

    part: SellingPart | None = None


class SellingAuction(Reply):
    """An own auction; amounts in minor units.

    `reserve` is for its seller's eyes. The order is the newest that came of the auction; without
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
    """A page of own auctions, the server's clock, and what the market asks in gas."""

    items: list[SellingAuction]
    next: str | None = None
    server_time: Instant
    currency: str
    auction_gas_fee: int
    feature_gas_fee: int
