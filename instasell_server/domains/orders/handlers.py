"""The HTTP face of orders."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.accounts import Scope
from instasell_client.models.base import Page
from instasell_client.models.errors import (
    InsufficientFunds,
    ListingNotFound,
    OrderNotFound,
    OrderNotReady,
    OutOfStock,
    PaymentFailed,
    SellerCannotBuy,
    Unavailable,
)
from instasell_client.models.orders import (
    Address,
    CancelOrder,
    CreateOrder,
    Order,
    OrdersQuery,
    OrderView,
    PayOrder,
    RefundOrder,
    ShipOrder,
)
from instasell_server.domains.orders.fulfilment import OrderFulfilment
from instasell_server.domains.orders.service import OrderService
from instasell_server.http.route import TRADERS, Call, Route, signed_in

SERVICE = web.AppKey("orders", OrderService)
FULFILMENT = web.AppKey("fulfilment", OrderFulfilment)

_LOOKING = signed_in(Scope.READ, suspended=True)
_PAYING = signed_in(Scope.PAY, roles=TRADERS)
# A buyer who is suspended has money in the order, so it can be brought to its end.
_SELLING = signed_in(Scope.SELL)


async def create_order(call: Call[CreateOrder, None]) -> OrderView:
    """Handle `POST /orders`."""
    return await call.service(SERVICE).create(call.user, call.body, call.idempotency_key)


async def list_orders(call: Call[None, OrdersQuery]) -> Page[Order]:
    """Handle `GET /orders`."""
    return await call.service(SERVICE).list(call.user, call.query)


async def get_order(call: Call[None, None]) -> OrderView:
    """Handle `GET /orders/{id}`."""
    return await call.service(SERVICE).get(call.user, call.path["order_id"])


async def set_address(call: Call[Address, None]) -> OrderView:
    """Handle `PUT /orders/{id}/address`."""
    service, order_id = call.service(SERVICE), call.path["order_id"]
    return await service.set_address(call.user, order_id, call.body, call.idempotency_key)


async def pay(call: Call[PayOrder, None]) -> OrderView:
    """Handle `POST /orders/{id}/pay`."""
    steps, order_id = call.service(FULFILMENT), call.path["order_id"]
    return await steps.pay(call.user, order_id, call.body, call.idempotency_key)


async def confirm_payment(call: Call[None, None]) -> OrderView:
    """Handle `POST /orders/{id}/confirm-payment`."""
    return await call.service(FULFILMENT).confirm_payment(call.user, call.path["order_id"])


async def ship(call: Call[ShipOrder, None]) -> OrderView:
    """Handle `POST /orders/{id}/ship`."""
    steps, order_id = call.service(FULFILMENT), call.path["order_id"]
    return await steps.ship(call.user, order_id, call.body, call.idempotency_key)


async def confirm_delivery(call: Call[None, None]) -> OrderView:
    """Handle `POST /orders/{id}/confirm-delivery`."""
    steps, order_id = call.service(FULFILMENT), call.path["order_id"]
    return await steps.confirm_delivery(call.user, order_id, call.idempotency_key)


async def cancel(call: Call[CancelOrder | None, None]) -> OrderView:
    """Handle `POST /orders/{id}/cancel`."""
    steps, order_id = call.service(FULFILMENT), call.path["order_id"]
    wish = call.body or CancelOrder()
    return await steps.cancel(call.user, order_id, wish, call.idempotency_key)


async def refund(call: Call[RefundOrder | None, None]) -> OrderView:
    """Handle `POST /orders/{id}/refund`."""
    steps, order_id = call.service(FULFILMENT), call.path["order_id"]
    wish = call.body or RefundOrder()
    return await steps.refund(call.user, order_id, wish, call.idempotency_key)


ROUTES: list[Route] = [
    Route(
        "POST", "/orders", create_order, _PAYING,
        "Buy a listing, or get the order of an auction that you won",
        body=CreateOrder, reply=OrderView, status=201, tag="orders",
        errors=(ListingNotFound, SellerCannotBuy, OutOfStock, OrderNotFound, OrderNotReady),
    ),
    Route(
        "GET", "/orders", list_orders, _LOOKING, "List your orders, the newest first",
        query=OrdersQuery, reply=Page[Order], tag="orders",
    ),
    Route(
        "GET", "/orders/{order_id}", get_order, _LOOKING, "An order and its history",
        reply=OrderView, tag="orders", errors=(OrderNotFound,),
    ),
    Route(
        "PUT", "/orders/{order_id}/address", set_address, _PAYING, "Set the delivery address",
        body=Address, reply=OrderView, tag="orders", errors=(OrderNotFound, OrderNotReady),
    ),
    Route(
        "POST", "/orders/{order_id}/pay", pay, _PAYING,
        "Pay from the wallet, or open the payment provider's page",
        body=PayOrder, reply=OrderView, tag="orders",
        errors=(OrderNotFound, OrderNotReady, InsufficientFunds, PaymentFailed, Unavailable),
    ),
    Route(
        "POST", "/orders/{order_id}/confirm-payment", confirm_payment,
        signed_in(Scope.PAY, suspended=True),
        "Have the market ask the payment provider whether the order is paid",
        reply=OrderView, tag="orders", errors=(OrderNotFound, PaymentFailed, Unavailable),
    ),
    Route(
        "POST", "/orders/{order_id}/ship", ship, _SELLING, "Mark the order as shipped",
        body=ShipOrder, reply=OrderView, tag="orders", errors=(OrderNotFound, OrderNotReady),
    ),
    Route(
        "POST", "/orders/{order_id}/confirm-delivery", confirm_delivery, _PAYING,
        "Confirm the delivery; the seller gets the money",
        reply=OrderView, tag="orders", errors=(OrderNotFound, OrderNotReady),
    ),
    Route(
        "POST", "/orders/{order_id}/cancel", cancel, signed_in(Scope.PAY),
        "Cancel an order; what was paid goes back",
        body=CancelOrder, body_optional=True, reply=OrderView, tag="orders",
        errors=(OrderNotFound, OrderNotReady),
    ),
    Route(
        "POST", "/orders/{order_id}/refund", refund, _SELLING,
        "Give back what is held, or a part of it",
        body=RefundOrder, body_optional=True, reply=OrderView, tag="orders",
        errors=(OrderNotFound, OrderNotReady),
    ),
]  # fmt: skip
