"""Lists, and what they are asked by."""

from __future__ import annotations

import aiohttp
import pytest
import stripe

from tests.sandbox.market import connected_account, open_session, paid_intent


async def test_sessions_are_found_by_intent_and_status(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession
) -> None:
    paid, waiting = await open_session(provider), await open_session(provider)
    async with browser.post(f"/pay/{paid.id}", headers={"Accept": "application/json"}) as response:
        intent = (await response.json())["session"]["payment_intent"]
    sessions = provider.v1.checkout.sessions
    assert [each.id for each in (await sessions.list_async()).data] == [waiting.id, paid.id]
    by_intent = await sessions.list_async({"payment_intent": intent})
    assert [each.id for each in by_intent.data] == [paid.id]
    still_open = await sessions.list_async({"status": "open"})
    assert [each.id for each in still_open.data] == [waiting.id]


async def test_refunds_and_transfers_are_found(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession
) -> None:
    account = await connected_account(provider, browser)
    paid, other = await paid_intent(provider, 1000), await paid_intent(provider, 1000)
    charge = str(paid.latest_charge)
    refund = await provider.v1.refunds.create_async({"charge": charge, "amount": 1})
    await provider.v1.refunds.create_async({"payment_intent": other.id})
    found = await provider.v1.refunds.list_async({"charge": charge, "expand": ["data.charge"]})
    assert [each.id for each in found.data] == [refund.id]
    assert isinstance(found.data[0].charge, stripe.Charge)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.refunds.create_async({"charge": charge, "payment_intent": other.id})
    assert caught.value.param == "payment_intent"
    transfer = await provider.v1.transfers.create_async(
        {"amount": 5, "currency": "eur", "destination": account.id, "transfer_group": "g-1"}
    )
    for filters in ({"destination": account.id}, {"transfer_group": "g-1"}):
        listed = await provider.v1.transfers.list_async(filters)  # type: ignore[arg-type]
        assert [each.id for each in listed.data] == [transfer.id]
    assert not (await provider.v1.transfers.list_async({"transfer_group": "g-2"})).data


async def test_filters_that_contradict_each_other(provider: stripe.StripeClient) -> None:
    paid = await paid_intent(provider, 1000)
    intents, events = provider.v1.payment_intents, provider.v1.events
    assert [e.id for e in (await intents.list_async({"created": paid.created})).data] == [paid.id]
    assert not (await intents.list_async({"created": paid.created + 9})).data
    for call in (
        intents.list_async({"starting_after": paid.id, "ending_before": paid.id}),
        events.list_async({"type": "payout.paid", "types": ["payout.failed"]}),
    ):
        with pytest.raises(stripe.InvalidRequestError, match="not both"):
            await call
