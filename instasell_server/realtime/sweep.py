"""Find what has changed in the database since the last look, published or not.

It finds what was lost with Redis, or by a crash between commit and publish. A look asks for the
auctions that transactions have changed since the last one, which each transaction notes beside its
change. An idle market costs one short query, whatever the number of open auctions and of rooms.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from instasell_server.domains.auctions.changes import AuctionVersion
from instasell_server.domains.auctions.history import AuctionHistory

CHANGES_MAX = 5000
"""Where more has changed, comparing what is watched costs less than looking at each change."""

IDS_AT_A_TIME = 1000
KEPT_SECONDS = 120.0
"""So long changes stay noted after every server could have seen them."""

TRUSTED_SECONDS = 60.0
"""A server whose last look is longer ago compares everything that it watches."""

DELETED_AT_A_TIME = 20_000


EMPTY = "1:1:"
"""A snapshot that has seen nothing, in the words of PostgreSQL: xmin, xmax, and those in between
that were under way."""


class Look(NamedTuple):
    """Hold what a look has found, and the snapshot that it has seen.

    `changes` is None when all that is watched has to be compared.
    """

    began: float
    seen: str
    changes: Sequence[AuctionVersion] | None


class Sweep:
    """Look for changes, each look from where the last one ended.

    A look is over with `finish` only: what fails before is found again by the next one.
    """

    def __init__(self, history: AuctionHistory) -> None:
        self._history = history
        self._last: Look | None = None
        # Below which transaction everything was seen, and when; older rows are of no use.
        self._horizons: deque[tuple[float, int]] = deque()
        self._unsettled: Sequence[str] = ()

    async def look(self, *, with_changes: bool) -> Look:
        """Ask what has changed; without the changes, only where the next look has to begin."""
        began, last = time.monotonic(), self._last
        is_known = last is not None and began - last.began <= TRUSTED_SECONDS
        limit = CHANGES_MAX + 1 if is_known and with_changes else 0
        before = last.seen if last is not None else EMPTY
        seen, changes = await self._history.changes(before, self._unsettled, limit)
        # Numbers that fall are those of another cluster, where a dump was restored.
        is_known = is_known and _bounds(seen)[1] >= _bounds(before)[1]
        is_known = is_known and len(changes) <= CHANGES_MAX
        return Look(began, seen, changes if is_known else None)

    async def current(self, auction_ids: Iterable[str]) -> list[AuctionVersion]:
        """Return the versions of these auctions, whether they have changed or not."""
        found: list[AuctionVersion] = []
        for some in _in_parts(list(auction_ids)):
            found += (await self._history.changes(EMPTY, some, 0))[1]
        return found

    async def finish(self, look: Look, unsettled: Sequence[str]) -> None:
        """End a look; the next one returns the unsettled auctions again."""
        self._last, self._unsettled = look, unsettled
        horizons = self._horizons
        if horizons and look.began - horizons[-1][0] < KEPT_SECONDS / 12:
            return
        horizons.append((look.began, _bounds(look.seen)[0]))
        while len(horizons) > 1 and look.began - horizons[1][0] > KEPT_SECONDS:
            horizons.popleft()
        at, horizon = horizons[0]
        before = horizon if look.began - at > KEPT_SECONDS else 0
        await self._history.delete_changes(before, DELETED_AT_A_TIME)


def _bounds(seen: str) -> tuple[int, int]:
    """Return the oldest transaction that a snapshot may have missed, and the first to come."""
    xmin, xmax, _ = seen.split(":")
    return int(xmin), int(xmax)


def _in_parts(auction_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for begin in range(0, len(auction_ids), IDS_AT_A_TIME):
        yield auction_ids[begin : begin + IDS_AT_A_TIME]
