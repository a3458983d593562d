"""Is the server well, and what does it count?"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from instasell_client.models.errors import Unavailable
from instasell_client.models.operations import Readiness
from instasell_server import metrics
from instasell_server.db.connections import READ_ONLY, Database
from instasell_server.db.migrate import read_migrations
from instasell_server.domains.operations import store
from instasell_server.ports import Cache, Unreachable

PROBED_KEY = "readiness"

_log = structlog.get_logger(__name__)


class OperationsService:
    """Probes and metrics. `document` gives the OpenAPI document, `page` the same for people.

    Making them takes as long as all the rest of a start, so it is left to the first who asks.
    """

    def __init__(
        self,
        database: Database,
        cache: Cache,
        *,
        document: Callable[[], bytes],
        page: Callable[[], bytes],
    ) -> None:
        self._database = database
        self._cache = cache
        self._expected = {migration.name for migration in read_migrations()}
        self.document = document
        self.page = page

    async def readiness(self) -> Readiness:
        """Return what works.

        Raises Unavailable without PostgreSQL, or with one that lacks a migration or is read-only.
        """
        async with self._database.connection() as connection:
            applied = set(await store.list_migrations(connection))
            takes_writes = await store.takes_writes(connection)
            is_excessive = await store.has_excessive_role(connection)
        missing = sorted(self._expected - applied)
        if missing:
            raise Unavailable(f"the database lacks {', '.join(missing)}; run `migrate`")
        if not takes_writes:
            raise Unavailable(READ_ONLY)
        warnings = ["database_role"] if is_excessive else []
        try:
            await self._cache.get(PROBED_KEY)
        except Unreachable:
            return Readiness(status="degraded", database="ok", redis="degraded", warnings=warnings)
        return Readiness(status="ok", database="ok", redis="ok", warnings=warnings)

    async def metrics(self) -> bytes:
        """Return the metrics, with those fetched that live in the database."""
        metrics.DATABASE_CONNECTIONS_IN_USE.set(self._database.in_use)
        try:
            async with self._database.connection() as connection:
                metrics.ACTIVE_AUCTIONS.set(await store.count_active_auctions(connection))
        except Unavailable:
            _log.warning("active_auctions_not_counted")
        return metrics.render()
