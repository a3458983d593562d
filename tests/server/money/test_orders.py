"""Orders from the purchase to the seller's money, by card and from the wallet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from instasell_server.domains.orders.handlers import FULFILMENT
from tests.server.money.conftest import Bazaar
from tests.support.databases import MarketClock
from tests.support.servers import RunningServer
from tests.support.waiting import until

Fund = Callable[[str, int], None]


async def test_bought_by_card_shipped_confirmed_and_the_seller_has_the_money(
    bazaar: Bazaar,
) -> None:
    order_id = await bazaar.order(quantity=2)
    await bazaar.pay_by_card(order_id)
    assert (await bazaar.ship(order_id)).body["order"]["status"] == "shipped"
    done = await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    order = done.body["order"]
    assert (order["status"], order["total_amount"], order["held_amount"]) == ("delivered", 2250, 0)
    assert (bazaar.balance(bazaar.seller), bazaar.balance(bazaar.buyer)) == (2250, 0)
    steps = [f"{each['to_status']} by {each['actor']}" for each in done.body["events"]]
    assert steps == [
        "pending by buyer", "processing by buyer", "shipped by seller", "delivered by buyer",
    ]  # fmt: skip
    # What the provider holds equals the market's account of it.
    assert bazaar.accounts()["stripe"] == -2250
    assert (await bazaar.provider.books())["captured"] == 2250


async def test_paid_from_the_wallet(bazaar: Bazaar, fund: Fund) -> None:
    fund(bazaar.buyer.id, 1250)
    order_id = await bazaar.order()
    paid = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    assert paid.body["order"]["status"] == "processing"
    assert paid.body["order"]["held_amount"] == 1250
    assert bazaar.balance(bazaar.buyer) == 0
    again = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    assert (again.status, again.code) == (409, "order_not_ready")


async def test_a_wallet_with_too_little_says_what_is_missing(bazaar: Bazaar, fund: Fund) -> None:
    fund(bazaar.buyer.id, 1000)
    order_id = await bazaar.order()
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    assert (answer.status, answer.code) == (409, "insufficient_funds")
    assert answer.body["missing"] == 250
    shown = await bazaar.buyer.ask("GET", f"/orders/{order_id}")
    assert shown.body["order"]["status"] == "pending"


async def test_the_last_one_is_sold_once_to_fifty_buyers(bazaar: Bazaar) -> None:
    listing_id = bazaar.listing(stock=1)
    answers = await asyncio.gather(
        *(bazaar.buyer.ask("POST", "/orders", {"listing_id": listing_id}) for _ in range(50))
    )
    assert sorted(each.status for each in answers) == [201] + [409] * 49
    assert {each.code for each in answers if each.status == 409} == {"out_of_stock"}
    [order_id] = [each.body["order"]["id"] for each in answers if each.status == 201]
    stock = "SELECT stock FROM listings WHERE id = %s"
    assert bazaar.sql(stock, listing_id) == [(0,)]
    cancelled = await asyncio.gather(
        *(bazaar.buyer.ask("POST", f"/orders/{order_id}/cancel") for _ in range(10))
    )
    assert sorted(each.status for each in cancelled) == [200] + [409] * 9
    assert bazaar.sql(stock, listing_id) == [(1,)]


async def test_nobody_buys_their_own_listing_or_what_is_not_for_sale(bazaar: Bazaar) -> None:
    listing_id = bazaar.listing(stock=2)
    own = await bazaar.seller.ask("POST", "/orders", {"listing_id": listing_id})
    assert (own.status, own.code) == (403, "seller_cannot_buy")
    many = await bazaar.buyer.ask("POST", "/orders", {"listing_id": listing_id, "quantity": 3})
    assert (many.status, many.code, many.body["available"]) == (409, "out_of_stock", 2)
    assert many.body["detail"] == "only 2 are left; order 2 at most"
    for body in ({}, {"listing_id": listing_id, "auction_id": listing_id}):
        assert (await bazaar.buyer.ask("POST", "/orders", body)).status == 422
    missing = await bazaar.buyer.ask("POST", "/orders", {"auction_id": listing_id})
    assert (missing.status, missing.code) == (404, "order_not_found")


async def test_an_order_is_seen_by_its_two_sides_alone(bazaar: Bazaar) -> None:
    order_id = await bazaar.order()
    for path in (f"/orders/{order_id}",):
        assert (await bazaar.stranger.ask("GET", path)).status == 404
    steps: list[tuple[str, Any]] = [
        ("pay", {"method": "card"}), ("ship", {"carrier": "Post", "tracking": "1"}),
        ("confirm-delivery", None), ("cancel", None), ("refund", None), ("confirm-payment", None),
    ]  # fmt: skip
    for step, body in steps:
        answer = await bazaar.stranger.ask("POST", f"/orders/{order_id}/{step}", body)
        assert (answer.status, answer.code) == (404, "order_not_found"), step
    for step, body in steps[:1] + steps[2:3]:
        answer = await bazaar.seller.ask("POST", f"/orders/{order_id}/{step}", body)
        assert (answer.status, answer.code) == (403, "forbidden"), step
    for step, body in (steps[1], steps[4]):
        answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/{step}", body)
        assert (answer.status, answer.code) == (403, "forbidden"), step


async def test_the_address_is_shown_to_the_seller_once_it_is_paid(
    bazaar: Bazaar, fund: Fund
) -> None:
    address = {
        "name": "Bea", "line1": "Quay 1", "city": "Kiel", "postal_code": "24103", "country": "DE",
    }  # fmt: skip
    order_id = await bazaar.order(address=address)
    path = f"/orders/{order_id}"
    assert (await bazaar.seller.ask("GET", path)).body["order"]["address"] is None
    moved = await bazaar.buyer.ask("PUT", f"{path}/address", {**address, "line1": "Quay 2"})
    assert moved.body["order"]["address"]["line1"] == "Quay 2"
    fund(bazaar.buyer.id, 1250)
    await bazaar.buyer.ask("POST", f"{path}/pay", {"method": "wallet"})
    assert (await bazaar.seller.ask("GET", path)).body["order"]["address"]["line1"] == "Quay 2"
    await bazaar.ship(order_id)
    late = await bazaar.buyer.ask("PUT", f"{path}/address", address)
    assert (late.status, late.code) == (409, "order_not_ready")


async def test_refunds_in_parts_and_never_more_than_is_held(bazaar: Bazaar, fund: Fund) -> None:
    fund(bazaar.buyer.id, 1250)
    order_id = await bazaar.order()
    path = f"/orders/{order_id}"
    await bazaar.buyer.ask("POST", f"{path}/pay", {"method": "wallet"})
    part = await bazaar.seller.ask("POST", f"{path}/refund", {"amount": 300})
    assert (part.body["order"]["status"], part.body["order"]["held_amount"]) == ("processing", 950)
    too_much = await bazaar.seller.ask("POST", f"{path}/refund", {"amount": 951})
    assert (too_much.status, too_much.fields) == (422, ["amount"])
    await bazaar.ship(order_id)
    done = await bazaar.buyer.ask("POST", f"{path}/confirm-delivery")
    assert done.body["order"]["refunded_amount"] == 300
    assert (bazaar.balance(bazaar.buyer), bazaar.balance(bazaar.seller)) == (300, 950)
    late = await bazaar.seller.ask("POST", f"{path}/refund", {"amount": 1})
    assert (late.status, late.code) == (409, "order_not_ready")


async def test_a_refund_goes_back_to_the_card_that_paid(bazaar: Bazaar) -> None:
    order_id = await bazaar.order()
    await bazaar.pay_by_card(order_id)
    done = await bazaar.seller.ask("POST", f"/orders/{order_id}/refund")
    assert (done.body["order"]["status"], done.body["order"]["refunded_amount"]) == (
        "cancelled", 1250,
    )  # fmt: skip
    refunds = "SELECT status FROM provider_refunds WHERE order_id = %s"
    await until(lambda: bazaar.sql(refunds, order_id) == [("succeeded",)])
    assert bazaar.balance(bazaar.buyer) == 0
    sums = bazaar.accounts()
    assert (sums["stripe"], sums["in_transit"], sums["escrow"]) == (0, 0, 0)
    assert (await bazaar.provider.books())["refunded"] == 1250


async def test_a_refund_that_the_provider_cannot_pay_stays_in_the_wallet(bazaar: Bazaar) -> None:
    order_id = await bazaar.order()
    await bazaar.pay_by_card(order_id)
    bazaar.provider.faults.fail_refunds = True
    await bazaar.seller.ask("POST", f"/orders/{order_id}/cancel", {"reason": "broken"})
    refunds = "SELECT status FROM provider_refunds WHERE order_id = %s"
    await until(lambda: bazaar.sql(refunds, order_id) == [("failed",)])
    assert bazaar.balance(bazaar.buyer) == 1250
    assert bazaar.sql("SELECT kind FROM alerts") == [("refund_failed",)]


async def test_who_may_cancel_when(bazaar: Bazaar, fund: Fund, market_clock: MarketClock) -> None:
    fund(bazaar.buyer.id, 2500)
    order_id = await bazaar.order()
    path = f"/orders/{order_id}/cancel"
    assert (await bazaar.seller.ask("POST", path)).status == 403
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    early = await bazaar.buyer.ask("POST", path)
    assert (early.status, early.code) == (409, "order_not_ready")
    market_clock.shift(7 * 86400 + 1)
    done = await bazaar.buyer.ask("POST", path)
    assert done.body["order"]["status"] == "cancelled"
    assert bazaar.balance(bazaar.buyer) == 2500


@pytest.mark.parametrize(
    ("steps", "shift_days", "status", "balances", "stock"),
    [
        ("", 3, "cancelled", (1250, 0), 5),
        ("paid", 20, "processing", (0, 0), 4),
        ("paid", 22, "cancelled", (1250, 0), 5),
        ("paid shipped", 6, "shipped", (0, 0), 4),
        ("paid shipped", 8, "delivered", (0, 1250), 4),
    ],
)
async def test_time_moves_orders_on(
    paying_server: RunningServer,
    bazaar: Bazaar,
    fund: Fund,
    market_clock: MarketClock,
    steps: str,
    shift_days: int,
    status: str,
    balances: tuple[int, int],
    stock: int,
) -> None:
    fund(bazaar.buyer.id, 1250)
    listing_id = bazaar.listing(stock=5)
    order_id = await bazaar.order(listing_id)
    if "paid" in steps:
        await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    if "shipped" in steps:
        await bazaar.ship(order_id)
    market_clock.shift(shift_days * 86400)
    # The worker may be quicker, and then this finds nothing to do.
    await paying_server.app[FULFILMENT].carry_out_due()
    shown = await bazaar.buyer.ask("GET", f"/orders/{order_id}")
    assert shown.body["order"]["status"] == status
    assert (bazaar.balance(bazaar.buyer), bazaar.balance(bazaar.seller)) == balances
    assert bazaar.sql("SELECT stock FROM listings WHERE id = %s", listing_id) == [(stock,)]


async def test_fifty_orders_released_by_two_workers_are_released_once(
    paying_server: RunningServer,
    start_server: Callable[..., Any],
    bazaar: Bazaar,
    fund: Fund,
    market_clock: MarketClock,
) -> None:
    other = await start_server()
    fund(bazaar.buyer.id, 50 * 1250)
    listing_id = bazaar.listing(stock=50)
    for _ in range(50):
        order_id = await bazaar.order(listing_id)
        await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
        await bazaar.ship(order_id)
    market_clock.shift(8 * 86400)
    # Besides, the workers of both servers look at the same orders meanwhile.
    workers = [paying_server.app[FULFILMENT], other.app[FULFILMENT]] * 5
    await asyncio.gather(*(each.carry_out_due() for each in workers))
    await until(lambda: bazaar.balance(bazaar.seller) == 50 * 1250)
    assert bazaar.sql(
        "SELECT count(*), count(DISTINCT order_id) FROM transactions"
        " WHERE type = 'release' AND account = 'escrow'"
    ) == [(50, 50)]
    assert bazaar.sql("SELECT count(*) FROM order_events WHERE to_status = 'delivered'") == [(50,)]
    assert bazaar.accounts()["escrow"] == 0


async def test_an_auction_won_is_paid_shipped_confirmed_and_the_seller_has_the_total(
    bazaar: Bazaar, market_clock: MarketClock
) -> None:
    [(listing_id,)] = bazaar.sql(
        "WITH c AS (INSERT INTO categories (id, name, path, lineage)"
        " SELECT id, id::text, id::text, ARRAY[id] FROM gen_random_uuid() AS id RETURNING id)"
        " INSERT INTO listings (seller_id, title, category_id, type, condition, stock,"
        " shipping_amount) SELECT %s, 'A watch', id, 'auction', 'new', 1, 400 FROM c"
        " RETURNING id",
        bazaar.seller.id,
    )
    wish = {"listing_id": listing_id, "min_bid": 1000, "duration_seconds": 3600}
    made = await bazaar.seller.ask("POST", "/auctions", wish)
    auction_id = made.body["state"]["auction_id"]
    bid = f"/auctions/{auction_id}/bid"
    assert (await bazaar.stranger.ask("POST", bid, {"max_amount": 2000})).status == 201
    assert (await bazaar.buyer.ask("POST", bid, {"max_amount": 5000})).status == 201
    market_clock.shift(3601)
    await until(
        lambda: bazaar.sql("SELECT status FROM auctions WHERE id = %s", auction_id) == [("ended",)]
    )
    order_id = (await bazaar.buyer.ask("POST", "/orders", {"auction_id": auction_id})).body[
        "order"
    ]["id"]
    assert (await bazaar.stranger.ask("GET", f"/orders/{order_id}")).status == 404
    await bazaar.pay_by_card(order_id)
    await bazaar.ship(order_id)
    done = await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    order = done.body["order"]
    # One increment over what the other one went to, and the shipping.
    assert (order["status"], order["unit_amount"], order["total_amount"]) == (
        "delivered", 2050, 2450,
    )  # fmt: skip
    assert bazaar.balance(bazaar.seller) == order["total_amount"]
    assert (await bazaar.provider.books())["captured"] == -bazaar.accounts()["stripe"] == 2450


async def test_lists_page_by_key_and_filter(bazaar: Bazaar, fund: Fund) -> None:
    listing_id = bazaar.listing(stock=10)
    ids = [await bazaar.order(listing_id) for _ in range(5)]
    fund(bazaar.buyer.id, 1250)
    await bazaar.buyer.ask("POST", f"/orders/{ids[0]}/pay", {"method": "wallet"})
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await bazaar.buyer.ask("GET", f"/orders?limit=2{cursor}")).body
        seen += [each["id"] for each in page["items"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert seen == ids[::-1]
    paid = (await bazaar.seller.ask("GET", "/orders?role=seller&status=processing")).body["items"]
    assert [each["id"] for each in paid] == [ids[0]]
    assert (await bazaar.seller.ask("GET", "/orders?role=buyer")).body["items"] == []
    assert (await bazaar.stranger.ask("GET", "/orders")).body["items"] == []


async def test_a_repeated_step_with_its_key_is_done_once(bazaar: Bazaar, fund: Fund) -> None:
    fund(bazaar.buyer.id, 1250)
    order_id = await bazaar.order()
    key = {"Idempotency-Key": "pay-1"}
    answers = await asyncio.gather(
        *(
            bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"}, headers=key)
            for _ in range(20)
        )
    )
    assert {each.status for each in answers} == {200}
    assert len({str(each.body) for each in answers}) == 1
