"""Buy, pay, ship and confirm orders, from the purchase to the seller's money."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal, TypedDict, Unpack

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


class RoleFilters(TypedDict, total=False):
    """Select orders by your part in them."""

    role: RoleName | None
    status: StatusName | None


class Orders(Resource[Mode]):
    """Group the calls of `client.orders`. Amounts are minor units of the order's currency."""

    @endpoint
    def buy(
        self,
        listing_id: str,
        *,
        quantity: int = 1,
        address: AddressLike | None = None,
        idempotency_key: str | None = None,
    ) -> Operation[OrderView]:
        """Buy a listing that has a price, and reserve its stock until `payment_due_at`.

        Args:
            listing_id: Id of a listing of type direct.
            quantity: Number of items, from 1.
            address: Delivery address; it can be set later.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            OrderView.

        Raises:
            OutOfStock, SellerCannotBuy, ListingNotFound, Forbidden, Invalid

        Example:
            view = client.orders.buy(listing_id, quantity=2)
            client.orders.pay(view.order.id, "wallet")

        See docs/api.md#post-orders.
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
        """Return the order of an auction that you won; the end of the auction created it.

        Args:
            auction_id: Id of the auction.
            address: Delivery address to set, until the order is shipped.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            OrderView.

        Raises:
            OrderNotFound for all but the winner, OrderNotReady for a late address, Invalid

        Example:
            view = client.orders.for_auction(auction_id)

        See docs/api.md#post-orders.
        """
        body = request(CreateOrder, auction_id=auction_id, address=address)
        return post("/orders", reads(OrderView), body, key=idempotency_key)

    @paged
    def list(self, *, page_size: int = 100, **filters: Unpack[RoleFilters]) -> Pages[Order]:
        """List your orders as buyer and as seller, the newest first.

        Args:
            role: Only those where you are `buyer` or `seller`.
            status: Only orders of this status.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Order; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for order in client.orders.list(role="buyer", status="pending"):
                print(order.id, order.total_amount)

        See docs/api.md#get-orders.
        """
        return pages(partial(_page, limit=page_size, **filters))

    @endpoint
    def page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[RoleFilters]
    ) -> Operation[Page[Order]]:
        """Return one page of your orders, the newest first.

        Args:
            filters: Those of `list`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Order].

        Raises:
            Invalid

        Example:
            page = client.orders.page(limit=20)
            following = client.orders.page(cursor=page.next, limit=20)

        See docs/api.md#get-orders.
        """
        return _page(cursor, limit=limit, **filters)

    @endpoint
    def get(self, order_id: str) -> Operation[OrderView]:
        """Return an order and its history.

        Args:
            order_id: Id of the order.

        Returns:
            OrderView.

        Raises:
            OrderNotFound, Invalid

        Example:
            view = client.orders.get(order_id)
            print(view.order.status)

        See docs/api.md#get-ordersorder_id.
        """
        return get(path("/orders/{}", order_id), OrderView)

    @endpoint
    def set_address(self, order_id: str, address: AddressLike) -> Operation[OrderView]:
        """Set the delivery address of an order that is not shipped yet.

        Args:
            order_id: Id of the order.
            address: An `Address`, or a mapping of its fields.

        Returns:
            OrderView.

        Raises:
            Forbidden, OrderNotFound, OrderNotReady(order_status), Invalid

        Example:
            client.orders.set_address(order_id, address)

        See docs/api.md#put-ordersorder_idaddress.
        """
        body = address if isinstance(address, Address) else request(Address, **address)
        return put(path("/orders/{}/address", order_id), reads(OrderView), body)

    @endpoint
    def pay(
        self, order_id: str, method: MethodName, *, idempotency_key: str | None = None
    ) -> Operation[OrderView]:
        """Pay an order from your wallet, or open a checkout page for a card.

        By card, the order is paid once the payment provider says so; `confirm_payment` asks it.

        Args:
            order_id: Id of the order.
            method: `wallet` pays at once, `card` opens the page at `checkout_url`.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            OrderView.

        Raises:
            InsufficientFunds(missing), OrderNotReady(order_status), OrderNotFound, Forbidden,
            PaymentFailed, Unavailable

        Example:
            view = client.orders.pay(order_id, "card")
            print(view.checkout_url)

        See docs/api.md#post-ordersorder_idpay.
        """
        at = path("/orders/{}/pay", order_id)
        return post(at, reads(OrderView), request(PayOrder, method=method), key=idempotency_key)

    @endpoint
    def confirm_payment(self, order_id: str) -> Operation[OrderView]:
        """Ask the payment provider whether an order is paid.

        Args:
            order_id: Id of the order.

        Returns:
            OrderView: `order.paid_at` is None while it is not paid.

        Raises:
            OrderNotFound, PaymentFailed, Unavailable

        Example:
            paid_at = client.orders.confirm_payment(order_id).order.paid_at

        See docs/api.md#post-ordersorder_idconfirm-payment.
        """
        return post(path("/orders/{}/confirm-payment", order_id), reads(OrderView))

    @endpoint
    def ship(self, order_id: str, *, carrier: str, tracking: str) -> Operation[OrderView]:
        """Mark an order as shipped; you are its seller.

        Args:
            order_id: Id of the order.
            carrier: Name of the carrier.
            tracking: Tracking number.

        Returns:
            OrderView.

        Raises:
            OrderNotFound, OrderNotReady(order_status), Invalid, Forbidden for the other side

        Example:
            client.orders.ship(order_id, carrier="DHL", tracking="JD014600")

        See docs/api.md#post-ordersorder_idship.
        """
        body = request(ShipOrder, carrier=carrier, tracking=tracking)
        return post(path("/orders/{}/ship", order_id), reads(OrderView), body)

    @endpoint
    def confirm_delivery(self, order_id: str) -> Operation[OrderView]:
        """Confirm that your order arrived; the seller gets the money that is held.

        Args:
            order_id: Id of the order.

        Returns:
            OrderView.

        Raises:
            Forbidden, OrderNotFound, OrderNotReady(order_status), Invalid

        Example:
            client.orders.confirm_delivery(order_id)

        See docs/api.md#post-ordersorder_idconfirm-delivery.
        """
        return post(path("/orders/{}/confirm-delivery", order_id), reads(OrderView))

    @endpoint
    def cancel(self, order_id: str, reason: str | None = None) -> Operation[OrderView]:
        """Cancel an order; what was paid goes back to the buyer.

        Args:
            order_id: Id of the order.
            reason: Text for the other side.

        Returns:
            OrderView.

        Raises:
            OrderNotFound, OrderNotReady(order_status), Invalid, Forbidden for the other side

        Example:
            client.orders.cancel(order_id, "Out of stock")

        See docs/api.md#post-ordersorder_idcancel.
        """
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
        """Refund an order that you sold, in full or in part.

        A full refund cancels the order.

        Args:
            order_id: Id of the order.
            amount: Minor units of what is held; all of it by default.
            to: `original` for the way it was paid, `wallet` for the buyer's wallet.
            reason: Text for the buyer.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            OrderView.

        Raises:
            OrderNotReady(order_status), OrderNotFound, Forbidden for the buyer, Invalid for more
            than is held

        Example:
            client.orders.refund(order_id, 500, reason="A scratch")

        See docs/api.md#post-ordersorder_idrefund.
        """
        body = request(RefundOrder, amount=amount, to=to, reason=reason)
        return post(
            path("/orders/{}/refund", order_id), reads(OrderView), body, key=idempotency_key
        )


def _page(cursor: str | None, **filters: object) -> Operation[Page[Order]]:
    return get("/orders", Page[Order], request(OrdersQuery, cursor=cursor, **filters))
