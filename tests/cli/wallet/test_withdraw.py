"""Money that leaves the wallet, from the shell."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.cli.conftest import Shell
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
async def paying_market(paying_server: RunningServer, sql: Sql) -> AsyncIterator[Market]:
    """People of a server whose payments go to a provider."""
    async with open_market(paying_server.base_url, sql) as opened:
        yield opened


async def fill_in(url: str) -> None:
    """The provider's page, filled in as a person would."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, allow_redirects=False) as answer,
    ):
        assert answer.status < 400


async def test_from_the_account_to_the_money(
    paying_market: Market,
    tmp_path: Path,
    sql: Sql,
    pay_page: Callable[..., Awaitable[None]],
) -> None:
    customer = await paying_market.bidder()
    shell = Shell(paying_market.base_url, tmp_path, customer.token)
    sql("UPDATE users SET verification_status = 'verified'")
    early = await shell.run("wallet", "withdraw", "20.00", "--yes")
    assert (early.code, early.out) == (6, "")
    account = await shell.run("wallet", "payout-account", "-o", "json")
    opened = json.loads(account.out)
    assert (account.code, opened["ready"]) == (0, False)
    await fill_in(opened["onboarding_url"])
    assert "ready\tyes\n" in (await shell.run("wallet", "payout-account")).out
    await pay_page((await customer.wallet.top_up(5000)).checkout_url)
    await until(lambda: sql("SELECT max(balance) FROM wallets") == [(5000,)])
    held = await shell.run("wallet", "withdraw", "20.00", "--yes")
    assert (held.code, "0.00 USD can be withdrawn now" in held.err) == (6, True)
    told = await shell.run("wallet", "show")
    assert "50.00 USD can be spent now, and withdrawn from" in told.err
    sql("UPDATE wallet_holds SET free_at = market_now()")
    asked = await shell.run("wallet", "withdraw", "20.00")
    assert (asked.code, "--yes" in asked.err) == (2, True)
    made = await shell.run("wallet", "withdraw", "20.00", "--yes", "-o", "json")
    assert (made.code, json.loads(made.out)["amount"]) == (0, 2000)
    await until(lambda: sql("SELECT status FROM withdrawals") == [("succeeded",)])
    listed = await shell.run("wallet", "withdrawals", "-o", "csv", "--fields", "amount,status")
    assert listed.out == "amount,status\n20.00,succeeded\n"
    much = await shell.run("wallet", "withdraw", "40.00", "--yes")
    assert (much.code, "10.00 USD more is needed" in much.err) == (6, True)


async def test_users_without_a_verified_address_are_refused(
    paying_market: Market, tmp_path: Path, sql: Sql
) -> None:
    customer = await paying_market.bidder()
    shell = Shell(paying_market.base_url, tmp_path, customer.token)
    account = json.loads((await shell.run("wallet", "payout-account", "-o", "json")).out)
    await fill_in(account["onboarding_url"])
    done = await shell.run("wallet", "withdraw", "20.00", "--yes")
    assert (done.code, done.out) == (4, "")
    assert "verified" in done.err
    assert sql("SELECT count(*) FROM withdrawals") == [(0,)]
