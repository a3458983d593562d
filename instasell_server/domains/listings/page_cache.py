"""The first page of each category, kept in Redis under the seed's `listings:category:{id}`.

A copy's version is the database's clock, read before the page was. A write retires, by the clock
after its commit, the copies of the category and of those above it: a reader whose page is older
than the write cannot put it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from instasell_client.models.base import Page
from instasell_client.models.errors import Unavailable
from instasell_client.models.listings import Listing
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction
from instasell_server.domains.listings import store
from instasell_server.ports import Cache, Unreachable

PAGE_SECONDS = 600
CACHE_DROP = "cache_drop"
SELLER_VISIBILITY = "seller_visibility"
"""The outbox row that a trigger leaves when an account is suspended or reinstated."""
RETIRED_AT_ONCE = 500


def page_key(category_id: str) -> str:
    """Return the seed's cache key of a category's first page."""
    return f"listings:category:{category_id}"


class CategoryPageCache:
    """Copies of first pages; without Redis there are none, and everything works."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._cache = cache

    async def find(self, category_id: str) -> Page[Listing] | None:
        """Find the copy, if there is one that makes sense."""
        try:
            copy = await self._cache.get(page_key(category_id))
            return Page[Listing].model_validate_json(copy) if copy else None
        except (Unreachable, ValidationError):
            return None

    async def keep(self, category_id: str, page: Page[Listing], version: int) -> None:
        """Puts a copy that was read at `version`."""
        value = page.model_dump_json().encode()
        await self._cache.put(
            page_key(category_id), value, version=version, ttl_seconds=PAGE_SECONDS
        )

    def retire_later(self, tx: Transaction, category_ids: Iterable[str]) -> None:
        """Retires copies after the commit; pass the lineages of what was written."""
        wanted = sorted(set(category_ids))

        async def retire() -> None:
            await self.retire(wanted)

        if wanted:
            tx.after_commit.append(retire)

    async def retire(self, category_ids: Iterable[str]) -> None:
        """Retires copies; what Redis does not take is left to the outbox."""
        async with self._database.connection() as connection:
            clock = await store.get_clock(connection)
        versions = {page_key(each): clock for each in category_ids}
        if not await self._cache.invalidate(versions, ttl_seconds=PAGE_SECONDS):
            async with self._database.connection() as connection:
                await store.insert_cache_drop(connection, versions)

    async def carry_out_drop(self, payload: Mapping[str, Any]) -> None:
        """Works on an outbox row of kind `cache_drop`. Raises Unavailable: try again."""
        if not await self._cache.invalidate(payload["versions"], ttl_seconds=PAGE_SECONDS):
            raise Unavailable("the caches of changed lists could not be invalidated")

    async def carry_out_visibility(self, payload: Mapping[str, Any]) -> None:
        """Retire the pages that showed a seller's listings, or that lack them."""
        async with self._database.connection() as connection:
            found = await store.list_categories_of_seller(connection, payload["seller_id"])
        for start in range(0, len(found), RETIRED_AT_ONCE):
            await self.retire(found[start : start + RETIRED_AT_ONCE])
