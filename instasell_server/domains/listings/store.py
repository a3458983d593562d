"""The rows of listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from instasell_client.models.errors import Invalid, ListingNotFound, SkuTaken, Unavailable
from instasell_client.models.listings import Listing, ListingSort, ListingStatus
from instasell_server.db import postgres
from instasell_server.db.arrays import plain_array
from instasell_server.db.connections import DbConnection, Row
from instasell_server.db.prepared import PreparedSql, PreparedStatement
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.listings import rules
from instasell_server.domains.listings.rules import ListingFields
from instasell_server.domains.listings.search import SearchPlan

_sql = load(__file__)
_searches = load(__file__, "search.sql")

_LISTS = {
    ListingSort.NEWEST: _searches.search_newest,
    ListingSort.OLDEST: _searches.search_oldest,
    ListingSort.PRICE_ASC: _searches.search_cheapest,
    ListingSort.PRICE_DESC: _searches.search_dearest,
}
_LISTS_OF_CATEGORY = {
    ListingSort.NEWEST: _searches.search_newest_in_category,
    ListingSort.OLDEST: _searches.search_oldest_in_category,
    ListingSort.PRICE_ASC: _searches.search_cheapest_in_category,
    ListingSort.PRICE_DESC: _searches.search_dearest_in_category,
}
_NO_SCAN = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off;\n"
"""For this statement alone, as several in one text are one transaction. To compile it took 60 ms of
the 90 that a search of 300,000 listings took."""

_MATCHES = {
    ListingSort.NEWEST: _NO_SCAN + _searches.match_newest,
    ListingSort.OLDEST: _NO_SCAN + _searches.match_oldest,
    ListingSort.PRICE_ASC: _NO_SCAN + _searches.match_cheapest,
    ListingSort.PRICE_DESC: _NO_SCAN + _searches.match_dearest,
    ListingSort.RELEVANCE: _NO_SCAN + _searches.match_most_relevant,
}


FRONT_LIMIT = 50
"""Of a page that is asked for without a limit."""

_FILTERS = (
    "category", "type", "condition", "price_min", "price_max", "seller", "shown_seller", "q",
    "words", "spelling", "literal", "after_key", "after_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListingState:
    """Hold a listing, the ids of its categories from the top down, and whether it has bids.

    `is_hidden` says that its seller is suspended.
    """

    listing: Listing
    fields: ListingFields
    lineage: Sequence[str]
    has_bids: bool
    is_hidden: bool


async def insert_listing(tx: Transaction, seller_id: str, fields: ListingFields) -> str:
    """Insert a listing and return its id. Raises SkuTaken; Invalid for an unknown category."""
    try:
        row = await tx.one(_sql.insert_listing, {"seller_id": seller_id, **fields._asdict()})
    except (postgres.UniqueViolation, postgres.ForeignKeyViolation) as error:
        raise _refusal(error) from None
    return str(row["id"])


async def update_listing(tx: Transaction, listing_id: str, fields: ListingFields) -> None:
    """Write new values. Raises SkuTaken, and Invalid for an unknown category."""
    try:
        await tx.execute(_sql.update_listing, {"listing_id": listing_id, **fields._asdict()})
    except (postgres.UniqueViolation, postgres.ForeignKeyViolation) as error:
        raise _refusal(error) from None


async def remove_listing(tx: Transaction, listing_id: str) -> None:
    """Take a listing out of every list."""
    await tx.execute(_sql.remove_listing, {"listing_id": listing_id})


async def lock_lanes(tx: Transaction, seller_id: str, lanes: Sequence[int] = rules.LANES) -> None:
    """Wait for the seller's other writes in these lanes: those that name a seller_sku."""
    await tx.execute(_sql.lock_lanes, {"seller_id": seller_id, "lanes": list(lanes)})


async def lock_own(
    tx: Transaction, seller_id: str, listing_ids: Sequence[str]
) -> Mapping[str, ListingState]:
    """Lock those of the listings that are the seller's and active, and their open auctions.

    The auctions come first, as everywhere. One that was opened between the two locks is not
    locked and could take a bid at any moment: Unavailable, which is safe to try again.
    """
    values = {"seller_id": seller_id, "listing_ids": list(listing_ids)}
    auctions = {row[0] for row in await tx.tuples(_sql.lock_open_auctions, values)}
    own = [row[0] for row in await tx.tuples(_sql.lock_listings, values)]
    states = await list_states(tx, own)
    for state in states.values():
        if state.listing.auction_id is not None and state.listing.auction_id not in auctions:
            raise Unavailable("an auction of the listing was created at this moment; try again")
    return states


async def list_states(
    connection: DbConnection, listing_ids: Sequence[str]
) -> dict[str, ListingState]:
    """Return listings by id; removed ones too."""
    rows = await connection.rows(
        _sql.prepared.list_states, {"listing_ids": plain_array(listing_ids)}
    )
    return {row["id"]: _state(row) for row in rows}


async def list_own_states(
    connection: DbConnection, seller_id: str, listing_ids: Sequence[str]
) -> dict[str, ListingState]:
    """List those of the listings that are the seller's and active, without a lock."""
    return {
        listing_id: state
        for listing_id, state in (await list_states(connection, listing_ids)).items()
        if state.listing.seller_id == seller_id and state.listing.status is ListingStatus.ACTIVE
    }


async def find_listing(connection: DbConnection, listing_id: str) -> ListingState | None:
    """Find one listing; a removed one too."""
    row = await connection.maybe(_sql.prepared.find_listing, {"listing_id": listing_id})
    return _state(row) if row else None


async def get_listing(connection: DbConnection, listing_id: str) -> ListingState:
    """Get one listing; a removed one too. Raises ListingNotFound."""
    state = await find_listing(connection, listing_id)
    if state is None:
        raise ListingNotFound
    return state


async def search(connection: DbConnection, asked: SearchPlan) -> list[Row]:
    """Return the rows of a page and one more, which shows whether another page follows."""
    if asked.limit == FRONT_LIMIT and not any(asked.parameters[name] for name in _FILTERS):
        return await connection.rows(_front_page(asked.sort), {})
    return await connection.rows(query_of(asked), asked.parameters)


@cache
def _front_page(sort: ListingSort) -> PreparedSql:
    """Return the list without filters as a statement without parameters, planned once.

    The others are planned with their values each time, which takes 3 ms of the 5 that this took.
    """
    text = _LISTS[sort].replace("%(limit)s", str(FRONT_LIMIT + 1))
    for name in _FILTERS:
        text = text.replace(f"%({name})s", "NULL")
    return PreparedStatement(f"listings_front_{sort.value.strip('-')}", text).sql


def query_of(asked: SearchPlan) -> str:
    """Return the statement of a search, by its sort and by what it filters."""
    if asked.parameters["q"] is not None:
        return _MATCHES[asked.sort]
    if asked.parameters["category"] is not None:
        return _LISTS_OF_CATEGORY[asked.sort]
    return _LISTS[asked.sort]


async def list_own(
    connection: DbConnection, seller_id: str, after: Listing | None, limit: int
) -> list[Listing]:
    """List the seller's active listings, oldest first, behind `after`."""
    values = {
        "seller_id": seller_id,
        "after_id": after.id if after else None,
        "after_at": after.created_at if after else None,
        "limit": limit,
    }
    return [Listing.model_validate(row) for row in await connection.rows(_sql.list_own, values)]


async def get_clock(connection: DbConnection) -> int:
    """Get the database's clock in microseconds."""
    return int((await connection.one(_sql.get_clock))["clock"])


def _state(row: Mapping[str, Any]) -> ListingState:
    listing = Listing.model_validate(row)
    fields = ListingFields(**{name: row[name] for name in ListingFields._fields})
    has_bids, is_hidden = bool(row["auction_seq"]), row["is_seller_suspended"]
    return ListingState(listing, fields, row["category_lineage"], has_bids, is_hidden)


def _refusal(error: postgres.Error) -> Exception:
    if isinstance(error, postgres.UniqueViolation):
        return SkuTaken("choose another seller_sku, or change that listing")
    return Invalid.one("category_id", "there is no such category; GET /categories lists them")


async def list_categories_of(connection: DbConnection, listing_ids: Sequence[str]) -> list[str]:
    """List the categories in which these listings are shown: their own, and all above."""
    rows = await connection.tuples(_sql.list_categories_of, {"listing_ids": list(listing_ids)})
    return [row[0] for row in rows]


async def list_categories_of_seller(connection: DbConnection, seller_id: str) -> list[str]:
    """List the categories that show a seller's active listings: their own, and all above."""
    rows = await connection.tuples(_sql.list_categories_of_seller, {"seller_id": seller_id})
    return [row[0] for row in rows]
