"""Idempotency keys: the same request again is the same reply, and one effect."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import aiohttp
import pytest
import stripe

from tests.sandbox.market import (
    CARD,
    Receiver,
    RunningSandbox,
    ledger_of,
    paid_intent,
    set_faults,
    stripe_client,
)
from tests.support.waiting import until

FORM = {"amount": "1000", "currency": "eur", "payment_method": CARD, "confirm": "true"}
INTENTS = "/v1/payment_intents"


async def post(
    session: aiohttp.ClientSession, path: str, form: dict[str, str], key: str
) -> tuple[int, dict[str, Any], Any]:
    """Status, body and headers of a reply."""
    async with session.post(path, data=form, headers={"Idempotency-Key": key}) as response:
        return response.status, await response.json(), response.headers


async def test_the_reply_is_given_again(web: aiohttp.ClientSession, receiver: Receiver) -> None:
    first = await post(web, INTENTS, FORM, "k-1")
    reordered = dict(reversed(FORM.items()))
    again = await post(web, INTENTS, reordered, "k-1")
    assert first[:2] == again[:2]
    assert "Idempotent-Replayed" not in first[2]
    assert again[2]["Idempotent-Replayed"] == "true"
    assert again[2]["Original-Request"] == first[2]["Request-Id"] != again[2]["Request-Id"]
    assert (await ledger_of(web))["captured"] == 1000
    await until(lambda: receiver.got("payment_intent.succeeded"))
    event: Any = receiver.events[0]
    assert event.request.idempotency_key == "k-1"
    assert event.request.id == first[2]["Request-Id"]


async def test_another_request_under_the_same_key_is_refused(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    options: Any = {"idempotency_key": "k-1"}
    params: Any = {"amount": 5, "currency": "eur"}
    await provider.v1.payment_intents.create_async(params, options)
    with pytest.raises(stripe.IdempotencyError) as caught:
        await provider.v1.payment_intents.create_async({**params, "amount": 6}, options)
    assert caught.value.http_status == 400
    assert "same parameters" in str(caught.value)
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        await provider.v1.customers.create_async({}, options)


async def test_a_decline_is_given_again_and_a_bad_request_is_not(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    declined = {**FORM, "payment_method": "pm_card_chargeDeclined"}
    first = await post(web, INTENTS, declined, "k-1")
    again = await post(web, INTENTS, declined, "k-1")
    assert first[0] == again[0] == 402
    assert first[1] == again[1]
    assert again[2]["Idempotent-Replayed"] == "true"
    assert len((await provider.v1.payment_intents.list_async()).data) == 1
    bad = await post(web, INTENTS, {**FORM, "amount": "-1"}, "k-2")
    assert bad[0] == 400
    assert (await post(web, INTENTS, FORM, "k-2"))[0] == 200
    refused = await post(web, "/v1/refunds", {"payment_intent": first[1]["error"]["charge"]}, "k-3")
    assert refused[1]["error"]["code"] == "resource_missing"


async def test_a_refused_request_is_answered_the_same_again(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    paid = await paid_intent(provider, 1000)
    too_much = {"payment_intent": paid.id, "amount": "1001"}
    first = await post(web, "/v1/refunds", too_much, "k-1")
    again = await post(web, "/v1/refunds", too_much, "k-1")
    assert first[:2] == again[:2]
    assert (first[0], again[2]["Idempotent-Replayed"]) == (400, "true")


async def test_the_same_key_at_the_same_time(
    web: aiohttp.ClientSession, sandbox: RunningSandbox
) -> None:
    released, held = threading.Event(), threading.Event()

    def hold(_records: object) -> None:
        held.set()
        released.wait(60)

    # While the store's thread is held, the first of the two cannot end.
    holding = asyncio.create_task(sandbox.server.store.transact(hold))
    try:
        await until(held.is_set)
        asked = [asyncio.create_task(post(web, INTENTS, FORM, "k-1")) for _ in range(2)]
        await until(lambda: any(task.done() for task in asked))
    finally:
        released.set()
    answers = sorted(await asyncio.gather(*asked), key=lambda answer: answer[0])
    await holding
    assert [answer[0] for answer in answers] == [200, 409]
    error = answers[1][1]["error"]
    assert (error["type"], error["code"]) == ("idempotency_error", "idempotency_key_in_use")
    assert (await post(web, INTENTS, FORM, "k-1"))[1] == answers[0][1]
    assert (await ledger_of(web))["captured"] == 1000


async def test_a_reply_that_was_lost_is_asked_for_again(
    provider: stripe.StripeClient, web: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await set_faults(web, drop_reply_next=1)
    options: Any = {"idempotency_key": "k-1"}
    params: Any = {**FORM, "confirm": True}
    with pytest.raises(stripe.APIConnectionError):
        await provider.v1.payment_intents.create_async(params, options)
    assert (await ledger_of(web))["captured"] == 1000
    found = await provider.v1.payment_intents.create_async(params, options)
    assert found.last_response is not None
    assert found.last_response.headers["Idempotent-Replayed"] == "true"
    assert (await ledger_of(web))["captured"] == 1000
    await until(lambda: receiver.got("payment_intent.succeeded"))


async def test_the_client_repeats_by_itself_what_was_refused_or_lost(
    sandbox: RunningSandbox, web: aiohttp.ClientSession
) -> None:
    async with stripe_client(sandbox.url, retries=2) as patient:
        await set_faults(web, refuse_next=1, drop_reply_next=1)
        paid = await paid_intent(patient, 1000)
    assert paid.status == "succeeded"
    assert (await ledger_of(web))["captured"] == 1000


async def test_keys_of_accounts_are_their_own(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    account = await provider.v1.accounts.create_async({"type": "express"})
    ours: Any = {"idempotency_key": "k-1"}
    await provider.v1.customers.create_async({"name": "Ann"}, ours)
    theirs = await provider.v1.customers.create_async(
        {"name": "Bob"}, {**ours, "stripe_account": account.id}
    )
    assert theirs.name == "Bob"
    status, body, _ = await post(web, "/v1/customers", {}, "k" * 256)
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
