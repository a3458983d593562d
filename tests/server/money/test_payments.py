"""Payments: the provider's word counts, once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import aiohttp
import pytest

from instasell_server.adapters.stripe.gateway import RETRIES
from instasell_server.domains.payments.handlers import EVENT_BYTES_MAX, SERVICE
from tests.server.accounts_support import Answer, ask, sign_up
from tests.server.money.conftest import Bazaar
from tests.support.databases import MarketClock
from tests.support.payments import HOOK_PATH, WEBHOOK_SECRET, Provider
from tests.support.servers import RunningServer
from tests.support.waiting import LIMIT_SECONDS, LOOK_SECONDS, until

WAITING_PAYERS = 8


def signed(payload: bytes, *, secret: str = WEBHOOK_SECRET, age_seconds: int = 0) -> dict[str, str]:
    """The headers of a message as the provider signs it."""
    at = int(time.time()) - age_seconds
    mac = hmac.new(secret.encode(), b"%d." % at + payload, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={mac}", "Content-Type": "application/json"}


def succeeded(
    payment_id: str, amount: int, *, event_id: str = "evt_1", currency: str = "usd"
) -> bytes:
    """Return what the provider says of a payment that was paid."""
    intent = {
        "id": f"pi_{payment_id}", "object": "payment_intent", "amount_received": amount,
        "currency": currency, "metadata": {"payment_id": payment_id},
    }  # fmt: skip
    event = {"id": event_id, "type": "payment_intent.succeeded", "data": {"object": intent}}
    return json.dumps(event).encode()


async def say(bazaar: Bazaar, payload: bytes, headers: dict[str, str] | None = None) -> Answer:
    """A message to the webhook."""
    headers = signed(payload) if headers is None else headers
    return await ask(bazaar.http, "POST", HOOK_PATH, payload, headers=headers)


async def top_up(bazaar: Bazaar, amount: int, **options: Any) -> Answer:
    """The buyer begins a top-up."""
    path = f"/wallet/{bazaar.buyer.id}/topup"
    return await bazaar.buyer.ask("POST", path, {"amount": amount}, **options)


async def test_a_top_up_counts_when_the_provider_says_so(bazaar: Bazaar) -> None:
    begun = await top_up(bazaar, 5000)
    assert (begun.status, begun.body["status"]) == (201, "pending")
    assert bazaar.balance(bazaar.buyer) == 0
    await bazaar.provider.pay(begun.body["checkout_url"], declined=True)
    assert bazaar.balance(bazaar.buyer) == 0
    await bazaar.provider.pay(begun.body["checkout_url"])
    await until(lambda: bazaar.balance(bazaar.buyer) == 5000)
    assert bazaar.accounts()["stripe"] == -5000
    assert (await bazaar.provider.books())["platform"] == 5000


async def test_gas_is_topped_up_the_same_way(bazaar: Bazaar) -> None:
    path = f"/wallet/{bazaar.seller.id}"
    begun = await bazaar.seller.ask("POST", f"{path}/topup", {"amount": 700, "target": "gas"})
    await bazaar.provider.pay(begun.body["checkout_url"])
    gas = "SELECT gas_balance FROM wallets WHERE user_id = %s"
    await until(lambda: bazaar.sql(gas, bazaar.seller.id) == [(100_700,)])


async def test_fifty_top_ups_with_one_key_are_one_charge_and_one_reply(bazaar: Bazaar) -> None:
    key = {"Idempotency-Key": "top-up-1"}
    answers = await asyncio.gather(*(top_up(bazaar, 5000, headers=key) for _ in range(50)))
    assert {each.status for each in answers} == {201}
    assert len({str(each.body) for each in answers}) == 1
    assert bazaar.sql("SELECT count(*) FROM payments") == [(1,)]
    await bazaar.provider.pay(answers[0].body["checkout_url"])
    await until(lambda: bazaar.balance(bazaar.buyer) == 5000)
    other = await top_up(bazaar, 6000, headers=key)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    path = f"/wallet/{bazaar.stranger.id}/topup"
    theirs = await bazaar.stranger.ask("POST", path, {"amount": 6000}, headers=key)
    assert theirs.status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Stripe-Signature": "t=1,v1=00"},
        {"Stripe-Signature": "nonsense"},
        signed(b"another body"),
        signed(succeeded("0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11", 5000), secret="whsec_other"),
        signed(succeeded("0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11", 5000), age_seconds=301),
        signed(succeeded("0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11", 5000), age_seconds=-40_000),
        {"Stripe-Signature": "t=1_0,v1=\u20ac"},
    ],
)
async def test_a_message_without_a_signature_that_holds_writes_nothing(
    bazaar: Bazaar, headers: dict[str, str]
) -> None:
    payload = succeeded("0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11", 5000)
    answer = await say(bazaar, payload, headers)
    assert (answer.status, answer.code) == (400, "bad_signature")
    assert bazaar.sql("SELECT count(*) FROM provider_events") == [(0,)]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"id": 1}',
        b"\xff",
        b'{"id":"\\u0000","type":"payment_intent.succeeded","data":{"object":{}}}',
        b"[" * 200_000,
        b'{"id":"e","type":' + b'[{"a":' * 30_000,
    ],
)
async def test_a_signed_message_that_is_no_event_is_refused(bazaar: Bazaar, payload: bytes) -> None:
    answer = await say(bazaar, payload)
    assert (answer.status, answer.code) == (400, "bad_signature")


async def test_a_message_has_a_limit(bazaar: Bazaar) -> None:
    payload = b"x" * (EVENT_BYTES_MAX + 1)
    answer = await say(bazaar, payload)
    assert (answer.status, answer.code) == (413, "too_large")


async def test_the_same_event_fifty_times_at_once_has_one_effect(bazaar: Bazaar) -> None:
    payment_id = (await top_up(bazaar, 5000)).body["payment_id"]
    payload = succeeded(payment_id, 5000)
    answers = await asyncio.gather(*(say(bazaar, payload) for _ in range(50)))
    assert {each.status for each in answers} == {200}
    assert bazaar.balance(bazaar.buyer) == 5000
    again = await asyncio.gather(
        *(say(bazaar, succeeded(payment_id, 5000, event_id=f"evt_{n}")) for n in range(2, 12))
    )
    assert {each.status for each in again} == {200}
    assert bazaar.balance(bazaar.buyer) == 5000


async def test_duplicated_and_reordered_webhooks_change_nothing(bazaar: Bazaar) -> None:
    bazaar.provider.faults.duplicate_webhooks = 3
    bazaar.provider.faults.reorder_webhooks = True
    order_id = await bazaar.order()
    await bazaar.pay_by_card(order_id)
    await bazaar.seller.ask("POST", f"/orders/{order_id}/cancel")
    refunds = "SELECT status FROM provider_refunds WHERE order_id = %s"
    await until(lambda: bazaar.sql(refunds, order_id) == [("succeeded",)])
    assert bazaar.accounts()["stripe"] == 0


@pytest.mark.parametrize(("amount", "currency"), [(1249, "usd"), (1251, "usd"), (1250, "eur")])
async def test_another_amount_or_currency_leaves_the_order_unpaid(
    bazaar: Bazaar, amount: int, currency: str
) -> None:
    order_id = await bazaar.order()
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    [(payment_id,)] = bazaar.sql("SELECT id FROM payments")
    assert (await say(bazaar, succeeded(payment_id, amount, currency=currency))).status == 200
    assert bazaar.sql("SELECT status FROM orders") == [("pending",)]
    assert bazaar.sql("SELECT kind FROM alerts") == [("stray_payment",)]
    sums = bazaar.accounts()
    assert (sums["suspense"], sums.get("escrow", 0)) == (0, 0)
    # It was kept apart and is on its way back, and the buyer can pay again.
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    assert answer.body["checkout_url"] is not None


async def test_a_payment_that_nobody_began_is_kept_apart(bazaar: Bazaar) -> None:
    stranger = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
    assert (await say(bazaar, succeeded(stranger, 5000))).status == 200
    assert bazaar.sql("SELECT kind FROM alerts") == [("unknown_payment",)]
    assert bazaar.accounts()["suspense"] == 5000


async def test_a_payment_for_an_order_cancelled_meanwhile_goes_back_by_itself(
    bazaar: Bazaar,
) -> None:
    bazaar.provider.faults.hold_webhooks = True
    order_id = await bazaar.order()
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    await bazaar.provider.pay(answer.body["checkout_url"])
    assert (await bazaar.buyer.ask("POST", f"/orders/{order_id}/cancel")).status == 200
    await bazaar.provider.control("faults", {"hold_webhooks": False})
    refunds = "SELECT status FROM provider_refunds"
    await until(lambda: bazaar.sql(refunds) == [("succeeded",)])
    books = await bazaar.provider.books()
    assert (books["captured"], books["refunded"]) == (1250, 1250)
    assert bazaar.accounts()["stripe"] == 0
    assert bazaar.sql("SELECT status FROM orders") == [("cancelled",)]


async def test_confirm_payment_believes_the_provider_and_not_the_caller(bazaar: Bazaar) -> None:
    bazaar.provider.faults.hold_webhooks = True
    order_id = await bazaar.order()
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    path = f"/orders/{order_id}/confirm-payment"
    unpaid = await bazaar.buyer.ask("POST", path)
    assert unpaid.body["order"]["status"] == "pending"
    await bazaar.provider.pay(answer.body["checkout_url"])
    paid = await bazaar.buyer.ask("POST", path)
    assert paid.body["order"]["status"] == "processing"
    await bazaar.provider.control("faults", {"hold_webhooks": False})
    events = "SELECT count(*) FROM provider_events WHERE type = 'payment_intent.succeeded'"
    await until(lambda: bazaar.sql(events) == [(1,)])
    assert bazaar.sql("SELECT held_amount FROM orders") == [(1250,)]


async def test_asking_the_provider_holds_no_connection(bazaar: Bazaar) -> None:
    """Payers who wait for a slow provider leave the database to all others."""
    faults = bazaar.provider.faults
    faults.hold_webhooks = True
    order_ids = [await bazaar.order() for _ in range(WAITING_PAYERS)]
    for order_id in order_ids:
        await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    faults.hold_requests = True
    asked = [
        asyncio.create_task(bazaar.buyer.ask("POST", f"/orders/{each}/confirm-payment"))
        for each in order_ids
    ]
    try:
        # The market asks for other things too, as for refunds that were made there.
        await until(lambda: faults.held_requests >= WAITING_PAYERS)
        async with asyncio.timeout(LIMIT_SECONDS):
            # Work in the background takes a connection now and then, for a moment.
            while await connections_in_use(bazaar) > 0:  # noqa: ASYNC110 - a metric is no event
                await asyncio.sleep(LOOK_SECONDS)
    finally:
        faults.hold_requests = False
        answers = await asyncio.gather(*asked)
    assert {each.status for each in answers} == {200}


async def connections_in_use(bazaar: Bazaar) -> float:
    """Return how many connections to PostgreSQL the server has lent out."""
    async with bazaar.http.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    [line] = [each for each in lines if each.startswith("instasell_database_connections_in_use ")]
    return float(line.split()[1])


async def test_paying_twice_at_once_opens_one_page(bazaar: Bazaar) -> None:
    order_id = await bazaar.order()
    answers = await asyncio.gather(
        *(
            bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
            for _ in range(20)
        )
    )
    assert {each.status for each in answers} == {200}
    assert len({each.body["checkout_url"] for each in answers}) == 1


async def test_a_page_that_is_given_up_for_the_wallet_takes_no_money(
    bazaar: Bazaar, fund: Any
) -> None:
    order_id = await bazaar.order()
    path = f"/orders/{order_id}/pay"
    url = (await bazaar.buyer.ask("POST", path, {"method": "card"})).body["checkout_url"]
    fund(bazaar.buyer.id, 1250)
    assert (await bazaar.buyer.ask("POST", path, {"method": "wallet"})).status == 200
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data={"action": "pay"}, headers={"Accept": "application/json"}) as response,
    ):
        assert response.status in (200, 400, 409, 410)
    assert (await bazaar.provider.books())["captured"] == 0


async def test_a_provider_that_refuses_or_is_silent_is_reported(
    bazaar: Bazaar, provider: Provider
) -> None:
    provider.faults.refuse_next = 100
    answer = await top_up(bazaar, 5000)
    assert (answer.status, answer.code) == (503, "unavailable")
    provider.faults.refuse_next = 0
    assert bazaar.sql("SELECT status FROM payments") == [("opening",)]


async def test_what_was_lost_between_the_provider_and_us_is_taken_up_again(
    paying_server: RunningServer,
    bazaar: Bazaar,
    provider: Provider,
    market_clock: MarketClock,
) -> None:
    """The provider does the work and the answer is lost; then its webhook is lost, too."""
    provider.faults.hold_webhooks = True
    provider.faults.drop_reply_next = 1 + RETRIES
    lost = await top_up(bazaar, 5000, headers={"Idempotency-Key": "k"})
    assert lost.status == 503
    payments = paying_server.app[SERVICE]
    market_clock.shift(61)
    await payments.reconcile()
    await until(lambda: bazaar.sql("SELECT status FROM payments") == [("open",)])
    again = await top_up(bazaar, 5000, headers={"Idempotency-Key": "k"})
    await provider.pay(again.body["checkout_url"])
    market_clock.shift(122)
    await payments.reconcile()
    await until(lambda: bazaar.balance(bazaar.buyer) == 5000)
    assert (await provider.books())["captured"] == 5000


async def test_without_a_provider_nobody_pays_and_the_error_says_why(
    start_server: Any, sql: Any, fund: Any
) -> None:
    server = await start_server()
    async with aiohttp.ClientSession(server.base_url) as http:
        buyer = await sign_up(http)
        answer = await buyer.ask("POST", f"/wallet/{buyer.id}/topup", {"amount": 100})
        assert (answer.status, answer.code) == (402, "payment_failed")
        assert "INSTASELL_STRIPE_SECRET_KEY" in answer.body["detail"]
        hook = await ask(http, "POST", HOOK_PATH, b"{}", headers=signed(b"{}"))
        assert (hook.status, hook.code) == (400, "bad_signature")
