"""Webhooks: signed, repeated until they are taken, and sometimes twice or in another order."""

from __future__ import annotations

import aiohttp
import pytest
import stripe

from instasell_server.sandbox import SandboxSettings, WebhookEndpoint
from tests.sandbox.market import (
    KEY,
    Receiver,
    RunningSandbox,
    paid_intent,
    receiving,
    set_faults,
)
from tests.support.waiting import until

PAID = "payment_intent.succeeded"


async def test_an_event_has_stripes_shape(
    provider: stripe.StripeClient, receiver: Receiver
) -> None:
    paid = await paid_intent(provider, 1000)
    await until(lambda: receiver.got(PAID))
    event = receiver.events[0]
    assert event.id.startswith("evt_")
    assert (event.object, event.livemode) == ("event", False)
    assert event.api_version == stripe.api_version
    assert isinstance(event.data.object, stripe.PaymentIntent)
    assert event.data.object.id == paid.id
    found = await provider.v1.events.retrieve_async(event.id)
    assert found.data.object == event.data.object


async def test_a_webhook_is_repeated_until_it_is_taken(
    provider: stripe.StripeClient, web: aiohttp.ClientSession, receiver: Receiver
) -> None:
    receiver.refusals = [500, 404, 302, 503]
    await paid_intent(provider, 1000)
    await until(lambda: receiver.got(PAID))
    assert receiver.refused == 4

    async def outstanding() -> int:
        async with web.get("/sandbox/ledger") as response:
            return int((await response.json())["undelivered_webhooks"])

    while await outstanding():
        pass
    assert receiver.got(PAID)


async def test_a_webhook_may_come_several_times(
    provider: stripe.StripeClient, web: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await set_faults(web, duplicate_webhooks=2)
    await paid_intent(provider, 1000)
    await until(lambda: receiver.got(PAID, PAID, PAID))
    assert len({event.id for event in receiver.events}) == 1


async def test_webhooks_can_be_held_and_come_in_the_opposite_order(
    provider: stripe.StripeClient, web: aiohttp.ClientSession, receiver: Receiver
) -> None:
    await set_faults(web, hold_webhooks=True, reorder_webhooks=True)
    paid = await paid_intent(provider, 1000)
    await provider.v1.refunds.create_async({"payment_intent": paid.id})
    assert receiver.events == []
    await set_faults(web, hold_webhooks=False)
    await until(lambda: len(receiver.events) == 3)
    assert receiver.types() == ["charge.refunded", "refund.created", PAID]


async def test_every_endpoint_gets_its_own(
    provider: stripe.StripeClient, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    async with receiving() as other:
        other.endpoint = WebhookEndpoint(other.endpoint.url, "whsec_another")
        sandbox.server.send_to([receiver.endpoint, other.endpoint])
        await paid_intent(provider, 1000)
        await until(lambda: receiver.got(PAID) and other.got(PAID))
        sandbox.server.send_to([receiver.endpoint])


class TestWithoutAnEndpoint:
    """The market's address is often known only after the sandbox has started."""

    @pytest.fixture
    def sandbox_settings(self) -> SandboxSettings:
        return SandboxSettings(KEY)

    async def test_webhooks_wait_for_the_first_one(
        self, provider: stripe.StripeClient, sandbox: RunningSandbox, receiver: Receiver
    ) -> None:
        await paid_intent(provider, 1000)
        sandbox.server.send_to([receiver.endpoint])
        await until(lambda: receiver.got(PAID))

    async def test_the_endpoint_can_be_named_over_http(
        self, provider: stripe.StripeClient, web: aiohttp.ClientSession, receiver: Receiver
    ) -> None:
        await paid_intent(provider, 1000)
        given = {"url": receiver.endpoint.url, "secret": receiver.endpoint.secret}
        async with web.post("/sandbox/endpoints", json={"endpoints": [given]}) as response:
            assert response.status == 200
        await until(lambda: receiver.got(PAID))
        async with web.post("/sandbox/endpoints", json={"endpoints": [{"url": "x"}]}) as response:
            assert response.status == 400


async def test_nobody_listening_is_no_reason_to_give_up(
    provider: stripe.StripeClient, sandbox: RunningSandbox, receiver: Receiver
) -> None:
    async with receiving() as gone:
        pass
    sandbox.server.send_to([gone.endpoint])
    await paid_intent(provider, 1000)
    sandbox.server.send_to([receiver.endpoint])
    await until(lambda: receiver.got(PAID))


async def test_events_are_listed_newest_first_in_pages(provider: stripe.StripeClient) -> None:
    paid = [await paid_intent(provider, n) for n in range(1, 6)]
    await provider.v1.refunds.create_async({"payment_intent": paid[0].id})
    page = await provider.v1.events.list_async({"type": PAID, "limit": 2})
    assert page.has_more
    found = [event async for event in page.auto_paging_iter()]
    assert [event.data.object["amount"] for event in found] == [5, 4, 3, 2, 1]
    created = found[0].created
    for bounds, count in (
        ({"gte": created - 60, "lte": created + 60}, 7),
        ({"gt": created + 60}, 0),
        ({"lt": created - 60}, 0),
    ):
        listed = await provider.v1.events.list_async({"created": bounds})  # type: ignore[arg-type]
        assert len(listed.data) == count
    some = await provider.v1.events.list_async({"types": ["refund.created", "charge.refunded"]})
    assert [event.type for event in some.data] == ["charge.refunded", "refund.created"]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.events.list_async({"starting_after": "evt_none"})
    assert caught.value.param == "starting_after"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.events.list_async({"limit": 101})
    assert caught.value.param == "limit"
