"""A market under load: lots, bidders and watchers, and the verdict on what became of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import aiohttp

from tests.checker.bidders import Bidder, Lot, Watcher, gather_bidders
from tests.checker.checks import check
from tests.checker.history import Log, Run, StoredAuction
from tests.checker.reading import read_auctions, read_books
from tests.support.market import Market, open_market

Sql = Callable[..., list[tuple[Any, ...]]]

SETTLING_SECONDS = 60.0
"""How long a market may take to be level again before the test calls it broken."""


class Load:
    """Everything that bids and watches in one run."""

    def __init__(
        self, market: Market, database_url: str, lots: Sequence[Lot], bidders: Sequence[Bidder]
    ) -> None:
        self.market = market
        self.lots = list(lots)
        self.bidders = list(bidders)
        self.log = bidders[0].log
        self.watchers: list[Watcher] = []
        self._database_url = database_url
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._bidding: list[asyncio.Task[None]] = []

    def start(self, urls: Sequence[str], *, pause_seconds: float = 0.03) -> None:
        """Let everybody begin; one watcher for each of `urls`."""
        self.watch(urls)
        self._bidding = [
            asyncio.create_task(bidder.run(self.lots, self._stop, pause_seconds))
            for bidder in self.bidders
        ]

    def watch(self, urls: Sequence[str]) -> None:
        """Open one watcher for each of `urls`."""
        for url in urls:
            watcher = Watcher(url, self.lots)
            self.watchers.append(watcher)
            self._tasks.append(asyncio.create_task(watcher.run()))

    async def until_acknowledged(self, more: int) -> None:
        """Wait until `more` bids than at this moment are acknowledged."""
        wanted = self.log.acknowledged + more
        async with asyncio.timeout(SETTLING_SECONDS):
            while self.log.acknowledged < wanted:
                self._raise_failures()
                await asyncio.sleep(0.02)

    async def finish(self) -> None:
        """End the bidding, and ask again for every answer that was lost."""
        self._stop.set()
        async with asyncio.timeout(SETTLING_SECONDS):
            await asyncio.gather(*self._bidding)
            await asyncio.gather(*(each.resolve() for each in self.bidders))

    async def settle(self) -> dict[str, StoredAuction]:
        """Wait until every auction has ended and every watcher has been notified."""
        async with asyncio.timeout(SETTLING_SECONDS):
            while True:
                auctions = await asyncio.to_thread(read_auctions, self._database_url)
                over = all(each.standing.status == "ended" for each in auctions.values())
                versions = {key: each.version for key, each in auctions.items()}
                if over and all(each.versions() == versions for each in self.watchers):
                    return auctions
                self._raise_failures()
                await asyncio.sleep(0.2)

    async def verdict(self) -> Run:
        """The run as it ended, after it was found without fault."""
        run = Run(
            self.log,
            await self.settle(),
            [watch for each in self.watchers for watch in each.watches],
            read_books(self._database_url),
        )
        violations = check(run)
        assert not violations, "\n".join(str(each) for each in violations[:20])
        return run

    async def close(self) -> None:
        """Hang up everywhere."""
        self._stop.set()
        for task in [*self._tasks, *self._bidding]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._bidding, return_exceptions=True)
        for bidder in self.bidders:
            await bidder.close()

    def _raise_failures(self) -> None:
        """A bidder or watcher that fails for another reason than the market fails the test."""
        for task in [*self._tasks, *self._bidding]:
            if task.done() and not task.cancelled():
                task.result()


@contextlib.asynccontextmanager
async def loaded_market(
    urls: Sequence[str], database_url: str, sql: Sql, *, bidders: int, lots: int
) -> AsyncIterator[Load]:
    """A market whose bidders have signed up and whose lots are open; nobody bids yet."""
    async with (
        open_market(urls[0], sql) as market,
        aiohttp.ClientSession(urls[0], connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        seller = await market.seller()
        made = [
            # In every third lot each bid is near the end for the window, and so extends it.
            await market.auction(
                seller,
                min_bid=100,
                duration_seconds=3600,
                increments="none" if number % 2 else "ebay",
                extension_window_seconds=3600 if number % 3 == 0 else 5,
                extension_seconds=3600 if number % 3 == 0 else 5,
            )
            for number in range(lots)
        ]
        crowd = await gather_bidders(http, urls, bidders, Log())
        load = Load(market, database_url, [Lot(each, 100) for each in made], crowd)
        try:
            yield load
        finally:
            await load.close()
