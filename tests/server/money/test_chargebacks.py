"""Banks take payments back: booked once in any order, and nobody's wallet goes below zero."""

from __future__ import annotations

from typing import Any

import pytest

from instasell_server.domains.orders.handlers import FULFILMENT
from tests.server.money.conftest import Bazaar
from tests.server.money.test_payments import top_up
from tests.support.databases import MarketClock
from tests.support.servers import RunningServer
from tests.support.waiting import until

TOTAL = 1250
DAY = 86_400
ORDER = "SELECT status, held_amount FROM orders WHERE id = %s"
BACK = "SELECT status, escrow_amount, owed_amount, recovered_amount FROM chargebacks ORDER BY 1"


def intent_of(bazaar: Bazaar, order_id: str) -> str:
    """Return what the provider calls the payment of an order."""
    [(intent_id,)] = bazaar.sql("SELECT intent_id FROM payments WHERE order_id = %s", order_id)
    return str(intent_id)


async def paid(bazaar: Bazaar, **listing: Any) -> str:
    """An order that is paid by card."""
    order_id = await bazaar.order(bazaar.listing(**listing))
    await bazaar.pay_by_card(order_id)
    return order_id


async def charge_back(bazaar: Bazaar, intent_id: str, amount: int | None = None) -> str:
    """The bank takes a payment back, and the market hears of it."""
    body = {"payment_intent": intent_id} | ({} if amount is None else {"amount": amount})
    dispute_id = str((await bazaar.provider.control("disputes", body))["id"])
    known = "SELECT count(*) FROM chargebacks WHERE provider_id = %s"
    await until(lambda: bazaar.sql(known, dispute_id) == [(1,)])
    return dispute_id


async def decide(bazaar: Bazaar, dispute_id: str, verdict: str) -> None:
    """The bank's verdict, and the market hears of it."""
    await bazaar.provider.control(f"disputes/{dispute_id}/verdict", {"verdict": verdict})
    known = "SELECT status FROM chargebacks WHERE provider_id = %s"
    await until(lambda: bazaar.sql(known, dispute_id) == [(verdict,)])


async def provider_agrees(bazaar: Bazaar) -> None:
    """Check that the provider holds what the market's account of it says."""
    await bazaar.provider.until_quiet()
    books = await bazaar.provider.books()
    assert bazaar.accounts().get("stripe", 0) == -books["platform"]


@pytest.mark.parametrize("is_shipped", [False, True])
async def test_a_chargeback_freezes_the_order_and_a_win_puts_it_back(
    bazaar: Bazaar, is_shipped: bool
) -> None:
    order_id = await paid(bazaar)
    before = "processing"
    if is_shipped:
        await bazaar.ship(order_id)
        before = "shipped"
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    assert bazaar.sql(ORDER, order_id) == [("disputed", 0)]
    [dispute] = (await bazaar.seller.ask("GET", "/disputes")).body["items"]
    assert (dispute["kind"], dispute["status"]) == ("chargeback", "open")
    assert bazaar.sql("SELECT kind FROM alerts") == [("chargeback",)]
    await bazaar.check()
    await decide(bazaar, dispute_id, "won")
    assert bazaar.sql(ORDER, order_id) == [(before, TOTAL)]
    [dispute] = (await bazaar.seller.ask("GET", "/disputes")).body["items"]
    assert (dispute["status"], dispute["refund_amount"]) == ("resolved", 0)
    assert dispute["resolved_by"] is None
    await provider_agrees(bazaar)
    if not is_shipped:
        assert (await bazaar.ship(order_id)).status == 200
    assert (await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")).status == 200
    assert bazaar.balance(bazaar.seller) == TOTAL


@pytest.mark.parametrize(("is_shipped", "stock"), [(False, 5), (True, 4)])
async def test_a_lost_one_cancels_the_order(bazaar: Bazaar, is_shipped: bool, stock: int) -> None:
    order_id = await paid(bazaar)
    if is_shipped:
        await bazaar.ship(order_id)
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    await decide(bazaar, dispute_id, "lost")
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    assert bazaar.sql("SELECT stock FROM listings") == [(stock,)]
    assert (bazaar.balance(bazaar.buyer), bazaar.balance(bazaar.seller)) == (0, 0)
    assert bazaar.accounts().get("receivable", 0) == 0
    await provider_agrees(bazaar)


async def test_nobody_here_decides_it(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id), 1000)
    admin, [(ours,)] = await bazaar.admin(), bazaar.sql("SELECT id FROM disputes")
    path = f"/orders/{order_id}"
    complaint = {"reason": "damaged", "text": "It is broken"}
    for who, where, body, code in (
        (
            admin, f"/admin/disputes/{ours}/resolve",
            {"refund_amount": 0, "reason": "no"}, "chargeback_open",
        ),
        (admin, f"{path}/refund", None, "chargeback_open"),
        (bazaar.seller, f"{path}/refund", {"amount": 1}, "chargeback_open"),
        (bazaar.seller, f"{path}/cancel", None, "chargeback_open"),
        (bazaar.buyer, f"{path}/cancel", None, "chargeback_open"),
        (bazaar.seller, f"{path}/ship", {"carrier": "P", "tracking": "1"}, "order_not_ready"),
        (bazaar.buyer, f"{path}/confirm-delivery", None, "order_not_ready"),
        (bazaar.buyer, f"{path}/dispute", complaint, "order_not_ready"),
    ):  # fmt: skip
        answer = await who.ask("POST", where, body)
        assert (answer.status, answer.code) == (409, code), (where, answer.body)
    # Both sides may still say something, for the admin who answers the bank.
    said = await bazaar.seller.ask("POST", f"/disputes/{ours}/reply", {"text": "I sent it"})
    assert said.status == 200
    # Of a part that is lost the rest goes on.
    await decide(bazaar, dispute_id, "lost")
    assert bazaar.sql(ORDER, order_id) == [("processing", 250)]
    again = await admin.ask(
        "POST", f"/admin/disputes/{ours}/resolve", {"refund_amount": 0, "reason": "no"}
    )
    assert (again.status, again.code) == (409, "dispute_closed")
    await bazaar.ship(order_id)
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    assert bazaar.balance(bazaar.seller) == 250
    await provider_agrees(bazaar)


async def test_time_does_not_release_what_a_bank_claims(
    bazaar: Bazaar, paying_server: RunningServer, market_clock: MarketClock
) -> None:
    order_id = await paid(bazaar)
    await bazaar.ship(order_id)
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id), 200)
    market_clock.shift(30 * DAY)
    await paying_server.app[FULFILMENT].carry_out_due()
    assert bazaar.sql(ORDER, order_id) == [("disputed", TOTAL - 200)]
    await decide(bazaar, dispute_id, "won")
    await bazaar.until_status(order_id, "delivered")
    assert bazaar.balance(bazaar.seller) == TOTAL


async def test_after_the_release_the_seller_owes_it(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    await bazaar.ship(order_id)
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    # While the bank thinks, nobody takes anything from the seller.
    assert bazaar.balance(bazaar.seller) == TOTAL
    assert bazaar.accounts()["receivable"] == -TOTAL
    assert bazaar.sql(ORDER, order_id) == [("delivered", 0)]
    await bazaar.check()
    # The seller spends most of the balance meanwhile.
    spent = await bazaar.seller.ask(
        "POST", "/orders", {"listing_id": listing_of_stranger(bazaar, 1000)}
    )
    pay = f"/orders/{spent.body['order']['id']}/pay"
    assert (await bazaar.seller.ask("POST", pay, {"method": "wallet"})).status == 200
    await decide(bazaar, dispute_id, "lost")
    await until(lambda: bazaar.sql(BACK) == [("lost", 0, 1000, 250)])
    assert bazaar.balance(bazaar.seller) == 0
    await bazaar.check()
    # What the seller earns later pays the rest, and not more.
    second = await paid(bazaar, price=1500, shipping=0)
    await bazaar.ship(second)
    await bazaar.buyer.ask("POST", f"/orders/{second}/confirm-delivery")
    await until(lambda: bazaar.sql(BACK) == [("lost", 0, 0, 1250)])
    assert bazaar.balance(bazaar.seller) == 500
    assert bazaar.accounts()["receivable"] == 0
    assert bazaar.sql(ORDER, order_id) == [("delivered", 0)]
    await provider_agrees(bazaar)


def listing_of_stranger(bazaar: Bazaar, price: int) -> str:
    """Something that the seller can buy."""
    listing_id = bazaar.listing(price=price, shipping=0)
    bazaar.sql("UPDATE listings SET seller_id = %s WHERE id = %s", bazaar.stranger.id, listing_id)
    return listing_id


async def test_a_win_after_the_release_leaves_the_seller_alone(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    await bazaar.ship(order_id)
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    await decide(bazaar, dispute_id, "won")
    assert bazaar.balance(bazaar.seller) == TOTAL
    assert bazaar.accounts()["receivable"] == 0
    await provider_agrees(bazaar)


async def test_a_top_up_taken_back_is_the_payers_at_once_and_theirs_again_when_won(
    bazaar: Bazaar,
) -> None:
    begun = await top_up(bazaar, 5000)
    await bazaar.provider.pay(begun.body["checkout_url"])
    await until(lambda: bazaar.balance(bazaar.buyer) == 5000)
    order_id = await bazaar.order(bazaar.listing(price=2000, shipping=0))
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    [(intent_id,)] = bazaar.sql("SELECT intent_id FROM payments WHERE purpose = 'balance'")
    dispute_id = await charge_back(bazaar, intent_id)
    await until(lambda: bazaar.balance(bazaar.buyer) == 0)
    # What it has paid meanwhile is in escrow, and taken from there.
    assert bazaar.sql(BACK) == [("open", 2000, 0, 3000)]
    assert bazaar.sql(ORDER, order_id) == [("disputed", 0)]
    await bazaar.check()
    await decide(bazaar, dispute_id, "won")
    assert bazaar.balance(bazaar.buyer) == 3000
    assert bazaar.sql(ORDER, order_id) == [("processing", 2000)]
    await provider_agrees(bazaar)


async def test_a_buyer_who_was_refunded_and_charges_back_pays(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    await bazaar.seller.ask("POST", f"/orders/{order_id}/refund", {"to": "wallet"})
    assert bazaar.balance(bazaar.buyer) == TOTAL
    await charge_back(bazaar, intent_of(bazaar, order_id))
    await until(lambda: bazaar.balance(bazaar.buyer) == 0)
    assert bazaar.balance(bazaar.seller) == 0
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    await provider_agrees(bazaar)


async def test_a_refund_under_way_meets_a_chargeback(bazaar: Bazaar) -> None:
    """The provider refuses the refund of what a bank has taken: the buyer has it once."""
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    bazaar.provider.faults.refuse_next = 1000
    await bazaar.seller.ask("POST", f"/orders/{order_id}/refund")
    assert bazaar.sql("SELECT status FROM orders WHERE id = %s", order_id) == [("cancelled",)]
    bazaar.provider.faults.refuse_next = 0
    dispute_id = await charge_back(bazaar, intent_id)
    bazaar.sql("UPDATE provider_refunds SET leased_until = market_now()")
    refunds = "SELECT status FROM provider_refunds"
    await until(lambda: bazaar.sql(refunds)[0][0] in ("succeeded", "failed"))
    await decide(bazaar, dispute_id, "lost")
    if bazaar.sql(refunds) == [("failed",)]:
        await until(lambda: bazaar.sql(BACK) == [("lost", 0, 0, TOTAL)])
    assert bazaar.balance(bazaar.buyer) == 0
    await provider_agrees(bazaar)


async def test_a_complaint_goes_on_where_it_stood(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    body = {"reason": "damaged", "text": "It is broken"}
    opened = await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", body)
    complaint_id = opened.body["dispute"]["id"]
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    admin, wish = await bazaar.admin(), {"refund_amount": 0, "reason": "no"}
    path = f"/admin/disputes/{complaint_id}/resolve"
    refused = await admin.ask("POST", path, wish)
    assert (refused.status, refused.code) == (409, "chargeback_open")
    await bazaar.check()
    await decide(bazaar, dispute_id, "won")
    assert bazaar.sql(ORDER, order_id) == [("disputed", TOTAL)]
    await bazaar.check()
    assert (await admin.ask("POST", path, wish)).status == 200
    assert bazaar.balance(bazaar.seller) == TOTAL


async def test_a_lost_one_ends_the_complaint_too(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    body = {"reason": "damaged", "text": "It is broken"}
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", body)
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    await decide(bazaar, dispute_id, "lost")
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    assert bazaar.sql("SELECT DISTINCT status FROM disputes") == [("resolved",)]
