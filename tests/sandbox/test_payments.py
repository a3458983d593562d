"""Customers, payment intents, charges and what moves on the balance."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
import stripe

from instasell_server.sandbox import SandboxSettings
from instasell_server.sandbox.settings import API_VERSION
from tests.sandbox.market import CARD, KEY, Receiver, ledger_of, paid_intent
from tests.support.waiting import until


@pytest.fixture
def sandbox_settings(receiver: Receiver) -> SandboxSettings:
    return SandboxSettings(KEY, endpoints=(receiver.endpoint,), fee_basis_points=250, fee_fixed=30)


def test_the_shapes_are_those_of_the_version_that_the_client_expects() -> None:
    assert stripe.api_version == API_VERSION


async def test_a_customer_is_kept(provider: stripe.StripeClient) -> None:
    made = await provider.v1.customers.create_async(
        {"email": "bob@example.org", "name": "Bob", "metadata": {"user": "u-7"}}
    )
    found = await provider.v1.customers.retrieve_async(made.id)
    assert (found.email, found.name) == ("bob@example.org", "Bob")
    assert found.metadata is not None
    assert found.metadata["user"] == "u-7"


async def test_an_intent_is_made_confirmed_and_charged(
    provider: stripe.StripeClient, receiver: Receiver
) -> None:
    made = await provider.v1.payment_intents.create_async(
        {"amount": 1000, "currency": "eur", "metadata": {"order": "o-1"}}
    )
    assert (made.status, made.amount_received) == ("requires_payment_method", 0)
    paid = await provider.v1.payment_intents.confirm_async(made.id, {"payment_method": CARD})
    assert (paid.status, paid.amount_received, paid.metadata["order"]) == ("succeeded", 1000, "o-1")
    charge = await provider.v1.charges.retrieve_async(
        str(paid.latest_charge), {"expand": ["balance_transaction"]}
    )
    moved: Any = charge.balance_transaction
    assert (charge.status, charge.payment_intent) == ("succeeded", paid.id)
    assert (moved.amount, moved.fee, moved.net) == (1000, 55, 945)
    await until(lambda: receiver.got("payment_intent.succeeded"))
    assert receiver.of("payment_intent.succeeded")[0].id == paid.id


async def test_the_fee_can_be_asked_for_with_the_intent(provider: stripe.StripeClient) -> None:
    paid = await paid_intent(provider, 100)
    found: Any = await provider.v1.payment_intents.retrieve_async(
        paid.id, {"expand": ["latest_charge.balance_transaction"]}
    )
    assert found.latest_charge.balance_transaction.fee == 33
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        await provider.v1.payment_intents.retrieve_async(paid.id, {"expand": ["nothing"]})


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ],
)
async def test_a_declined_card_leaves_an_intent_that_can_be_paid(
    provider: stripe.StripeClient,
    receiver: Receiver,
    card: str,
    code: str,
    decline_code: str | None,
) -> None:
    made = await provider.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    with pytest.raises(stripe.CardError) as caught:
        await provider.v1.payment_intents.confirm_async(made.id, {"payment_method": card})
    assert (caught.value.http_status, caught.value.code) == (402, code)
    body: Any = caught.value.json_body
    assert body["error"]["decline_code"] == decline_code
    failed: Any = await provider.v1.payment_intents.retrieve_async(made.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error.code == code
    await until(lambda: receiver.got("payment_intent.payment_failed"))
    paid = await provider.v1.payment_intents.confirm_async(made.id, {"payment_method": CARD})
    assert paid.status == "succeeded"


async def test_a_canceled_intent_cannot_be_paid(
    provider: stripe.StripeClient, receiver: Receiver
) -> None:
    made = await provider.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    gone = await provider.v1.payment_intents.cancel_async(
        made.id, {"cancellation_reason": "abandoned"}
    )
    assert (gone.status, gone.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.payment_intents.confirm_async(made.id, {"payment_method": CARD})
    assert caught.value.code == "payment_intent_unexpected_state"
    await until(lambda: receiver.got("payment_intent.canceled"))


async def test_a_paid_intent_is_neither_paid_again_nor_canceled(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    paid = await paid_intent(provider, 1000)
    for again in (
        provider.v1.payment_intents.confirm_async(paid.id, {"payment_method": CARD}),
        provider.v1.payment_intents.cancel_async(paid.id),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await again
        assert caught.value.code == "payment_intent_unexpected_state"
    assert (await ledger_of(web))["captured"] == 1000


async def test_an_intent_needs_a_card(provider: stripe.StripeClient) -> None:
    made = await provider.v1.payment_intents.create_async({"amount": 700, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        await provider.v1.payment_intents.confirm_async(made.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.payment_intents.confirm_async(made.id, {"payment_method": "pm_none"})
    assert (caught.value.code, caught.value.param) == ("resource_missing", "payment_method")
    waiting = await provider.v1.payment_intents.create_async(
        {"amount": 700, "currency": "usd", "payment_method": CARD}
    )
    assert waiting.status == "requires_confirmation"
    assert (await provider.v1.payment_intents.confirm_async(waiting.id)).status == "succeeded"


async def test_intents_are_listed_in_pages(provider: stripe.StripeClient) -> None:
    customer = await provider.v1.customers.create_async({"name": "Bob"})
    made = [await paid_intent(provider, n, customer=customer.id) for n in range(1, 6)]
    await paid_intent(provider, 99)
    newest_first = [each.id for each in reversed(made)]
    page = await provider.v1.payment_intents.list_async({"customer": customer.id, "limit": 2})
    assert ([each.id for each in page.data], page.has_more) == (newest_first[:2], True)
    assert page.url == "/v1/payment_intents"
    found = [each.id async for each in page.auto_paging_iter()]
    assert found == newest_first
    back = await provider.v1.payment_intents.list_async(
        {"customer": customer.id, "limit": 2, "ending_before": newest_first[3]}
    )
    assert ([each.id for each in back.data], back.has_more) == (newest_first[1:3], True)


async def test_the_balance_is_what_was_captured_without_fees(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    await paid_intent(provider, 1000)
    await paid_intent(provider, 2000)
    balance = await provider.v1.balance.retrieve_async()
    assert [(each.amount, each.currency) for each in balance.available] == [(2865, "eur")]
    moved = await provider.v1.balance_transactions.list_async({"type": "charge"})
    assert [each.amount for each in moved.data] == [2000, 1000]
    one = await provider.v1.balance_transactions.retrieve_async(moved.data[0].id)
    assert one.net == 1920
    book = await ledger_of(web)
    assert (book["captured"], book["fees"], book["net"]) == (3000, 135, 2865)
