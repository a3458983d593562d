"""Alerts, auctions, listings and orders at the admin's desk."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aiohttp

from instasell_client import AsyncInstaSell
from tests.server.accounts_support import Person
from tests.server.admin.conftest import WHY, Sql, actions
from tests.support.market import Market

NOBODY = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


def alert(sql: Sql, subject: str, created_at: str, *, closed: bool = False) -> str:
    [(alert_id,)] = sql(
        "INSERT INTO alerts (kind, subject, details, created_at, closed_at)"
        " VALUES ('stray_payment', %s, %s, %s, CASE WHEN %s THEN now() END) RETURNING id",
        subject, json.dumps({"amount": 500}), created_at, closed,
    )  # fmt: skip
    return str(alert_id)


async def subjects(admin: Person, query: str = "") -> list[str]:
    answer = await admin.ask("GET", f"/admin/alerts{query}")
    assert answer.status == 200, answer.body
    return [each["subject"] for each in answer.body["items"]]


async def test_open_alerts_come_first(admin: Person, sql: Sql) -> None:
    alert(sql, "old", "2026-01-01T00:00:00Z")
    alert(sql, "closed", "2026-01-03T00:00:00Z", closed=True)
    alert(sql, "new", "2026-01-02T00:00:00Z")
    alert(sql, "closed before", "2026-01-01T00:00:00Z", closed=True)
    assert await subjects(admin) == ["new", "old", "closed", "closed before"]
    assert await subjects(admin, "?closed=false") == ["new", "old"]
    assert await subjects(admin, "?closed=true") == ["closed", "closed before"]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await admin.ask("GET", f"/admin/alerts?limit=1{cursor}")).body
        seen += [each["subject"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ["new", "old", "closed", "closed before"]


async def test_an_alert_is_closed_once(admin: Person, sql: Sql) -> None:
    alert_id = alert(sql, "pi_1", "2026-01-01T00:00:00Z")
    closed = [await admin.ask("POST", f"/admin/alerts/{alert_id}/close", WHY) for _ in range(2)]
    assert [each.status for each in closed] == [200, 200]
    assert closed[0].body == closed[1].body
    assert closed[0].body["closed_at"] is not None
    assert closed[0].body["details"] == {"amount": 500}
    assert actions(sql) == [("close_alert", "alert", alert_id)]
    assert (await admin.ask("POST", f"/admin/alerts/{alert_id}/close", {})).fields == ["reason"]
    missing = await admin.ask("POST", f"/admin/alerts/{NOBODY}/close", WHY)
    assert (missing.status, missing.code) == (404, "alert_not_found")


async def test_an_admin_cancels_an_auction_in_spite_of_bids(
    admin: Person, market: Market, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction_id = await market.auction(seller)
    await bidder.auctions.bid(auction_id, amount=500)
    path = f"/admin/auctions/{auction_id}/cancel"
    assert (await admin.ask("POST", path, {})).fields == ["reason"]
    answer = await admin.ask("POST", path, WHY)
    assert (answer.status, answer.body["state"]["status"]) == (200, "cancelled")
    assert sql("SELECT cancel_reason FROM auctions") == [("because",)]
    again = await admin.ask("POST", path, WHY)
    assert (again.status, again.code) == (409, "auction_not_open")
    missing = await admin.ask("POST", f"/admin/auctions/{NOBODY}/cancel", WHY)
    assert (missing.status, missing.code) == (404, "auction_not_found")
    assert actions(sql) == [("cancel_auction", "auction", auction_id)]
    assert sql("SELECT details FROM admin_actions") == [({"bid_count": 1},)]
    assert (await seller.auctions.status(auction_id)).state.status == "cancelled"


async def test_gas_comes_back_only_without_bids(admin: Person, market: Market) -> None:
    seller = await market.seller()
    before = (await seller.wallet.get()).gas_balance
    auction_id = await market.auction(seller)
    assert (await seller.wallet.get()).gas_balance < before
    await admin.ask("POST", f"/admin/auctions/{auction_id}/cancel", WHY)
    assert (await seller.wallet.get()).gas_balance == before


async def create_item(market: Market, seller: AsyncInstaSell) -> str:
    made = await seller.listings.create(
        type="direct", title="A lamp", category_id=market.category(), condition="new",
        price=1000, stock=5, shipping_amount=250,
    )  # fmt: skip
    return made.id


async def test_an_admin_takes_a_listing_out(
    admin: Person, market: Market, http: aiohttp.ClientSession, sql: Sql
) -> None:
    seller = await market.seller()
    listing_id = await create_item(market, seller)
    shown = f"/listings?category={market.category()}"
    assert len((await admin.ask("GET", shown)).body["items"]) == 1
    for _ in range(2):
        answer = await admin.ask("POST", f"/admin/listings/{listing_id}/remove", WHY)
        assert (answer.status, answer.body["status"]) == (200, "removed")
    assert (await admin.ask("GET", shown)).body["items"] == []
    async with http.get(f"/listings/{listing_id}") as reply:
        assert reply.status == 404
    assert actions(sql) == [("remove_listing", "listing", listing_id)]
    missing = await admin.ask("POST", f"/admin/listings/{NOBODY}/remove", WHY)
    assert (missing.status, missing.code) == (404, "listing_not_found")


async def test_a_listing_with_an_open_auction_stays(
    admin: Person, market: Market, sql: Sql
) -> None:
    auction_id = await market.auction(await market.seller())
    [(listing_id,)] = sql("SELECT listing_id FROM auctions")
    path = f"/admin/listings/{listing_id}/remove"
    refused = await admin.ask("POST", path, WHY)
    assert (refused.status, refused.code) == (409, "listing_in_use")
    assert refused.body["auction_id"] == auction_id
    await admin.ask("POST", f"/admin/auctions/{auction_id}/cancel", WHY)
    assert (await admin.ask("POST", path, WHY)).status == 200


async def test_an_order_with_its_money(
    admin: Person, market: Market, fund: Callable[[str, int], None], sql: Sql
) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    fund((await buyer.auth.me()).id, 5000)
    bought = await buyer.orders.buy(await create_item(market, seller))
    order_id = bought.order.id
    await buyer.orders.pay(order_id, "wallet")
    await seller.orders.refund(order_id, 250)
    whole: dict[str, Any] = (await admin.ask("GET", f"/admin/orders/{order_id}")).body
    assert (whole["order"]["id"], whole["order"]["held_amount"]) == (order_id, 1000)
    assert [each["to_status"] for each in whole["events"]][:2] == ["pending", "processing"]
    rows = [(each["account"], each["type"], each["amount"]) for each in whole["ledger"]]
    assert sorted(rows[:2]) == [("balance", "hold", -1250), ("escrow", "hold", 1250)]
    assert sorted(rows[2:]) == [("balance", "refund", 250), ("escrow", "refund", -250)]
    assert sum(each["amount"] for each in whole["ledger"]) == 0
    missing = await admin.ask("GET", f"/admin/orders/{NOBODY}")
    assert (missing.status, missing.code) == (404, "order_not_found")
    assert actions(sql) == []
