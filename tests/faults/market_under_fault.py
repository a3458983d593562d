"""A market under load that something is done to, and the verdict afterwards."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import psycopg2

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from instasell_server.embedded import EmbeddedEngines
from tests.checker.history import Run
from tests.checker.market import Load, loaded_market
from tests.faults.processes import ServerProcess
from tests.support.databases import MarketClock
from tests.support.waiting import LIMIT_SECONDS, until

BIDDERS = 64
LOTS = 6
BACK_SECONDS = 5.0
BIDS_BETWEEN = 60


@dataclass
class Tally:
    """Hold what the faults did: C9 of the history checker, and how soon the market was back."""

    bids: int = 0
    acknowledged: int = 0
    unknown: int = 0
    unknown_but_committed: int = 0
    extensions: int = 0
    lost_locks: int = 0
    faults: int = 0
    slowest_return_seconds: float = 0.0


class Field:
    """Servers, engines and bidders of one test."""

    def __init__(
        self,
        engines: EmbeddedEngines | None,
        database_url: str,
        servers: list[ServerProcess],
        tally: Tally,
        *,
        is_long: bool,
    ) -> None:
        self._engines = engines
        self.database_url = database_url
        self.servers = servers
        self.tally = tally
        self._is_long = is_long
        self._load: Load | None = None

    @property
    def engines(self) -> EmbeddedEngines:
        """The engines that may be killed."""
        assert self._engines is not None
        return self._engines

    @property
    def load(self) -> Load:
        """Return the bidders and watchers."""
        assert self._load is not None
        return self._load

    @contextlib.asynccontextmanager
    async def under_load(self) -> AsyncIterator[Field]:
        """64 bidders, three quarters of them over sockets, and a watcher at each server."""
        urls = [each.url for each in self.servers]
        crowd = loaded_market(urls, self.database_url, self.sql, bidders=BIDDERS, lots=LOTS)
        async with crowd as load:
            self._load = load
            load.start(urls, pause_seconds=0.2)
            for watcher in load.watchers:
                await watcher.joined()
            await load.until_acknowledged(BIDS_BETWEEN)
            yield self

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement past the servers, on a connection of its own: engines come and go."""
        connection = psycopg2.connect(self.database_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    async def back(self) -> None:
        """Wait for the first bid that is sent and acknowledged after a fault has healed."""
        healed_at = time.monotonic()
        limit = BACK_SECONDS if self._is_long else LIMIT_SECONDS
        sent_before = len(self.load.log.operations)
        await until(lambda: self._acknowledged_since(sent_before), seconds=limit)
        took = time.monotonic() - healed_at
        self.tally.faults += 1
        self.tally.slowest_return_seconds = max(self.tally.slowest_return_seconds, took)

    def _acknowledged_since(self, sent_before: int) -> bool:
        return any(each.outcome == "ok" for each in self.load.log.operations[sent_before:])

    async def go_on(self) -> None:
        """Let the bidding go on for a while."""
        await self.load.until_acknowledged(BIDS_BETWEEN)

    async def without_locks(self) -> None:
        """Let bids be acknowledged while Redis is away, and count them: their locks are lost."""
        before = self.load.log.acknowledged
        await self.go_on()
        self.tally.lost_locks += self.load.log.acknowledged - before

    def unknown(self) -> int:
        """Return how many answers have been lost so far."""
        return sum(
            each.outcome == "unknown" and each.completed is not None
            for each in self.load.log.operations
        )

    async def verdict(self) -> Run:
        """End every auction, then hold the run to the checker and the books to the audit."""
        load = self.load
        MarketClock(self.database_url).shift(48 * 3600)
        await load.finish()
        run = await load.verdict()
        self._count(run)
        async with Database(self.database_url, size=2) as database:
            assert (await audit(database, auctions=True)).findings == []
        assert self.sql("SELECT count(*), count(DISTINCT auction_id) FROM orders") == [(LOTS, LOTS)]
        return run

    def _count(self, run: Run) -> None:
        tally, operations = self.tally, run.log.operations
        lost = {each.identity for each in operations if each.outcome == "unknown"}
        rows = {
            (lot.auction_id, bid.row.bidder_id, bid.key)
            for lot in run.auctions.values()
            for bid in lot.bids
        }
        # Those that the first, lost attempt had left, not a later one.
        found = {each.identity for each in operations if each.outcome == "ok" and each.repeated}
        tally.bids += len(operations)
        tally.acknowledged += run.log.acknowledged
        tally.unknown += len(lost)
        tally.unknown_but_committed += len(lost & rows & found)
        tally.extensions += sum(
            bid.row.extended is True for lot in run.auctions.values() for bid in lot.bids
        )


Fault = Callable[[Field], Any]


async def repeat(field: Field, fault: Fault, *, rounds: int, seconds: float) -> None:
    """Do something to the market over and over, and wait each time until it is back."""
    for _ in range(rounds):
        over_at = time.monotonic() + seconds
        while True:
            await fault(field)
            await field.back()
            await field.go_on()
            if time.monotonic() >= over_at:
                break
    await field.verdict()
