"""The rows of auctions, outside the batches of the auctioneer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic_core import to_json

from instasell_client.models.auctions import (
    AuctionState,
    AuctionStatus,
    Bid,
    BidKind,
    LiveSort,
    You,
)
from instasell_server.db.arrays import plain_array
from instasell_server.db.connections import DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions.bid_records import bidder_name
from instasell_server.domains.auctions.formats import FORMATS, is_leader_hidden
from instasell_server.domains.auctions.formats.increments import parse_increments

_sql = load(__file__)
_live = load(__file__, "live.sql")
_LIVE_BY_SORT = {
    LiveSort.ENDING: (_live.list_ending, _live.list_ending_in_category),
    LiveSort.PRICE_ASC: (_live.list_cheapest, _live.list_cheapest_in_category),
    LiveSort.PRICE_DESC: (_live.list_dearest, _live.list_dearest_in_category),
    LiveSort.BIDS: (_live.list_bids, _live.list_bids_in_category),
}

SCANNED_MAX = 2000
"""Among so many of the auctions that end first a text is looked for that no index knows."""

_INDEXED_TEXT = re.compile(r"[A-Za-z0-9]{3}")

StateKey = tuple[int, str]
"""Where a page ended: the sort key and the auction's id."""


class LockedListing(NamedTuple):
    """Hold what is checked of a listing that is to be auctioned."""

    id: str
    seller_id: str
    type: str
    stock: int
    status: str


class StoredBidView(NamedTuple):
    """A bid as it is shown, with the version that brought it."""

    bid: Bid
    auction_version: int
    extended: bool
    bidder_id: str
    leader_id: str


def state_of(row: Row) -> AuctionState:
    """Map a row of the view `auction_states`."""
    current_bid: int | None = row["current_bid"]
    increments = parse_increments(row["increments"])
    hidden = is_leader_hidden(row["format"], row["status"])
    leader = None if hidden else bidder_name(row["leader_no"])
    rules = FORMATS[row["format"]]
    return AuctionState.model_construct(
        auction_id=row["auction_id"],
        listing_id=row["listing_id"],
        seller_id=row["seller_id"],
        title=row["title"],
        category_id=row["category_id"],
        status=AuctionStatus(row["status"]),
        start_at=row["start_at"],
        end_at=row["end_at"],
        min_bid=row["min_bid"],
        current_bid=current_bid,
        minimum_bid=rules.minimum_bid(row["min_bid"], increments, current_bid),
        buy_now=row["buy_now"],
        has_reserve=row["has_reserve"],
        reserve_met=row["reserve_met"],
        leader=leader,
        winner=leader if row["is_won"] else None,
        bid_count=row["seq"],
        bidder_count=row["bidder_count"],
        shipping_amount=row["shipping_amount"],
        extension_window_seconds=row["extension_window_seconds"],
        extension_seconds=row["extension_seconds"],
        version=row["version"],
        seq=row["seq"],
        featured_until=row["featured_until"],
    )


async def lock_listing(tx: Transaction, listing_id: str) -> LockedListing | None:
    """Lock a listing's row."""
    row = await tx.maybe(_sql.lock_listing, {"listing_id": listing_id})
    return LockedListing(**row) if row else None


async def find_open_auction(tx: Transaction, listing_id: str) -> str | None:
    """Find the id of the auction that is open or will open on a listing."""
    row = await tx.maybe(_sql.find_open_auction, {"listing_id": listing_id})
    return row["id"] if row else None


async def insert_auction(tx: Transaction, values: dict[str, Any]) -> str:
    """Insert an auction and return its id."""
    values = {**values, "increments": to_json(values["increments"]).decode()}
    auction_id: str = (await tx.one(_sql.insert_auction, values))["id"]
    return auction_id


async def update_gas_fee(tx: Transaction, auction_id: str, fee: int) -> None:
    """Write down what an auction was charged."""
    await tx.execute(_sql.update_gas_fee, {"auction_id": auction_id, "fee": fee})


async def get_gas_fee(tx: Transaction, auction_id: str) -> int:
    """Return the gas that an auction was charged."""
    fee: int = (await tx.one(_sql.get_gas_fee, {"auction_id": auction_id}))["gas_fee"]
    return fee


async def update_featured(
    tx: Transaction, auction_id: str, now: datetime, time: timedelta
) -> datetime:
    """Feature a locked auction for a while more; return until when."""
    values = {"auction_id": auction_id, "now": now, "time": time}
    until: datetime = (await tx.one(_sql.update_featured, values))["featured_until"]
    return until


async def update_auction(tx: Transaction, values: dict[str, Any]) -> None:
    """Write new terms of an auction without bids."""
    await tx.execute(_sql.update_auction, values)


async def update_version(tx: Transaction, auction_id: str) -> None:
    """Raise the version of an auction that shows a change outside its row."""
    await tx.execute(_sql.update_version, {"auction_id": auction_id})


async def cancel_auction(
    tx: Transaction, auction_id: str, now: datetime, reason: str | None
) -> tuple[int, int]:
    """Cancel an auction; return its new version and its last seq."""
    row = await tx.one(
        _sql.cancel_auction, {"auction_id": auction_id, "now": now, "reason": reason}
    )
    return row["version"], row["seq"]


async def list_states(connection: DbConnection, ids: Sequence[str]) -> list[AuctionState]:
    """List the states of these auctions, in order of id; those that do not exist are left out."""
    rows = await connection.rows(_sql.prepared.list_states, {"ids": plain_array(ids)})
    return [state_of(row) for row in rows]


async def find_view(connection: DbConnection, auction_id: str) -> Row | None:
    """Read the state with the listing and the clock, as a row for the service to shape."""
    return await connection.maybe(_sql.prepared.find_view, {"auction_id": auction_id})


async def list_views(connection: DbConnection, ids: Sequence[str]) -> list[Row]:
    """Read the public part of `find_view` for several auctions, in any order."""
    return await connection.rows(_sql.prepared.list_views, {"ids": plain_array(ids)})


async def find_you(connection: DbConnection, auction_id: str, user_id: str) -> You | None:
    """Find how an auction relates to a user."""
    row = await connection.maybe(_sql.find_you, {"auction_id": auction_id, "user_id": user_id})
    if row is None:
        return None
    return You(
        bidder=bidder_name(row["bidder_no"]),
        leading=bool(row["leading"])
        or (row["bidder_no"] is not None and is_leader_hidden(row["format"], row["status"])),
        max_amount=row["max_amount"],
        is_seller=row["is_seller"],
        watching=row["watching"],
    )


async def list_live(
    connection: DbConnection, filters: dict[str, Any], limit: int
) -> list[tuple[AuctionState, StateKey]]:
    """List open auctions, each with its sort key."""
    of_all, of_category = _LIVE_BY_SORT[LiveSort(filters["sort"])]
    query = of_all if filters["category"] is None else of_category
    among = await _find_short_text(connection, filters["q"])
    rows = await connection.rows(query, {**filters, "among": among, "limit": limit})
    return [(state_of(row), (row["sort_key"], row["auction_id"])) for row in rows]


async def _find_short_text(connection: DbConnection, q: str | None) -> list[str] | None:
    """Return the auctions among which a text is looked for that no index knows."""
    if q is None or _INDEXED_TEXT.search(q):
        return None
    values = {"q": q, "scanned": SCANNED_MAX}
    found: list[str] | None = (await connection.one(_live.find_short_text, values))["ids"]
    return found


async def refresh_live_auctions(connection: DbConnection, after: str, limit: int) -> list[str]:
    """Copy auctions that have moved to where lists find them in order; those with an id above.

    Returns their ids, the last one first.
    """
    rows = await connection.tuples(_live.refresh_live_auctions, {"after": after, "limit": limit})
    return [row[0] for row in rows]


async def list_newest(
    connection: DbConnection, filters: dict[str, Any], limit: int
) -> list[tuple[AuctionState, datetime]]:
    """Return auctions of every status below a place, the newest first, each with its beginning."""
    rows = await connection.rows(_sql.list_newest, {**filters, "limit": limit})
    return [(state_of(row), row["created_at"]) for row in rows]


async def list_watched(
    connection: DbConnection,
    user_id: str,
    after_key: int | None,
    after_id: str | None,
    limit: int,
) -> list[tuple[AuctionState, StateKey]]:
    """List the auctions that a user watches, newest watch first, each with its sort key."""
    rows = await connection.rows(
        _sql.list_watched,
        {"user_id": user_id, "after_key": after_key, "after_id": after_id, "limit": limit},
    )
    return [(state_of(row), (row["sort_key"], row["auction_id"])) for row in rows]


async def list_bids(
    connection: DbConnection, auction_id: str, after_seq: int, limit: int, *, with_names: bool
) -> list[Bid]:
    """Return the bids above `after_seq` in order; names only for those who may see them."""
    rows = await connection.rows(
        _sql.list_bids, {"auction_id": auction_id, "after_seq": after_seq, "limit": limit}
    )
    return [_bid_of(row, with_names=with_names) for row in rows]


async def list_pages_of_bids(
    connection: DbConnection, wanted: Sequence[tuple[str, int, int]]
) -> list[list[Bid] | None]:
    """List the bids of pages (auction id, above which seq, how many); None without an auction."""
    values = {
        "ids": plain_array(auction_id for auction_id, _, _ in wanted),
        "afters": plain_array(after_seq for _, after_seq, _ in wanted),
        "limits": plain_array(limit for _, _, limit in wanted),
    }
    found: list[list[Bid] | None] = [None] * len(wanted)
    for row in await connection.rows(_sql.prepared.list_pages_of_bids, values):
        place = row["place"] - 1
        page = found[place]
        if page is None:
            page = found[place] = []
        if row["seq"] is not None:
            page.append(_bid_of(row, with_names=False))
    return found


async def list_newest_bids(
    connection: DbConnection, auction_id: str, after_seq: int, limit: int
) -> list[StoredBidView]:
    """List the newest `limit` bids above `after_seq`, in order."""
    rows = await connection.rows(
        _sql.list_newest_bids, {"auction_id": auction_id, "after_seq": after_seq, "limit": limit}
    )
    return [
        StoredBidView(
            _bid_of(row, with_names=False),
            row["auction_version"],
            row["extended"],
            row["bidder_id"],
            row["leader_after"],
        )
        for row in rows
    ]


def _bid_of(row: Row, *, with_names: bool) -> Bid:
    return Bid.model_construct(
        seq=row["seq"],
        kind=BidKind(row["kind"]),
        bidder=f"bidder-{row['bidder_no']}",
        amount=row["amount"],
        price=row["price_after"],
        leader=f"bidder-{row['leader_no_after']}",
        created_at=row["created_at"],
        bidder_id=row["bidder_id"] if with_names else None,
        bidder_name=row["bidder_name"] if with_names else None,
    )


async def find_seller(connection: DbConnection, auction_id: str) -> str | None:
    """Find the seller of an auction."""
    row = await connection.maybe(_sql.find_seller, {"auction_id": auction_id})
    return row["seller_id"] if row else None


async def list_open_of_seller(connection: DbConnection, seller_id: str) -> list[str]:
    """List the ids of a seller's auctions that are open or will open."""
    rows = await connection.tuples(_sql.list_open_of_seller, {"seller_id": seller_id})
    return [row[0] for row in rows]


async def insert_watch(connection: DbConnection, user_id: str, auction_id: str) -> None:
    """Put an auction on a user's watch list; nothing changes when it is there."""
    await connection.execute(_sql.insert_watch, {"user_id": user_id, "auction_id": auction_id})


async def delete_watch(connection: DbConnection, user_id: str, auction_id: str) -> None:
    """Take an auction off a user's watch list."""
    await connection.execute(_sql.delete_watch, {"user_id": user_id, "auction_id": auction_id})


async def list_suspended(connection: DbConnection, ids: Sequence[str]) -> set[str]:
    """List those of these users who are suspended."""
    return {row[0] for row in await connection.tuples(_sql.list_suspended, {"ids": list(ids)})}


async def find_runner_up(
    connection: DbConnection, auction_id: str, winner_id: str
) -> tuple[str, int] | None:
    """Find the active bidder with the highest maximum beside the winner; the earlier on a tie."""
    row = await connection.maybe(
        _sql.find_runner_up, {"auction_id": auction_id, "winner_id": winner_id}
    )
    return (row["bidder_id"], row["max_amount"]) if row else None


async def find_next_bidder(
    tx: Transaction, auction_id: str, passed_over: Sequence[str]
) -> tuple[str, int] | None:
    """Find the highest of the active bidders that were not passed over, and their bid.

    The amount, in minor units, is the highest that they named; their maximum stays private.
    """
    row = await tx.maybe(
        _sql.find_next_bidder, {"auction_id": auction_id, "passed_over": list(passed_over)}
    )
    return (row["bidder_id"], row["amount"]) if row else None


async def get_terms(tx: Transaction, auction_id: str) -> Row:
    """Read the terms of an auction, for another one of the same item."""
    return await tx.one(_sql.get_terms, {"auction_id": auction_id})


async def take_stock(tx: Transaction, listing_ids: Sequence[str]) -> None:
    """Mark the items of these listings as sold."""
    await tx.execute(_sql.take_stock, {"ids": list(listing_ids)})


async def give_back_stock(tx: Transaction, listing_ids: Sequence[str]) -> None:
    """Put the items of these listings back on sale."""
    await tx.execute(_sql.give_back_stock, {"ids": list(listing_ids)})
