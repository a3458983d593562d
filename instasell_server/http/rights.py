"""Rights are looked at again while a request goes on: they may end before it does.

What was checked on arrival holds for half a second. A request whose body came more slowly is
checked again in its first transaction, a bulk upload in the transaction of every batch, and what
waits for a client is ended within a second of the loss of its rights.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import structlog
from aiohttp import web

from instasell_client.models.errors import InstaSellError, Unavailable
from instasell_server.db.connections import Database, DbConnection
from instasell_server.http.admission import admit
from instasell_server.http.route import Policy
from instasell_server.ports.principal import Principal

FRESH_SECONDS = 0.5
"""So long what was checked counts as checked, and so often streams are looked at."""

T = TypeVar("T")
Check = Callable[[DbConnection], Awaitable[None]]
"""Raise what a new request of the caller would get now."""

Current = Callable[[DbConnection, Principal], Awaitable[Principal]]
"""Returns a caller as the database knows them now. Raises Unauthenticated."""

_log = structlog.get_logger(__name__)


class RightsWatch:
    """Work that ends when the rights to it do."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._refusal: asyncio.Future[InstaSellError] = asyncio.get_running_loop().create_future()

    def end(self, refusal: InstaSellError) -> None:
        """End whatever waits in `during`."""
        if not self._refusal.done():
            self._refusal.set_result(refusal)

    async def during(self, work: Awaitable[T]) -> T:
        """Return what `work` returns. Raises the refusal once the rights have ended."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task, self._refusal), return_when=asyncio.FIRST_COMPLETED)
            if self._refusal.done():
                raise self._refusal.result()
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


class RightsChecker:
    """Looks again at what callers may do. `stop` when the server stops."""

    def __init__(self, database: Database, current: Current) -> None:
        self._database = database
        self._current = current
        self._watches: set[RightsWatch] = set()
        self._watcher: asyncio.Task[None] | None = None

    async def check(self, connection: DbConnection, policy: Policy, principal: Principal) -> None:
        """Raise what the route of this policy would answer the caller now."""
        admit(policy, await self._current(connection, principal))

    def check_of(self, policy: Policy, principal: Principal) -> Check:
        """Return `check` for one caller of one route."""

        async def check(connection: DbConnection) -> None:
            await self.check(connection, policy, principal)

        return check

    async def require(self, check: Check) -> None:
        """Ask `check` now, on a connection of its own."""
        async with self._database.connection() as connection:
            await check(connection)

    @contextlib.asynccontextmanager
    async def watch(self, check: Check) -> AsyncIterator[RightsWatch]:
        """Look at rights twice a second, for work that waits for a client."""
        watch = RightsWatch(check)
        self._watches.add(watch)
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._look_again(), name="rights")
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    async def stop(self) -> None:
        """Stop looking."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)

    async def _look_again(self) -> None:
        try:
            while self._watches:
                await asyncio.sleep(FRESH_SECONDS)
                try:
                    async with self._database.connection() as connection:
                        for watch in list(self._watches):
                            await _look(connection, watch)
                except Unavailable:
                    # Nothing is written meanwhile either; each transaction checks for itself.
                    continue
                except Exception:
                    _log.exception("rights_not_checked")
        finally:
            self._watcher = None


async def _look(connection: DbConnection, watch: RightsWatch) -> None:
    try:
        await watch.check(connection)
    except Unavailable:
        raise
    except InstaSellError as refusal:
        watch.end(refusal)


class RequestGuard:
    """Checks a request again whose first transaction begins late, as after a slow body."""

    def __init__(self, rights: RightsChecker, policy: Policy, principal: Principal) -> None:
        self._check = rights.check_of(policy, principal)
        self._fresh_until = time.monotonic() + FRESH_SECONDS
        self._is_done = False

    async def check(self, connection: DbConnection) -> None:
        """Raise what a new request would get now, unless the check on arrival is fresh."""
        if self._is_done:
            return
        self._is_done = True
        if time.monotonic() > self._fresh_until:
            await self._check(connection)


RIGHTS: web.AppKey[RightsChecker] = web.AppKey("rights", RightsChecker)
