"""Orders: made by auctions that end and by purchases, and seen by their two sides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from instasell_client.models.admin import AdminOrdersQuery
from instasell_client.models.auctions import AuctionOrder
from instasell_client.models.base import Page
from instasell_client.models.errors import (
    Invalid,
    ListingNotFound,
    OrderNotFound,
    OutOfStock,
    SellerCannotBuy,
)
from instasell_client.models.money import MAX_AMOUNT
from instasell_client.models.orders import (
    Address,
    CreateOrder,
    Order,
    OrdersQuery,
    OrderStatus,
    OrderView,
)
from instasell_server.db import clock
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.listings.service import ListingService
from instasell_server.domains.orders import rules, store
from instasell_server.domains.orders.store import LockedOrder, NewOrder, SoldListing
from instasell_server.paging import INSTANT, INTEGER, ROW_ID, Cursor
from instasell_server.ports.principal import Principal

_PAGES = Cursor("orders", INTEGER, ROW_ID)
_PAGES_OF_ALL = Cursor("all orders", INSTANT, ROW_ID)


class OrderService:
    """Make orders, and show them to their buyer, their seller and admins."""

    def __init__(
        self,
        database: Database,
        listings: ListingService,
        *,
        payment_deadline_hours: int,
        currency: str,
    ) -> None:
        self._database = database
        self._listings = listings
        self._payment_deadline_hours = payment_deadline_hours
        self._currency = currency

    # Auctions that ended ----------------------------------------------------------------------

    async def record_won(
        self, tx: Transaction, won: Sequence[tuple[str, str, int, datetime]]
    ) -> None:
        """Make a pending order for each (auction, buyer, price in minor units, instant)."""
        await self._insert(tx, won, "pending", "auction won")

    async def record_offered(
        self, tx: Transaction, auction_id: str, buyer_id: str, price: int, at: datetime
    ) -> str:
        """Make a pending order for a runner-up, at a price in minor units; return its id."""
        reason = "offered to the runner-up"
        [order_id] = await self._insert(tx, [(auction_id, buyer_id, price, at)], "pending", reason)
        return order_id

    async def record_forfeited(
        self, tx: Transaction, won: Sequence[tuple[str, str, int, datetime]]
    ) -> None:
        """Make an order that is cancelled at once, for a winner who is suspended."""
        await self._insert(tx, won, "cancelled", "the winner is suspended")

    async def _insert(
        self,
        tx: Transaction,
        won: Sequence[tuple[str, str, int, datetime]],
        status: str,
        reason: str,
    ) -> list[str]:
        if not won:
            return []
        rows = [
            store.WonAuction(auction_id, buyer_id, amount, status, at, reason)
            for auction_id, buyer_id, amount, at in won
        ]
        return await store.insert_won_orders(tx, rows, self._payment_deadline_hours)

    async def list_of_auction(
        self, connection: DbConnection, auction_id: str
    ) -> list[AuctionOrder]:
        """List the orders of an auction: the winner's first, then those of runners-up."""
        return await store.list_of_auction(connection, auction_id)

    async def find_of_auction(
        self, connection: DbConnection, auction_id: str, buyer_id: str
    ) -> str | None:
        """Find the id of the buyer's order that came of an auction, for the buyer to see."""
        return await store.find_order_of_auction(connection, auction_id, buyer_id)

    # Purchases --------------------------------------------------------------------------------

    async def create(
        self, buyer: Principal, wish: CreateOrder, key: RequestKey | None
    ) -> OrderView:
        """Buy a listing, or return the order of an auction that the buyer won.

        Raises ListingNotFound, SellerCannotBuy, OutOfStock, OrderNotFound.
        """

        async def work(tx: Transaction) -> OrderView:
            if wish.listing_id is not None:
                order_id = await self._buy(tx, buyer, wish.listing_id, wish)
            else:
                order_id = await self._take_won(tx, buyer, str(wish.auction_id), wish.address)
            return await self.show(tx, buyer, order_id)

        return await once(self._database, key, OrderView, work)

    async def _buy(
        self, tx: Transaction, buyer: Principal, listing_id: str, wish: CreateOrder
    ) -> str:
        listing = await store.lock_listing(tx, listing_id)
        price = _price_of(listing, buyer, wish.quantity)
        assert listing is not None
        # Behind the lock of the listing, as a suspension locks none.
        if not await store.lock_active_seller(tx, listing.seller_id):
            raise ListingNotFound
        total = price * wish.quantity + listing.shipping_amount
        if total > MAX_AMOUNT:
            raise Invalid.one("quantity", f"comes to more than {MAX_AMOUNT}; buy fewer")
        now = await clock.get_now(tx)
        order = NewOrder(
            buyer.user_id,
            listing.seller_id,
            listing.id,
            wish.quantity,
            price,
            listing.shipping_amount,
            total,
            wish.address.model_dump_json() if wish.address else None,
            now,
            self._payment_deadline_hours,
        )
        await store.take_stock(tx, listing.id, wish.quantity)
        order_id = await store.insert_order(tx, order)
        await store.insert_event(
            tx, order_id, None, OrderStatus.PENDING,
            actor_id=buyer.user_id, reason="bought", now=now,
        )  # fmt: skip
        self.show_stock(tx, listing.id)
        return order_id

    async def _take_won(
        self, tx: Transaction, buyer: Principal, auction_id: str, address: Address | None
    ) -> str:
        order_id = await store.find_order_of_auction(tx, auction_id, buyer.user_id)
        if order_id is None:
            raise OrderNotFound("only the winner of an auction has an order of it")
        if address is not None:
            await self._set_address(tx, buyer, order_id, address)
        return order_id

    async def extend_deadline(self, tx: Transaction, order: LockedOrder, now: datetime) -> bool:
        """Give the buyer of a locked order more time to pay if the seller is suspended."""
        if await store.lock_active_seller(tx, order.seller_id):
            return False
        await store.update_deadline(tx, order.id, self._payment_deadline_hours, now)
        return True

    async def extend_deadlines(self, tx: Transaction, seller_id: str) -> None:
        """Give all buyers of a suspended seller, who is to be back, the whole time to pay.

        Locks the orders, so it comes before the lock of the seller.
        """
        await store.update_deadlines(tx, seller_id, self._payment_deadline_hours)

    def show_stock(self, tx: Transaction, listing_id: str) -> None:
        """Show the new stock: after the commit no cached page has the old one."""
        tx.after_commit(partial(self._listings.retire_pages_of, [listing_id]))

    async def set_address(
        self, buyer: Principal, order_id: str, address: Address, key: RequestKey | None
    ) -> OrderView:
        """Set the address, until the order is shipped. Raises OrderNotReady."""

        async def work(tx: Transaction) -> OrderView:
            await self._set_address(tx, buyer, order_id, address)
            return await self.show(tx, buyer, order_id)

        return await once(self._database, key, OrderView, work)

    async def _set_address(
        self, tx: Transaction, buyer: Principal, order_id: str, address: Address
    ) -> None:
        order = await store.lock_order(tx, order_id)
        if order is None or order.buyer_id != buyer.user_id:
            raise OrderNotFound
        if order.state.status not in (OrderStatus.PENDING, OrderStatus.PROCESSING):
            raise rules.not_ready(order.state)
        now = await clock.get_now(tx)
        await store.update_address(tx, order_id, address.model_dump_json(), now)

    # Looking ----------------------------------------------------------------------------------

    async def get(self, reader: Principal, order_id: str) -> OrderView:
        """Get an order of the reader. Raises OrderNotFound."""
        async with self._database.connection() as connection:
            return await self.show(connection, reader, order_id)

    async def show(
        self,
        connection: DbConnection,
        reader: Principal,
        order_id: str,
        checkout: str | None = None,
    ) -> OrderView:
        """Return an order and its history, for one of its two sides or an admin."""
        order = await store.find_order(connection, order_id, self._currency)
        if order is None or actor_of(reader, order.buyer_id, order.seller_id) is None:
            raise OrderNotFound
        events = await store.list_events(connection, order_id)
        return OrderView(order=_seen_by(reader, order), events=events, checkout_url=checkout)

    async def list(self, reader: Principal, query: OrdersQuery) -> Page[Order]:
        """List the reader's orders, the newest first."""
        after_key, after_id = _PAGES.read(query.cursor)
        filters: dict[str, Any] = {
            "user_id": reader.user_id,
            "role": query.role,
            "status": query.status.value if query.status else None,
            "after_key": after_key,
            "after_id": after_id,
        }
        async with self._database.connection() as connection:
            found = await store.list_orders(connection, filters, query.limit + 1, self._currency)
        shown, following = _PAGES.cut(found, query.limit, lambda last: last[1])
        return Page[Order](items=[_seen_by(reader, order) for order, _ in shown], next=following)

    async def list_all(self, query: AdminOrdersQuery) -> Page[Order]:
        """Return everybody's orders, the newest first, for an admin."""
        before_at, before_id = _PAGES_OF_ALL.read(query.cursor)
        filters: dict[str, Any] = {
            "status": query.status.value if query.status else None,
            "buyer": query.buyer,
            "seller": query.seller,
            "before_at": before_at,
            "before_id": before_id,
        }
        async with self._database.connection() as connection:
            found = await store.list_all_orders(
                connection, filters, query.limit + 1, self._currency
            )
        shown, following = _PAGES_OF_ALL.cut(
            found, query.limit, lambda last: (last.created_at, last.id)
        )
        return Page[Order](items=shown, next=following)


def actor_of(principal: Principal, buyer_id: str, seller_id: str) -> rules.Actor | None:
    """Return a principal's role in an order; None for a stranger."""
    if principal.user_id == buyer_id:
        return rules.Actor.BUYER
    if principal.user_id == seller_id:
        return rules.Actor.SELLER
    return rules.Actor.ADMIN if principal.is_admin else None


def check_side(order: LockedOrder | None, principal: Principal) -> tuple[LockedOrder, rules.Actor]:
    """Return an order that the caller may act on, and their role. Raises OrderNotFound."""
    actor = actor_of(principal, order.buyer_id, order.seller_id) if order else None
    if order is None or actor is None:
        raise OrderNotFound
    return order, actor


def _stock_text(stock: int) -> str:
    if not stock:
        return "this listing is sold out; follow its seller to hear of the next one"
    return f"only {stock} {'is' if stock == 1 else 'are'} left; order {stock} at most"


def _price_of(listing: SoldListing | None, buyer: Principal, quantity: int) -> int:
    """Return the price of one item. Raises what keeps the buyer from buying."""
    if listing is None or listing.status != "active":
        raise ListingNotFound
    if listing.price is None:
        raise Invalid.one("listing_id", "is sold by auction; bid on it")
    if listing.seller_id == buyer.user_id:
        raise SellerCannotBuy
    if listing.stock < quantity:
        raise OutOfStock(_stock_text(listing.stock), available=listing.stock)
    return listing.price


def _seen_by(reader: Principal, order: Order) -> Order:
    """Hide the address from the seller until the order is paid."""
    if reader.user_id == order.seller_id and order.paid_at is None:
        return order.model_copy(update={"address": None})
    return order
