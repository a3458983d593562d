"""A payment leaves the market once: what a bank may still take back is spent here, not paid out."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.accounts_support import Person
from tests.server.money.conftest import Bazaar
from tests.server.money.test_chargebacks import (
    BACK,
    DAY,
    TOTAL,
    charge_back,
    decide,
    intent_of,
    paid,
    provider_agrees,
)
from tests.server.money.test_withdrawals import fill_provider, onboard, states, withdraw
from tests.support.databases import MarketClock
from tests.support.waiting import until

REFUND = 250
DEBTS = "SELECT owed_amount, recovered_amount, is_due FROM chargeback_debts WHERE debtor_id = %s"


async def deliver(bazaar: Bazaar, order_id: str) -> None:
    """The order ends, and the seller gets what is held."""
    await bazaar.ship(order_id)
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")


async def resolve(bazaar: Bazaar, order_id: str, refund: int) -> None:
    """The buyer complains, and an admin gives a part back."""
    complaint = {"reason": "damaged", "text": "It is broken"}
    opened = await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", complaint)
    path = f"/admin/disputes/{opened.body['dispute']['id']}/resolve"
    admin = await bazaar.admin()
    verdict = await admin.ask("POST", path, {"refund_amount": refund, "reason": "seen"})
    assert verdict.status == 200, verdict.body


async def wallet_of(person: Person) -> dict[str, object]:
    """Return what a user's wallet shows."""
    return (await person.ask("GET", f"/wallet/{person.id}")).body


def end_holds(bazaar: Bazaar) -> None:
    """Time passes until all that is held is free."""
    bazaar.sql("UPDATE wallet_holds SET free_at = market_now()")


async def intent_of_top_up(bazaar: Bazaar) -> str:
    [(intent_id,)] = bazaar.sql("SELECT intent_id FROM payments WHERE purpose = 'balance'")
    return str(intent_id)


@pytest.fixture
async def onboarded(bazaar: Bazaar) -> Bazaar:
    """The buyer may withdraw."""
    await onboard(bazaar)
    return bazaar


@pytest.mark.parametrize("is_spent", [False, True])
async def test_a_seller_pays_no_refund_a_second_time(bazaar: Bazaar, is_spent: bool) -> None:
    order_id = await paid(bazaar)
    wish = {"amount": REFUND, "to": "wallet"}
    await bazaar.seller.ask("POST", f"/orders/{order_id}/refund", wish)
    await deliver(bazaar, order_id)
    assert bazaar.balance(bazaar.seller) == TOTAL - REFUND
    if is_spent:
        other = await bazaar.order(bazaar.listing(price=REFUND, shipping=0))
        await bazaar.buyer.ask("POST", f"/orders/{other}/pay", {"method": "wallet"})
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    # What was refunded is the buyer's to pay, and taken before the bank has decided.
    owed = REFUND if is_spent else 0
    assert bazaar.sql(DEBTS, bazaar.buyer.id) == [(owed, REFUND - owed, True)]
    assert bazaar.sql(DEBTS, bazaar.seller.id) == [(TOTAL - REFUND, 0, False)]
    await decide(bazaar, dispute_id, "lost")
    await until(lambda: bazaar.balance(bazaar.seller) == 0)
    assert bazaar.balance(bazaar.buyer) == 0
    assert bazaar.accounts()["receivable"] == -owed
    await provider_agrees(bazaar)


async def test_a_refund_of_a_dispute_stays_until_the_payment_is_safe(onboarded: Bazaar) -> None:
    bazaar = onboarded
    order_id = await paid(bazaar)
    await resolve(bazaar, order_id, REFUND)
    assert bazaar.balance(bazaar.buyer) == REFUND
    refused = await withdraw(bazaar, REFUND)
    assert (refused.status, refused.code) == (409, "funds_held")
    [(days,)] = bazaar.sql("SELECT %s::timestamptz - paid_at FROM orders", refused.body["free_at"])
    assert (refused.body["withdrawable"], days.days) == (0, 60)
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    await decide(bazaar, dispute_id, "lost")
    await until(lambda: bazaar.balance(bazaar.seller) == 0)
    assert bazaar.sql(BACK) == [("lost", 0, 0, TOTAL)]
    assert bazaar.accounts()["receivable"] == 0
    await provider_agrees(bazaar)


async def test_a_refund_that_was_withdrawn_is_never_the_sellers_to_pay(onboarded: Bazaar) -> None:
    bazaar = onboarded
    order_id = await paid(bazaar)
    await resolve(bazaar, order_id, REFUND)
    end_holds(bazaar)
    assert (await withdraw(bazaar, REFUND)).status == 201
    await until(lambda: states(bazaar) == [("succeeded",)])
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    await decide(bazaar, dispute_id, "lost")
    await until(lambda: bazaar.balance(bazaar.seller) == 0)
    # The seller had 1000 and pays 1000; the 250 that left twice are the buyer's debt.
    assert bazaar.sql(DEBTS, bazaar.buyer.id) == [(REFUND, 0, True)]
    assert bazaar.accounts()["receivable"] == -REFUND


async def test_a_top_up_is_spent_at_once_and_withdrawn_later(
    onboarded: Bazaar, market_clock: MarketClock
) -> None:
    bazaar = onboarded
    await fill_provider(bazaar, 5000)
    refused = await withdraw(bazaar, 1)
    assert (refused.status, refused.code) == (409, "funds_held")
    wallet = await wallet_of(bazaar.buyer)
    assert (wallet["withdrawable_amount"], wallet["held_amount"]) == (0, 5000)
    assert wallet["held"] == [{"amount": 5000, "free_at": refused.body["free_at"]}]
    order_id = await bazaar.order()
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    assert answer.status == 200
    market_clock.shift(7 * DAY)
    assert (await wallet_of(bazaar.buyer))["withdrawable_amount"] == 5000 - TOTAL
    assert (await withdraw(bazaar, 5000 - TOTAL)).status == 201


async def test_held_money_is_spent_first_and_held_again_when_it_comes_back(
    onboarded: Bazaar,
) -> None:
    bazaar = onboarded
    await fill_provider(bazaar, 1000)
    end_holds(bazaar)
    path = f"/wallet/{bazaar.buyer.id}/topup"
    page = (await bazaar.buyer.ask("POST", path, {"amount": 1000})).body["checkout_url"]
    await bazaar.provider.pay(page)
    await until(lambda: bazaar.balance(bazaar.buyer) == 2000)
    order_id = await bazaar.order(bazaar.listing(price=1200, shipping=0))
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    wallet = await wallet_of(bazaar.buyer)
    assert (wallet["balance"], wallet["withdrawable_amount"]) == (800, 800)
    # Buying and cancelling turns no held money into free money.
    await bazaar.seller.ask("POST", f"/orders/{order_id}/cancel")
    wallet = await wallet_of(bazaar.buyer)
    assert (wallet["balance"], wallet["withdrawable_amount"]) == (2000, 1000)
    refused = await withdraw(bazaar, 1500)
    assert (refused.status, refused.body["withdrawable"]) == (409, 1000)
    assert (await withdraw(bazaar, 1000)).status == 201


async def test_after_a_chargeback_nothing_is_paid_out_until_an_admin_says_so(
    onboarded: Bazaar,
) -> None:
    bazaar = onboarded
    await fill_provider(bazaar, 5000)
    end_holds(bazaar)
    dispute_id = await charge_back(bazaar, await intent_of_top_up(bazaar), 2000)
    assert bazaar.balance(bazaar.buyer) == 3000
    refused = await withdraw(bazaar, 100)
    assert (refused.status, refused.code) == (409, "payouts_stopped")
    wallet = await wallet_of(bazaar.buyer)
    assert (wallet["payouts_stopped"], wallet["withdrawable_amount"]) == (True, 0)
    # A verdict in the market's favour gives the money back, and lets nobody out.
    await decide(bazaar, dispute_id, "won")
    assert (await withdraw(bazaar, 100)).code == "payouts_stopped"
    admin = await bazaar.admin()
    path = f"/admin/users/{bazaar.buyer.id}/allow-payouts"
    for _ in range(2):
        assert (await admin.ask("POST", path, {"reason": "Showed a passport"})).status == 200
    log = await admin.ask("GET", "/admin/audit-log")
    assert [each["action"] for each in log.body["items"]] == ["allow_payouts"]
    assert (await withdraw(bazaar, 100)).status == 201
    assert (await bazaar.seller.ask("POST", path, {"reason": "no"})).status == 403


async def test_a_withdrawal_that_waits_is_kept_when_a_bank_takes_its_money_back(
    onboarded: Bazaar,
) -> None:
    bazaar = onboarded
    await fill_provider(bazaar, 5000)
    end_holds(bazaar)
    # Nobody has asked the provider yet.
    bazaar.sql(
        "ALTER TABLE withdrawals ALTER leased_until SET DEFAULT market_now() + interval '1 hour'"
    )
    assert (await withdraw(bazaar, 4000)).status == 201
    await charge_back(bazaar, await intent_of_top_up(bazaar))
    bazaar.sql("UPDATE withdrawals SET leased_until = market_now()")
    await until(lambda: states(bazaar) == [("failed",)])
    await until(lambda: bazaar.sql(BACK) == [("open", 0, 0, 5000)])
    assert bazaar.accounts()["in_transit"] == 0
    await provider_agrees(bazaar)


async def test_a_seller_cannot_withdraw_what_a_bank_may_take(bazaar: Bazaar) -> None:
    """A user who may have to pay waits for the verdict, so that there is something to pay with."""
    bazaar.buyer, bazaar.seller = bazaar.seller, bazaar.buyer
    await onboard(bazaar)
    bazaar.buyer, bazaar.seller = bazaar.seller, bazaar.buyer
    order_id = await paid(bazaar)
    await deliver(bazaar, order_id)
    other = await paid(bazaar)
    await deliver(bazaar, other)
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    wallet = await wallet_of(bazaar.seller)
    assert (wallet["owed_amount"], wallet["withdrawable_amount"]) == (TOTAL, TOTAL)
    path = f"/wallet/{bazaar.seller.id}/withdraw"
    refused = await bazaar.seller.ask("POST", path, {"amount": TOTAL + 1})
    assert (refused.code, refused.body["withdrawable"]) == ("funds_held", TOTAL)
    assert "free_at" not in refused.body
    await decide(bazaar, dispute_id, "won")
    assert (await bazaar.seller.ask("POST", path, {"amount": TOTAL + 1})).status == 201


async def test_what_the_buyer_has_goes_before_the_sellers_share(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    await deliver(bazaar, order_id)
    await fill_provider(bazaar, 300)
    dispute_id = await charge_back(bazaar, intent_of(bazaar, order_id))
    assert bazaar.balance(bazaar.buyer) == 0
    assert bazaar.sql(DEBTS, bazaar.seller.id) == [(TOTAL - 300, 0, False)]
    await bazaar.check()
    # Won, everybody has theirs back, held as it was.
    await decide(bazaar, dispute_id, "won")
    wallet = await wallet_of(bazaar.buyer)
    assert (wallet["balance"], wallet["held_amount"]) == (300, 300)
    assert bazaar.balance(bazaar.seller) == TOTAL
    await provider_agrees(bazaar)


async def test_a_refund_that_no_card_takes_is_held_in_the_wallet(onboarded: Bazaar) -> None:
    bazaar = onboarded
    order_id = await paid(bazaar)
    await bazaar.provider.control("faults", {"fail_refunds": True})
    await bazaar.seller.ask("POST", f"/orders/{order_id}/refund")
    await until(lambda: bazaar.balance(bazaar.buyer) == TOTAL)
    wallet = await wallet_of(bazaar.buyer)
    assert (wallet["held_amount"], wallet["withdrawable_amount"]) == (TOTAL, 0)
    assert (await withdraw(bazaar, TOTAL)).code == "funds_held"


async def test_fifty_at_once_withdraw_what_is_free_once(onboarded: Bazaar) -> None:
    bazaar = onboarded
    await fill_provider(bazaar, 3000)
    bazaar.sql("UPDATE wallet_holds SET left_amount = 1000, amount = 1000")
    answers = await asyncio.gather(*(withdraw(bazaar, 2000) for _ in range(50)))
    assert sorted(each.status for each in answers) == [201] + [409] * 49
    assert bazaar.balance(bazaar.buyer) == 1000
