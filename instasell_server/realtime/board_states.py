"""The newest states of the auctions that boards show, and what has changed since the last tick."""

from __future__ import annotations

import time

from instasell_server.domains.auctions.board_reader import ShownAuction
from instasell_server.realtime.event_frames import EncodedEvent

RECENT_SECONDS = 5.0
"""So long events of all auctions are kept: for states that are read and not taken in yet, and for
the sweep, which comes every two seconds and asks whether the event of a change has come."""


class BoardStates:
    """Hold the events of what is shown, and for a moment of what is not: it may be being read."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        # The state as it was last read, and the newest event. What a newer state does not say
        # again, as a start, is kept in `before`: the last such event before `latest`.
        self.read: dict[str, ShownAuction] = {}
        self.latest: dict[str, EncodedEvent] = {}
        self.before: dict[str, EncodedEvent] = {}
        self.changed: dict[str, list[EncodedEvent]] = {}
        # Auctions that are over, found by this sweep, and by the one before.
        self.over: set[str] = set()
        self._retired: set[str] = set()
        self._retired_before: set[str] = set()
        self._recent: dict[str, tuple[float, list[EncodedEvent]]] = {}

    def learn(self, auction: ShownAuction) -> None:
        """Take a state that was read from the database; newer events are still to come."""
        auction_id = auction.auction_id
        known = self.read.get(auction_id)
        if known is None or auction.version > known.version:
            self.read[auction_id] = auction
        if auction_id in self.versions:
            # What is newer in this state is still to come for those who watched before.
            return
        self.versions[auction_id] = auction.version
        for event in self._recent.get(auction_id, (0.0, []))[1]:
            self.take(event)

    def remember(self, event: EncodedEvent) -> None:
        """Keep an event for a state that is being read, and may be older."""
        _, events = self._recent.pop(event.auction_id, (0.0, []))
        if not events or event.version > events[-1].version:
            _conflate(events, event)
        # The latest are the last, so that the oldest are found at once.
        self._recent[event.auction_id] = (time.monotonic(), events)

    def recent_version(self, auction_id: str) -> int:
        """Return the version of the newest event of the last seconds, or 0."""
        _, events = self._recent.get(auction_id, (0.0, []))
        return events[-1].version if events else 0

    def forget_recent(self, before: float) -> None:
        """Forget events from before any read that is under way."""
        while self._recent:
            auction_id, (at, _) = next(iter(self._recent.items()))
            if at >= before - RECENT_SECONDS:
                break
            del self._recent[auction_id]

    def take(self, event: EncodedEvent) -> bool:
        """Take the event of an auction that is shown; False when one as new is known."""
        auction_id = event.auction_id
        if event.version <= self.versions.get(auction_id, 0):
            return False
        self.versions[auction_id] = event.version
        latest = self.latest.get(auction_id)
        if not event.conflates:
            self.before.pop(auction_id, None)
        elif latest is not None and not latest.conflates:
            self.before[auction_id] = latest
        self.latest[auction_id] = event
        if event.is_over:
            self.over.add(auction_id)
        _conflate(self.changed.setdefault(auction_id, []), event)
        return True

    def newest(self, auction_id: str) -> list[EncodedEvent]:
        """Return the events that make the newest state of the one that was read, in order."""
        found = (self.before.get(auction_id), self.latest.get(auction_id))
        return [event for event in found if event is not None]

    def drain(self) -> dict[str, list[EncodedEvent]]:
        """Return what has changed, and begin a new tick."""
        changed, self.changed = self.changed, {}
        return changed

    def retire(self, auction_id: str) -> None:
        """Have an auction that is over returned by the next call but one of `take_over_before`."""
        if auction_id in self.versions:
            self._retired.add(auction_id)

    def take_over_before(self) -> set[str]:
        """Return the auctions that were over at the last sweep, and of which no event waits."""
        waiting = {each for each in self._retired_before if each in self.changed}
        found = self._retired_before - waiting
        self._retired, self._retired_before = waiting, self._retired
        return found

    def drop(self, auction_id: str) -> None:
        """Forget an auction that nobody is shown any more."""
        for known in (self.versions, self.read, self.latest, self.before, self.changed):
            known.pop(auction_id, None)
        for names in (self.over, self._retired, self._retired_before):
            names.discard(auction_id)

    def forget(self) -> None:
        """Forget everything: nobody watches any more."""
        for known in (self.versions, self.read, self.latest, self.before, self.changed):
            known.clear()
        for names in (self.over, self._retired, self._retired_before):
            names.clear()
        self._recent.clear()


def _conflate(waiting: list[EncodedEvent], event: EncodedEvent) -> None:
    """Add an event; a newer state takes the place of an older one."""
    if waiting and waiting[-1].conflates and event.conflates:
        waiting[-1] = event
    else:
        waiting.append(event)
