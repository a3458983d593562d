"""Search and manage listings, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Literal, TypedDict, Unpack

from instasell_client.endpoint import Mode, Resource, endpoint, paged, streamed
from instasell_client.models.base import JsonObject, Page
from instasell_client.models.listings import (
    BulkListing,
    BulkVerdict,
    Condition,
    CreateListing,
    Listing,
    ListingQuery,
    ListingSort,
    ListingType,
    ListingView,
    UpdateListing,
)
from instasell_client.operation import (
    NDJSON,
    Operation,
    Pages,
    StreamedLines,
    delete,
    get,
    pages,
    path,
    post,
    put,
    read_nothing,
    reads,
    request,
)
from instasell_client.resources.bulk_upload import read_row, upload

TypeName = ListingType | Literal["direct", "auction"]
ConditionName = (
    Condition
    | Literal["new", "refurbished", "used-like-new", "used-good", "used-fair", "for-parts"]
)
SortName = ListingSort | Literal["newest", "oldest", "price", "-price", "relevance"]


class ListingSearchFilters(TypedDict, total=False):
    """Select and sort listings."""

    q: str | None
    category: str | None
    type: TypeName | None
    condition: ConditionName | None
    price_min: int | None
    price_max: int | None
    seller: str | None
    sort: SortName | None


class Listings(Resource[Mode]):
    """Group the calls of `client.listings`. Amounts are minor units of the market's currency."""

    @paged
    def list(
        self, *, page_size: int = 100, **filters: Unpack[ListingSearchFilters]
    ) -> Pages[Listing]:
        """List all listings that match the filters.

        Args:
            q: Words of the title or the description.
            category: Id of a category; those below it count too.
            type: `direct` or `auction`.
            condition: Only this condition.
            price_min: Lowest price in minor units.
            price_max: Highest price in minor units.
            seller: Id of a seller.
            sort: Order of the results.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Listing; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for listing in client.listings.list(q="leica", price_max=50_000):
                print(listing.title, listing.price)

        See docs/api.md#get-listings.
        """
        return pages(partial(_page, limit=page_size, **filters))

    @endpoint
    def page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[ListingSearchFilters]
    ) -> Operation[Page[Listing]]:
        """Return one page of the listings that match the filters.

        Args:
            filters: Those of `list`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Listing].

        Raises:
            Invalid

        Example:
            page = client.listings.page(q="leica", limit=20)

        See docs/api.md#get-listings.
        """
        return _page(cursor, limit=limit, **filters)

    @endpoint
    def get(self, listing_id: str) -> Operation[ListingView]:
        """Return a listing with its images and the record of its seller.

        Args:
            listing_id: Id of the listing.

        Returns:
            ListingView.

        Raises:
            ListingNotFound, Invalid

        Example:
            view = client.listings.get(listing_id)

        See docs/api.md#get-listingslisting_id.
        """
        return get(path("/listings/{}", listing_id), ListingView)

    @endpoint
    def create(
        self,
        *,
        type: TypeName,  # noqa: A002 - the field's name on the wire
        title: str,
        category_id: str,
        condition: ConditionName,
        description: str = "",
        price: int | None = None,
        stock: int = 1,
        shipping_amount: int = 0,
        seller_sku: str | None = None,
        idempotency_key: str | None = None,
    ) -> Operation[Listing]:
        """Create a listing; you are a seller.

        Args:
            type: `direct` has a price; `auction` has none, and a stock of 1.
            title: Title.
            category_id: Id of the category.
            condition: Condition of the item.
            description: Text for buyers.
            price: Price in minor units.
            stock: Number of items.
            shipping_amount: Shipping costs in minor units.
            seller_sku: Your stock-keeping unit.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            Listing.

        Raises:
            SkuTaken, Forbidden for a buyer, Invalid

        Example:
            listing = client.listings.create(
                type="direct", title="Leica M3", category_id=category_id,
                condition="used-good", price=90_000,
            )

        See docs/api.md#post-listings.
        """
        body = request(
            CreateListing,
            type=type,
            title=title,
            category_id=category_id,
            condition=condition,
            description=description,
            price=price,
            stock=stock,
            shipping_amount=shipping_amount,
            seller_sku=seller_sku,
        )
        return post("/listings", reads(Listing), body, key=idempotency_key)

    @endpoint
    def update(
        self,
        listing_id: str,
        *,
        title: str | None = None,
        description: str | None = None,
        category_id: str | None = None,
        condition: ConditionName | None = None,
        price: int | None = None,
        stock: int | None = None,
        shipping_amount: int | None = None,
        seller_sku: str | None = None,
    ) -> Operation[Listing]:
        """Change a listing; arguments that you omit keep their values.

        Args:
            listing_id: Id of the listing.
            title: Title.
            description: Text for buyers.
            category_id: Id of the category.
            condition: Condition of the item.
            price: Price in minor units.
            stock: Number of items.
            shipping_amount: Shipping costs in minor units.
            seller_sku: Your stock-keeping unit.

        Returns:
            Listing.

        Raises:
            Forbidden, ListingNotFound, AuctionHasBids, SkuTaken, Invalid

        Example:
            client.listings.update(listing_id, price=85_000)

        See docs/api.md#put-listingslisting_id.
        """
        body = request(
            UpdateListing,
            title=title,
            description=description,
            category_id=category_id,
            condition=condition,
            price=price,
            stock=stock,
            shipping_amount=shipping_amount,
            seller_sku=seller_sku,
        )
        return put(path("/listings/{}", listing_id), reads(Listing), body)

    @endpoint
    def delete(self, listing_id: str) -> Operation[None]:
        """Delete a listing; its orders keep a copy.

        Args:
            listing_id: Id of the listing.

        Raises:
            Forbidden, ListingNotFound, ListingInUse, Invalid

        Example:
            client.listings.delete(listing_id)

        See docs/api.md#delete-listingslisting_id.
        """
        return delete(path("/listings/{}", listing_id))

    @paged
    def bulk(
        self, rows: Iterable[BulkListing | Mapping[str, object]], *, dry_run: bool = False
    ) -> Pages[BulkVerdict]:
        """Create and update listings from rows, and yield one result for each, in order.

        Rows are sent unchanged, so that a result names all bad fields of its row. A body whose
        answer is lost is sent again: rows are keyed by `seller_sku`, else by a hash, so that
        nothing is created twice; what the first attempt did is then `unchanged`.

        Args:
            rows: Rows; may be endless. Bodies have up to 500 rows or 512 KiB.
            dry_run: Check the rows, and write nothing.

        Returns:
            An iterator of BulkVerdict; rows are sent as you read.

        Raises:
            Forbidden, Invalid, ProtocolError

        Example:
            for result in client.listings.bulk(rows, dry_run=True):
                print(result.row, result.outcome, result.errors)

        See docs/api.md#post-listingsbulk.
        """
        return upload(rows, dry_run=dry_run)

    @streamed
    def export(self) -> StreamedLines[JsonObject]:
        """Return your listings, each as a row that `bulk` accepts.

        You may pause between two rows: when the server closes the connection, the export continues
        behind the last row.

        Returns:
            An iterator of JsonObject; lines are read as you ask for them.

        Raises:
            Forbidden, ProtocolError

        Example:
            rows = [*client.listings.export()]

        See docs/api.md#get-listingsexport.
        """

        def asked(after: object = None) -> Operation[None]:
            query = {"after": after} if isinstance(after, str) else {}
            return Operation("GET", "/listings/export", read_nothing, query=query, accept=NDJSON)

        def following(row: JsonObject) -> Operation[None] | None:
            return asked(row["listing_id"]) if row.get("listing_id") else None

        return StreamedLines(asked(), read_row, following)


def _page(cursor: str | None, **filters: object) -> Operation[Page[Listing]]:
    return get("/listings", Page[Listing], request(ListingQuery, cursor=cursor, **filters))
