"""The first page of each category, kept in Redis under the seed's `listings:category:{id}`.

A copy's version is the database's clock, read before the page was. A write retires, by the clock
after its commit, the copies of the category and of those above it: a reader whose page is older
than the write cannot put it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from instasell_client.models.errors import Unavailable
from instasell_server.db.connections import Database
from instasell_server.db.outbox import OutboxHandler, OutboxTask, handler_of, leave_task
from instasell_server.db.transaction import Transaction
from instasell_server.domains.listings import store
from instasell_server.ports import Cache

PAGE_SECONDS = 600
RETIRED_AT_ONCE = 500


def page_key(category_id: str) -> str:
    """Return the seed's cache key of a category's first page."""
    return f"listings:category:{category_id}"


@dataclass(frozen=True)
class DropPages(OutboxTask):
    """Drop the copies that are older than these versions, by cache key."""

    kind = "cache_drop"
    versions: Mapping[str, int]


@dataclass(frozen=True)
class DropPagesOfSeller(OutboxTask):
    """Drop the pages that show a seller's listings, or lack them.

    A trigger leaves it when an account is suspended or reinstated.
    """

    kind = "seller_visibility"
    seller_id: str


class CategoryPageCache:
    """Retire copies of first pages; without Redis there are none, and everything works."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache
        self.outbox_handlers: Sequence[OutboxHandler] = (
            handler_of(DropPages, self._drop),
            handler_of(DropPagesOfSeller, self._drop_of_seller),
        )

    def retire_later(self, tx: Transaction, category_ids: Iterable[str]) -> None:
        """Retire copies after the commit; pass the lineages of what was written."""
        wanted = sorted(set(category_ids))
        if wanted:
            tx.after_commit(partial(self.retire, wanted))

    async def retire(self, category_ids: Iterable[str]) -> None:
        """Retire copies; what Redis does not take is left to the outbox."""
        async with self._database.connection() as connection:
            clock = await store.get_clock(connection)
        versions = {page_key(each): clock for each in category_ids}
        if not await self._cache.invalidate(versions, ttl_seconds=PAGE_SECONDS):
            await leave_task(self._database, DropPages(versions))

    async def _drop(self, task: DropPages) -> None:
        if not await self._cache.invalidate(task.versions, ttl_seconds=PAGE_SECONDS):
            raise Unavailable("the caches of changed lists could not be invalidated")

    async def _drop_of_seller(self, task: DropPagesOfSeller) -> None:
        async with self._database.connection() as connection:
            found = await store.list_categories_of_seller(connection, task.seller_id)
        for start in range(0, len(found), RETIRED_AT_ONCE):
            await self.retire(found[start : start + RETIRED_AT_ONCE])
