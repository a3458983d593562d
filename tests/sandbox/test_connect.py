"""Connected accounts: onboarding, transfers to them, payouts from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stripe

from instasell_server.sandbox import SandboxSettings
from tests.sandbox.market import (
    KEY,
    Receiver,
    connected_account,
    ledger_of,
    paid_intent,
    running_sandbox,
    set_faults,
    stripe_client,
)
from tests.support.waiting import until


def acting_for(account: stripe.Account) -> Any:
    """The option that makes the account the one that a call is about."""
    return {"stripe_account": account.id}


async def test_an_account_is_onboarded_by_one_click(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession, receiver: Receiver
) -> None:
    made = await provider.v1.accounts.create_async(
        {
            "controller": {"stripe_dashboard": {"type": "express"}},
            "capabilities": {"transfers": {"requested": True}},
            "email": "ann@example.org",
            "country": "FR",
        }
    )
    assert (made.payouts_enabled, made.details_submitted) == (False, False)
    assert made.requirements is not None
    assert made.requirements.currently_due
    link = await provider.v1.account_links.create_async(
        {
            "account": made.id,
            "type": "account_onboarding",
            "refresh_url": "http://market.example/again",
            "return_url": "http://market.example/done",
        }
    )
    async with browser.get(link.url) as response:
        text = await response.text()
        assert "ann@example.org" in text
        assert "form-action 'self' http://market.example" in str(response.headers)
    async with browser.post(link.url, headers={"Accept": "application/json"}) as response:
        assert (await response.json())["payouts_enabled"] is True
    found: Any = await provider.v1.accounts.retrieve_async(made.id)
    assert (found.payouts_enabled, found.capabilities.transfers) == (True, "active")
    await until(lambda: receiver.got("account.updated"))
    event: Any = receiver.events[0]
    assert (event.account, event.data.object.id) == (made.id, made.id)


async def test_a_link_whose_time_is_over_leads_to_the_next(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    async with running_sandbox(tmp_path / "s.db", SandboxSettings(KEY)) as running:
        running.server.store.clock = lambda: now[0]
        async with stripe_client(running.url) as provider, aiohttp.ClientSession() as browser:
            account = await provider.v1.accounts.create_async({"type": "express"})
            link = await provider.v1.account_links.create_async(
                {
                    "account": account.id,
                    "type": "account_onboarding",
                    "refresh_url": "http://market.example/again",
                    "return_url": "http://market.example/done",
                }
            )
            now[0] += 301
            for method in ("GET", "POST"):
                async with browser.request(method, link.url, allow_redirects=False) as response:
                    assert response.headers["Location"] == "http://market.example/again"
            async with browser.post(link.url, headers={"Accept": "application/json"}) as response:
                assert response.status == 410


async def test_money_goes_to_a_seller_and_on_to_the_bank(
    provider: stripe.StripeClient,
    web: aiohttp.ClientSession,
    browser: aiohttp.ClientSession,
    receiver: Receiver,
) -> None:
    account = await connected_account(provider, browser)
    paid = await paid_intent(provider, 1000)
    transfer = await provider.v1.transfers.create_async(
        {
            "amount": 800,
            "currency": "eur",
            "destination": account.id,
            "source_transaction": str(paid.latest_charge),
            "metadata": {"withdrawal": "w-1"},
        }
    )
    found = await provider.v1.transfers.retrieve_async(transfer.id)
    assert (found.amount, found.destination) == (800, account.id)
    theirs = await provider.v1.balance.retrieve_async(options=acting_for(account))
    assert [each.amount for each in theirs.available] == [800]
    payout = await provider.v1.payouts.create_async(
        {"amount": 500, "currency": "eur", "metadata": {"withdrawal": "w-1"}}, acting_for(account)
    )
    assert payout.status == "pending"
    await until(lambda: bool(receiver.of("payout.paid")))
    assert receiver.of("payout.paid")[0].metadata["withdrawal"] == "w-1"
    settled = await provider.v1.payouts.retrieve_async(payout.id, options=acting_for(account))
    assert settled.status == "paid"
    with pytest.raises(stripe.InvalidRequestError):
        await provider.v1.payouts.cancel_async(payout.id, options=acting_for(account))
    book = await ledger_of(web)
    assert (book["transferred"], book["paid_out"]) == (800, 500)
    assert (book["platform"], book["accounts"], book["net"]) == (200, 300, 500)
    await until(lambda: bool(receiver.of("transfer.created")))


async def test_a_payout_that_fails_comes_back(
    provider: stripe.StripeClient,
    web: aiohttp.ClientSession,
    browser: aiohttp.ClientSession,
    receiver: Receiver,
) -> None:
    account = await connected_account(provider, browser)
    await paid_intent(provider, 1000)
    await provider.v1.transfers.create_async(
        {"amount": 1000, "currency": "eur", "destination": account.id}
    )
    await set_faults(web, fail_payouts=True)
    await provider.v1.payouts.create_async({"amount": 1000, "currency": "eur"}, acting_for(account))
    await until(lambda: bool(receiver.of("payout.failed")))
    assert receiver.of("payout.failed")[0].failure_code == "account_closed"
    book = await ledger_of(web)
    assert (book["paid_out"], book["accounts"], book["net"]) == (0, 1000, 1000)


async def test_a_pending_payout_can_be_canceled(
    provider: stripe.StripeClient,
    web: aiohttp.ClientSession,
    browser: aiohttp.ClientSession,
    receiver: Receiver,
) -> None:
    account = await connected_account(provider, browser)
    await paid_intent(provider, 1000)
    await provider.v1.transfers.create_async(
        {"amount": 1000, "currency": "eur", "destination": account.id}
    )
    await set_faults(web, hold_payouts=True)
    params: Any = {"amount": 400, "currency": "eur"}
    first = await provider.v1.payouts.create_async(params, acting_for(account))
    second = await provider.v1.payouts.create_async(params, acting_for(account))
    gone = await provider.v1.payouts.cancel_async(first.id, options=acting_for(account))
    assert gone.status == "canceled"
    await set_faults(web, hold_payouts=False)
    await until(lambda: bool(receiver.of("payout.paid")))
    assert [each.id for each in receiver.of("payout.paid")] == [second.id]
    assert (await ledger_of(web))["accounts"] == 600
    listed = await provider.v1.payouts.list_async({"status": "canceled"}, acting_for(account))
    assert [each.id for each in listed.data] == [first.id]


async def test_what_is_refused(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession
) -> None:
    raw = await provider.v1.accounts.create_async({"type": "express"})
    account = await connected_account(provider, browser)
    transfers, payouts = provider.v1.transfers, provider.v1.payouts
    await paid_intent(provider, 1000)

    async def code_of(call: Any) -> tuple[str | None, str | None]:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await call
        return caught.value.code, caught.value.param

    def move(amount: int, destination: str) -> Any:
        return transfers.create_async(
            {"amount": amount, "currency": "eur", "destination": destination}
        )

    def pay_out(amount: int, owner: stripe.Account) -> Any:
        return payouts.create_async({"amount": amount, "currency": "eur"}, acting_for(owner))

    assert await code_of(move(1, "acct_none")) == ("resource_missing", "destination")
    assert await code_of(move(1, raw.id)) == ("insufficient_capabilities_for_transfer", None)
    assert await code_of(move(1001, account.id)) == ("balance_insufficient", "amount")
    assert await code_of(pay_out(1, raw)) == ("payouts_not_allowed", None)
    assert await code_of(pay_out(1, account)) == ("balance_insufficient", "amount")
    with pytest.raises(stripe.PermissionError):
        await provider.v1.balance.retrieve_async(options={"stripe_account": "acct_none"})


async def test_accounts_do_not_see_what_is_the_platforms(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession
) -> None:
    account = await connected_account(provider, browser)
    paid = await paid_intent(provider, 1000)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await provider.v1.payment_intents.retrieve_async(paid.id, options=acting_for(account))
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    ours = await provider.v1.events.list_async()
    theirs = await provider.v1.events.list_async(options=acting_for(account))
    assert [each.type for each in ours.data] == ["payment_intent.succeeded"]
    assert [each.type for each in theirs.data] == ["account.updated"]
