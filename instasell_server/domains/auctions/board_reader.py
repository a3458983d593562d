"""Read windows of the board, and the auctions beside them that concern an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from instasell_client.models.auctions import AuctionState, AuctionStatus
from instasell_client.models.live import BoardView, YourBid
from instasell_server.db import clock
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.queries import load
from instasell_server.domains.auctions import store
from instasell_server.domains.auctions.positions import list_open_bids

_sql = load(__file__, "board.sql")

STATES_AT_A_TIME = 100
"""Between so many states the event loop gets its turn. Beside five sockets that join the board in a
loop the p99 of honest bids was 2 to 3.2 times the quiet one with 500 states at a time, 1.2 times
with 100 and 1.3 times with 50, so fewer would only cost more queries."""

OWN_MAX = 200
"""So many auctions that a user watches, sells or has bid in are on the board beside the window."""

_OPEN = (AuctionStatus.PENDING, AuctionStatus.LIVE)


class ShownAuction(NamedTuple):
    """One open auction, with its state in the bytes that every reader gets."""

    auction_id: str
    version: int
    seq: int
    state: bytes


class BoardPage(NamedTuple):
    """The auctions of a view in its order, and how many there are in all, if that is known."""

    auctions: Sequence[ShownAuction]
    total: int | None
    total_is_estimate: bool


class AccountAuctions(NamedTuple):
    """Hold the open auctions that concern an account, and its positions where it has bid."""

    auctions: Sequence[ShownAuction]
    your_bids: Sequence[YourBid]


class BoardReader:
    """Read for the board, in pieces that let the event loop have its turn."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def window(self, view: BoardView) -> BoardPage:
        """Read the first auctions that match a view."""
        found: dict[str, ShownAuction] = {}
        after: store.StateKey | None = None
        left = view.limit
        while left > 0:
            some = min(left, STATES_AT_A_TIME)
            async with self._database.connection() as connection:
                page = await store.list_live(connection, _filters(view, after), some)
            # An auction that moves while the pages are read may come twice.
            found |= {state.auction_id: _encoded(state) for state, _ in page}
            left -= some
            if len(page) < some:
                return BoardPage(list(found.values()), len(found), total_is_estimate=False)
            after = page[-1][1]
        total = None
        if view.category is None and not view.text:
            async with self._database.connection() as connection:
                estimate = await _estimate_open(connection)
            total = None if estimate is None else max(estimate, len(found))
        return BoardPage(list(found.values()), total, total_is_estimate=total is not None)

    async def own(self, user_ids: Sequence[str]) -> dict[str, AccountAuctions]:
        """Read what concerns each of these accounts."""
        async with self._database.connection() as connection:
            rows = await _list_own_open(connection, user_ids, OWN_MAX)
            bids = await list_open_bids(connection, user_ids)
        ids: dict[str, dict[str, None]] = {user_id: {} for user_id in user_ids}
        for user_id, auction_id in rows:
            ids[user_id][auction_id] = None
        for user_id, positions in bids.items():
            ids[user_id] |= dict.fromkeys(each.auction_id for each in positions[:OWN_MAX])
        states = await self.auctions({each for own in ids.values() for each in own})
        if bids:
            # After the states, so that no position is older than the state beside it.
            async with self._database.connection() as connection:
                bids = await list_open_bids(connection, user_ids)
        return {
            user_id: AccountAuctions(
                [states[each] for each in own if each in states], bids.get(user_id, [])
            )
            for user_id, own in ids.items()
        }

    async def auctions(self, auction_ids: Iterable[str]) -> Mapping[str, ShownAuction]:
        """Read those of these auctions that are open."""
        ids, found = list(auction_ids), dict[str, ShownAuction]()
        for start in range(0, len(ids), STATES_AT_A_TIME):
            async with self._database.connection() as connection:
                states = await store.list_states(connection, ids[start : start + STATES_AT_A_TIME])
            # The end of one that ends meanwhile comes by its event, if at all.
            found |= {each.auction_id: _encoded(each) for each in states if each.status in _OPEN}
        return found

    async def now(self) -> datetime:
        """Return the market's clock."""
        async with self._database.connection() as connection:
            return await clock.get_now(connection)


def _encoded(state: AuctionState) -> ShownAuction:
    encoded = state.__pydantic_serializer__.to_json(state)
    return ShownAuction(state.auction_id, state.version, state.seq, encoded)


def _filters(view: BoardView, after: store.StateKey | None) -> dict[str, object]:
    after_key, after_id = after or (None, None)
    return {
        "sort": view.sort.value,
        "category": view.category,
        "seller": None,
        "price_min": None,
        "price_max": None,
        "q": view.text or None,
        "after_key": after_key,
        "after_id": after_id,
    }


async def _list_own_open(
    connection: DbConnection, user_ids: Sequence[str], limit: int
) -> list[tuple[str, str]]:
    """List each user with the open auctions that they watch or sell, up to `limit` of each."""
    parameters = {"user_ids": list(user_ids), "limit": limit}
    return [(row[0], row[1]) for row in await connection.tuples(_sql.list_own_open, parameters)]


async def _estimate_open(connection: DbConnection) -> int | None:
    """Estimate the number of open auctions; None where nothing is known."""
    rows = await connection.tuples(_sql.estimate_open)
    return rows[0][0] if rows and rows[0][0] >= 0 else None
