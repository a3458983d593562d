"""A bank takes a top-up back that has paid orders: they wait for its verdict, as card orders do."""

from __future__ import annotations

import asyncio

import psycopg2
import pytest

from instasell_server.domains.audit.service import audit
from instasell_server.domains.orders.handlers import FULFILMENT
from tests.server.money.conftest import Bazaar
from tests.server.money.test_chargeback_messages import correct, told
from tests.server.money.test_chargebacks import (
    BACK,
    DAY,
    ORDER,
    TOTAL,
    charge_back,
    decide,
    provider_agrees,
)
from tests.server.money.test_holds import DEBTS, deliver, end_holds, wallet_of
from tests.server.money.test_payments import say
from tests.support.databases import MarketClock
from tests.support.servers import RunningServer
from tests.support.waiting import until


async def fill(bazaar: Bazaar, amount: int) -> str:
    """The buyer fills the wallet by card; returns what the provider calls the payment."""
    before = bazaar.balance(bazaar.buyer)
    path = f"/wallet/{bazaar.buyer.id}/topup"
    answer = await bazaar.buyer.ask("POST", path, {"amount": amount})
    await bazaar.provider.pay(answer.body["checkout_url"])
    await until(lambda: bazaar.balance(bazaar.buyer) == before + amount)
    query = "SELECT intent_id FROM payments WHERE id = %s"
    [(intent_id,)] = bazaar.sql(query, answer.body["payment_id"])
    return str(intent_id)


async def bought(bazaar: Bazaar, price: int = TOTAL) -> str:
    """An order that is paid from the wallet."""
    order_id = await bazaar.order(bazaar.listing(price=price, shipping=0))
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    assert answer.status == 200, answer.body
    return order_id


async def findings(bazaar: Bazaar) -> list[str]:
    """Return the differences that the audit finds."""
    return [str(each) for each in (await audit(bazaar.database, auctions=False)).findings]


@pytest.mark.parametrize("verdict", ["won", "lost"])
async def test_an_order_waits_for_the_verdict_on_the_top_up_that_paid_it(
    bazaar: Bazaar, paying_server: RunningServer, market_clock: MarketClock, verdict: str
) -> None:
    intent_id = await fill(bazaar, 2000)
    order_id = await bought(bazaar)
    await bazaar.ship(order_id)
    dispute_id = await charge_back(bazaar, intent_id)
    assert bazaar.sql(ORDER, order_id) == [("disputed", 0)]
    assert bazaar.sql(BACK) == [("open", TOTAL, 0, 2000 - TOTAL)]
    assert bazaar.balance(bazaar.buyer) == 0
    confirmed = await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    assert (confirmed.status, confirmed.code) == (409, "order_not_ready")
    market_clock.shift(30 * DAY)
    await paying_server.app[FULFILMENT].carry_out_due()
    assert bazaar.sql(ORDER, order_id) == [("disputed", 0)]
    [dispute] = (await bazaar.seller.ask("GET", "/disputes")).body["items"]
    assert (dispute["kind"], dispute["status"]) == ("chargeback", "open")
    await bazaar.check()
    await decide(bazaar, dispute_id, verdict)
    [dispute] = (await bazaar.seller.ask("GET", "/disputes")).body["items"]
    assert dispute["status"] == "resolved"
    if verdict == "won":
        assert bazaar.balance(bazaar.buyer) == 2000 - TOTAL
        # Its time was over long ago.
        await bazaar.until_status(order_id, "delivered")
        assert bazaar.balance(bazaar.seller) == TOTAL
    else:
        assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
        assert (bazaar.balance(bazaar.buyer), bazaar.balance(bazaar.seller)) == (0, 0)
        assert bazaar.accounts()["receivable"] == 0
    await provider_agrees(bazaar)


async def test_of_an_order_that_other_money_paid_too_the_rest_goes_on(bazaar: Bazaar) -> None:
    await fill(bazaar, 500)
    end_holds(bazaar)
    intent_id = await fill(bazaar, 1000)
    order_id = await bought(bazaar)
    dispute_id = await charge_back(bazaar, intent_id)
    # The 250 in the wallet are of another top-up, and nobody owes more than the 1000.
    assert bazaar.sql(ORDER, order_id) == [("disputed", 250)]
    assert bazaar.balance(bazaar.buyer) == 250
    await decide(bazaar, dispute_id, "lost")
    assert bazaar.sql(ORDER, order_id) == [("processing", 250)]
    # What comes back of it was free before.
    await bazaar.seller.ask("POST", f"/orders/{order_id}/cancel")
    wallet = await wallet_of(bazaar.buyer)
    assert (wallet["balance"], wallet["held_amount"], wallet["owed_amount"]) == (500, 0, 0)
    await provider_agrees(bazaar)


async def test_what_is_left_of_a_top_up_goes_first_and_then_what_was_not_shipped(
    bazaar: Bazaar,
) -> None:
    intent_id = await fill(bazaar, 5000)
    done, shipped, waiting = [await bought(bazaar, 1000) for _ in range(3)]
    await deliver(bazaar, done)
    await bazaar.ship(shipped)
    # 2000 are left, which cover this; nobody's order has to wait.
    small = await charge_back(bazaar, intent_id, 1800)
    assert bazaar.sql(ORDER, waiting) == [("processing", 1000)]
    assert bazaar.balance(bazaar.buyer) == 200
    await decide(bazaar, small, "won")
    large = await charge_back(bazaar, intent_id, 3200)
    assert bazaar.sql(ORDER, waiting) == [("disputed", 0)]
    assert bazaar.sql(ORDER, shipped) == [("disputed", 800)]
    assert bazaar.sql(ORDER, done) == [("delivered", 0)]
    await decide(bazaar, large, "lost")
    assert bazaar.sql(ORDER, waiting) == [("cancelled", 0)]
    assert bazaar.sql(ORDER, shipped) == [("shipped", 800)]
    assert sorted(bazaar.sql(DEBTS, bazaar.buyer.id)) == [(0, 0, False), (0, 2000, True)]
    await provider_agrees(bazaar)


async def test_an_order_of_two_top_ups_waits_for_both_verdicts(bazaar: Bazaar) -> None:
    first = await fill(bazaar, 600)
    second = await fill(bazaar, 650)
    order_id = await bought(bazaar)
    claims = [await charge_back(bazaar, each) for each in (first, second)]
    assert bazaar.sql(ORDER, order_id) == [("disputed", 0)]
    await decide(bazaar, claims[0], "lost")
    assert bazaar.sql(ORDER, order_id) == [("disputed", 0)]
    await bazaar.check()
    await decide(bazaar, claims[1], "won")
    assert bazaar.sql(ORDER, order_id) == [("processing", 650)]
    await provider_agrees(bazaar)


async def test_an_order_that_is_paid_while_the_bank_speaks_waits_too(
    bazaar: Bazaar, database_url: str
) -> None:
    intent_id = await fill(bazaar, TOTAL)
    order_id = await bazaar.order(bazaar.listing(price=TOTAL, shipping=0))
    blocked = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg2.connect(database_url) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM wallets WHERE user_id = %s FOR UPDATE", (bazaar.buyer.id,))
        paying = asyncio.create_task(
            bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
        )
        await until(lambda: bazaar.sql(blocked) == [(1,)])
        # It has found no order of the top-up, and waits for the wallet behind the payment.
        claiming = asyncio.create_task(charge_back(bazaar, intent_id))
        await until(lambda: bazaar.sql(blocked) == [(2,)])
    assert (await paying).status == 200
    await claiming
    assert bazaar.sql(ORDER, order_id) == [("disputed", 0)]
    assert bazaar.sql(BACK) == [("open", TOTAL, 0, 0)]
    await provider_agrees(bazaar)


async def test_the_audit_finds_an_order_that_does_not_wait(bazaar: Bazaar) -> None:
    intent_id = await fill(bazaar, TOTAL)
    order_id = await bought(bazaar)
    await charge_back(bazaar, intent_id)
    bazaar.is_tampered = True
    bazaar.sql("UPDATE orders SET status = 'processing', bank_claims = 0, claimed_status = NULL")
    unfrozen = f"order {order_id}: bank_claims is 0, expected 1"
    assert await findings(bazaar) == [unfrozen]
    # The same where the chargeback says nothing of the order.
    bazaar.sql("DELETE FROM wallet_hold_uses WHERE purpose_id = %s", order_id)
    bazaar.sql("UPDATE wallet_hold_uses SET purpose_id = %s", order_id)
    bazaar.sql("DELETE FROM chargeback_orders")
    bazaar.sql("UPDATE chargebacks SET escrow_amount = 0, owed_amount = amount")
    assert unfrozen in await findings(bazaar)


@pytest.mark.parametrize("first", [750, 1000])
@pytest.mark.parametrize("verdict", ["won", "lost"])
async def test_of_more_than_was_booked_the_orders_of_the_top_up_wait_too(
    bazaar: Bazaar, first: int, verdict: str
) -> None:
    """At first the bank took what was left of the top-up, or a part of the order besides."""
    intent_id = await fill(bazaar, 2000)
    order_id = await bought(bazaar)
    await say(bazaar, told(intent_id, "created", "needs_response", amount=first))
    assert bazaar.sql(BACK) == [("open", first - 750, 0, 750)]
    await say(bazaar, told(intent_id, "updated", "under_review", amount=2000))
    await correct(bazaar)
    assert bazaar.sql(ORDER, order_id) == [("disputed", 0)]
    assert bazaar.sql(BACK) == [("open", TOTAL, 0, 750)]
    assert bazaar.sql("SELECT count(*) FROM disputes") == [(1,)]
    await bazaar.check()
    await say(bazaar, told(intent_id, "closed", verdict, amount=2000))
    expected = ("processing", TOTAL) if verdict == "won" else ("cancelled", 0)
    assert bazaar.sql(ORDER, order_id) == [expected]
    assert bazaar.balance(bazaar.buyer) == (750 if verdict == "won" else 0)
