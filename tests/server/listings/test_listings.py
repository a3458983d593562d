"""Listings one by one: what is taken, whose they are, and what bids forbid."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.server.accounts_support import ask, sign_up
from tests.server.listings.conftest import Shop, Sql


async def test_the_life_of_a_listing(http: aiohttp.ClientSession, shop: Shop) -> None:
    made = await shop.seller.ask(
        "POST", "/listings", shop.kettle(description="Boils.\nQuietly.", seller_sku="K-1")
    )
    assert made.status == 201
    listing = made.body
    assert listing["seller_name"] == "Ada's"
    assert (listing["category_path"], listing["version"]) == ("Home > Kitchen", 1)
    shown = (await ask(http, "GET", f"/listings/{listing['id']}")).body
    assert shown.pop("seller")["sales_completed"] == 0
    assert shown == {**listing, "images": []}
    changed = await shop.seller.ask("PUT", f"/listings/{listing['id']}", {"price": 1400})
    assert (changed.body["price"], changed.body["version"]) == (1400, 2)
    assert changed.body["description"] == listing["description"]
    same = await shop.seller.ask("PUT", f"/listings/{listing['id']}", {"price": 1400})
    assert same.body["version"] == 2
    assert (await shop.seller.ask("DELETE", f"/listings/{listing['id']}")).status == 204
    gone = await ask(http, "GET", f"/listings/{listing['id']}")
    assert (gone.status, gone.code) == (404, "listing_not_found")
    own = await shop.seller.ask("GET", f"/listings/{listing['id']}")
    assert own.body["status"] == "removed"
    assert (await ask(http, "GET", "/listings")).body["items"] == []
    again = await shop.seller.ask("DELETE", f"/listings/{listing['id']}")
    assert again.status == 404


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"price": None}, ["price"]),
        ({"type": "auction"}, ["price", "stock"]),
        ({"type": "auction", "price": None, "stock": 0}, ["stock"]),
        ({"price": 0}, ["price"]),
        ({"price": -1}, ["price"]),
        ({"price": 0.001}, ["price"]),
        ({"price": True}, ["price"]),
        ({"price": "1500"}, ["price"]),
        ({"price": 10**12 + 1}, ["price"]),
        ({"price": 2**63}, ["price"]),
        ({"stock": -1}, ["stock"]),
        ({"stock": 10**6 + 1}, ["stock"]),
        ({"shipping_amount": -1}, ["shipping_amount"]),
        ({"title": ""}, ["title"]),
        ({"title": "x" * 201}, ["title"]),
        ({"title": "\x1b[31mred"}, ["title"]),
        ({"title": "C1 \x9b"}, ["title"]),
        ({"title": "\u202egnp.exe"}, ["title"]),
        ({"description": "x" * 20_001}, ["description"]),
        ({"description": "bell \a"}, ["description"]),
        ({"condition": "used"}, ["condition"]),
        ({"category_id": "kitchen"}, ["category_id"]),
        ({"category_id": "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"}, ["category_id"]),
        ({"seller_id": "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"}, ["seller_id"]),
        ({"status": "removed"}, ["status"]),
        ({"title": "", "price": 0, "condition": "used"}, ["condition", "price", "title"]),
    ],
)
async def test_what_is_refused_names_every_bad_field(
    shop: Shop, sql: Sql, changes: dict[str, Any], fields: list[str]
) -> None:
    answer = await shop.seller.ask("POST", "/listings", shop.kettle(**changes))
    assert (answer.status, sorted(answer.fields)) == (422, fields)
    assert sql("SELECT count(*) FROM listings") == [(0,)]


@pytest.mark.parametrize(
    "text", [b"nul \\u0000", b"lone \\ud800 surrogate", b"nul \x00", b"lone \xed\xa0\x80"]
)
async def test_text_that_cannot_be_stored_is_422(shop: Shop, text: bytes) -> None:
    body = b'{"type":"direct","title":"' + text + b'","condition":"new","price":1}'
    answer = await shop.seller.ask("POST", "/listings", body)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_markup_and_any_script_come_back_as_they_were(shop: Shop) -> None:
    title = "[/b] Ford [blue] <b>& \N{SNOWMAN} \u4e2d\u6587 \u05e9\u05dc\u05d5\u05dd \U0001f600"
    listing = await shop.list(title=title, description="a\tb\n\nc")
    assert (listing["title"], listing["description"]) == (title, "a\tb\n\nc")


async def test_another_sellers_listing_is_not_found(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    listing = await shop.list()
    other = await sign_up(http, "seller")
    for method, body in (("PUT", {"price": 1}), ("DELETE", None)):
        answer = await other.ask(method, f"/listings/{listing['id']}", body)
        assert (answer.status, answer.code) == (404, "listing_not_found")
    shown = (await ask(http, "GET", f"/listings/{listing['id']}")).body
    assert {name: shown[name] for name in listing} == listing


async def test_who_may_not_list(http: aiohttp.ClientSession, shop: Shop, admin: Any) -> None:
    buyer = await sign_up(http)
    assert (await buyer.ask("POST", "/listings", shop.kettle())).status == 403
    assert (await admin.ask("POST", "/listings", shop.kettle())).status == 403
    assert (await ask(http, "POST", "/listings", shop.kettle())).status == 401


@pytest.mark.parametrize("listing_id", ["x", "0d5c2f8e", "..%2f", "%00", "0" * 36])
async def test_a_malformed_id_is_404(http: aiohttp.ClientSession, listing_id: str) -> None:
    assert (await ask(http, "GET", f"/listings/{listing_id}")).status == 404


async def test_a_seller_sku_is_unique_among_the_sellers_active_listings(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    first = await shop.list(seller_sku="K-1")
    second = await shop.list(seller_sku="K-2")
    for answer in (
        await shop.seller.ask("POST", "/listings", shop.kettle(seller_sku="K-1")),
        await shop.seller.ask("PUT", f"/listings/{second['id']}", {"seller_sku": "K-1"}),
    ):
        assert (answer.status, answer.code) == (409, "sku_taken")
    other = await sign_up(http, "seller")
    assert (await other.ask("POST", "/listings", shop.kettle(seller_sku="K-1"))).status == 201
    assert (await shop.seller.ask("DELETE", f"/listings/{first['id']}")).status == 204
    await shop.list(seller_sku="K-1")


async def test_the_same_key_lists_once(shop: Shop, sql: Sql) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await shop.seller.ask("POST", "/listings", shop.kettle(), headers=headers)
    second = await shop.seller.ask("POST", "/listings", shop.kettle(), headers=headers)
    assert first.body == second.body
    other = await shop.seller.ask("POST", "/listings", shop.kettle(stock=9), headers=headers)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert sql("SELECT count(*) FROM listings") == [(1,)]


async def auctioned(shop: Shop, **changes: Any) -> tuple[str, str]:
    """The ids of a listing and of its open auction."""
    fields = {"type": "auction", "price": None, "stock": 1, "description": "Works."}
    listing = await shop.list(**fields, **changes)
    terms = {"listing_id": listing["id"], "min_bid": 100, "duration_seconds": 3600}
    opened = await shop.seller.ask("POST", "/auctions", terms)
    assert opened.status == 201, opened.body
    return listing["id"], opened.body["state"]["auction_id"]


async def test_an_open_auction_without_bids_allows_edits_but_no_removal(shop: Shop) -> None:
    listing_id, auction_id = await auctioned(shop)
    shown = await shop.seller.ask("GET", f"/listings/{listing_id}")
    assert shown.body["auction_id"] == auction_id
    edited = await shop.seller.ask("PUT", f"/listings/{listing_id}", {"title": "Better"})
    assert (edited.status, edited.body["title"]) == (200, "Better")
    for changes in ({"price": 100}, {"stock": 2}, {"stock": 0}):
        answer = await shop.seller.ask("PUT", f"/listings/{listing_id}", changes)
        assert (answer.status, answer.fields) == (422, list(changes))
    refused = await shop.seller.ask("DELETE", f"/listings/{listing_id}")
    assert (refused.status, refused.code) == (409, "listing_in_use")
    assert refused.body["auction_id"] == auction_id


async def test_with_bids_only_text_may_be_added(http: aiohttp.ClientSession, shop: Shop) -> None:
    listing_id, auction_id = await auctioned(shop)
    bidder = await sign_up(http)
    bid = {"amount": 100}
    headers = {"Idempotency-Key": "bid"}
    placed = await bidder.ask("POST", f"/auctions/{auction_id}/bid", bid, headers=headers)
    assert placed.status == 201, placed.body
    for changes in (
        {"title": "Another"},
        {"condition": "refurbished"},
        {"shipping_amount": 1},
        {"description": "Broken."},
        {"description": "Works. And more", "title": "Another"},
    ):
        answer = await shop.seller.ask("PUT", f"/listings/{listing_id}", changes)
        assert (answer.status, answer.code) == (409, "auction_has_bids"), changes
    changes = {"description": "Works. Has a scratch.", "title": "A kettle"}
    added = await shop.seller.ask("PUT", f"/listings/{listing_id}", changes)
    assert (added.status, added.body["description"]) == (200, "Works. Has a scratch.")
    refused = await shop.seller.ask("DELETE", f"/listings/{listing_id}")
    assert (refused.status, refused.code) == (409, "listing_in_use")
