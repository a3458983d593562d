"""List the auctions that one bidder bids in, with their maximum and what came of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from instasell_client.models.bids import (
    BiddingAuction,
    BiddingPage,
    BiddingPart,
    BiddingQuery,
)
from instasell_client.models.live import YourBid
from instasell_server.db import clock
from instasell_server.db.connections import Database, DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.domains.auctions import events as auction_events
from instasell_server.domains.auctions import store
from instasell_server.paging import INTEGER, ROW_ID, Cursor, integer
from instasell_server.ports import OwnBid
from instasell_server.ports.principal import Principal

_OWN = (
    *("max_amount", "last_bid_at", "order_id", "order_status", "total_amount"),
    "payment_due_at",
)
_sql = load(__file__, "own_bids.sql")
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


async def list_open_bids(
    connection: DbConnection, user_ids: Sequence[str]
) -> dict[str, list[YourBid]]:
    """Return the positions of these users in the open auctions that they have bid in."""
    found: dict[str, list[YourBid]] = {}
    for row in await connection.rows(_sql.list_open_bids, {"user_ids": list(user_ids)}):
        own = OwnBid(row["bidder_id"], row["bidder_no"], row["leading"], row["max_amount"])
        position = auction_events.your_bid(row["auction_id"], row["version"], own)
        found.setdefault(own.user_id, []).append(position)
    return found


async def list_bids_in_auction(
    connection: DbConnection, auction_id: str, user_ids: Sequence[str]
) -> list[OwnBid]:
    """Return the numbers and maxima of these users in one auction, nobody as its leader."""
    rows = await connection.rows(
        _sql.list_bids_in_auction, {"auction_id": auction_id, "user_ids": list(user_ids)}
    )
    return [
        OwnBid(row["bidder_id"], row["bidder_no"], leading=False, max_amount=row["max_amount"])
        for row in rows
    ]


def _auction(row: Row) -> BiddingAuction:
    own = {name: row[name] for name in _OWN}
    return BiddingAuction(
        part=BiddingPart(row["part"]),
        state=store.state_of(row),
        bidder=f"bidder-{row['bidder_no']}",
        **own,
    )
