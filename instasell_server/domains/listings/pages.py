"""The pages of listings that everybody sees, as bytes, each read once for all who wait for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instasell_client.models.errors import ListingNotFound
from instasell_client.models.listings import ListingQuery, ListingStatus, ListingView
from instasell_server.db.connections import Database
from instasell_server.db.shared_read import SharedRead
from instasell_server.domains.listings import search, store
from instasell_server.domains.listings.service import ListingService
from instasell_server.domains.media.service import MediaService
from instasell_server.domains.sellers.service import records_of
from instasell_server.http.encoded_page import EncodedPage, FoundPage, Page, encode_page

READS_AT_ONCE = 2
"""Of one kind of page: what waits gathers meanwhile, and writers find room in the pool."""

SEARCHES_AT_ONCE = 8


class ListingPages:
    """Find pages of listings for those who are not signed in."""

    def __init__(
        self,
        database: Database,
        listings: ListingService,
        media: MediaService,
    ) -> None:
        self._database = database
        self._listings = listings
        self._media = media
        self._views = SharedRead[str, EncodedPage](self._read_views, at_once=READS_AT_ONCE)
        self._trees = SharedRead[None, EncodedPage](self._read_tree)
        self._searches = SharedRead[ListingQuery, EncodedPage](
            self._read_searches, at_once=SEARCHES_AT_ONCE, keys_max=1
        )

    def search(self, query: ListingQuery) -> FoundPage:
        """Search listings; the first page of a category comes from its copy."""
        if query.category is not None and search.is_default_page(query):
            return self._listings.first_pages.find(query.category)
        return self._searches.submit(query)

    def view(self, listing_id: str) -> FoundPage:
        """Read a listing with its pictures and the record of its seller."""
        return self._views.submit(listing_id)

    def tree(self) -> FoundPage:
        """Read the tree of categories."""
        return self._trees.submit(None)

    async def _read_searches(self, queries: Sequence[ListingQuery]) -> Mapping[ListingQuery, Page]:
        found: dict[ListingQuery, Page] = {}
        for query in queries:
            page = await self._listings.search(query, None)
            found[query] = encode_page(page.model_dump_json().encode())
        return found

    async def _read_tree(self, keys: Sequence[None]) -> Mapping[None, Page]:
        tree = await self._listings.categories.tree()
        return dict.fromkeys(keys, encode_page(tree.model_dump_json().encode()))

    async def _read_views(self, ids: Sequence[str]) -> Mapping[str, Page]:
        async with self._database.connection() as connection:
            states = await store.list_states(connection, ids)
            shown = {
                listing_id: state.listing
                for listing_id, state in states.items()
                if not state.is_hidden and state.listing.status is not ListingStatus.REMOVED
            }
            images = await self._media.images_of_many(connection, list(shown))
            records = await records_of(connection, [each.seller_id for each in shown.values()])
        found: dict[str, Page] = dict.fromkeys(ids, ListingNotFound())
        for listing_id, listing in shown.items():
            view = ListingView(
                **dict(listing),
                images=images.get(listing_id, []),
                seller=records.get(listing.seller_id),
            )
            found[listing_id] = encode_page(view.model_dump_json().encode())
        return found
