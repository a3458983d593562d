"""A refund made at the provider is booked once, whichever way the market learns of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from instasell_server.adapters.stripe.gateway import StripeGateway
from instasell_server.app import SERVICES
from instasell_server.db.connections import Database
from tests.server.money.conftest import Bazaar
from tests.server.money.test_chargebacks import ORDER, TOTAL, intent_of, paid, provider_agrees
from tests.server.money.test_holds import deliver, intent_of_top_up
from tests.server.money.test_odd_webhooks import event, whole
from tests.server.money.test_payments import say
from tests.server.money.test_provider_books import compared
from tests.server.money.test_withdrawals import (
    fill_for_withdrawal,
    fill_provider,
    onboard,
    states,
    withdraw,
)
from tests.support.payments import SECRET_KEY, WEBHOOK_SECRET
from tests.support.servers import RunningServer
from tests.support.waiting import until

KINDS = "SELECT kind FROM alerts ORDER BY kind"
DEBTS = "SELECT owed_amount, recovered_amount FROM chargeback_debts"


async def refund_by_hand(bazaar: Bazaar, intent_id: str, amount: int | None = None) -> str:
    """Refund a payment by hand, as on the provider's dashboard."""
    form = {"payment_intent": intent_id} | ({} if amount is None else {"amount": str(amount)})
    made = await bazaar.provider.call("refunds", **form)
    return str(made["id"])


async def until_booked(bazaar: Bazaar, refund_id: str) -> None:
    """Wait until the market has heard of it."""
    known = "SELECT count(*) FROM chargebacks WHERE provider_id = %s"
    await until(lambda: bazaar.sql(known, refund_id) == [(1,)])


@pytest.fixture
async def stripe(bazaar: Bazaar) -> AsyncIterator[StripeGateway]:
    """The provider as the audit reaches it."""
    opened = StripeGateway(SECRET_KEY, WEBHOOK_SECRET, bazaar.provider.url)
    yield opened
    await opened.close()


async def test_a_refund_by_hand_cancels_the_order(
    bazaar: Bazaar, database: Database, stripe: StripeGateway
) -> None:
    order_id = await paid(bazaar)
    await until_booked(bazaar, await refund_by_hand(bazaar, intent_of(bazaar, order_id)))
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    assert bazaar.sql("SELECT refunded_amount FROM orders") == [(TOTAL,)]
    assert bazaar.sql("SELECT stock FROM listings") == [(5,)]
    assert bazaar.sql(KINDS) == [("refund_at_provider",)]
    refused = await bazaar.ship(order_id)
    assert (refused.status, refused.code) == (409, "order_not_ready")
    assert (bazaar.balance(bazaar.buyer), bazaar.balance(bazaar.seller)) == (0, 0)
    await provider_agrees(bazaar)
    assert (await compared(database, stripe)).findings == []


async def test_of_a_part_the_rest_goes_on(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    complaint = {"reason": "damaged", "text": "It is broken"}
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", complaint)
    intent_id = intent_of(bazaar, order_id)
    await until_booked(bazaar, await refund_by_hand(bazaar, intent_id, 250))
    assert bazaar.sql(ORDER, order_id) == [("disputed", TOTAL - 250)]
    await bazaar.check()
    # The rest too: the complaint ends with the order.
    await until_booked(bazaar, await refund_by_hand(bazaar, intent_id))
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    assert bazaar.sql("SELECT status FROM disputes") == [("resolved",)]
    await provider_agrees(bazaar)


async def test_what_was_refunded_to_the_wallet_is_not_refunded_again(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    wish = {"amount": 250, "to": "wallet"}
    await bazaar.seller.ask("POST", f"/orders/{order_id}/refund", wish)
    await until_booked(bazaar, await refund_by_hand(bazaar, intent_of(bazaar, order_id)))
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    assert bazaar.sql(DEBTS) == [(0, 250)]
    assert bazaar.balance(bazaar.buyer) == 0
    # Nobody is suspected.
    wallet = await bazaar.buyer.ask("GET", f"/wallet/{bazaar.buyer.id}")
    assert wallet.body["payouts_stopped"] is False
    await provider_agrees(bazaar)


async def test_a_top_up_refunded_by_hand_leaves_the_wallet(bazaar: Bazaar) -> None:
    await fill_provider(bazaar, 5000)
    await until_booked(bazaar, await refund_by_hand(bazaar, await intent_of_top_up(bazaar), 2000))
    assert bazaar.balance(bazaar.buyer) == 3000
    await provider_agrees(bazaar)


async def test_after_the_release_an_admin_says_who_pays(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    await deliver(bazaar, order_id)
    await until_booked(bazaar, await refund_by_hand(bazaar, intent_of(bazaar, order_id), 400))
    assert bazaar.sql(DEBTS) == []
    assert bazaar.accounts()["receivable"] == -400
    await provider_agrees(bazaar)
    admin = await bazaar.admin()
    [alert] = (await admin.ask("GET", "/admin/alerts")).body["items"]
    assert "instasell admin alerts charge" in alert["remedy"]
    path, why = f"/admin/alerts/{alert['id']}/charge", {"reason": "The seller agreed"}
    for _ in range(2):
        assert (await admin.ask("POST", path, why)).status == 200
    await until(lambda: bazaar.balance(bazaar.seller) == TOTAL - 400)
    assert bazaar.accounts()["receivable"] == 0
    log = await admin.ask("GET", "/admin/audit-log")
    assert [each["action"] for each in log.body["items"]] == ["charge_seller"]


async def test_a_refund_that_no_card_takes_is_the_buyers_in_the_wallet(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    await bazaar.provider.control("faults", {"fail_refunds": True})
    await refund_by_hand(bazaar, intent_of(bazaar, order_id))
    await until(lambda: bazaar.sql("SELECT status FROM chargebacks") == [("won",)])
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    wallet = (await bazaar.buyer.ask("GET", f"/wallet/{bazaar.buyer.id}")).body
    assert (wallet["balance"], wallet["held_amount"]) == (TOTAL, TOTAL)
    await provider_agrees(bazaar)


async def test_it_is_found_where_no_message_came(
    bazaar: Bazaar, paying_server: RunningServer
) -> None:
    order_id = await paid(bazaar)
    await bazaar.provider.until_quiet()
    bazaar.provider.faults.hold_webhooks = True
    await refund_by_hand(bazaar, intent_of(bazaar, order_id))
    refunds = paying_server.app[SERVICES].payments.refunds
    for _ in range(2):
        refunds._reconcile_at = 0.0
        await refunds.reconcile()
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    await bazaar.check()
    await bazaar.provider.control("faults", {"hold_webhooks": False})
    await provider_agrees(bazaar)
    assert bazaar.sql("SELECT count(*) FROM chargebacks") == [(1,)]


async def test_a_charge_that_was_refunded_has_the_provider_asked(bazaar: Bazaar) -> None:
    """Of some kinds of endpoints only `charge.refunded` comes, which does not name the refund."""
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    await bazaar.provider.until_quiet()
    bazaar.provider.faults.hold_webhooks = True
    await refund_by_hand(bazaar, intent_id, 250)
    told = whole(payment_intent=intent_id, amount_refunded=250)
    for _ in range(2):
        assert (await say(bazaar, event("charge.refunded", told))).status == 200
    assert bazaar.sql(ORDER, order_id) == [("processing", TOTAL - 250)]
    await bazaar.provider.control("faults", {"hold_webhooks": False})
    await provider_agrees(bazaar)


async def test_fifty_messages_at_once_are_one_refund(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    refund = whole(id="re_hand", amount=250, payment_intent=intent_of(bazaar, order_id))
    answers = await asyncio.gather(
        *(say(bazaar, event("refund.created", refund)) for _ in range(50))
    )
    assert {each.status for each in answers} == {200}
    assert bazaar.sql(ORDER, order_id) == [("processing", TOTAL - 250)]


@pytest.mark.parametrize("is_early", [False, True])
async def test_a_payment_of_nobodys_that_was_refunded_by_hand_is_booked(
    bazaar: Bazaar, is_early: bool
) -> None:
    payment = event("payment_intent.succeeded", whole(id="pi_stranger", amount_received=700))
    refund = event("refund.created", whole(id="re_1", amount=700, payment_intent="pi_stranger"))
    for message in (refund, payment) if is_early else (payment, refund):
        assert (await say(bazaar, message)).status == 200
        await bazaar.check()
    sums = bazaar.accounts()
    assert (sums["suspense"], sums["stripe"], sums.get("receivable", 0)) == (0, 0, 0)


async def unknown_payment(bazaar: Bazaar) -> tuple[str, str]:
    """A payment at the provider that the market never began; its intent and its alert."""
    form = {"amount": "700", "currency": "usd", "confirm": "true", "payment_method": "pm_card_visa"}
    made: dict[str, Any] = await bazaar.provider.call("payment_intents", **form)
    await until(lambda: bazaar.sql(KINDS) == [("unknown_payment",)])
    [(alert_id,)] = bazaar.sql("SELECT id FROM alerts")
    return str(made["id"]), str(alert_id)


async def test_an_admin_sends_a_payment_of_nobodys_back(bazaar: Bazaar) -> None:
    _, alert_id = await unknown_payment(bazaar)
    admin = await bazaar.admin()
    path, why = f"/admin/alerts/{alert_id}/refund", {"reason": "Paid by mistake"}
    for _ in range(2):
        assert (await admin.ask("POST", path, why)).status == 200
    await until(lambda: bazaar.sql("SELECT status FROM provider_refunds") == [("succeeded",)])
    sums = bazaar.accounts()
    assert (sums["suspense"], sums["in_transit"], sums["stripe"]) == (0, 0, 0)
    assert (await bazaar.provider.books())["refunded"] == 700


async def test_closed_as_refunded_by_hand_it_is_booked(bazaar: Bazaar) -> None:
    intent_id, alert_id = await unknown_payment(bazaar)
    await bazaar.provider.until_quiet()
    # The message about it never comes.
    bazaar.provider.faults.hold_webhooks = True
    await refund_by_hand(bazaar, intent_id)
    admin = await bazaar.admin()
    path = f"/admin/alerts/{alert_id}/close"
    closed = await admin.ask("POST", path, {"reason": "Refunded by hand"})
    assert (closed.status, closed.body["closed_at"] is not None) == (200, True)
    assert bazaar.accounts()["suspense"] == 0
    await bazaar.check()
    await bazaar.provider.control("faults", {"hold_webhooks": False})
    await provider_agrees(bazaar)


async def test_a_transfer_that_is_reversed_late_is_in_the_wallet_again(bazaar: Bazaar) -> None:
    await onboard(bazaar)
    await fill_for_withdrawal(bazaar, 5000)
    await withdraw(bazaar, 3000)
    await until(lambda: states(bazaar) == [("succeeded",)])
    [(transfer_id,)] = bazaar.sql("SELECT provider_id FROM withdrawals")
    await bazaar.provider.call(f"transfers/{transfer_id}/reversals", amount="1000")
    await until(lambda: bazaar.balance(bazaar.buyer) == 3000)
    await bazaar.provider.call(f"transfers/{transfer_id}/reversals")
    await until(lambda: bazaar.balance(bazaar.buyer) == 5000)
    assert bazaar.sql(KINDS) == [("withdrawal_returned",)]
    await provider_agrees(bazaar)


async def test_a_payout_that_a_bank_refuses_is_an_alert(bazaar: Bazaar) -> None:
    await onboard(bazaar)
    [(account_id,)] = bazaar.sql("SELECT account_id FROM payout_accounts")
    await fill_for_withdrawal(bazaar, 5000)
    await withdraw(bazaar, 3000)
    await until(lambda: states(bazaar) == [("succeeded",)])
    await bazaar.provider.control("faults", {"fail_payouts": True})
    await bazaar.provider.call("payouts", str(account_id), amount="3000", currency="usd")
    await until(lambda: bazaar.sql(KINDS) == [("payout_failed",)])
    [(details,)] = bazaar.sql("SELECT details FROM alerts")
    assert (details["user_id"], details["amount"]) == (bazaar.buyer.id, 3000)
    # It is in the owner's account at the provider, so that nothing here has changed.
    await provider_agrees(bazaar)
