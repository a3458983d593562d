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
from instasell_client.live.feeds import AccountFeed, EventFeed, JoinedFeed
from instasell_client.models.base import JsonObject
from instasell_client.models.live import BOARD, AuctionChanged, BidPlaced, ServerEvent

log = logging.getLogger("instasell_client.live")

_CHANGES = frozenset(get_args(ChangeName))
_NOTICES = frozenset(get_args(NoticeName))


class FeedRegistry:
    """Hold the feeds that are still referenced. `abandon` gets an id that no feed is of any more.

    Feeds are kept weakly: one that was left by a bare `break` goes with its last reference, and
    its auction is left with the next event that comes for it.
    """

    def __init__(self, abandon: Callable[[str], None]) -> None:
        self._abandon = abandon
        self._joined: dict[str, WeakSet[JoinedFeed[Any]]] = {}
        self._notices: WeakSet[AccountFeed] = WeakSet()

    def __contains__(self, name: str) -> bool:
        return name in self._joined

    def __iter__(self) -> Iterator[JoinedFeed[Any]]:
        return iter([feed for feeds in self._joined.values() for feed in feeds])

    def enter(self, feed: JoinedFeed[Any]) -> None:
        """Add a feed of an auction or of the board."""
        self._joined.setdefault(feed.target_id, WeakSet()).add(feed)

    def listen(self, feed: AccountFeed) -> None:
        """Add a feed of the account's events."""
        self._notices.add(feed)

    def leave(self, feed: object) -> None:
        """Remove a feed, and leave its auction or the board with the last feed of it."""
        if isinstance(feed, JoinedFeed):
            feeds = self._joined.get(feed.target_id, WeakSet())
            feeds.discard(feed)
            if not feeds and self._joined.pop(feed.target_id, None) is not None:
                self._abandon(feed.target_id)
        elif isinstance(feed, AccountFeed):
            self._notices.discard(feed)

    def finish(self, failure: InstaSellError | None) -> None:
        """End every feed."""
        feeds: list[EventFeed[Any]] = [*self, *self._notices]
        for feed in feeds:
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
        is_for_board = isinstance(change, AuctionChange) and (
            change.data.entered or change.event == "auction_left"
        )
        for name in (BOARD,) if is_for_board else (change.data.auction_id, BOARD):
            feeds = self._joined.get(name)
            if feeds is None:
                continue
            present = list(feeds)
            if not present:
                del self._joined[name]
                self._abandon(name)
            for feed in present:
                feed.receive(change)
