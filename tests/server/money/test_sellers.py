"""A buyer sees a seller's record beside the item, and in no list."""

from __future__ import annotations

import asyncio
from datetime import datetime

from instasell_server.domains.sellers import store as sellers
from tests.server.accounts_support import ask
from tests.server.money.conftest import Bazaar
from tests.server.money.test_chargebacks import charge_back, decide, intent_of, paid
from tests.support.databases import MarketClock

DAY = 86_400


async def test_a_record_is_made_of_what_happened(bazaar: Bazaar, market_clock: MarketClock) -> None:
    listing_id = bazaar.listing()
    path = f"/listings/{listing_id}"
    fresh = (await ask(bazaar.http, "GET", path)).body["seller"]
    since = fresh.pop("member_since")
    assert datetime.fromisoformat(since).tzinfo is not None
    assert fresh == {
        "sales_completed": 0, "disputes_lost": 0, "chargebacks": 0,
        "shipping_seconds_average": None,
    }  # fmt: skip
    first, second, third, fourth = [await paid(bazaar) for _ in range(4)]
    admin, body = await bazaar.admin(), {"reason": "damaged", "text": "It is broken"}
    for number, (order_id, refund) in enumerate(((second, 300), (third, 0))):
        await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", body)
        [(dispute_id,)] = bazaar.sql("SELECT id FROM disputes WHERE status = 'open'")
        wish = {"refund_amount": refund, "reason": f"case {number}"}
        await admin.ask("POST", f"/admin/disputes/{dispute_id}/resolve", wish)
    await decide(bazaar, await charge_back(bazaar, intent_of(bazaar, fourth)), "lost")
    market_clock.shift(2 * DAY)
    await bazaar.ship(first)
    await bazaar.buyer.ask("POST", f"/orders/{first}/confirm-delivery")
    record = (await ask(bazaar.http, "GET", path)).body["seller"]
    average = record.pop("shipping_seconds_average")
    assert record == {
        "member_since": since, "sales_completed": 3, "disputes_lost": 1, "chargebacks": 1,
    }  # fmt: skip
    assert 2 * DAY <= average < 2 * DAY + 60
    for listed in (await ask(bazaar.http, "GET", "/listings")).body["items"]:
        assert "seller" not in listed


async def test_an_auction_shows_it_fresh_while_its_state_is_kept(bazaar: Bazaar) -> None:
    listing_id = bazaar.listing(stock=1)
    bazaar.sql("UPDATE listings SET type = 'auction', price = NULL WHERE id = %s", listing_id)
    wish = {"listing_id": listing_id, "min_bid": 100, "duration_seconds": 3600}
    made = await bazaar.seller.ask("POST", "/auctions", wish)
    path = f"/auctions/{made.body['state']['auction_id']}"
    # The kept state is without it.
    assert "seller" not in (await ask(bazaar.http, "GET", f"{path}/status")).body["state"]
    assert (await ask(bazaar.http, "GET", path)).body["seller"]["sales_completed"] == 0
    order_id = await paid(bazaar)
    await bazaar.ship(order_id)
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    shown = (await ask(bazaar.http, "GET", path)).body
    assert shown["seller"]["sales_completed"] == 1
    # What came of it is for the seller and for admins.
    assert shown["orders"] is None
    assert (await bazaar.buyer.ask("GET", path)).body["orders"] is None
    assert (await bazaar.seller.ask("GET", path)).body["orders"] == []


async def test_however_much_was_sold_it_is_read_from_indexes_and_bounded(bazaar: Bazaar) -> None:
    listing_id = bazaar.listing()
    bazaar.sql(
        "INSERT INTO orders (buyer_id, seller_id, listing_id, quantity, unit_amount,"
        " shipping_amount, total_amount, status, payment_due_at, payment_method, paid_at,"
        " shipped_at, carrier, tracking, delivered_at) SELECT %s, %s, %s, 1, 1, 0, 1,"
        " 'delivered', at, 'wallet', at, at + interval '1 day', 'P', '1', at + interval '2 days'"
        " FROM (SELECT now() - n * interval '1 minute' AS at FROM generate_series(1, 12000) n) t",
        bazaar.buyer.id, bazaar.seller.id, listing_id,
    )  # fmt: skip
    await asyncio.to_thread(bazaar.sql, "VACUUM ANALYZE orders")
    values = {"seller_ids": "{" + bazaar.seller.id + "}", "most": sellers.COUNTED_MAX}
    plan = "\n".join(
        str(row[0]) for row in bazaar.sql(f"EXPLAIN {sellers._sql.list_records}", values)
    )
    assert "Index Only Scan using orders_completed" in plan, plan
    assert "Seq Scan on orders" not in plan, plan
    assert "Seq Scan on disputes" not in plan, plan
    record = (await ask(bazaar.http, "GET", f"/listings/{listing_id}")).body["seller"]
    assert record["sales_completed"] == sellers.COUNTED_MAX
    assert record["shipping_seconds_average"] == DAY
    # The books know nothing of these orders.
    bazaar.is_tampered = True
