"""The routes of categories and listings."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from instasell_client.models.accounts import Scope
from instasell_client.models.base import Page
from instasell_client.models.errors import (
    AuctionHasBids,
    CategoryExists,
    CategoryInUse,
    CategoryNotFound,
    InstaSellError,
    ListingInUse,
    ListingNotFound,
    SkuTaken,
    Unsupported,
)
from instasell_client.models.listings import (
    BulkListing,
    BulkQuery,
    BulkVerdict,
    Category,
    CategoryTree,
    CreateCategory,
    CreateListing,
    ExportQuery,
    Listing,
    ListingQuery,
    ListingView,
    UpdateCategory,
    UpdateListing,
)
from instasell_server.domains.listings.bulk_lines import read_rows
from instasell_server.domains.listings.bulk_stream import FAREWELL_SECONDS, carry_out
from instasell_server.domains.listings.pages import ListingPages
from instasell_server.domains.listings.search import is_default_page
from instasell_server.domains.listings.service import ListingService
from instasell_server.http.encoded_page import EncodedPage, FoundPage, PagePath, json_response
from instasell_server.http.problems import problem_of
from instasell_server.http.rights import RIGHTS
from instasell_server.http.route import ADMINS, PUBLIC, SELLERS, Call, Route, signed_in

SERVICE: web.AppKey[ListingService] = web.AppKey("listings", ListingService)
PAGES: web.AppKey[ListingPages] = web.AppKey("listing_pages", ListingPages)

NDJSON = "application/x-ndjson"
_KEEPING = signed_in(Scope.ADMIN, roles=ADMINS)
_EXPORTING = signed_in(Scope.READ, roles=SELLERS, suspended=True)
_LISTING = signed_in(Scope.LIST, roles=SELLERS)


async def get_tree(call: Call[None, None]) -> CategoryTree:
    """Handle `GET /categories`."""
    return await call.service(SERVICE).categories.tree()


async def create_category(call: Call[CreateCategory, None]) -> Category:
    """Handle `POST /categories`."""
    return await call.service(SERVICE).categories.create(call.body, call.idempotency_key)


async def update_category(call: Call[UpdateCategory, None]) -> Category:
    """Handle `PUT /categories/{category_id}`."""
    categories = call.service(SERVICE).categories
    return await categories.update(call.path["category_id"], call.body, call.idempotency_key)


async def delete_category(call: Call[None, None]) -> None:
    """Handle `DELETE /categories/{category_id}`."""
    categories = call.service(SERVICE).categories
    await categories.delete(call.path["category_id"], call.idempotency_key)


async def search_listings(call: Call[None, ListingQuery]) -> Page[Listing] | web.Response:
    """Handle `GET /listings`."""
    if is_default_page(call.query):
        found = call.service(PAGES).search(call.query)
        return json_response(found if isinstance(found, EncodedPage) else await found)
    return await call.service(SERVICE).search(call.query, call.principal)


async def get_listing(call: Call[None, None]) -> ListingView:
    """Handle `GET /listings/{listing_id}`."""
    return await call.service(SERVICE).get(call.path["listing_id"], call.principal)


async def create_listing(call: Call[CreateListing, None]) -> Listing:
    """Handle `POST /listings`."""
    return await call.service(SERVICE).create(call.user, call.body, call.idempotency_key)


async def update_listing(call: Call[UpdateListing, None]) -> Listing:
    """Handle `PUT /listings/{listing_id}`."""
    service, listing_id = call.service(SERVICE), call.path["listing_id"]
    return await service.update(call.user, listing_id, call.body, call.idempotency_key)


async def remove_listing(call: Call[None, None]) -> None:
    """Handle `DELETE /listings/{listing_id}`."""
    service, listing_id = call.service(SERVICE), call.path["listing_id"]
    await service.remove(call.user, listing_id, call.idempotency_key)


async def import_listings(call: Call[None, BulkQuery]) -> web.StreamResponse:
    """Handle `POST /listings/bulk`."""
    if call.request.content_type != NDJSON:
        raise Unsupported(f"send one JSON object on each line with Content-Type: {NDJSON}")
    rights = call.service(RIGHTS)
    check = rights.check_of(_LISTING, call.user)
    upload = call.service(SERVICE).bulk.begin(call.user.user_id, check, dry_run=call.query.dry_run)
    response = await _stream(call.request)
    async with rights.watch(check) as watch:
        # A client that goes away before its verdicts has what was written, and sends them again.
        await carry_out(upload, read_rows(call.request.content), response, watch)
        await response.write_eof()
    return response


async def export_listings(call: Call[None, ExportQuery]) -> web.StreamResponse:
    """Handle `GET /listings/export`."""
    rights = call.service(RIGHTS)
    check = rights.check_of(_EXPORTING, call.user)
    service = call.service(SERVICE)
    after = call.query.after and await service.get_own(call.user, call.query.after)
    response = await _stream(call.request)
    try:
        async with rights.watch(check) as watch:
            async for rows in service.export(call.user, check, after or None):
                lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
                await watch.during(response.write("".join(lines).encode()))
            await watch.during(response.write_eof())
    except InstaSellError as refusal:
        await _cut_off(call.request, response, refusal)
    return response


async def _cut_off(
    request: web.Request, response: web.StreamResponse, refusal: InstaSellError
) -> None:
    """End a stream with a line that says why, and without the end that a whole one has."""
    problem = problem_of(refusal).model_dump(mode="json", exclude_none=True)
    transport = request.transport
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            await response.write(json.dumps({"problem": problem}).encode() + b"\n")
    except (TimeoutError, ConnectionError):
        if transport is not None:
            transport.abort()
    else:
        if transport is not None:
            transport.close()


async def _stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = NDJSON
    response.headers["Cache-Control"] = "no-store"
    await response.prepare(request)
    return response


def find_tree(app: web.Application, path: PagePath, query: Any) -> FoundPage:
    """Find `GET /categories` for everybody."""
    return app[PAGES].tree()


def find_search(app: web.Application, path: PagePath, query: Any) -> FoundPage:
    """Find `GET /listings` for everybody."""
    return app[PAGES].search(query)


def find_listing_page(app: web.Application, path: PagePath, query: Any) -> FoundPage:
    """Find `GET /listings/{listing_id}` for everybody."""
    return app[PAGES].view(path["listing_id"])


ROUTES: list[Route] = [
    Route(
        "GET",
        "/categories",
        get_tree,
        PUBLIC,
        "List the tree of categories, each with its number of listings",
        reply=CategoryTree,
        tag="categories",
        page=find_tree,
    ),
    Route(
        "POST",
        "/categories",
        create_category,
        _KEEPING,
        "Create a category",
        body=CreateCategory,
        reply=Category,
        status=201,
        tag="categories",
        errors=(CategoryExists,),
    ),
    Route(
        "PUT",
        "/categories/{category_id}",
        update_category,
        _KEEPING,
        "Rename or move a category; without parent_id it moves to the top level",
        body=UpdateCategory,
        reply=Category,
        tag="categories",
        errors=(CategoryNotFound, CategoryExists),
    ),
    Route(
        "DELETE",
        "/categories/{category_id}",
        delete_category,
        _KEEPING,
        "Delete an empty category",
        status=204,
        tag="categories",
        errors=(CategoryNotFound, CategoryInUse),
    ),
    Route(
        "GET",
        "/listings",
        search_listings,
        PUBLIC,
        "Search and filter listings",
        query=ListingQuery,
        reply=Page[Listing],
        tag="listings",
        page=find_search,
    ),
    Route(
        "POST",
        "/listings",
        create_listing,
        _LISTING,
        "Create a listing",
        body=CreateListing,
        reply=Listing,
        status=201,
        tag="listings",
        errors=(SkuTaken,),
    ),
    Route(
        "POST",
        "/listings/bulk",
        import_listings,
        _LISTING,
        "Create and update listings from rows, with a result for each row",
        body=BulkListing,
        query=BulkQuery,
        reply=BulkVerdict,
        tag="listings",
        content=NDJSON,
        streams=True,
        idempotent=False,
    ),
    Route(
        "GET",
        "/listings/export",
        export_listings,
        _EXPORTING,
        "Export your listings as rows of a bulk upload",
        query=ExportQuery,
        reply=BulkListing,
        tag="listings",
        content=NDJSON,
        streams=True,
        errors=(ListingNotFound,),
    ),
    Route(
        "GET",
        "/listings/{listing_id}",
        get_listing,
        PUBLIC,
        "Show a listing",
        reply=ListingView,
        tag="listings",
        page=find_listing_page,
        errors=(ListingNotFound,),
    ),
    Route(
        "PUT",
        "/listings/{listing_id}",
        update_listing,
        _LISTING,
        "Update a listing of yours",
        body=UpdateListing,
        reply=Listing,
        tag="listings",
        errors=(ListingNotFound, AuctionHasBids, SkuTaken),
    ),
    Route(
        "DELETE",
        "/listings/{listing_id}",
        remove_listing,
        _LISTING,
        "Remove a listing of yours",
        status=204,
        tag="listings",
        errors=(ListingNotFound, ListingInUse),
    ),
]
