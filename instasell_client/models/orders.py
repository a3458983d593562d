"""Orders: from a purchase or an auction won to the money that the seller gets."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from instasell_client.models.base import Id, Instant, Paging, Reply, Request
from instasell_client.models.money import Amount
from instasell_client.models.text import Line


class OrderStatus(StrEnum):
    """Name the state of an order; delivered and cancelled are final."""

    PENDING = "pending"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"


class PaymentMethod(StrEnum):
    """Name how an order is paid: on the provider's page, or from the wallet."""

    CARD = "card"
    WALLET = "wallet"


ShortLine = Annotated[Line, Field(min_length=1, max_length=100)]


class Address(Request):
    """Give the delivery address. The seller sees it once the order is paid."""

    name: ShortLine
    line1: ShortLine
    line2: Annotated[Line, Field(max_length=100)] = ""
    city: ShortLine
    region: Annotated[Line, Field(max_length=100)] = ""
    postal_code: Annotated[Line, Field(min_length=1, max_length=20)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["DE"])]


class CreateOrder(Request):
    """Buy a number of a listing, or ask for the order of an auction that you won."""

    listing_id: Id | None = None
    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 1
    auction_id: Id | None = None
    address: Address | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> CreateOrder:
        if (self.listing_id is None) == (self.auction_id is None):
            raise ValueError("name either listing_id or auction_id")
        if self.auction_id is not None and self.quantity != 1:
            raise ValueError("an auction sells one; leave quantity out")
        return self


class PayOrder(Request):
    """Pay by `card` on a page of the payment provider, or from the balance of the `wallet`."""

    method: PaymentMethod


class ShipOrder(Request):
    """Name the carrier and the tracking number."""

    carrier: Annotated[Line, Field(min_length=1, max_length=60)]
    tracking: Annotated[Line, Field(min_length=1, max_length=100)]


class CancelOrder(Request):
    """Give the reason of a cancellation."""

    reason: Annotated[Line, Field(min_length=1, max_length=500)] | None = None


class RefundOrder(Request):
    """Refund all that is held or a part of it, to where it was paid from or to the wallet."""

    amount: Amount | None = None
    to: Literal["original", "wallet"] = "original"
    reason: Annotated[Line, Field(min_length=1, max_length=500)] | None = None


class OrderEvent(Reply):
    """Describe one step of an order, by the buyer, the seller, an admin or the market itself."""

    from_status: OrderStatus | None
    to_status: OrderStatus
    actor: Literal["buyer", "seller", "admin", "market"]
    reason: str
    created_at: Instant


class Order(Reply):
    """Describe an order as its buyer, its seller and admins see it; amounts in minor units."""

    id: Id
    status: OrderStatus
    buyer_id: Id
    buyer_name: str
    seller_id: Id
    seller_name: str
    listing_id: Id
    title: str
    auction_id: Id | None
    quantity: int
    unit_amount: int
    shipping_amount: int
    total_amount: int
    held_amount: int
    refunded_amount: int
    currency: str
    payment_method: PaymentMethod | None
    payment_due_at: Instant
    paid_at: Instant | None
    shipped_at: Instant | None
    carrier: str | None
    tracking: str | None
    escrow_release_at: Instant | None
    delivered_at: Instant | None
    address: Address | None
    version: int
    created_at: Instant
    updated_at: Instant


class OrderView(Reply):
    """Describe an order with its history, and the provider's page until it is paid there."""

    order: Order
    events: list[OrderEvent]
    checkout_url: str | None = None


class OrdersQuery(Paging):
    """List the caller's orders, the newest first."""

    role: Literal["buyer", "seller"] | None = None
    status: OrderStatus | None = None
