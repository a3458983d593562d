"""Money that leaves: to whom it may, once, and back again when it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp

from tests.server.accounts_support import Answer, ask
from tests.server.money.conftest import Bazaar
from tests.support.waiting import until

Fund = Callable[[str, int], None]


async def onboard(bazaar: Bazaar) -> None:
    """The buyer is verified and has an account at the provider."""
    bazaar.sql("UPDATE users SET verification_status = 'verified' WHERE id = %s", bazaar.buyer.id)
    path = f"/wallet/{bazaar.buyer.id}/payout-account"
    opened = (await bazaar.buyer.ask("POST", path)).body
    assert not opened["ready"]
    async with (
        aiohttp.ClientSession() as http,
        http.post(opened["onboarding_url"], allow_redirects=False) as page,
    ):
        assert page.status < 400
    again = (await bazaar.buyer.ask("POST", path)).body
    assert (again["ready"], again["onboarding_url"]) == (True, None)


async def fill_provider(bazaar: Bazaar, amount: int) -> None:
    """Money that the provider really holds: the buyer's balance by a top-up."""
    path = f"/wallet/{bazaar.buyer.id}/topup"
    page = (await bazaar.buyer.ask("POST", path, {"amount": amount})).body["checkout_url"]
    await bazaar.provider.pay(page)
    await until(lambda: bazaar.balance(bazaar.buyer) == amount)


async def fill_for_withdrawal(bazaar: Bazaar, amount: int) -> None:
    """The buyer's balance by a top-up of last week, which may leave."""
    await fill_provider(bazaar, amount)
    bazaar.sql("UPDATE wallet_holds SET free_at = market_now()")


async def withdraw(bazaar: Bazaar, amount: int, **options: Any) -> Answer:
    """The buyer withdraws."""
    path = f"/wallet/{bazaar.buyer.id}/withdraw"
    return await bazaar.buyer.ask("POST", path, {"amount": amount}, **options)


def states(bazaar: Bazaar) -> list[tuple[Any, ...]]:
    """Return how far the withdrawals are."""
    return bazaar.sql("SELECT status FROM withdrawals ORDER BY created_at")


async def test_a_balance_goes_to_its_owners_account(bazaar: Bazaar) -> None:
    await onboard(bazaar)
    await fill_for_withdrawal(bazaar, 5000)
    answer = await withdraw(bazaar, 3000)
    assert (answer.status, answer.body["status"]) == (201, "pending")
    assert bazaar.balance(bazaar.buyer) == 2000
    await until(lambda: states(bazaar) == [("succeeded",)])
    sums = bazaar.accounts()
    assert (sums["stripe"], sums["in_transit"]) == (-2000, 0)
    assert (await bazaar.provider.books())["platform"] == 2000
    listed = await bazaar.buyer.ask("GET", f"/wallet/{bazaar.buyer.id}/withdrawals")
    assert [(each["amount"], each["status"]) for each in listed.body["items"]] == [
        (3000, "succeeded")
    ]


async def test_fifty_at_once_withdraw_everything_once(bazaar: Bazaar) -> None:
    await onboard(bazaar)
    await fill_for_withdrawal(bazaar, 5000)
    answers = await asyncio.gather(*(withdraw(bazaar, 5000) for _ in range(50)))
    assert sorted(each.status for each in answers) == [201] + [409] * 49
    assert {each.code for each in answers if each.status == 409} == {"insufficient_funds"}
    await until(lambda: states(bazaar) == [("succeeded",)])
    assert bazaar.balance(bazaar.buyer) == 0
    assert (await bazaar.provider.books())["transferred"] == 5000


async def test_one_key_is_one_withdrawal(bazaar: Bazaar) -> None:
    await onboard(bazaar)
    await fill_for_withdrawal(bazaar, 5000)
    key = {"Idempotency-Key": "out"}
    answers = await asyncio.gather(*(withdraw(bazaar, 1000, headers=key) for _ in range(20)))
    assert len({str(each.body) for each in answers}) == 1
    assert bazaar.balance(bazaar.buyer) == 4000


async def test_what_the_provider_refuses_comes_back(bazaar: Bazaar, fund: Fund) -> None:
    """The market's own books have the money, the provider's have not."""
    await onboard(bazaar)
    fund(bazaar.buyer.id, 5000)
    assert (await withdraw(bazaar, 5000)).status == 201
    await until(lambda: states(bazaar) == [("failed",)])
    assert bazaar.balance(bazaar.buyer) == 5000
    assert bazaar.accounts()["in_transit"] == 0
    listed = await bazaar.buyer.ask("GET", f"/wallet/{bazaar.buyer.id}/withdrawals")
    assert listed.body["items"][0]["failure"]


async def test_held_money_cannot_be_withdrawn(bazaar: Bazaar) -> None:
    await onboard(bazaar)
    await fill_for_withdrawal(bazaar, 1250)
    order_id = await bazaar.order()
    await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    answer = await withdraw(bazaar, 1)
    assert (answer.status, answer.code) == (409, "insufficient_funds")


async def test_only_the_verified_with_an_account_and_never_a_script(
    bazaar: Bazaar, fund: Fund
) -> None:
    fund(bazaar.buyer.id, 5000)
    without = await withdraw(bazaar, 100)
    assert (without.status, without.code) == (409, "no_payout_account")
    await onboard(bazaar)
    bazaar.sql("UPDATE users SET verification_status = 'unverified'")
    unproven = await withdraw(bazaar, 100)
    assert (unproven.status, unproven.code) == (403, "not_verified")
    wish = {"name": "script", "scopes": ["pay", "read"]}
    token = (await bazaar.buyer.ask("POST", "/auth/tokens", wish)).body["token"]
    path = f"/wallet/{bazaar.buyer.id}/withdraw"
    scripted = await ask(bazaar.http, "POST", path, {"amount": 100}, token=token)
    assert (scripted.status, scripted.code) == (403, "scope_missing")
    theirs = await bazaar.stranger.ask("POST", path, {"amount": 100})
    assert (theirs.status, theirs.code) == (404, "user_not_found")
    assert bazaar.balance(bazaar.buyer) == 5000
