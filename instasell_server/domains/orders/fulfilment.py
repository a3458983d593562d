"""The steps of an order: paid, shipped, delivered, cancelled, refunded, or moved on by time.

Each step is one transaction: the order's row is locked, the pure rules decide, the ledger moves the
money, and a row of `order_events` says who did it.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

import structlog

from instasell_client.models.errors import Forbidden, InstaSellError, OrderNotFound
from instasell_client.models.money import format_amount
from instasell_client.models.orders import (
    CancelOrder,
    OrderStatus,
    OrderView,
    PaymentMethod,
    PayOrder,
    RefundOrder,
    ShipOrder,
)
from instasell_server import metrics
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.postings import Transfer
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.orders import rules, store
from instasell_server.domains.orders.open_disputes import OpenDisputes
from instasell_server.domains.orders.payments import mark_paid, write_event
from instasell_server.domains.orders.rules import Actor
from instasell_server.domains.orders.service import OrderService, check_side
from instasell_server.domains.orders.store import LockedOrder
from instasell_server.domains.payments.service import PaymentService
from instasell_server.ports.principal import Principal

DUE_AT_ONCE = 100

_Step = Callable[[Transaction, LockedOrder, Actor, datetime], Awaitable[None]]
_log = structlog.get_logger("instasell.orders")


class OrderFulfilment:
    """Take orders from pending to an end."""

    def __init__(
        self,
        database: Database,
        orders: OrderService,
        payments: PaymentService,
        ledger: Ledger,
        disputes: OpenDisputes,
    ) -> None:
        self._database = database
        self._orders = orders
        self._payments = payments
        self._ledger = ledger
        self._disputes = disputes

    # Paying -----------------------------------------------------------------------------------

    async def pay(
        self, buyer: Principal, order_id: str, wish: PayOrder, key: RequestKey | None
    ) -> OrderView:
        """Pay from the wallet, or open the provider's page.

        Raises OrderNotReady, InsufficientFunds, PaymentFailed, Unavailable.
        """
        if wish.method is PaymentMethod.WALLET:
            return await self._step(buyer, order_id, key, _only_buyer(self._pay_from_wallet))

        async def begin(tx: Transaction) -> str:
            order, actor = check_side(await store.lock_order(tx, order_id), buyer)
            if actor is not Actor.BUYER:
                raise Forbidden("only the buyer can pay this order")
            rules.check_payable(order.state, await clock.get_now(tx))
            await _check_seller(tx, order)
            return await self._payments.begin(
                tx, order.buyer_id, "order", order.state.total_amount, order.id
            )

        # The one payment that an order waits for is what makes this the same when it is repeated.
        url = await self._payments.open(await transact(self._database, begin))
        async with self._database.connection() as connection:
            return await self._orders.show(connection, buyer, order_id, url)

    async def _pay_from_wallet(
        self, tx: Transaction, order: LockedOrder, actor: Actor, now: datetime
    ) -> None:
        rules.check_payable(order.state, now)
        await _check_seller(tx, order)
        await self._payments.abandon(tx, order.id, is_paid=True)
        await mark_paid(tx, order, "wallet", now)
        hold = movements.pay_from_wallet(order.id, order.buyer_id, order.state.total_amount)
        await self._ledger.post(tx, [hold])

    async def confirm_payment(self, reader: Principal, order_id: str) -> OrderView:
        """Ask the provider whether an order is paid; the caller's word counts for nothing."""
        await self._orders.get(reader, order_id)
        await self._payments.check_order(order_id)
        return await self._orders.get(reader, order_id)

    # Shipping ---------------------------------------------------------------------------------

    async def ship(
        self, seller: Principal, order_id: str, wish: ShipOrder, key: RequestKey | None
    ) -> OrderView:
        """Mark an order as shipped. Raises OrderNotReady, and Forbidden for the buyer."""

        async def step(tx: Transaction, order: LockedOrder, actor: Actor, now: datetime) -> None:
            if actor is not Actor.SELLER:
                raise Forbidden("only the seller can ship this order")
            rules.check_shippable(order.state)
            await store.update_shipped(tx, order.id, wish.carrier, wish.tracking, now)
            reason = f"shipped with {wish.carrier}"
            await write_event(tx, order, OrderStatus.SHIPPED, seller.user_id, reason, now)

        return await self._step(seller, order_id, key, step)

    async def confirm_delivery(
        self, buyer: Principal, order_id: str, key: RequestKey | None
    ) -> OrderView:
        """Confirm the receipt: the seller gets what is held. Raises OrderNotReady."""

        async def step(tx: Transaction, order: LockedOrder, actor: Actor, now: datetime) -> None:
            rules.check_confirmable(order.state)
            await self._release(tx, order, order.buyer_id, "delivery confirmed", now)

        return await self._step(buyer, order_id, key, _only_buyer(step))

    async def _release(
        self, tx: Transaction, order: LockedOrder, actor_id: str | None, reason: str, now: datetime
    ) -> None:
        held = order.state.held_amount
        if held:
            await self._ledger.post(tx, [movements.release(order.id, order.seller_id, held)])
        await self._deliver(tx, order, actor_id, reason, now)

    async def _deliver(
        self, tx: Transaction, order: LockedOrder, actor_id: str | None, reason: str, now: datetime
    ) -> None:
        await store.update_delivered(tx, order.id, now)
        await write_event(tx, order, OrderStatus.DELIVERED, actor_id, reason, now)
        if order.state.paid_at is not None:
            metrics.ORDER_FULFILMENT_SECONDS.observe((now - order.state.paid_at).total_seconds())

    # Money back -------------------------------------------------------------------------------

    async def cancel(
        self, principal: Principal, order_id: str, wish: CancelOrder, key: RequestKey | None
    ) -> OrderView:
        """Cancel an order; what is held goes back. Raises OrderNotReady, Forbidden."""

        async def step(tx: Transaction, order: LockedOrder, actor: Actor, now: datetime) -> None:
            rules.check_cancellable(order.state, actor, now)
            reason = wish.reason or f"cancelled by the {actor.value}"
            await self._cancel_order(tx, order, principal.user_id, reason, now)

        return await self._step(principal, order_id, key, step)

    async def refund(
        self, principal: Principal, order_id: str, wish: RefundOrder, key: RequestKey | None
    ) -> OrderView:
        """Give held money back, all of it or a part. Raises OrderNotReady, Invalid, Forbidden."""

        async def step(tx: Transaction, order: LockedOrder, actor: Actor, now: datetime) -> None:
            if actor is Actor.BUYER:
                raise Forbidden(
                    "only the seller can refund this order; send them a message, or open a dispute"
                )
            amount = rules.refund_amount(order.state, wish.amount)
            reason = wish.reason or f"refunded by the {actor.value}"
            if amount == order.state.held_amount:
                await self._close_dispute(tx, order, amount, principal.user_id, reason, now)
                await self._cancel_order(tx, order, principal.user_id, reason, now, to=wish.to)
                return
            await self._give_back(tx, order, amount, wish.to, now)
            status = order.state.status
            shown = format_amount(amount, self._ledger.currency)
            await write_event(tx, order, status, principal.user_id, f"{reason}: {shown}", now)

        return await self._step(principal, order_id, key, step)

    async def _cancel_order(
        self,
        tx: Transaction,
        order: LockedOrder,
        actor_id: str | None,
        reason: str,
        now: datetime,
        *,
        to: str = "original",
    ) -> None:
        status = order.state.status
        if order.state.held_amount:
            await self._give_back(tx, order, order.state.held_amount, to, now)
        if status is OrderStatus.PENDING:
            await self._payments.abandon(tx, order.id)
        if rules.returns_stock(order.state):
            await store.give_back_stock(tx, order.listing_id, order.quantity)
            self._orders.show_stock(tx, order.listing_id)
        await store.update_cancelled(tx, order.id, now)
        await write_event(tx, order, OrderStatus.CANCELLED, actor_id, reason, now)

    async def _give_back(
        self, tx: Transaction, order: LockedOrder, amount: int, to: str, now: datetime
    ) -> None:
        """Move held money to the card that paid, or to the buyer's wallet."""
        refunds = self._payments.refunds
        by_card = to == "original" and order.payment_method == "card"
        if not by_card or not await refunds.refund_order(tx, order.id, order.buyer_id, amount):
            await self._ledger.post(tx, [await self._refund_to_wallet(tx, order, amount)])
        await store.update_refunded(tx, order.id, amount, now)

    async def _refund_to_wallet(self, tx: Transaction, order: LockedOrder, amount: int) -> Transfer:
        paid_at = order.state.paid_at
        hold = await self._payments.refunds.hold_of_order(tx, order.id, paid_at)
        return movements.refund(str(uuid.uuid4()), order.id, order.buyer_id, amount, hold)

    # Disputes ---------------------------------------------------------------------------------

    async def hold_for_dispute(
        self, tx: Transaction, buyer: Principal, order_id: str, reason: str
    ) -> tuple[LockedOrder, datetime]:
        """Hold an order that the buyer disputes: only a refund or a decision moves its money.

        Returns the order, and when that was. Raises OrderNotFound, OrderNotReady, Forbidden.
        """
        order, actor = check_side(await store.lock_order(tx, order_id), buyer)
        if actor is not Actor.BUYER:
            raise Forbidden("only the buyer can open a dispute")
        rules.check_disputable(order.state)
        now = await clock.get_now(tx)
        await store.update_disputed(tx, order.id, now)
        await write_event(tx, order, OrderStatus.DISPUTED, buyer.user_id, reason, now)
        return order, now

    async def lock_disputed(self, tx: Transaction, order_id: str) -> LockedOrder:
        """Lock an order, before its dispute is locked. Raises OrderNotFound."""
        order = await store.lock_order_with_listing(tx, order_id)
        if order is None:
            raise OrderNotFound
        return order

    async def settle(
        self,
        tx: Transaction,
        order: LockedOrder,
        refund_amount: int,
        *,
        actor_id: str,
        reason: str,
        now: datetime,
    ) -> None:
        """End a disputed order: a refund to the buyer's wallet, the rest to the seller's.

        Raises Invalid for more than is held, OrderNotReady where no dispute is open.
        """
        rest = rules.remaining_amount(order.state, refund_amount)
        if not rest:
            await self._cancel_order(tx, order, actor_id, reason, now, to="wallet")
            return
        moves = [movements.release(order.id, order.seller_id, rest)]
        if refund_amount:
            moves.append(await self._refund_to_wallet(tx, order, refund_amount))
        # Both at once, so that the two wallets are locked in their order.
        await self._ledger.post(tx, moves)
        if refund_amount:
            await store.update_refunded(tx, order.id, refund_amount, now)
        shown = format_amount(refund_amount, self._ledger.currency)
        await self._deliver(tx, order, actor_id, f"{reason}: {shown} refunded", now)

    async def _close_dispute(
        self,
        tx: Transaction,
        order: LockedOrder,
        amount: int,
        actor_id: str,
        reason: str,
        now: datetime,
    ) -> None:
        if order.state.status is OrderStatus.DISPUTED:
            await self._disputes.close(
                tx, order.id, amount, actor_id=actor_id, reason=reason, now=now
            )

    # Time -------------------------------------------------------------------------------------

    async def carry_out_due(self) -> int:
        """Move on what time moves on; return how many orders."""
        async with self._database.connection() as connection:
            due = await store.list_due_orders(connection, DUE_AT_ONCE)
        moved = 0
        for order_id in due:
            try:
                moved += await transact(self._database, partial(self._carry_out, order_id))
            except InstaSellError as error:
                _log.warning("order_tries_again", order_id=order_id, code=error.code)
        return moved

    async def _carry_out(self, order_id: str, tx: Transaction) -> int:
        order = await store.lock_order_with_listing(tx, order_id)
        if order is None:
            return 0
        now = await clock.get_now(tx)
        if rules.is_overdue(order.state, now):
            if not await self._orders.extend_deadline(tx, order, now):
                await self._cancel_order(tx, order, None, "not paid in time", now)
        elif rules.is_abandoned(order.state, now):
            days = rules.UNSHIPPED_DAYS
            await self._cancel_order(tx, order, None, f"not shipped within {days} days", now)
        elif rules.is_released(order.state, now):
            await self._release(tx, order, None, "nothing heard from the buyer", now)
        else:
            return 0
        return 1

    async def _step(
        self, principal: Principal, order_id: str, key: RequestKey | None, step: _Step
    ) -> OrderView:
        async def work(tx: Transaction) -> OrderView:
            locked = await store.lock_order_with_listing(tx, order_id)
            order, actor = check_side(locked, principal)
            await step(tx, order, actor, await clock.get_now(tx))
            return await self._orders.show(tx, principal, order_id)

        return await once(self._database, key, OrderView, work)


def _only_buyer(step: _Step) -> _Step:
    """Check a step of the buyer's; the other side is refused, a stranger sees no order."""

    async def checked(tx: Transaction, order: LockedOrder, actor: Actor, now: datetime) -> None:
        if actor is not Actor.BUYER:
            raise Forbidden("only the buyer can do this")
        await step(tx, order, actor, now)

    return checked


async def _check_seller(tx: Transaction, order: LockedOrder) -> None:
    if not await store.lock_active_seller(tx, order.seller_id):
        raise rules.seller_away(order.state)
