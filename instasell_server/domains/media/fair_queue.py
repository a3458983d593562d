"""Give turns to accounts fairly: each has one at a time, and those that wait come round in turn."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from instasell_client.models.errors import RateLimited, Unavailable

RETRY_SECONDS = 5.0


class FairQueue:
    """Turns of accounts: `at_once` in all and one for each account.

    Up to `waiting_of_account` wait for an account and `waiting_max` in all. When all places are
    taken, an account that has fewer takes the last place of the one that has most, so that one
    account with many files never keeps out another with one.
    """

    def __init__(self, at_once: int, *, waiting_of_account: int, waiting_max: int) -> None:
        self._at_once = at_once
        self._waiting_of_account = waiting_of_account
        self._waiting_max = waiting_max
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}
        self._working: set[str] = set()
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def turn(self, account_id: str) -> AsyncIterator[None]:
        """Wait for the account's turn and hold it.

        Raises RateLimited while the account has too many waiting, Unavailable while all do.
        """
        await self._wait(account_id)
        try:
            yield
        finally:
            self._working.discard(account_id)
            self._pass_on()

    async def _wait(self, account_id: str) -> None:
        self._check_room(account_id)
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(account_id, deque()).append(waiter)
        self._waiting += 1
        self._pass_on()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # The turn came in the moment in which nobody wanted it any more.
                self._working.discard(account_id)
                self._pass_on()
            else:
                self._leave(account_id, waiter)
            raise

    def _check_room(self, account_id: str) -> None:
        mine = len(self._queues.get(account_id, ()))
        if mine >= self._waiting_of_account:
            raise RateLimited(
                f"{mine} of your files are waiting to be looked at; confirm this one when they are"
                " done",
                retry_after_seconds=RETRY_SECONDS,
            )
        if self._waiting < self._waiting_max:
            return
        largest = max(self._queues, key=lambda each: len(self._queues[each]))
        if len(self._queues[largest]) <= mine + 1:
            raise _busy()
        last = self._queues[largest][-1]
        self._leave(largest, last)
        last.set_exception(_busy())

    def _leave(self, account_id: str, waiter: asyncio.Future[None]) -> None:
        queue = self._queues.get(account_id)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            self._waiting -= 1
            if not queue:
                del self._queues[account_id]

    def _pass_on(self) -> None:
        """Give turns that are free to accounts that have none, first to those that wait longest."""
        for account_id in list(self._queues):
            if len(self._working) >= self._at_once:
                return
            if account_id in self._working:
                continue
            queue = self._queues.pop(account_id)
            waiter = self._next(queue)
            if queue:
                # What is left of its queue goes behind those of the others.
                self._queues[account_id] = queue
            if waiter is not None:
                self._working.add(account_id)
                waiter.set_result(None)

    def _next(self, queue: deque[asyncio.Future[None]]) -> asyncio.Future[None] | None:
        """Take the first waiter of a queue that still waits."""
        while queue:
            waiter = queue.popleft()
            self._waiting -= 1
            if not waiter.done():
                return waiter
        return None


def _busy() -> Unavailable:
    return Unavailable("many files are being looked at; confirm this one again in a moment")
