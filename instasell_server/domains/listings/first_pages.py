"""The first page of each category as bytes: kept in the process, checked in Redis at each read.

The copy in Redis is what writes retire, on whichever server they come. What a process keeps is
served only while Redis has a copy of the same version, which a reader of many pages asks in one
exchange; 29 KB come over only after a change.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from instasell_client.models.base import Page as ListPage
from instasell_client.models.listings import Listing, ListingQuery
from instasell_server.db.connections import Database
from instasell_server.db.shared_read import SharedRead
from instasell_server.domains.listings import store
from instasell_server.domains.listings.page_cache import PAGE_SECONDS, page_key
from instasell_server.http.encoded_page import EncodedPage, FoundPage, Page, encode_page
from instasell_server.ports import Cache, CachedCopy, Unreachable

KEPT_MAX = 256
READS_AT_ONCE = 4
PAGES_AT_A_TIME = 16
UNKNOWN = -1

LoadPage = Callable[[Database, ListingQuery], Awaitable[ListPage[Listing]]]


class _KeptPage(NamedTuple):
    version: int
    page: EncodedPage


class FirstPages:
    """Find first pages; without Redis each is read from the database."""

    def __init__(self, database: Database, cache: Cache, load: LoadPage) -> None:
        self._database = database
        self._cache = cache
        self._load = load
        self._kept: OrderedDict[str, _KeptPage] = OrderedDict()
        self._reads = SharedRead[str, EncodedPage](
            self._read, at_once=READS_AT_ONCE, keys_max=PAGES_AT_A_TIME
        )

    def find(self, category_id: str) -> FoundPage:
        """Find the first page of a category, as it is at this moment."""
        return self._reads.submit(category_id)

    async def _read(self, category_ids: Sequence[str]) -> Mapping[str, Page]:
        before = {each: self._kept[each] for each in category_ids if each in self._kept}
        changed = await self._find_changed(category_ids, before)
        found: dict[str, Page] = {}
        for category_id in category_ids:
            key = page_key(category_id)
            if key not in changed:
                found[category_id] = before[category_id].page
                self._kept.move_to_end(category_id)
            else:
                copy = changed[key]
                page = None if copy is None else _page_of(copy)
                if copy is None or page is None:
                    found[category_id] = await self._build(category_id)
                else:
                    found[category_id] = self._keep(category_id, copy.version, page)
        return found

    async def _find_changed(
        self, category_ids: Sequence[str], before: Mapping[str, _KeptPage]
    ) -> Mapping[str, CachedCopy | None]:
        known = {
            page_key(each): before[each].version if each in before else UNKNOWN
            for each in category_ids
        }
        try:
            return await self._cache.find_changed(known)
        except Unreachable:
            return dict.fromkeys(known)

    async def _build(self, category_id: str) -> EncodedPage:
        # A replica may lag behind the write that retired the copy, so the primary fills it.
        async with self._database.connection() as connection:
            version = await store.get_clock(connection)
        loaded = await self._load(self._database, ListingQuery(category=category_id))
        page = encode_page(loaded.model_dump_json().encode())
        await self._cache.put(
            page_key(category_id), page.body, version=version, ttl_seconds=PAGE_SECONDS
        )
        return self._keep(category_id, version, page)

    def _keep(self, category_id: str, version: int, page: EncodedPage) -> EncodedPage:
        kept = self._kept.get(category_id)
        if kept is None or kept.version <= version:
            self._kept[category_id] = _KeptPage(version, page)
            self._kept.move_to_end(category_id)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return page


def _page_of(copy: CachedCopy) -> EncodedPage | None:
    """Return the page of a copy, looked at once; None for what makes no sense."""
    try:
        page = ListPage[Listing].model_validate_json(copy.value)
    except ValidationError:
        return None
    return encode_page(page.model_dump_json().encode())
