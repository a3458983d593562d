"""Add up what statements have changed about the number of listings in each category."""

from __future__ import annotations

from instasell_server.db.connections import Database
from instasell_server.domains.listings import category_store
from instasell_server.workers.loop import run_rounds

POLL_SECONDS = 2.0
BATCH = 5000
"""Changes that are added up together. Readers add those that are left: 0.2 ms for a thousand."""


class ListingCounts:
    """Folds the changes. Several servers may: each takes what the others have not locked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Work until it is cancelled; a database that is away only delays it."""
        await run_rounds("listing_counts", self.work, idle_seconds=POLL_SECONDS)

    async def work(self) -> bool:
        """Fold one batch; return whether more is waiting."""
        async with self._database.connection() as connection:
            return await category_store.fold_listing_counts(connection, BATCH) == BATCH
