"""Reads what the live side needs: snapshots for those who join, and events that were lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from instasell_client.models.auctions import AuctionState, AuctionStatus, Bid, You
from instasell_client.models.errors import AuctionNotFound
from instasell_server.db import clock
from instasell_server.db.connections import Database, DbConnection
from instasell_server.domains.auctions import store
from instasell_server.domains.auctions.bid_records import PublicBid
from instasell_server.domains.auctions.board_reader import BoardReader
from instasell_server.domains.auctions.changes import (
    AuctionVersion,
    delete_old_changes,
    list_changes,
)
from instasell_server.domains.auctions.events import (
    AuctionCancelled,
    AuctionEnded,
    AuctionEvent,
    AuctionUpdated,
    BidsAccepted,
    OwnBid,
)
from instasell_server.domains.auctions.positions import list_bids_in_auction

MISSED_MAX = 500


class JoinState(NamedTuple):
    """Read an auction's current state, and the bids that a subscriber missed."""

    state: AuctionState
    you: You | None
    missed: list[Bid]
    truncated: bool
    now: datetime


class AuctionHistory:
    """Read auctions for the live side: snapshots for a join, and events to fill a gap."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.board = BoardReader(database)

    async def snapshot(
        self, auction_id: str, user_id: str | None, after_seq: int | None
    ) -> JoinState:
        """Read the state, and up to 500 bids above `after_seq`. Raises AuctionNotFound.

        The state is read first: a bid that is committed in between is then both among the missed
        and in a later event, and never in neither; the caller leaves out what lies above the
        state's seq.
        """
        async with self._database.connection() as connection:
            states = await store.list_states(connection, [auction_id])
            if not states:
                raise AuctionNotFound
            state, missed = states[0], []
            if after_seq is not None and after_seq < state.seq:
                found = await store.list_newest_bids(
                    connection, auction_id, max(after_seq, state.seq - MISSED_MAX), MISSED_MAX * 2
                )
                missed = [each.bid for each in found if each.bid.seq <= state.seq]
            you = await store.find_you(connection, auction_id, user_id) if user_id else None
            now = await clock.get_now(connection)
        truncated = after_seq is not None and state.seq - after_seq > MISSED_MAX
        return JoinState(state, you, missed, truncated, now)

    async def states(
        self, connection: DbConnection, auction_ids: Sequence[str]
    ) -> dict[str, AuctionState]:
        """Return the states of these auctions by id; those that do not exist are left out."""
        found = await store.list_states(connection, auction_ids)
        return {state.auction_id: state for state in found}

    async def now(self) -> datetime:
        """Return the market's clock."""
        async with self._database.connection() as connection:
            return await clock.get_now(connection)

    async def changes(
        self, seen: str, auction_ids: Sequence[str], limit: int
    ) -> tuple[str, list[AuctionVersion]]:
        """Return these auctions, and up to `limit` changed ones that a snapshot has not seen.

        The text before them is the snapshot for the next question.
        """
        async with self._database.connection() as connection:
            return await list_changes(connection, seen, auction_ids, limit)

    async def delete_changes(self, before: int, limit: int) -> None:
        """Delete what is noted of changes by transactions before `before`."""
        async with self._database.connection() as connection:
            await delete_old_changes(connection, before, limit)

    async def events_since(self, auction_id: str, version: int, seq: int) -> list[AuctionEvent]:
        """Return the events above `version`, whose bids lie above `seq`, in order of version.

        They are read where nobody published them, perhaps because the commit was never
        acknowledged: a synchronous standby has them before they are published.
        """
        async with self._database.connection() as connection:
            events = await _events_since(connection, auction_id, version, seq)
            if events:
                await connection.confirm()
            return events


async def _events_since(
    connection: DbConnection, auction_id: str, version: int, seq: int
) -> list[AuctionEvent]:
    states = await store.list_states(connection, [auction_id])
    if not states or states[0].version <= version:
        return []
    state = states[0]
    stored = await store.list_newest_bids(
        # One more than is published, for who led before.
        connection,
        auction_id,
        max(seq, state.seq - MISSED_MAX) - 1,
        MISSED_MAX * 2,
    )
    now = await clock.get_now(connection)
    by_version = {
        key: list(group)
        for key, group in groupby(
            (each for each in stored if each.bid.seq <= state.seq),
            key=lambda each: each.auction_version,
        )
        if key > version
    }
    first = version + 1
    if state.seq - seq > MISSED_MAX:
        # Too far behind to tell every change; the state stands for those left out.
        first = min(by_version, default=state.version)
    own_bids = await _own_bids(connection, auction_id, stored, version)
    events: list[AuctionEvent] = []
    for number in range(first, state.version + 1):
        bids = by_version.get(number, [])
        if number == state.version and state.status in (
            AuctionStatus.ENDED,
            AuctionStatus.CANCELLED,
        ):
            events.append(_over(state, bids, now))
        elif bids:
            events.append(_bids_again(state, number, bids, now))
        else:
            events.append(_state_again(state, number, now))
    return [replace(each, own_bids=own_bids.get(each.version, ())) for each in events]


async def _own_bids(
    connection: DbConnection,
    auction_id: str,
    stored: Sequence[store.StoredBidView],
    version: int,
) -> dict[int, tuple[OwnBid, ...]]:
    """Return by version the positions of who bid in it and of the leader before."""
    concerned: dict[int, set[str]] = {}
    leaders: dict[int, str] = {}
    before: str | None = None
    for each in stored:
        if each.auction_version > version:
            users = concerned.setdefault(each.auction_version, set())
            users |= {each.bidder_id} if before is None else {each.bidder_id, before}
            leaders[each.auction_version] = each.leader_id
        before = each.leader_id
    if not concerned:
        return {}
    everybody = sorted(set().union(*concerned.values()))
    found = await list_bids_in_auction(connection, auction_id, everybody)
    return {
        number: tuple(
            own._replace(leading=own.leading or own.user_id == leaders[number])
            for own in found
            if own.user_id in users
        )
        for number, users in concerned.items()
    }


def _over(
    state: AuctionState, bids: Sequence[store.StoredBidView], now: datetime
) -> AuctionEnded | AuctionCancelled:
    if state.status is AuctionStatus.CANCELLED:
        return AuctionCancelled(state.auction_id, state.version, state.seq, now, reason=None)
    return AuctionEnded(
        auction_id=state.auction_id,
        version=state.version,
        seq=state.seq,
        at=now,
        bids=[_public(each.bid) for each in bids],
        winner=state.winner,
        price=state.current_bid if state.winner else None,
        reserve_met=state.reserve_met,
    )


def _state_again(state: AuctionState, version: int, now: datetime) -> AuctionUpdated:
    """Return a start or an edit, of which the rows keep only its result."""
    return AuctionUpdated(state.model_copy(update={"version": version}), now)


def _bids_again(
    state: AuctionState, version: int, bids: Sequence[store.StoredBidView], now: datetime
) -> BidsAccepted:
    last = bids[-1].bid
    newest = version == state.version
    return BidsAccepted(
        auction_id=state.auction_id,
        version=version,
        at=now,
        bids=[_public(each.bid) for each in bids],
        bidder_count=state.bidder_count,
        current_bid=last.price,
        minimum_bid=state.minimum_bid if newest else last.price + 1,
        # A state with bids and no leader is that of an auction that hides who leads.
        leader=last.leader if state.leader else None,
        reserve_met=state.reserve_met,
        end_at=state.end_at,
        extended=any(each.extended for each in bids),
    )


def _public(bid: Bid) -> PublicBid:
    return PublicBid(
        bid.seq, bid.kind.value, bid.bidder, bid.amount, bid.price, bid.leader, bid.created_at
    )
