"""Register the feeds of a session, and route each event to its feeds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, get_args
from weakref import WeakSet

from pydantic import ValidationError

from instasell_client.errors import InstaSellError
from instasell_client.live.events import (
    AccountEvent,
    AuctionChange,
    BidsPlaced,
    Change,
    ChangeName,
    NoticeName,
)
from instasell_client.live.feeds import AccountFeed, JoinedFeed
from instasell_client.models.base import JsonObject
from instasell_client.models.live import BOARD, AuctionChanged, BidPlaced, ServerEvent

log = logging.getLogger("instasell_client.live")

_CHANGES = frozenset(get_args(ChangeName))
_NOTICES = frozenset(get_args(NoticeName))


class FeedRegistry:
    """Hold the feeds that are still referenced. `abandon` gets a room that has no feed left.

    Feeds are kept weakly: one that was left by a bare `break` goes with its last reference, and
    its room is left with the next event that comes for it.
    """

    def __init__(self, abandon: Callable[[str], None]) -> None:
        self._abandon = abandon
        self._rooms: dict[str, WeakSet[JoinedFeed[Any]]] = {}
        self._notices: WeakSet[AccountFeed] = WeakSet()

    def __contains__(self, name: str) -> bool:
        return name in self._rooms

    def __iter__(self) -> Iterator[JoinedFeed[Any]]:
        return iter([room for rooms in self._rooms.values() for room in rooms])

    def enter(self, room: JoinedFeed[Any]) -> None:
        """Add a feed of an auction or of the board."""
        self._rooms.setdefault(room.room, WeakSet()).add(room)

    def listen(self, feed: AccountFeed) -> None:
        """Add a feed of the account's events."""
        self._notices.add(feed)

    def leave(self, feed: object) -> None:
        """Remove a feed, and leave its room when it was the last one there."""
        if isinstance(feed, JoinedFeed):
            rooms = self._rooms.get(feed.room, WeakSet())
            rooms.discard(feed)
            if not rooms and self._rooms.pop(feed.room, None) is not None:
                self._abandon(feed.room)
        elif isinstance(feed, AccountFeed):
            self._notices.discard(feed)

    def finish(self, failure: InstaSellError | None) -> None:
        """End every feed."""
        for room in self:
            room.finish(failure)
        for feed in list(self._notices):
            feed.finish(failure)

    def receive(self, event: str, data: JsonObject) -> None:
        """Hand an event to its feeds. An unknown one, of a newer server, is skipped."""
        try:
            if event == ServerEvent.BID_PLACED:
                self._spread(BidsPlaced(BidPlaced.model_validate(data)))
            elif event in _CHANGES:
                change = AuctionChanged.model_validate(data)
                self._spread(AuctionChange(event, change))  # type: ignore[arg-type]
            elif event in _NOTICES:
                for feed in list(self._notices):
                    feed.receive(AccountEvent(event, data))  # type: ignore[arg-type]
        except ValidationError as error:
            # The hole that it leaves is found with the next version, and filled by a join.
            log.warning("a %s that does not fit the contract was passed over: %s", event, error)

    def _spread(self, change: Change) -> None:
        for name in (change.data.auction_id, BOARD):
            rooms = self._rooms.get(name)
            if rooms is None:
                continue
            present = list(rooms)
            if not present:
                del self._rooms[name]
                self._abandon(name)
            for room in present:
                room.receive(change)
