"""The rows of orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from instasell_client.models.auctions import AuctionOrder
from instasell_client.models.orders import Order, OrderEvent, OrderStatus
from instasell_server.db.connections import DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.orders.rules import HOLD_DAYS, UNSHIPPED_DAYS, OrderState

_sql = load(__file__)


class WonAuction(NamedTuple):
    """Hold who buys what an auction sold, and for how much (minor units, without shipping)."""

    auction_id: str
    buyer_id: str
    amount: int
    status: str
    won_at: datetime
    reason: str


async def insert_won_orders(
    tx: Transaction, won: Sequence[WonAuction], payment_deadline_hours: int
) -> list[str]:
    """Insert one order each, with its first event; return their ids."""
    rows = await tx.rows(
        _sql.insert_won_orders,
        {
            "auction_ids": [each.auction_id for each in won],
            "buyer_ids": [each.buyer_id for each in won],
            "amounts": [each.amount for each in won],
            "statuses": [each.status for each in won],
            "won_ats": [each.won_at for each in won],
            "reasons": [each.reason for each in won],
            "payment_deadline_hours": payment_deadline_hours,
        },
    )
    return [row["id"] for row in rows]


async def find_order_of_auction(
    connection: DbConnection, auction_id: str, buyer_id: str
) -> str | None:
    """Find the id of the buyer's order that came of an auction."""
    row = await connection.maybe(
        _sql.find_order_of_auction, {"auction_id": auction_id, "buyer_id": buyer_id}
    )
    return row["id"] if row else None


async def list_of_auction(connection: DbConnection, auction_id: str) -> list[AuctionOrder]:
    """List the orders that came of an auction, the oldest first."""
    rows = await connection.rows(_sql.list_of_auction, {"auction_id": auction_id})
    return [AuctionOrder(**row) for row in rows]


class SoldListing(NamedTuple):
    """Hold what an order needs of its listing; amounts in minor units."""

    id: str
    seller_id: str
    type: str
    price: int | None
    stock: int
    shipping_amount: int
    status: str
    title: str


class LockedOrder(NamedTuple):
    """An order whose row is locked."""

    id: str
    buyer_id: str
    seller_id: str
    listing_id: str
    auction_id: str | None
    quantity: int
    payment_method: str | None
    state: OrderState


class NewOrder(NamedTuple):
    """A direct purchase; amounts in minor units."""

    buyer_id: str
    seller_id: str
    listing_id: str
    quantity: int
    unit_amount: int
    shipping_amount: int
    total_amount: int
    address: str | None
    now: datetime
    payment_deadline_hours: int


async def lock_listing(tx: Transaction, listing_id: str) -> SoldListing | None:
    """Lock a listing, so that its stock is sold once."""
    row = await tx.maybe(_sql.lock_listing, {"listing_id": listing_id})
    return SoldListing(**row) if row else None


async def lock_active_seller(tx: Transaction, seller_id: str) -> bool:
    """Keep a seller from being suspended until the commit; False when that has happened."""
    row = await tx.one(_sql.lock_seller, {"seller_id": seller_id})
    return bool(row["status"] == "active")


async def take_stock(tx: Transaction, listing_id: str, quantity: int) -> None:
    """Take stock off a listing whose row is locked."""
    await tx.execute(_sql.take_stock, {"listing_id": listing_id, "quantity": quantity})


async def give_back_stock(tx: Transaction, listing_id: str, quantity: int) -> None:
    """Return stock to a listing whose row is locked."""
    await tx.execute(_sql.give_back_stock, {"listing_id": listing_id, "quantity": quantity})


async def insert_order(tx: Transaction, order: NewOrder) -> str:
    """Insert a direct purchase; return its id."""
    order_id: str = (await tx.one(_sql.insert_order, order._asdict()))["id"]
    return order_id


async def insert_event(
    tx: Transaction,
    order_id: str,
    before: OrderStatus | None,
    after: OrderStatus,
    *,
    actor_id: str | None,
    reason: str,
    now: datetime,
) -> None:
    """Write down a step; without an `actor_id` the market itself acted."""
    await tx.execute(
        _sql.insert_order_event,
        {
            "order_id": order_id,
            "from_status": before.value if before else None,
            "to_status": after.value,
            "actor_id": actor_id,
            "reason": reason,
            "now": now,
        },
    )


async def lock_order(tx: Transaction, order_id: str) -> LockedOrder | None:
    """Lock an order."""
    row = await tx.maybe(_sql.lock_order, {"order_id": order_id})
    return _locked(row) if row else None


async def lock_order_with_listing(tx: Transaction, order_id: str) -> LockedOrder | None:
    """Lock the listing of an order and then the order, for steps that return stock."""
    row = await tx.maybe(_sql.find_listing_of_order, {"order_id": order_id})
    if row is None:
        return None
    await tx.rows(_sql.lock_listing_row, {"listing_id": row["listing_id"]})
    return await lock_order(tx, order_id)


async def lock_orders_with_listings(tx: Transaction, order_ids: Sequence[str]) -> list[LockedOrder]:
    """Lock the listings of some orders, and then the orders; both in order of their ids."""
    values = {"order_ids": list(order_ids)}
    await tx.rows(_sql.lock_listings_of_orders, values)
    return [_locked(row) for row in await tx.rows(_sql.lock_orders, values)]


def _locked(row: Row) -> LockedOrder:
    state = OrderState(
        OrderStatus(row["status"]),
        row["total_amount"],
        row["held_amount"],
        row["payment_due_at"],
        row["paid_at"],
        row["shipped_at"],
        row["escrow_release_at"],
        row["bank_claims"],
        row["refunded_amount"],
    )
    return LockedOrder(
        row["id"],
        row["buyer_id"],
        row["seller_id"],
        row["listing_id"],
        row["auction_id"],
        row["quantity"],
        row["payment_method"],
        state,
    )


async def update_address(tx: Transaction, order_id: str, address: str, now: datetime) -> None:
    """Set the address of an order; `address` is JSON."""
    await tx.execute(_sql.update_address, {"order_id": order_id, "address": address, "now": now})


async def update_deadline(tx: Transaction, order_id: str, hours: int, now: datetime) -> None:
    """Have the time to pay a locked order begin again."""
    await tx.execute(_sql.update_deadline, {"order_id": order_id, "hours": hours, "now": now})


async def update_deadlines(tx: Transaction, seller_id: str, hours: int) -> None:
    """Have the time to pay begin again for all unpaid orders of a seller who is suspended."""
    await tx.execute(_sql.update_deadlines, {"seller_id": seller_id, "hours": hours})


async def update_paid(tx: Transaction, order_id: str, method: str, now: datetime) -> None:
    """Move a pending order to processing."""
    values = {"order_id": order_id, "method": method, "now": now, "hold_days": HOLD_DAYS}
    await tx.execute(_sql.update_paid, values)


async def update_shipped(
    tx: Transaction, order_id: str, carrier: str, tracking: str, now: datetime
) -> None:
    """Move a processing order to shipped; the time to the release begins."""
    values = {
        "order_id": order_id, "carrier": carrier, "tracking": tracking, "now": now,
        "hold_days": HOLD_DAYS,
    }  # fmt: skip
    await tx.execute(_sql.update_shipped, values)


async def update_disputed(tx: Transaction, order_id: str, now: datetime) -> None:
    """Move a processing or shipped order to disputed; time moves it on no more."""
    await tx.execute(_sql.update_disputed, {"order_id": order_id, "now": now})


async def update_claimed(tx: Transaction, order_id: str, now: datetime) -> None:
    """Add a bank's claim to an order: disputed until all such claims are decided."""
    await tx.execute(_sql.update_claimed, {"order_id": order_id, "now": now})


async def update_unclaimed(
    tx: Transaction, order_id: str, now: datetime
) -> tuple[OrderStatus, LockedOrder]:
    """Remove one decided claim; with the last of them the order returns to its state before.

    Returns the status until now, and the order as it is then.
    """
    [row] = await tx.rows(_sql.update_unclaimed, {"order_id": order_id, "now": now})
    return OrderStatus(row["status_before"]), _locked(row)


async def update_delivered(tx: Transaction, order_id: str, now: datetime) -> None:
    """Move a shipped or disputed order to delivered; nothing may be held any more."""
    await tx.execute(_sql.update_delivered, {"order_id": order_id, "now": now})


async def update_cancelled(tx: Transaction, order_id: str, now: datetime) -> None:
    """Set an order to cancelled; nothing may be held any more."""
    await tx.execute(_sql.update_cancelled, {"order_id": order_id, "now": now})


async def update_refunded(
    tx: Transaction, order_id: str, amount: int, now: datetime
) -> LockedOrder:
    """Count a refund whose money the ledger has moved; return the order as it is then."""
    values = {"order_id": order_id, "amount": amount, "now": now}
    [row] = await tx.rows(_sql.update_refunded, values)
    return _locked(row)


async def find_order(connection: DbConnection, order_id: str, currency: str) -> Order | None:
    """Find an order as the wire has it, with everything that its buyer sees."""
    row = await connection.maybe(_sql.find_order, {"order_id": order_id})
    return Order(**row, currency=currency) if row else None


async def list_orders(
    connection: DbConnection, filters: dict[str, Any], limit: int, currency: str
) -> list[tuple[Order, tuple[int, str]]]:
    """List a user's orders below a place, the newest first, each with its own."""
    rows = await connection.rows(_sql.list_orders, {**filters, "limit": limit})
    return [(Order(**row, currency=currency), (row["sort_key"], row["id"])) for row in rows]


async def list_all_orders(
    connection: DbConnection, filters: dict[str, Any], limit: int, currency: str
) -> list[Order]:
    """Return everybody's orders below a place, the newest first."""
    rows = await connection.rows(_sql.list_all_orders, {**filters, "limit": limit})
    return [Order(**row, currency=currency) for row in rows]


async def list_events(connection: DbConnection, order_id: str) -> list[OrderEvent]:
    """List the steps of an order, the oldest first."""
    rows = await connection.rows(_sql.list_order_events, {"order_id": order_id})
    return [OrderEvent(**row) for row in rows]


async def list_due_orders(connection: DbConnection, limit: int) -> list[str]:
    """Return orders that time moves on."""
    values = {"limit": limit, "hold_days": HOLD_DAYS, "unshipped_days": UNSHIPPED_DAYS}
    return [row["id"] for row in await connection.rows(_sql.list_due_orders, values)]
