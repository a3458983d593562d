"""The auctions of one seller, with what came of each."""

from __future__ import annotations

from typing import Any

from instasell_client.models.seller_auctions import (
    SellingAuction,
    SellingPage,
    SellingPart,
    SellingQuery,
)
from instasell_server.db import clock
from instasell_server.db.connections import Database, Row
from instasell_server.db.queries import load
from instasell_server.domains.auctions import store
from instasell_server.paging import INTEGER, ROW_ID, Cursor
from instasell_server.ports.principal import Principal

_OWN = (
    *("reserve", "gas_fee", "watchers", "order_id", "order_status", "buyer_name"),
    *("total_amount", "payment_due_at"),
)
_sql = load(__file__, "selling.sql")
_PAGES = Cursor("selling", INTEGER, ROW_ID)


class SellerAuctions:
    """List the auctions that sellers have created."""

    def __init__(
        self, database: Database, *, currency: str, auction_fee: int, feature_fee: int
    ) -> None:
        self._database = database
        self._currency = currency
        self._auction_fee = auction_fee
        self._feature_fee = feature_fee

    async def list(self, seller: Principal, query: SellingQuery) -> SellingPage:
        """List the seller's auctions, newest first. Raises Invalid for a foreign cursor."""
        after_key, after_id = _PAGES.read(query.cursor)
        values: dict[str, Any] = {
            "seller_id": seller.user_id,
            "part": query.part.value if query.part else None,
            "after_key": after_key,
            "after_id": after_id,
            "limit": query.limit + 1,
        }
        async with self._database.connection() as connection:
            rows = await connection.rows(_sql.list_selling, values)
            now = await clock.get_now(connection)
        shown, following = _PAGES.cut(
            rows, query.limit, lambda last: (last["sort_key"], last["auction_id"])
        )
        return SellingPage(
            items=[_auction(row) for row in shown],
            next=following,
            server_time=now,
            currency=self._currency,
            auction_gas_fee=self._auction_fee,
            feature_gas_fee=self._feature_fee,
        )


def _auction(row: Row) -> SellingAuction:
    own = {name: row[name] for name in _OWN}
    return SellingAuction(part=SellingPart(row["part"]), state=store.state_of(row), **own)
