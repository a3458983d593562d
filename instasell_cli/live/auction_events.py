"""Define the conditions for which commands wait, and follow auctions until they are met."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.live.task_failures import first_of

if TYPE_CHECKING:
    from instasell_client import AsyncInstaSell
    from instasell_client.live import AuctionEvent, AuctionFeed, LiveSession, StateCallback
    from instasell_client.models.auctions import AuctionState

AUCTIONS_OF_CONNECTION_MAX = 1000
"""How many auctions the market lets one connection join."""

AUCTIONS_MAX = 5000


class WaitCondition(StrEnum):
    """Name the condition to wait for; an auction that has met it is left."""

    STARTED = "started"
    BID = "bid"
    ENDED = "ended"


@dataclass
class FollowedAuctions:
    """One auction on the way to what is waited for.

    A bid counts when its number is above `after_seq`; None stands for those that the auction had
    when it was first seen.
    """

    until: WaitCondition
    after_seq: int | None = None
    state: AuctionState | None = None

    def take(self, event: AuctionEvent) -> bool | None:
        """Return whether the condition is met after this event; None while it still can be."""
        from instasell_client.live import apply_change

        if self.state is None:
            if event.event != "joined":
                return None
            self.state = event.data.state
        self.state = apply_change(self.state, event)
        if self.after_seq is None:
            self.after_seq = self.state.seq
        return self._happened(self.state, self.after_seq)

    def _happened(self, state: AuctionState, after_seq: int) -> bool | None:
        status = state.status.value
        if self.until is WaitCondition.BID and state.seq > after_seq:
            return True
        if self.until is WaitCondition.STARTED and status in ("live", "ended"):
            return True
        if status in ("ended", "cancelled"):
            return self.until is WaitCondition.ENDED and status == "ended"
        return None


Seen = Callable[[str, "AuctionEvent", bool | None], None]
"""Called with the auction's id, an event, and whether what is waited for has happened now."""


@contextlib.asynccontextmanager
async def connections(
    client: AsyncInstaSell, count: int, on_state: StateCallback | None = None
) -> AsyncIterator[list[LiveSession]]:
    """Open as many connections as `count` auctions take; `on_state` gets the first."""
    async with contextlib.AsyncExitStack() as stack:
        lives = []
        for first in range(0, count, AUCTIONS_OF_CONNECTION_MAX):
            live = client.live(on_state=on_state if first == 0 else None)
            lives.append(await stack.enter_async_context(live))
        yield lives


async def follow(
    lives: Sequence[LiveSession], auctions: Mapping[str, FollowedAuctions], seen: Seen
) -> Mapping[str, bool]:
    """Follow auctions until it has happened to all of them, or no longer can.

    Raises AuctionNotFound, what ends the session for good, and whatever `seen` raises.
    """
    import asyncio

    async def each(auction_id: str, feed: AuctionFeed) -> bool:
        async with feed:
            async for event in feed:
                verdict = auctions[auction_id].take(event)
                seen(auction_id, event, verdict)
                if verdict is not None:
                    return verdict
        return False

    try:
        async with asyncio.TaskGroup() as group:
            tasks = {
                auction_id: group.create_task(
                    each(auction_id, lives[n // AUCTIONS_OF_CONNECTION_MAX].auction(auction_id))
                )
                for n, auction_id in enumerate(auctions)
            }
    except ExceptionGroup as failures:
        raise first_of(failures) from None
    return {auction_id: task.result() for auction_id, task in tasks.items()}


def each_once(ids: Iterable[str]) -> list[str]:
    """Return the ids without repetitions. Raises UsageProblem for too many."""
    found = list(dict.fromkeys(ids))
    if len(found) > AUCTIONS_MAX:
        raise UsageProblem(f"name {AUCTIONS_MAX} auctions at most")
    return found
