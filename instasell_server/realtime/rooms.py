"""The rooms of single auctions: who watches, and which version they have seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from instasell_server.domains.auctions.events import OwnBid
from instasell_server.realtime.event_frames import EncodedEvent
from instasell_server.realtime.subscriber import Subscriber


class OwnBidEvent(NamedTuple):
    """A bidder's position at a version of an auction."""

    auction_id: str
    version: int
    own: OwnBid


@dataclass(slots=True)
class RoomJoin:
    """Keep what happens while an auction's snapshot is read for a subscriber, in order."""

    events: list[EncodedEvent] = field(default_factory=list)
    own_bids: list[OwnBidEvent] = field(default_factory=list)


class AuctionRoom:
    """Hold one auction's subscribers, who get its events in order of version, each once.

    `version` is None until the first snapshot tells where the room begins; until then, and while
    a hole is filled, events are held.
    """

    __slots__ = ("auction_id", "filling", "held", "joining", "latest", "seq", "version", "watchers")

    def __init__(self, auction_id: str) -> None:
        self.auction_id = auction_id
        self.version: int | None = None
        self.seq = 0
        # The version of each subscriber's own snapshot: it has seen what lies at or under it.
        self.watchers: dict[Subscriber, int] = {}
        self.joining: dict[Subscriber, RoomJoin] = {}
        self.held: dict[int, EncodedEvent] = {}
        self.latest: EncodedEvent | None = None
        self.filling = False

    def __contains__(self, subscriber: Subscriber) -> bool:
        return subscriber in self.watchers or subscriber in self.joining

    @property
    def empty(self) -> bool:
        """Return whether nobody watches or is about to."""
        return not self.watchers and not self.joining

    def take(self, event: EncodedEvent) -> list[EncodedEvent]:
        """Take an event in; return those whose turn has come, in order."""
        if self.version is None:
            self.held[event.version] = event
            return []
        if event.version <= self.version:
            return []
        self.held[event.version] = event
        return self._due()

    def begin(self, version: int, seq: int) -> list[EncodedEvent]:
        """Set where the room begins, if it is not known; return what that sets free."""
        if self.version is not None:
            return []
        self.version, self.seq = version, seq
        self.held = {key: event for key, event in self.held.items() if key > version}
        return self._due()

    def skip_to(self, event: EncodedEvent) -> list[EncodedEvent]:
        """Go on from an event, giving up those before it, which nobody can tell any more."""
        if self.version is None or event.version <= self.version:
            return []
        self.version = event.version - 1
        self.held = {key: held for key, held in self.held.items() if key > event.version}
        self.held[event.version] = event
        return self._due()

    def _due(self) -> list[EncodedEvent]:
        due: list[EncodedEvent] = []
        assert self.version is not None, "a room that has not begun has nothing due"
        while (event := self.held.pop(self.version + 1, None)) is not None:
            self.version, self.seq, self.latest = event.version, event.seq, event
            due.append(event)
        return due
