"""Refunds, and disputes, which take money back as well."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
import stripe

from tests.sandbox.market import Receiver, RunningSandbox, ledger_of, paid_intent, set_faults
from tests.support.waiting import until


def refunds_of(client: stripe.StripeClient) -> stripe.RefundService:
    return client.v1.refunds


async def test_refunds_add_up_to_what_was_captured(
    provider: stripe.StripeClient, web: aiohttp.ClientSession, receiver: Receiver
) -> None:
    paid = await paid_intent(provider, 1000)
    first = await refunds_of(provider).create_async(
        {"payment_intent": paid.id, "amount": 300, "metadata": {"refund": "r-1"}}
    )
    assert (first.status, first.amount, first.charge) == ("succeeded", 300, paid.latest_charge)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await refunds_of(provider).create_async({"payment_intent": paid.id, "amount": 701})
    assert caught.value.param == "amount"
    rest = await refunds_of(provider).create_async({"payment_intent": paid.id})
    assert rest.amount == 700
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await refunds_of(provider).create_async({"payment_intent": paid.id, "amount": 1})
    assert caught.value.code == "charge_already_refunded"
    charge = await provider.v1.charges.retrieve_async(str(paid.latest_charge))
    assert (charge.amount_refunded, charge.refunded) == (1000, True)
    listed = await refunds_of(provider).list_async({"payment_intent": paid.id})
    assert [each.id for each in listed.data] == [rest.id, first.id]
    found = await refunds_of(provider).retrieve_async(first.id)
    assert found.metadata is not None
    assert found.metadata["refund"] == "r-1"
    book = await ledger_of(web)
    assert (book["captured"], book["refunded"], book["net"]) == (1000, 1000, 0)
    expected = ["payment_intent.succeeded", *["refund.created", "charge.refunded"] * 2]
    await until(lambda: receiver.got(*expected))


async def test_refunds_at_once_are_never_more_than_was_captured(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    paid = await paid_intent(provider, 1000)
    asked: list[Any] = await asyncio.gather(
        *(
            refunds_of(provider).create_async({"payment_intent": paid.id, "amount": 300})
            for _ in range(10)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, stripe.Refund) for each in asked) == 3
    assert (await ledger_of(web))["refunded"] == 900


async def test_only_what_was_paid_is_refunded(provider: stripe.StripeClient) -> None:
    made = await provider.v1.payment_intents.create_async({"amount": 5, "currency": "eur"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await refunds_of(provider).create_async({"payment_intent": made.id})
    assert caught.value.code == "payment_intent_unexpected_state"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await refunds_of(provider).create_async({"payment_intent": "pi_none"})
    assert (caught.value.code, caught.value.param) == ("resource_missing", "payment_intent")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await refunds_of(provider).create_async({})
    assert caught.value.code == "parameter_missing"


async def test_a_refund_that_fails_gives_the_money_back_to_the_market(
    provider: stripe.StripeClient,
    web: aiohttp.ClientSession,
    receiver: Receiver,
) -> None:
    paid = await paid_intent(provider, 1000)
    await set_faults(web, fail_refunds=True)
    refund = await refunds_of(provider).create_async({"payment_intent": paid.id})
    assert refund.status == "succeeded"
    await until(lambda: bool(receiver.of("refund.failed")))
    failed = await refunds_of(provider).retrieve_async(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    book = await ledger_of(web)
    assert (book["refunded"], book["net"]) == (0, 1000)
    await set_faults(web, fail_refunds=False)
    again = await refunds_of(provider).create_async({"payment_intent": paid.id})
    assert (again.status, again.amount) == ("succeeded", 1000)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_refund_may_be_pending_before_it_settles(
    provider: stripe.StripeClient, web: aiohttp.ClientSession, receiver: Receiver, fails: bool
) -> None:
    paid = await paid_intent(provider, 1000)
    await set_faults(web, hold_refunds=True)
    refund = await refunds_of(provider).create_async({"payment_intent": paid.id})
    assert refund.status == "pending"
    with pytest.raises(stripe.InvalidRequestError):
        await refunds_of(provider).create_async({"payment_intent": paid.id, "amount": 1})
    await set_faults(web, hold_refunds=False, fail_refunds=fails)
    await until(lambda: bool(receiver.of("refund.updated")))
    assert receiver.of("refund.updated")[0].status == ("failed" if fails else "succeeded")


async def dispute(web: aiohttp.ClientSession, intent_id: str, **more: Any) -> dict[str, Any]:
    body = {"payment_intent": intent_id, **more}
    async with web.post("/sandbox/disputes", json=body) as response:
        found: dict[str, Any] = await response.json()
        assert response.status == 200, found
        return found


@pytest.mark.parametrize(("verdict", "kept"), [("won", 1000), ("lost", 0)])
async def test_a_chargeback_is_judged(
    provider: stripe.StripeClient,
    web: aiohttp.ClientSession,
    receiver: Receiver,
    verdict: str,
    kept: int,
) -> None:
    paid = await paid_intent(provider, 1000)
    opened = await dispute(web, paid.id, reason="product_not_received")
    assert (opened["status"], opened["amount"]) == ("needs_response", 1000)
    assert (await ledger_of(web))["net"] == 0
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await refunds_of(provider).create_async({"payment_intent": paid.id})
    assert caught.value.code == "charge_disputed"
    answered = await provider.v1.disputes.update_async(
        opened["id"], {"evidence": {"uncategorized_text": "It was sent."}, "submit": True}
    )
    assert answered.status == "under_review"
    path = f"/sandbox/disputes/{opened['id']}/verdict"
    async with web.post(path, json={"verdict": verdict}) as response:
        assert (await response.json())["status"] == verdict
    async with web.post(path, json={"verdict": verdict}) as response:
        assert response.status == 400
    found = await provider.v1.disputes.retrieve_async(opened["id"])
    assert found.status == verdict
    book = await ledger_of(web)
    assert (book["disputed"], book["net"]) == (1000 - kept, kept)
    await until(lambda: bool(receiver.of("charge.dispute.closed")))
    assert receiver.of("charge.dispute.closed")[0].status == verdict
    assert receiver.of("charge.dispute.created")[0].payment_intent == paid.id


async def test_a_dispute_may_be_about_a_part_and_conceded(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    paid = await paid_intent(provider, 1000)
    await refunds_of(provider).create_async({"payment_intent": paid.id, "amount": 400})
    opened = await dispute(web, paid.id, amount=250)
    listed = await provider.v1.disputes.list_async({"payment_intent": paid.id})
    assert [each.id for each in listed.data] == [opened["id"]]
    closed = await provider.v1.disputes.close_async(opened["id"])
    assert closed.status == "lost"
    book = await ledger_of(web)
    assert (book["refunded"], book["disputed"], book["net"]) == (400, 250, 350)


async def test_evidence_that_wins_wins_at_once(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    paid = await paid_intent(provider, 1000)
    opened = await dispute(web, paid.id)
    won = await provider.v1.disputes.update_async(
        opened["id"], {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
    )
    assert won.status == "won"
    assert (await refunds_of(provider).create_async({"payment_intent": paid.id})).amount == 1000


async def test_disputes_that_cannot_be(
    provider: stripe.StripeClient, web: aiohttp.ClientSession, sandbox: RunningSandbox
) -> None:
    paid = await paid_intent(provider, 1000)
    waiting = await provider.v1.payment_intents.create_async({"amount": 5, "currency": "eur"})
    bad: list[dict[str, Any]] = [
        {},
        {"payment_intent": "pi_none"},
        {"payment_intent": waiting.id},
        {"payment_intent": paid.id, "amount": 1001},
        {"payment_intent": paid.id, "amount": 0},
        {"payment_intent": paid.id, "reason": "because"},
        {"payment_intent": paid.id, "colour": "red"},
    ]
    for body in bad:
        async with web.post("/sandbox/disputes", json=body) as response:
            assert response.status == 400, body
    await dispute(web, paid.id)
    async with web.post("/sandbox/disputes", json={"payment_intent": paid.id}) as response:
        assert response.status == 400
    async with aiohttp.ClientSession(sandbox.url) as stranger:
        for path in ("/sandbox/disputes", "/sandbox/faults", "/sandbox/disputes/x/verdict"):
            async with stranger.post(path, json={}) as response:
                assert response.status == 401
        async with stranger.get("/sandbox/ledger") as response:
            assert response.status == 401
