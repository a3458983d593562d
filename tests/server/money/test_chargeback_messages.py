"""Messages about chargebacks: repeated, late, at once, of other amounts, of unknown payments."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import psycopg2
import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from tests.server.money.conftest import Bazaar
from tests.server.money.test_chargebacks import (
    BACK,
    ORDER,
    TOTAL,
    charge_back,
    intent_of,
    paid,
)
from tests.server.money.test_payments import say, succeeded
from tests.support.waiting import until

_numbers = itertools.count(1)


def told(
    intent_id: str, kind: str, status: str, *, amount: int = TOTAL, fee: int = 0, **more: Any
) -> bytes:
    """Return what the provider says of a dispute, each time in a message of its own."""
    number = next(_numbers)
    dispute = {
        "id": "du_1", "object": "dispute", "amount": amount, "currency": "usd",
        "charge": "ch_1", "payment_intent": intent_id, "status": status, "reason": "fraudulent",
        "balance_transactions": [{"amount": -amount, "fee": fee}], **more,
    }  # fmt: skip
    event = {
        "id": f"evt_dispute_{number}", "type": f"charge.dispute.{kind}",
        "data": {"object": dispute},
    }  # fmt: skip
    return json.dumps(event).encode()


@pytest.mark.parametrize("verdict", ["won", "lost"])
async def test_twenty_messages_at_once_and_in_any_order_are_one_chargeback(
    bazaar: Bazaar, verdict: str
) -> None:
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    same = told(intent_id, "closed", verdict, fee=1500)
    messages = [
        *(told(intent_id, "created", "needs_response", fee=1500) for _ in range(7)),
        *(told(intent_id, "updated", "under_review", fee=1500) for _ in range(6)),
        *[same] * 4,
        *(told(intent_id, "closed", verdict, fee=1500) for _ in range(3)),
    ]
    answers = await asyncio.gather(*(say(bazaar, each) for each in reversed(messages)))
    assert {each.status for each in answers} == {200}
    late = await say(bazaar, told(intent_id, "created", "needs_response"))
    assert late.status == 200
    expected = ("processing", TOTAL) if verdict == "won" else ("cancelled", 0)
    assert bazaar.sql(ORDER, order_id) == [expected]
    assert bazaar.sql("SELECT status, fee_amount FROM chargebacks") == [(verdict, 1500)]
    assert bazaar.sql("SELECT count(*) FROM disputes") == [(1,)]
    assert bazaar.accounts()["fees"] == -1500
    held = TOTAL if verdict == "won" else 0
    assert bazaar.accounts()["stripe"] == 1500 - held


@pytest.mark.parametrize("verdict", [None, "won", "lost"])
async def test_a_chargeback_that_comes_before_its_payment(
    bazaar: Bazaar, verdict: str | None
) -> None:
    order_id = await bazaar.order()
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    [(payment_id,)] = bazaar.sql("SELECT id FROM payments")
    await say(bazaar, told(f"pi_{payment_id}", "created", "needs_response"))
    if verdict is not None:
        await say(bazaar, told(f"pi_{payment_id}", "closed", verdict))
    await bazaar.check()
    await say(bazaar, succeeded(payment_id, TOTAL))
    expected = {None: ("disputed", 0), "won": ("processing", TOTAL), "lost": ("cancelled", 0)}
    assert bazaar.sql(ORDER, order_id) == [expected[verdict]]
    await bazaar.check()
    if verdict is None:
        await say(bazaar, told(f"pi_{payment_id}", "closed", "won"))
        assert bazaar.sql(ORDER, order_id) == [("processing", TOTAL)]


async def test_a_payment_and_its_chargeback_at_the_same_moment(bazaar: Bazaar) -> None:
    orders = [await bazaar.order() for _ in range(5)]
    payments = []
    for order_id in orders:
        await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
        payments += bazaar.sql("SELECT id FROM payments WHERE order_id = %s", order_id)
    messages = []
    for number, (payment_id,) in enumerate(payments):
        intent_id = f"pi_{payment_id}"
        messages.append(succeeded(payment_id, TOTAL, event_id=f"evt_paid_{number}"))
        messages.append(told(intent_id, "created", "needs_response", id=f"du_{number}"))
    answers = await asyncio.gather(*(say(bazaar, each) for each in messages))
    assert {each.status for each in answers} == {200}
    assert bazaar.sql("SELECT DISTINCT status, held_amount FROM orders") == [("disputed", 0)]
    assert bazaar.sql("SELECT count(*) FROM chargebacks WHERE order_id IS NULL") == [(0,)]


async def test_a_payment_waits_for_a_chargeback_that_is_being_booked(
    bazaar: Bazaar, database_url: str
) -> None:
    """Else neither would see the other. Here the alert of the chargeback cannot be written yet."""
    order_id = await bazaar.order()
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    [(payment_id,)] = bazaar.sql("SELECT id FROM payments")
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = %s"
    )
    blocker = psycopg2.connect(database_url)
    try:
        blocker.cursor().execute("LOCK TABLE alerts IN SHARE MODE")
        claim = asyncio.create_task(say(bazaar, told(f"pi_{payment_id}", "created", "lost")))
        await until(lambda: bazaar.sql(waiting, "relation") == [(1,)])
        payment = asyncio.create_task(say(bazaar, succeeded(payment_id, TOTAL)))
        await until(lambda: payment.done() or bazaar.sql(waiting, "advisory") == [(1,)])
    finally:
        blocker.close()
    assert [each.status for each in await asyncio.gather(claim, payment)] == [200, 200]
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]


async def test_amounts_that_differ(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    # More than is held: the rest was refunded, and comes from there.
    await bazaar.seller.ask("POST", f"/orders/{order_id}/refund", {"amount": 250, "to": "wallet"})
    await say(bazaar, told(intent_id, "created", "needs_response"))
    assert bazaar.sql(BACK) == [("open", 1000, 0, 250)]
    # The provider changes its mind: what was booked stays, and an alert asks an admin to look.
    await say(bazaar, told(intent_id, "closed", "lost", amount=900))
    assert bazaar.sql(BACK) == [("lost", 1000, 0, 250)]
    kinds = bazaar.sql("SELECT kind FROM alerts ORDER BY kind")
    assert kinds == [("chargeback",), ("chargeback_amount",)]
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]


async def correct(bazaar: Bazaar) -> None:
    """An admin has the amount booked that the provider says now; twice is once."""
    admin = await bazaar.admin()
    items = (await admin.ask("GET", "/admin/alerts")).body["items"]
    [alert] = [each for each in items if each["kind"] == "chargeback_amount"]
    path = f"/admin/alerts/{alert['id']}/correct"
    assert f"instasell admin alerts correct {alert['id']}" in alert["remedy"]
    for _ in range(2):
        answer = await admin.ask("POST", path, {"reason": "Looked up"})
        assert (answer.status, answer.body["closed_at"] is not None) == (200, True)
    log = await admin.ask("GET", "/admin/audit-log")
    assert log.body["items"][0]["action"] == "correct_chargeback"


async def test_of_less_than_was_booked_the_rest_is_in_escrow_again(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    await say(bazaar, told(intent_id, "created", "needs_response"))
    await say(bazaar, told(intent_id, "updated", "under_review", amount=900))
    await correct(bazaar)
    assert bazaar.sql(ORDER, order_id) == [("disputed", 350)]
    assert bazaar.sql(BACK) == [("open", 900, 0, 0)]
    await bazaar.check()
    # Of another amount than that one the alert tells again.
    await say(bazaar, told(intent_id, "updated", "under_review", amount=1000))
    assert bazaar.sql("SELECT count(*) FROM alerts WHERE closed_at IS NULL") == [(2,)]
    await correct(bazaar)
    # More comes out of what is held, before the buyer owes it.
    assert bazaar.sql(BACK) == [("open", 1000, 0, 0)]
    assert bazaar.sql(ORDER, order_id) == [("disputed", 250)]
    await say(bazaar, told(intent_id, "closed", "lost", amount=1000))
    assert bazaar.sql(ORDER, order_id) == [("processing", 250)]


@pytest.mark.parametrize("verdict", ["won", "lost"])
async def test_of_more_than_was_booked_the_seller_pays_what_the_buyer_has_not(
    bazaar: Bazaar, verdict: str
) -> None:
    """As if the bank had taken all of it at first."""
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    await bazaar.ship(order_id)
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    await say(bazaar, told(intent_id, "created", "needs_response", amount=900))
    await say(bazaar, told(intent_id, "updated", "under_review"))
    await correct(bazaar)
    debts = "SELECT debtor_id, owed_amount, is_due FROM chargeback_debts"
    assert bazaar.sql(debts) == [(bazaar.seller.id, TOTAL, False)]
    assert bazaar.balance(bazaar.seller) == TOTAL
    await bazaar.check()
    await say(bazaar, told(intent_id, "closed", verdict))
    kept = TOTAL if verdict == "won" else 0
    await until(lambda: bazaar.balance(bazaar.seller) == kept)


async def test_of_more_after_the_verdict_the_payer_owes_it(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    await say(bazaar, told(intent_id, "created", "needs_response", amount=900))
    await say(bazaar, told(intent_id, "closed", "lost", amount=1000))
    await correct(bazaar)
    assert bazaar.sql(BACK) == [("lost", 900, 100, 0)]
    assert bazaar.sql(ORDER, order_id) == [("processing", 350)]


async def test_of_a_cancelled_order_the_buyer_has_what_the_bank_did_not_take(
    bazaar: Bazaar,
) -> None:
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    await say(bazaar, told(intent_id, "created", "needs_response"))
    await say(bazaar, told(intent_id, "closed", "lost", amount=900))
    await correct(bazaar)
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
    wallet = (await bazaar.buyer.ask("GET", f"/wallet/{bazaar.buyer.id}")).body
    assert (wallet["balance"], wallet["held_amount"]) == (350, 350)


async def test_of_a_delivered_order_the_seller_owes_what_the_bank_took(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    await bazaar.ship(order_id)
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    await say(bazaar, told(intent_id, "created", "needs_response"))
    await say(bazaar, told(intent_id, "closed", "lost", amount=900))
    await until(lambda: bazaar.balance(bazaar.seller) == 0)
    await correct(bazaar)
    assert bazaar.balance(bazaar.seller) == 350
    assert bazaar.sql(BACK) == [("lost", 0, 0, 900)]


async def test_what_moves_no_money_is_no_chargeback(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    await say(bazaar, told(intent_id, "created", "warning_needs_response"))
    await say(bazaar, told(intent_id, "closed", "warning_closed"))
    await say(bazaar, told(intent_id, "created", "needs_response", currency="eur"))
    assert bazaar.sql("SELECT count(*) FROM chargebacks") == [(0,)]
    assert bazaar.sql(ORDER, order_id) == [("processing", TOTAL)]
    assert bazaar.sql("SELECT kind FROM alerts") == [("chargeback_currency",)]


async def test_of_a_payment_that_nobody_knows_the_platform_bears_it(bazaar: Bazaar) -> None:
    await say(bazaar, told("pi_unknown", "created", "needs_response"))
    assert bazaar.accounts() == {"gas": 300_000, "gas_sales": -300_000, "receivable": -TOTAL,
                                 "stripe": TOTAL}  # fmt: skip
    await say(bazaar, told("pi_unknown", "closed", "won"))
    assert bazaar.accounts()["receivable"] == 0


async def test_two_chargebacks_hold_an_order_until_both_are_decided(bazaar: Bazaar) -> None:
    order_id = await paid(bazaar)
    intent_id = intent_of(bazaar, order_id)
    for number in (1, 2):
        await say(
            bazaar, told(intent_id, "created", "needs_response", amount=600, id=f"du_{number}")
        )
    assert bazaar.sql(ORDER, order_id) == [("disputed", 50)]
    await say(bazaar, told(intent_id, "closed", "lost", amount=600, id="du_2"))
    assert bazaar.sql(ORDER, order_id) == [("disputed", 50)]
    await bazaar.check()
    await say(bazaar, told(intent_id, "closed", "won", amount=600, id="du_1"))
    assert bazaar.sql(ORDER, order_id) == [("processing", 650)]


async def test_a_release_and_a_chargeback_race(bazaar: Bazaar) -> None:
    for number in range(10):
        order_id = await paid(bazaar)
        await bazaar.ship(order_id)
        intent_id = intent_of(bazaar, order_id)
        confirmed, _ = await asyncio.gather(
            bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery"),
            say(bazaar, told(intent_id, "created", "needs_response", id=f"du_{number}")),
        )
        expected = {200: ("delivered", 0), 409: ("disputed", 0)}[confirmed.status]
        assert bazaar.sql(ORDER, order_id) == [expected]
        await bazaar.check()


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE chargebacks SET fee_amount = 1", ("chargeback", "fee")),
        (
            "UPDATE chargebacks SET escrow_amount = escrow_amount - 1,"
            " owed_amount = owed_amount + 1",
            ("account", "sum"),
        ),
        ("UPDATE chargebacks SET holds_order = false", ("order", "bank_claims")),
    ],
)
async def test_the_audit_knows_chargebacks(
    bazaar: Bazaar, database: Database, statement: str, found: tuple[str, str]
) -> None:
    order_id = await paid(bazaar)
    await charge_back(bazaar, intent_of(bazaar, order_id))
    await bazaar.check()
    bazaar.sql(statement)
    findings = (await audit(database, auctions=False)).findings
    assert found in {(each.kind, each.field) for each in findings}
    bazaar.is_tampered = True
