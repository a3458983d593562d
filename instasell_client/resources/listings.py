"""Listings: what is for sale, one by one and in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Literal

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


class Listings(Resource[Mode]):
    """`client.listings`. Amounts are minor units of the market's currency."""

    @paged
    def list(
        self,
        *,
        q: str | None = None,
        category: str | None = None,
        type: TypeName | None = None,  # noqa: A002 - the filter's name on the wire
        condition: ConditionName | None = None,
        price_min: int | None = None,
        price_max: int | None = None,
        seller: str | None = None,
        sort: SortName | None = None,
        page_size: int = 100,
    ) -> Pages[Listing]:
        """Every listing that the filters let through; pages are fetched as they are needed."""
        ask = partial(
            _page,
            q=q,
            category=category,
            type=type,
            condition=condition,
            price_min=price_min,
            price_max=price_max,
            seller=seller,
            sort=sort,
            limit=page_size,
        )
        return pages(ask)

    @endpoint
    def page(
        self,
        *,
        q: str | None = None,
        category: str | None = None,
        type: TypeName | None = None,  # noqa: A002 - the filter's name on the wire
        condition: ConditionName | None = None,
        price_min: int | None = None,
        price_max: int | None = None,
        seller: str | None = None,
        sort: SortName | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[Listing]]:
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _page(
            cursor,
            q=q,
            category=category,
            type=type,
            condition=condition,
            price_min=price_min,
            price_max=price_max,
            seller=seller,
            sort=sort,
            limit=limit,
        )

    @endpoint
    def get(self, listing_id: str) -> Operation[ListingView]:
        """One listing, with its pictures and its seller's record. Raises ListingNotFound."""
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
        """Something to sell: a direct listing has a price, an auction's has none and stock 1.

        Raises SkuTaken, CategoryNotFound, Forbidden for a buyer, Invalid.
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
        """New values; what is not given stays as it is. Raises AuctionHasBids, SkuTaken."""
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
        """Takes a listing away; its orders keep it. Raises ListingInUse."""
        return delete(path("/listings/{}", listing_id))

    @paged
    def bulk(
        self, rows: Iterable[BulkListing | Mapping[str, object]], *, dry_run: bool = False
    ) -> Pages[BulkVerdict]:
        """Creates and updates listings from rows, and yields one verdict for each, in order.

        `rows` may be endless: it is read as it is sent, in bodies of 500 rows or 512 KiB. A row
        goes out as it is, so that the server's verdict names every bad field of it. `dry_run`
        judges and writes nothing. A body whose answer is lost is sent again: rows are keyed by
        `seller_sku`, or else by a hash, so that nothing comes twice; what the first sending had
        done is `unchanged` then.
        """
        return upload(rows, dry_run=dry_run)

    @streamed
    def export(self) -> StreamedLines[JsonObject]:
        """Return the seller's own listings, each as a row that `bulk` takes back.

        A reader may pause between two rows for as long as it likes: when the server cuts it off,
        the export goes on behind the last row.
        """

        def asked(after: object = None) -> Operation[None]:
            query = {"after": after} if isinstance(after, str) else {}
            return Operation("GET", "/listings/export", read_nothing, query=query, accept=NDJSON)

        def following(row: JsonObject) -> Operation[None] | None:
            return asked(row["listing_id"]) if row.get("listing_id") else None

        return StreamedLines(asked(), read_row, following)


def _page(cursor: str | None, **filters: object) -> Operation[Page[Listing]]:
    return get("/listings", Page[Listing], request(ListingQuery, cursor=cursor, **filters))
