"""List the auctions that one bidder bids in, with their maximum and what came of each."""

from __future__ import annotations

from typing import Any

from instasell_client.models.bids import (
    BiddingAuction,
    BiddingPage,
    BiddingPart,
    BiddingQuery,
)
from instasell_server.db import clock
from instasell_server.db.connections import Database, Row
from instasell_server.db.queries import load
from instasell_server.domains.auctions import store
from instasell_server.domains.auctions.formats import HIDING_FORMATS
from instasell_server.paging import INTEGER, ROW_ID, Cursor, integer
from instasell_server.ports.principal import Principal

_OWN = (
    *("max_amount", "last_bid_at", "order_id", "order_status", "total_amount"),
    "payment_due_at",
)
_sql = load(__file__, "bidder_auctions.sql")
_PAGES = Cursor("bidding", integer(0, 3), INTEGER, ROW_ID)


class BidderAuctions:
    """Shows bidders where they stand."""

    def __init__(self, database: Database, *, currency: str) -> None:
        self._database = database
        self._currency = currency

    async def list(self, bidder: Principal, query: BiddingQuery) -> BiddingPage:
        """List auctions, most urgent first. Raises Invalid for a cursor of another list."""
        after_rank, after_key, after_id = _PAGES.read(query.cursor)
        async with self._database.connection() as connection:
            now = await clock.get_now(connection)
            values: dict[str, Any] = {
                "user_id": bidder.user_id,
                "hiding": HIDING_FORMATS,
                "part": query.part.value if query.part else None,
                "now": now,
                "after_rank": after_rank,
                "after_key": after_key,
                "after_id": after_id,
                "limit": query.limit + 1,
            }
            rows = await connection.rows(_sql.list_bidding, values)
        shown, following = _PAGES.cut(
            rows, query.limit, lambda last: (last["rank"], last["sort_key"], last["auction_id"])
        )
        return BiddingPage(
            items=[_auction(row) for row in shown],
            next=following,
            server_time=now,
            currency=self._currency,
        )


def _auction(row: Row) -> BiddingAuction:
    own = {name: row[name] for name in _OWN}
    return BiddingAuction(
        part=BiddingPart(row["part"]),
        state=store.state_of(row),
        bidder=f"bidder-{row['bidder_no']}",
        **own,
    )
