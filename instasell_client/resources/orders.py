"""Orders: from a purchase, or an auction won, to the money that the seller gets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.base import Page
from instasell_client.models.orders import (
    Address,
    CancelOrder,
    CreateOrder,
    Order,
    OrdersQuery,
    OrderStatus,
    OrderView,
    PaymentMethod,
    PayOrder,
    RefundOrder,
    ShipOrder,
)
from instasell_client.operation import (
    Operation,
    Pages,
    get,
    pages,
    path,
    post,
    put,
    reads,
    request,
)

AddressLike = Address | Mapping[str, object]
MethodName = PaymentMethod | Literal["card", "wallet"]
RoleName = Literal["buyer", "seller"]
StatusName = (
    OrderStatus | Literal["pending", "processing", "shipped", "delivered", "disputed", "cancelled"]
)


class Orders(Resource[Mode]):
    """`client.orders`. Amounts are minor units of the order's currency."""

    @endpoint
    def buy(
        self,
        listing_id: str,
        *,
        quantity: int = 1,
        address: AddressLike | None = None,
        idempotency_key: str | None = None,
    ) -> Operation[OrderView]:
        """Buys goods that are sold at a price, and holds them until `payment_due_at`.

        Raises OutOfStock, SellerCannotBuy, ListingNotFound, Invalid.
        """
        body = request(CreateOrder, listing_id=listing_id, quantity=quantity, address=address)
        return post("/orders", reads(OrderView), body, key=idempotency_key)

    @endpoint
    def for_auction(
        self,
        auction_id: str,
        *,
        address: AddressLike | None = None,
        idempotency_key: str | None = None,
    ) -> Operation[OrderView]:
        """The order of an auction that the caller won; the auction's end has made it.

        Raises OrderNotFound for anybody but the winner, and OrderNotReady where an address is
        given that comes too late.
        """
        body = request(CreateOrder, auction_id=auction_id, address=address)
        return post("/orders", reads(OrderView), body, key=idempotency_key)

    @paged
    def list(
        self,
        *,
        role: RoleName | None = None,
        status: StatusName | None = None,
        page_size: int = 100,
    ) -> Pages[Order]:
        """The caller's orders of both sides, the newest first; pages come as they are needed."""
        return pages(partial(_page, role=role, status=status, limit=page_size))

    @endpoint
    def page(
        self,
        *,
        role: RoleName | None = None,
        status: StatusName | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[Order]]:
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _page(cursor, role=role, status=status, limit=limit)

    @endpoint
    def get(self, order_id: str) -> Operation[OrderView]:
        """An order and its history. Raises OrderNotFound."""
        return get(path("/orders/{}", order_id), OrderView)

    @endpoint
    def set_address(self, order_id: str, address: AddressLike) -> Operation[OrderView]:
        """Says where the goods go, until they are shipped. Raises OrderNotReady, Invalid."""
        given = address if isinstance(address, Address) else request(Address, **address)
        return put(path("/orders/{}/address", order_id), reads(OrderView), given)

    @endpoint
    def pay(
        self, order_id: str, method: MethodName, *, idempotency_key: str | None = None
    ) -> Operation[OrderView]:
        """Pays from the wallet at once, or opens the provider's page: `checkout_url`.

        By card, the order is paid when the provider says so; `confirm_payment` has the market ask
        it. Raises InsufficientFunds(missing), OrderNotReady(order_status), PaymentFailed,
        Unavailable.
        """
        at = path("/orders/{}/pay", order_id)
        return post(at, reads(OrderView), request(PayOrder, method=method), key=idempotency_key)

    @endpoint
    def confirm_payment(self, order_id: str) -> Operation[OrderView]:
        """Has the market ask the payment provider; `order.paid_at` tells whether it is paid.

        Raises OrderNotFound, PaymentFailed, Unavailable.
        """
        return post(path("/orders/{}/confirm-payment", order_id), reads(OrderView))

    @endpoint
    def ship(self, order_id: str, *, carrier: str, tracking: str) -> Operation[OrderView]:
        """The seller says that the goods are on their way. Raises OrderNotReady, Forbidden."""
        body = request(ShipOrder, carrier=carrier, tracking=tracking)
        return post(path("/orders/{}/ship", order_id), reads(OrderView), body)

    @endpoint
    def confirm_delivery(self, order_id: str) -> Operation[OrderView]:
        """The buyer says that the goods have come: the seller gets the money that is held.

        Raises OrderNotReady, Forbidden.
        """
        return post(path("/orders/{}/confirm-delivery", order_id), reads(OrderView))

    @endpoint
    def cancel(self, order_id: str, reason: str | None = None) -> Operation[OrderView]:
        """Calls an order off; what was paid goes back. Raises OrderNotReady, Forbidden."""
        body = request(CancelOrder, reason=reason)
        return post(path("/orders/{}/cancel", order_id), reads(OrderView), body)

    @endpoint
    def refund(
        self,
        order_id: str,
        amount: int | None = None,
        *,
        to: Literal["original", "wallet"] = "original",
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Operation[OrderView]:
        """The seller gives back what is held, or `amount` minor units of it.

        All of it calls the order off. `to` is where it was paid from, or the buyer's wallet.
        Raises OrderNotReady, Forbidden, and Invalid for more than is held.
        """
        body = request(RefundOrder, amount=amount, to=to, reason=reason)
        return post(
            path("/orders/{}/refund", order_id), reads(OrderView), body, key=idempotency_key
        )


def _page(cursor: str | None, **filters: object) -> Operation[Page[Order]]:
    return get("/orders", Page[Order], request(OrdersQuery, cursor=cursor, **filters))
