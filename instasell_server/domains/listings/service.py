"""Listings: what is for sale, one by one. `bulk.py` takes them by the thousand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from instasell_client.models.base import Empty, JsonObject, Page
from instasell_client.models.errors import AuctionHasBids, Invalid, ListingInUse, ListingNotFound
from instasell_client.models.listings import (
    CreateListing,
    Listing,
    ListingQuery,
    ListingStatus,
    ListingView,
    UpdateListing,
)
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.listings import rules, search, store
from instasell_server.domains.listings.access import get_visible
from instasell_server.domains.listings.bulk import BulkImporter
from instasell_server.domains.listings.categories import CategoryService
from instasell_server.domains.listings.first_pages import FirstPages
from instasell_server.domains.listings.page_cache import CategoryPageCache
from instasell_server.domains.listings.rules import ListingFields
from instasell_server.domains.media.service import MediaService
from instasell_server.domains.sellers.service import record_of
from instasell_server.ports import Cache
from instasell_server.ports.principal import Principal

EXPORT_BATCH = 500


class ListingService:
    """Manage listings.

    `public` serves public lists, from a replica if there is one.
    """

    def __init__(
        self, database: Database, public: Database, cache: Cache, media: MediaService
    ) -> None:
        self._database = database
        self._public = public
        self._media = media
        self._pages = CategoryPageCache(database, cache)
        self.categories = CategoryService(database, public, self._pages)
        self.first_pages = FirstPages(database, cache, self._search)
        self.bulk = BulkImporter(database, self._pages)
        self.outbox_handlers = self._pages.outbox_handlers

    async def search(self, asked: ListingQuery, principal: Principal | None) -> Page[Listing]:
        """Return one page of the listings that the filters let through. Raises Invalid."""
        own = principal is not None and asked.seller == principal.user_id
        is_shown = own or (principal is not None and principal.is_admin)
        return await self._search(
            self._database if own else self._public, asked, asked.seller if is_shown else None
        )

    async def _search(
        self, database: Database, asked: ListingQuery, shown_seller: str | None = None
    ) -> Page[Listing]:
        planned = search.plan(asked, shown_seller)
        async with database.connection() as connection:
            rows = await store.search(connection, planned)
        shown, following = search.cut_page(rows, planned)
        return Page[Listing](items=[Listing.model_validate(row) for row in shown], next=following)

    async def get(self, listing_id: str, principal: Principal | None) -> ListingView:
        """Get one listing. A removed one is shown to its seller and to admins only.

        So is one whose seller is suspended.
        """
        async with self._database.connection() as connection:
            listing = await get_visible(connection, principal, listing_id)
            images = await self._media.images_of(connection, listing_id)
            seller = await record_of(connection, listing.seller_id)
        return ListingView(**dict(listing), images=images, seller=seller)

    async def create(
        self, principal: Principal, wanted: CreateListing, key: RequestKey | None
    ) -> Listing:
        """Create a new listing of the caller. Raises Invalid, SkuTaken."""
        fields = ListingFields(**wanted.model_dump())
        _refuse(rules.find_problems(fields))

        async def work(tx: Transaction) -> Listing:
            if fields.seller_sku is not None:
                await store.lock_lanes(tx, principal.user_id)
            listing_id = await store.insert_listing(tx, principal.user_id, fields)
            state = await store.get_listing(tx, listing_id)
            self._pages.retire_later(tx, state.lineage)
            return state.listing

        return await once(self._database, key, Listing, work)

    async def update(
        self,
        principal: Principal,
        listing_id: str,
        wanted: UpdateListing,
        key: RequestKey | None,
    ) -> Listing:
        """Update a listing of the caller. Raises AuctionHasBids, SkuTaken, ListingNotFound."""
        changes = wanted.model_dump(exclude_none=True)

        async def work(tx: Transaction) -> Listing:
            if "seller_sku" in changes:
                await store.lock_lanes(tx, principal.user_id)
            before = await self._lock(tx, principal.user_id, listing_id)
            _refuse(rules.find_change_problems(before.fields, changes))
            fields = before.fields._replace(**changes)
            if fields == before.fields:
                return before.listing
            if before.has_bids and rules.is_held_by_bids(before.fields, fields):
                raise AuctionHasBids("its auction has bids: only the description may be added to")
            await store.update_listing(tx, listing_id, fields)
            after = await store.get_listing(tx, listing_id)
            self._pages.retire_later(tx, [*before.lineage, *after.lineage])
            return after.listing

        return await once(self._database, key, Listing, work)

    async def remove(self, principal: Principal, listing_id: str, key: RequestKey | None) -> None:
        """Take an own listing out of every list. Raises ListingInUse while an auction is open."""

        async def work(tx: Transaction) -> Empty:
            await self._remove(tx, await self._lock(tx, principal.user_id, listing_id))
            return Empty()

        await once(self._database, key, Empty, work)

    async def remove_within(self, tx: Transaction, listing_id: str) -> bool:
        """Take anybody's listing out of every list, for admins; False when it was out already.

        Raises ListingNotFound, and ListingInUse while an auction is open.
        """
        listing = (await store.get_listing(tx, listing_id)).listing
        if listing.status is ListingStatus.REMOVED:
            return False
        await self._remove(tx, await self._lock(tx, listing.seller_id, listing_id))
        return True

    async def get_within(self, connection: DbConnection, listing_id: str) -> Listing:
        """Get one listing, a removed one too. Raises ListingNotFound."""
        return (await store.get_listing(connection, listing_id)).listing

    async def get_own(self, principal: Principal, listing_id: str) -> Listing:
        """Return a listing of the caller's; a removed one too. Raises ListingNotFound."""
        async with self._database.connection() as connection:
            listing = (await store.get_listing(connection, listing_id)).listing
        if listing.seller_id != principal.user_id:
            raise ListingNotFound
        return listing

    async def export(
        self,
        principal: Principal,
        check: Callable[[DbConnection], Awaitable[None]],
        after: Listing | None = None,
    ) -> AsyncIterator[Sequence[JsonObject]]:
        """Yield the caller's active listings as rows of a bulk upload, oldest first, in batches.

        `check` is asked beside every batch whether the caller may still have it. Those up to
        `after` are left out: a reader that was cut off goes on behind it.
        """
        last = after
        while True:
            async with self._database.connection() as connection:
                await check(connection)
                part = await store.list_own(connection, principal.user_id, last, EXPORT_BATCH)
            if part:
                yield [rules.exported_row(each) for each in part]
                last = part[-1]
            if len(part) < EXPORT_BATCH:
                return

    async def retire_pages_of(self, listing_ids: Sequence[str]) -> None:
        """Retire cached pages that show these listings; for others who change them."""
        async with self._database.connection() as connection:
            categories = await store.list_categories_of(connection, listing_ids)
        await self._pages.retire(categories)

    async def _remove(self, tx: Transaction, state: store.ListingState) -> None:
        if state.listing.auction_id is not None:
            raise ListingInUse(
                "its auction is open; cancel that first, or wait for the end",
                auction_id=state.listing.auction_id,
            )
        await store.remove_listing(tx, state.listing.id)
        self._pages.retire_later(tx, state.lineage)

    async def _lock(self, tx: Transaction, seller_id: str, listing_id: str) -> store.ListingState:
        state = (await store.lock_own(tx, seller_id, [listing_id])).get(listing_id)
        if state is None:
            raise ListingNotFound
        return state


def _refuse(complaints: rules.FieldErrors) -> None:
    if complaints:
        raise Invalid(complaints)
