"""Copy auctions that have moved to `live_auctions`, where lists find them in order."""

from __future__ import annotations

from instasell_server.db.connections import Database
from instasell_server.domains.auctions import store
from instasell_server.workers.loop import run_rounds

POLL_SECONDS = 2.0
"""At 5,000 bids a second over 200 auctions, 1 update in 25 then writes to an index.

Until it is copied, what has moved is read from there and sorted: no more than what was bid on.
"""

BATCH = 100
"""Rows of auctions that are locked together, for about 3 ms: a bid waits no longer than that."""

_LOWEST_ID = "00000000-0000-0000-0000-000000000000"


class LiveAuctionsRefresh:
    """Refreshes the copies. Several servers may: each takes what the others have not locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Work until it is cancelled; a database that is away only delays it."""
        await run_rounds("live_auctions", self.work, idle_seconds=POLL_SECONDS)

    async def work(self) -> bool:
        """Go once over all that have moved: those that bids move again wait for the next round."""
        refreshed, last = [_LOWEST_ID], _LOWEST_ID
        while refreshed:
            async with self._database.connection() as connection:
                refreshed = await store.refresh_live_auctions(connection, last, BATCH)
            last = refreshed[0] if refreshed else last
        return False
