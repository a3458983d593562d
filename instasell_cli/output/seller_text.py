"""Write texts about a seller for buyers, and about an auction's orders for its seller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.schemas import (
    AUCTION_VIEW,
    LISTING_VIEW,
    record_of,
    view_record,
)
from instasell_cli.output.times import local_text
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client.models.auctions import AuctionOrder, AuctionView
    from instasell_client.models.listings import ListingView
    from instasell_client.models.sellers import SellerRecord

_COUNTED_MAX = 10_000
_DAY_SECONDS = 86_400


def print_listing(output: OutputWriter, view: ListingView) -> None:
    """Print a listing with the record of its seller."""
    record = _with_seller(output, record_of(view), view.seller)
    output.one(LISTING_VIEW, record)


def print_auction(output: OutputWriter, view: AuctionView) -> None:
    """Print an auction with the record of its seller, and for that one with its orders."""
    record = _with_seller(output, view_record(view), view.seller)
    if output.for_people and view.orders is not None:
        lines = [_order_line(each, view.currency) for each in view.orders]
        record = {**record, "orders": "\n".join(lines) or None}
    output.one(AUCTION_VIEW, record, view.currency)


def seller_text(record: SellerRecord) -> str:
    """Return a seller's record in one line."""
    parts = [
        f"member since {record.member_since:%Y-%m-%d}",
        f"{_count(record.sales_completed)} sales",
        f"{_count(record.disputes_lost)} disputes lost",
        f"{_count(record.chargebacks)} chargebacks",
    ]
    if record.shipping_seconds_average is not None:
        parts.append(f"ships in {record.shipping_seconds_average / _DAY_SECONDS:.1f} days")
    return ", ".join(parts)


def _with_seller(
    output: OutputWriter, record: Mapping[str, object], seller: SellerRecord | None
) -> Mapping[str, object]:
    if output.for_people and seller is not None:
        return {**record, "seller": seller_text(seller)}
    return record


def _order_line(order: AuctionOrder, currency: str) -> str:
    # A name is other people's: a line break in it would pass for an order of its own.
    amount = f"{shown_amount(order.unit_amount, currency)} {currency}"
    made = local_text(order.created_at.isoformat())
    return f"{made}  {order.status.value}: {amount}, {clean(order.buyer_name)} ({order.order_id})"


def _count(count: int) -> str:
    return f"{count}+" if count >= _COUNTED_MAX else str(count)
