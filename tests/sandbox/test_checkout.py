"""Checkout sessions, paid on the page as people and programs do it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest
import stripe

from instasell_server.sandbox import SandboxSettings
from tests.sandbox.market import KEY, Receiver, ledger_of, open_session
from tests.support.waiting import until

AS_JSON = {"Accept": "application/json"}
PRICE = {"currency": "eur"}
PAID = ("payment_intent.succeeded", "checkout.session.completed")


@pytest.fixture
def sandbox_settings(receiver: Receiver) -> SandboxSettings:
    return SandboxSettings(KEY, endpoints=(receiver.endpoint,), session_seconds_min=0)


async def test_a_page_shows_what_is_to_be_paid(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession
) -> None:
    session = await open_session(provider, 617_250, 2)
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_total, session.payment_intent) == (1_234_500, None)
    assert session.url is not None
    async with browser.get(session.url) as response:
        text = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert response.status == 200
    assert "€12,345.00" in text
    assert "A &lt;b&gt;lamp&lt;/b&gt; × 2" in text
    assert text.count("<button") == 3
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://market.example" in policy
    assert "http" not in text.replace("http://market.example", "")


async def test_the_form_pays_and_sends_the_customer_back(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession, receiver: Receiver
) -> None:
    session = await open_session(provider)
    path = f"/pay/{session.id}"
    for _ in range(2):  # paying twice is harmless
        async with browser.post(path, data={"action": "pay"}, allow_redirects=False) as response:
            assert response.status == 303
            target = response.headers["Location"]
        assert target == f"http://market.example/paid?session={session.id}"
    paid = await provider.v1.checkout.sessions.retrieve_async(session.id)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    intent = await provider.v1.payment_intents.retrieve_async(str(paid.payment_intent))
    assert (intent.status, intent.amount_received) == ("succeeded", 2550)
    assert intent.metadata["payment"] == "p-1"
    await until(lambda: receiver.got(*PAID))
    completed = receiver.of("checkout.session.completed")[0]
    assert (completed.payment_intent, completed.metadata["order"]) == (intent.id, "o-1")
    async with browser.get(path) as response:
        assert "This is paid" in await response.text()


async def test_a_program_pays_with_json(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession
) -> None:
    session = await open_session(provider, success_url=None, cancel_url=None)
    for body in (None, {"action": "pay"}):
        async with browser.post(f"/pay/{session.id}", json=body, headers=AS_JSON) as response:
            answer = await response.json()
        assert response.status == 200
        assert answer["session"]["payment_status"] == "paid"
        assert answer["redirect"] is None
    async with browser.post(f"/pay/{session.id}", data={"action": "pay"}) as response:
        assert response.status == 200
        assert "This is paid" in await response.text()


async def test_many_who_pay_at_once_pay_once(
    provider: stripe.StripeClient,
    browser: aiohttp.ClientSession,
    web: aiohttp.ClientSession,
    receiver: Receiver,
) -> None:
    session = await open_session(provider, 300)

    async def pay() -> str:
        async with browser.post(f"/pay/{session.id}", headers=AS_JSON) as response:
            return str((await response.json())["session"]["payment_intent"])

    intents = await asyncio.gather(*(pay() for _ in range(20)))
    assert len(set(intents)) == 1
    assert (await ledger_of(web))["captured"] == 300
    await until(lambda: receiver.got(*PAID))


async def test_a_declined_card_leaves_the_session_open(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession, receiver: Receiver
) -> None:
    session = await open_session(provider)
    path = f"/pay/{session.id}"
    async with browser.post(path, data={"action": "decline"}) as response:
        assert response.status == 402
        assert "Your card was declined." in await response.text()
    async with browser.post(path, json={"action": "decline"}, headers=AS_JSON) as response:
        assert response.status == 402
        assert (await response.json())["error"]["code"] == "card_declined"
    await until(lambda: receiver.got(*["payment_intent.payment_failed"] * 2))
    intents = await provider.v1.payment_intents.list_async()
    assert len(intents.data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="open Checkout Session"):
        await provider.v1.payment_intents.cancel_async(intents.data[0].id)
    async with browser.post(path, headers=AS_JSON) as response:
        assert (await response.json())["session"]["payment_intent"] == intents.data[0].id


async def test_cancel_goes_back_and_leaves_the_session_open(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession
) -> None:
    session = await open_session(provider)
    path, cancel = f"/pay/{session.id}", {"action": "cancel"}
    async with browser.post(path, data=cancel, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (
            303,
            "http://market.example/cart",
        )
    async with browser.post(path, json=cancel, headers=AS_JSON) as response:
        assert (await response.json())["session"]["status"] == "open"
    other = await open_session(provider, cancel_url=None)
    async with browser.post(f"/pay/{other.id}", data=cancel) as response:
        assert "Nothing was paid" in await response.text()


async def test_an_expired_session_cannot_be_paid(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession, receiver: Receiver
) -> None:
    session = await open_session(provider)
    path = f"/pay/{session.id}"
    async with browser.post(path, data={"action": "decline"}) as response:
        assert response.status == 402
    gone = await provider.v1.checkout.sessions.expire_async(session.id)
    assert (gone.status, gone.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        await provider.v1.checkout.sessions.expire_async(session.id)
    async with browser.get(path) as response:
        assert response.status == 410
        assert "expired" in await response.text()
    async with browser.post(path, headers=AS_JSON) as response:
        assert response.status == 410
    intent: Any = await provider.v1.payment_intents.retrieve_async(str(gone.payment_intent))
    assert intent.status == "canceled"
    await until(
        lambda: receiver.got(
            "payment_intent.payment_failed", "payment_intent.canceled", "checkout.session.expired"
        )
    )


async def test_a_session_expires_by_itself(
    provider: stripe.StripeClient, receiver: Receiver
) -> None:
    session = await open_session(provider, expires_at=int(time.time()) + 1)
    await until(lambda: receiver.got("checkout.session.expired"))
    assert receiver.of("checkout.session.expired")[0].id == session.id


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"line_items": []}, "line_items"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"success_url": "http://a.example; script-src *"}, "success_url"),
        ({"cancel_url": "http://[::1"}, "cancel_url"),
        ({"expires_at": 1}, "expires_at"),
        ({"line_items": [{"price_data": PRICE}]}, "line_items[0][price_data][unit_amount]"),
        ({"line_items": [{"amount": 5, "currency": "EUR"}]}, "line_items[0][currency]"),
        ({"line_items": [{"amount": 10**12, "currency": "eur", "quantity": 2}]}, "line_items"),
        (
            {"line_items": [{"amount": 1, "currency": c} for c in ("eur", "usd")]},
            "line_items",
        ),
        ({"payment_intent_data": {"colour": "red"}}, "payment_intent_data[colour]"),
    ],
)  # fmt: skip
async def test_a_bad_session_names_the_parameter(
    provider: stripe.StripeClient, change: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await open_session(provider, **change)
    assert (caught.value.http_status, caught.value.param) == (400, param)


async def test_line_items_may_be_amounts(provider: stripe.StripeClient) -> None:
    items = [{"amount": 5, "currency": "jpy", "quantity": 3}, {"amount": 7, "currency": "jpy"}]
    session = await open_session(provider, line_items=items)
    assert (session.amount_total, session.currency) == (22, "jpy")


async def test_a_page_that_is_not_there(browser: aiohttp.ClientSession) -> None:
    for path in ("/pay/cs_test_none", "/onboard/alink_none"):
        async with browser.get(path) as response:
            assert response.status == 404
            assert response.content_type == "text/html"
    async with browser.post("/pay/cs_test_none", headers=AS_JSON) as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "resource_missing"
    async with browser.post("/pay/x", data={"action": "steal"}, headers=AS_JSON) as response:
        assert response.status == 400
