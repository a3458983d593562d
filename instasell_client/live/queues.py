"""Bounded queues between the socket and a reader: a slow reader gets the newest state.

Nothing is thrown away before a queue is full; then the events of an auction become few: one for
all its bids, and the last of every other kind, in order of version.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from instasell_client.live.events import (
    AuctionChange,
    AuctionEvent,
    AuctionJoined,
    BidsPlaced,
    BoardEvent,
    BoardJoined,
    Change,
)
from instasell_client.models.auctions import Bid

BIDS_KEPT_MAX = 500

Event = TypeVar("Event")


class AuctionEventQueue:
    """Queue the events of one auction, of which a slow reader gets at most `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: deque[AuctionEvent] = deque()

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: AuctionEvent) -> None:
        """Add an event, and make few of many when the queue is full."""
        self._events.append(event)
        if len(self._events) > self._limit:
            self._events = deque(conflate(list(self._events)))

    def pop(self) -> AuctionEvent:
        """Remove the oldest event, and return it."""
        return self._events.popleft()


class BoardEventQueue:
    """Queue the events of the board: few for each auction, and the auctions in order of arrival."""

    def __init__(self, limit_per_auction: int = 8) -> None:
        self._limit = limit_per_auction
        self._snapshot: BoardJoined | None = None
        self._changes: dict[str, list[Change]] = {}

    def __len__(self) -> int:
        waiting = sum(map(len, self._changes.values()))
        return waiting + (self._snapshot is not None)

    def restart(self, snapshot: BoardJoined) -> None:
        """Replace all that waits by a snapshot of the board."""
        self._changes.clear()
        self._snapshot = snapshot

    def put(self, change: Change) -> None:
        """Add a change of an auction on the board."""
        waiting = self._changes.setdefault(change.data.auction_id, [])
        waiting.append(change)
        if len(waiting) > self._limit:
            few = [event for event in conflate(waiting) if not isinstance(event, AuctionJoined)]
            self._changes[change.data.auction_id] = few

    def pop(self) -> BoardEvent:
        """Return the snapshot first, then the oldest change of the auction that waits longest."""
        if self._snapshot is not None:
            snapshot, self._snapshot = self._snapshot, None
            return snapshot
        auction_id, waiting = next(iter(self._changes.items()))
        change = waiting.pop(0)
        if not waiting:
            del self._changes[auction_id]
        return change


class DropOldestQueue(Generic[Event]):
    """Queue the newest `limit` events, and drop older ones."""

    def __init__(self, limit: int) -> None:
        self._events: deque[Event] = deque(maxlen=limit)

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Add an event."""
        self._events.append(event)

    def pop(self) -> Event:
        """Remove the oldest event that is left, and return it."""
        return self._events.popleft()


def conflate(events: Sequence[AuctionEvent]) -> Sequence[AuctionEvent]:
    """Return few events for many of one auction: the same last state, and as many bids as fit."""
    joins = [event for event in events if isinstance(event, AuctionJoined)]
    placed = [event for event in events if isinstance(event, BidsPlaced)]
    changes = {event.event: event for event in events if isinstance(event, AuctionChange)}
    few: list[AuctionEvent] = [*changes.values()]
    if joins:
        few.append(_one_join(joins))
    if placed:
        few.append(_one_batch(placed))
    return sorted(few, key=lambda event: event.version)


def _one_join(joins: Sequence[AuctionJoined]) -> AuctionJoined:
    missed = [bid for join in joins for bid in join.data.missed]
    newest = missed[-BIDS_KEPT_MAX:]
    truncated = len(newest) < len(missed) or any(join.data.truncated for join in joins)
    data = joins[-1].data.model_copy(update={"missed": newest, "truncated": truncated})
    return AuctionJoined(data, resumed=joins[0].resumed)


def _one_batch(placed: Sequence[BidsPlaced]) -> BidsPlaced:
    bids: list[Bid] = [bid for event in placed for bid in event.data.bids]
    newest = bids[-BIDS_KEPT_MAX:]
    datas = [event.data for event in placed]
    update = {
        "first_seq": datas[0].first_seq,
        "bids": newest,
        "truncated": len(newest) < len(bids) or any(data.truncated for data in datas),
        "auction_extended": any(data.auction_extended for data in datas),
        "conflated": any(data.conflated for data in datas),
    }
    return BidsPlaced(datas[-1].model_copy(update=update))
