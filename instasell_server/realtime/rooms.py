"""The rooms of a hub: who watches what, and which version they have seen."""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(slots=True)
class BoardJoin:
    """Keep what happens while the board's snapshot is read for a subscriber.

    `changes` has the events of each auction that changes, few for many, `own_bids` the subscriber's
    own positions in order.
    """

    changes: dict[str, list[EncodedEvent]] = field(default_factory=dict)
    own_bids: list[OwnBidEvent] = field(default_factory=list)


class BoardRoom:
    """Those who watch every open auction, and what has changed since the last tick."""

    def __init__(self) -> None:
        self.watchers: set[Subscriber] = set()
        # Those whose snapshot is being read.
        self.joining: dict[Subscriber, BoardJoin] = {}
        self.versions: dict[str, int] = {}
        self.latest: dict[str, EncodedEvent] = {}
        # What a newer state does not say again, as a start: the last such event before `latest`.
        self.before: dict[str, EncodedEvent] = {}
        self.changed: dict[str, list[EncodedEvent]] = {}
        # Auctions that are over, found by this sweep, and by the one before.
        self._over: set[str] = set()
        self._over_before: set[str] = set()

    @property
    def empty(self) -> bool:
        """Return whether nobody watches or is about to."""
        return not self.watchers and not self.joining

    def take(self, event: EncodedEvent) -> bool:
        """Take an event in; False when one as new is known."""
        if event.version <= self.versions.get(event.auction_id, 0):
            return False
        auction_id = event.auction_id
        self.versions[auction_id] = event.version
        latest = self.latest.get(auction_id)
        if not event.conflates:
            self.before.pop(auction_id, None)
        elif latest is not None and not latest.conflates:
            self.before[auction_id] = latest
        self.latest[auction_id] = event
        for meanwhile in self.joining.values():
            _conflate(meanwhile.changes.setdefault(auction_id, []), event)
        _conflate(self.changed.setdefault(auction_id, []), event)
        return True

    def newest(self, auction_id: str) -> list[EncodedEvent]:
        """Return what a subscriber who was spared an auction's events has to get, in order."""
        found = (self.before.get(auction_id), self.latest.get(auction_id))
        return [event for event in found if event is not None]

    def retire(self, auction_id: str) -> None:
        """Have an auction that is over forgotten by the sweep after the next `drop_over`."""
        if auction_id in self.versions:
            self._over.add(auction_id)

    def drop_over(self) -> None:
        """Forget auctions that were over at the last sweep; late events of them came by now."""
        for auction_id in self._over_before:
            if auction_id in self.changed:
                self._over.add(auction_id)
                continue
            for known in (self.versions, self.latest, self.before):
                known.pop(auction_id, None)
        self._over, self._over_before = set(), self._over

    def begin(
        self, subscriber: Subscriber, versions: Mapping[str, int]
    ) -> tuple[BoardJoin, list[EncodedEvent]]:
        """Let a subscriber with a snapshot of these versions in.

        Returns what happened meanwhile, and the changes of it that the snapshot lacks.
        """
        meanwhile = self.joining.pop(subscriber, BoardJoin())
        self.watchers.add(subscriber)
        for auction_id, version in versions.items():
            # What is newer in this snapshot is still to come for those who watched before.
            self.versions.setdefault(auction_id, version)
        changes = [
            event
            for auction_id, events in meanwhile.changes.items()
            # What the next tick will bring is left to it.
            if auction_id not in self.changed
            for event in events
            if event.version > versions.get(auction_id, 0)
        ]
        return meanwhile, changes

    def drain(self) -> dict[str, list[EncodedEvent]]:
        """Return what has changed, and begin a new tick."""
        changed, self.changed = self.changed, {}
        return changed

    def forget(self) -> None:
        """Forget the room: nobody watches any more."""
        self.versions.clear()
        self.latest.clear()
        self.before.clear()
        self.changed.clear()
        self._over.clear()
        self._over_before.clear()


def _conflate(waiting: list[EncodedEvent], event: EncodedEvent) -> None:
    """Add an event; a newer state takes the place of an older one."""
    if waiting and waiting[-1].conflates and event.conflates:
        waiting[-1] = event
    else:
        waiting.append(event)
