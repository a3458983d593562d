"""Read the positions of bidders in auctions, which only they themselves may see."""

from __future__ import annotations

from collections.abc import Sequence

from instasell_client.models.live import YourBid
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.domains.auctions.events import OwnBid, your_bid
from instasell_server.domains.auctions.formats import is_leader_hidden

_sql = load(__file__, "positions.sql")


async def list_open_bids(
    connection: DbConnection, user_ids: Sequence[str]
) -> dict[str, list[YourBid]]:
    """Return the positions of these users in the open auctions that they have bid in."""
    found: dict[str, list[YourBid]] = {}
    for row in await connection.rows(_sql.list_open_bids, {"user_ids": list(user_ids)}):
        leading = row["leading"] or is_leader_hidden(row["format"], row["status"])
        own = OwnBid(row["bidder_id"], row["bidder_no"], leading, row["max_amount"])
        position = your_bid(row["auction_id"], row["version"], own)
        found.setdefault(own.user_id, []).append(position)
    return found


async def list_bids_in_auction(
    connection: DbConnection, auction_id: str, user_ids: Sequence[str]
) -> list[OwnBid]:
    """Return the numbers and maxima of these users in one auction.

    None of them leads, but where the leader is hidden: there all do, as far as they know.
    """
    rows = await connection.rows(
        _sql.list_bids_in_auction, {"auction_id": auction_id, "user_ids": list(user_ids)}
    )
    return [
        OwnBid(
            row["bidder_id"],
            row["bidder_no"],
            leading=is_leader_hidden(row["format"], row["status"]),
            max_amount=row["max_amount"],
        )
        for row in rows
    ]
