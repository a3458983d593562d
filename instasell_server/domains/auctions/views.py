"""Shape the page of an auction."""

from __future__ import annotations

from instasell_client.models.auctions import AuctionOrder, AuctionView, You
from instasell_client.models.sellers import SellerRecord
from instasell_server.db.connections import Row
from instasell_server.domains.auctions import store


def make_view(
    row: Row,
    seller: SellerRecord | None,
    currency: str,
    *,
    you: You | None = None,
    order_id: str | None = None,
    orders: list[AuctionOrder] | None = None,
) -> AuctionView:
    """Return the page of a row of `find_view`, and what its reader has to do with it."""
    return AuctionView(
        state=store.state_of(row),
        description=row["description"],
        condition=row["condition"],
        category_path=row["category_path"],
        seller_name=row["seller_name"],
        currency=currency,
        increments=row["increments"],
        order_id=order_id,
        orders=orders,
        seller=seller,
        watchers=row["watchers"],
        you=you,
        server_time=row["server_time"],
    )
