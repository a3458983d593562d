"""Errors in the shapes that Stripe's client knows, and requests that are none."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
import stripe

from instasell_server.sandbox.errors import InvalidRequest
from instasell_server.sandbox.form import parse_form
from instasell_server.sandbox.money import format_amount
from tests.sandbox.market import RunningSandbox, set_faults, stripe_client


async def test_a_wrong_key_is_refused(sandbox: RunningSandbox) -> None:
    async with stripe_client(sandbox.url, "sk_test_wrong") as stranger:
        with pytest.raises(stripe.AuthenticationError) as caught:
            await stranger.v1.balance.retrieve_async()
    assert caught.value.http_status == 401
    assert "sk_test_wrong" not in str(caught.value)
    async with aiohttp.ClientSession(sandbox.url) as session:
        for headers in ({}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer"}):
            async with session.get("/v1/balance", headers=headers) as response:
                assert response.status == 401
                assert (await response.json())["error"]["type"] == "invalid_request_error"


async def test_what_is_not_there(provider: stripe.StripeClient, web: aiohttp.ClientSession) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.payment_intents.retrieve_async("pi_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    assert (caught.value.param, str(caught.value.user_message)) == (
        "id",
        "No such payment_intent: 'pi_none'",
    )
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.products.list_async()
    assert caught.value.http_status == 404
    for method, path in (("GET", "/v1/nothing"), ("DELETE", "/v1/customers"), ("GET", "/")):
        async with web.request(method, path) as response:
            assert response.status == 404
            message = (await response.json())["error"]["message"]
            assert message == f"Unrecognized request URL ({method}: {path})."


async def test_every_reply_has_an_id(web: aiohttp.ClientSession) -> None:
    ids = set()
    for path in ("/v1/balance", "/v1/nothing", "/pay/nothing", "/sandbox/ledger"):
        async with web.get(path) as response:
            ids.add(response.headers["Request-Id"])
    assert len(ids) == 4
    assert all(each.startswith("req_") for each in ids)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"currency": "eur"}, "amount"),
        ({"amount": 0, "currency": "eur"}, "amount"),
        ({"amount": -5, "currency": "eur"}, "amount"),
        ({"amount": 10**12 + 1, "currency": "eur"}, "amount"),
        ({"amount": "1.5", "currency": "eur"}, "amount"),
        ({"amount": "٣", "currency": "eur"}, "amount"),
        ({"amount": {"a": 1}, "currency": "eur"}, "amount"),
        ({"amount": 5}, "currency"),
        ({"amount": 5, "currency": "EUR"}, "currency"),
        ({"amount": 5, "currency": "euro"}, "currency"),
        ({"amount": 5, "currency": "eur", "colour": "red"}, "colour"),
        ({"amount": 5, "currency": "eur", "customer": "cus_none"}, "customer"),
        ({"amount": 5, "currency": "eur", "metadata": "x"}, "metadata"),
        ({"amount": 5, "currency": "eur", "metadata": {"k": "v" * 501}}, "metadata[k]"),
        ({"amount": 5, "currency": "eur", "metadata": dict.fromkeys("abcd" * 9, "v")}, None),
        (
            {"amount": 5, "currency": "eur", "metadata": {f"k{n}": "v" for n in range(51)}},
            "metadata",
        ),
        ({"amount": 5, "currency": "eur", "description": "d" * 5001}, "description"),
        ({"amount": 5, "currency": "eur", "capture_method": "manual"}, "capture_method"),
        ({"amount": 5, "currency": "eur", "confirm": True}, "payment_method"),
        ({"amount": 5, "currency": "eur", "confirm": "maybe"}, "confirm"),
    ],
)
async def test_bad_input_names_the_parameter(
    provider: stripe.StripeClient, params: Any, param: str | None
) -> None:
    if param is None:
        await provider.v1.payment_intents.create_async(params)
        return
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.payment_intents.create_async(params)
    assert (caught.value.http_status, caught.value.param) == (400, param)
    assert not (await provider.v1.payment_intents.list_async()).data


async def test_the_greatest_amount_is_taken(provider: stripe.StripeClient) -> None:
    made = await provider.v1.payment_intents.create_async({"amount": 10**12, "currency": "eur"})
    assert made.amount == 10**12


async def test_bodies_are_bounded_and_forms(web: aiohttp.ClientSession) -> None:
    async with web.post("/v1/customers", data={"name": "x" * 70_000}) as response:
        assert response.status == 413
        assert "error" in await response.json()
    async with web.post("/v1/customers", json={"name": "Ann"}) as response:
        assert response.status == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"name=%ff", b"a=1&a[b]=2", b"[=1", b"&".join([b"a=1"] * 1001)):
        async with web.post("/v1/customers", data=body, headers=form) as response:
            assert response.status == 400, body
    async with web.post("/v1/customers", data=b"name=%00%22", headers=form) as response:
        assert (await response.json())["name"] == '\0"'
    async with web.post("/pay/x", data={"action": "x" * 70_000}) as response:
        assert response.status == 413
    async with web.post("/sandbox/faults", data="[" * 50_000) as response:
        assert response.status == 400


async def test_a_refusal_comes_before_anything_is_done(
    provider: stripe.StripeClient, web: aiohttp.ClientSession
) -> None:
    await set_faults(web, refuse_next=2)
    options: Any = {"idempotency_key": "k-1"}
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            await provider.v1.customers.create_async({"name": "Ann"}, options)
        assert caught.value.http_status == 500
    made = await provider.v1.customers.create_async({"name": "Ann"}, options)
    assert made.last_response is not None
    assert "Idempotent-Replayed" not in made.last_response.headers
    async with web.get("/sandbox/faults") as response:
        assert (await response.json())["refuse_next"] == 0


@pytest.mark.parametrize(
    "faults",
    [{"refuse_next": -1}, {"hold_webhooks": 1}, {"earthquake": True}, {"duplicate_webhooks": 101}],
)
async def test_faults_that_there_are_not(
    web: aiohttp.ClientSession, faults: dict[str, Any]
) -> None:
    async with web.post("/sandbox/faults", json=faults) as response:
        assert response.status == 400
        assert (await response.json())["error"]["param"] == next(iter(faults))


def test_a_form_is_a_tree() -> None:
    text = "a=1&b[c]=2&l[0][x]=3&l[1][x]=%C3%A9&e[]=p&e[]=q&empty="
    assert parse_form(text) == {
        "a": "1",
        "b": {"c": "2"},
        "l": {"0": {"x": "3"}, "1": {"x": "é"}},
        "e": {"0": "p", "1": "q"},
        "empty": "",
    }
    assert parse_form(b"") == {}
    for bad in ("a[b=1", "a" + "[b]" * 9 + "=1", "a[b]=1&a=2", "]=1"):
        with pytest.raises(InvalidRequest):
            parse_form(bad)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (123450, "usd", "$1,234.50"),
        (5, "eur", "€0.05"),
        (1234, "jpy", "¥1,234"),
        (1234, "kwd", "1.234 KWD"),
        (100, "pln", "1.00 PLN"),
    ],
)
def test_amounts_are_written_for_people(amount: int, currency: str, text: str) -> None:
    assert format_amount(amount, currency) == text
