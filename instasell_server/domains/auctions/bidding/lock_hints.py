"""Take an auction's Redis lock before its row, so that servers do not queue on the same row.

The lock can be lost, expire or be ignored without a wrong price: the row lock and the version
decide. Decision 0003 in docs/decisions has the reasons at length.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Sequence

from instasell_server import metrics
from instasell_server.domains.auctions.bidding.auction_queue import AuctionQueue, PendingBid
from instasell_server.ports import Bus, Locks, Unreachable

LOCK_PATIENCE_SECONDS = 0.1
"""A bid that has waited so long for the lock goes without it."""

LOCK_HOLD_SECONDS = 0.05
"""A lock is kept so long while bids wait: two round trips to Redis in 50 ms, not in each batch."""

LOCK_REST_SECONDS = 0.005
"""A server that frees a lock and asks for it at once always wins against one that asks a little
later, whose bidders would starve. Alone on its market a server never rests."""

LOCK_RETRY_SECONDS = (0.005, 0.020)


def lock_name(auction_id: str) -> str:
    """Return the Redis key of an auction's lock."""
    return f"lock:auction:{auction_id}"


class LockHints:
    """Acquire and release the Redis locks of auctions that are bid on."""

    def __init__(self, locks: Locks, bus: Bus) -> None:
        self._locks = locks
        self._bus = bus
        self._token = secrets.token_hex(8)

    async def acquire(
        self, queues: Sequence[AuctionQueue], batch: Sequence[PendingBid]
    ) -> set[str]:
        """Take the locks that are not held; return the auctions that have to wait for theirs."""
        wanted = {queue.id: queue for queue in queues if queue.held_since is None}
        if not wanted:
            return set()
        now = asyncio.get_running_loop().time()
        try:
            got = await self._locks.acquire([lock_name(each) for each in wanted], self._token)
        except Unreachable:
            return set()
        missed = {each for each in wanted if lock_name(each) not in got}
        for auction_id in wanted.keys() - missed:
            wanted[auction_id].held_since = now
        if not missed:
            return missed
        metrics.LOCK_MISSES.inc(len(missed))
        impatient = {
            each.command.auction_id for each in batch if now - each.since >= LOCK_PATIENCE_SECONDS
        }
        for auction_id in missed - impatient:
            wanted[auction_id].not_before = now + random.uniform(*LOCK_RETRY_SECONDS)
        return missed - impatient

    async def release(self, queues: Sequence[AuctionQueue]) -> None:
        """Free the locks of auctions that nothing waits for, or that were held long enough."""
        now = asyncio.get_running_loop().time()
        rest = LOCK_REST_SECONDS if self._bus.peers else 0.0
        free: list[str] = []
        for queue in queues:
            if queue.held_since is None:
                continue
            if queue.waiting and now - queue.held_since < LOCK_HOLD_SECONDS:
                continue
            queue.held_since = None
            queue.not_before = now + rest
            free.append(lock_name(queue.id))
        if free:
            await self._locks.release(free, self._token)
