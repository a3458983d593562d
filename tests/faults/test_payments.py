"""A server that is killed around a question to the payment provider, or around its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psycopg2
import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from instasell_server.embedded import EmbeddedEngines
from instasell_server.sandbox import WebhookEndpoint
from tests.faults.fault_proxy import Ambush, ambush
from tests.faults.processes import ServerProcess
from tests.server.accounts_support import Person, ask, sign_up
from tests.support.databases import MarketClock
from tests.support.payments import HOOK_PATH, SECRET_KEY, WEBHOOK_SECRET, Provider
from tests.support.waiting import until

pytestmark = pytest.mark.faults


@dataclass
class Stage:
    """A server as a process, with an ambush on its way to the provider and one on the way back."""

    server: ServerProcess
    provider: Provider
    to_provider: Ambush
    to_server: Ambush
    http: aiohttp.ClientSession
    database_url: str
    buyer: Person

    async def begin_again(self) -> None:
        """The server starts again after its end."""
        await self.server.start()
        self.to_server.aim(self.server.url)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the market."""
        connection = psycopg2.connect(self.database_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()

    async def top_up(self, **options: Any) -> Any:
        """The buyer begins a top-up of 50.00."""
        url = f"{self.server.url}/wallet/{self.buyer.id}/topup"
        key = {"Idempotency-Key": "top-up"}
        return await ask(
            self.http, "POST", url, {"amount": 5000}, token=self.buyer.token, headers=key, **options
        )

    async def check(self, *, captured: int, refunded: int = 0) -> None:
        """Both books say the same, and ours balance."""
        books = await self.provider.books()
        assert (books["captured"], books["refunded"]) == (captured, refunded)
        rows = self.sql("SELECT sum(amount)::bigint FROM transactions WHERE account = 'stripe'")
        assert rows == [(refunded - captured,)]
        async with Database(self.database_url, size=2) as database:
            assert (await audit(database, auctions=True)).findings == []


@pytest.fixture
async def stage(
    own_engines: EmbeddedEngines, own_database: str, folder: Path, provider: Provider
) -> AsyncIterator[Stage]:
    """Everything in place, and a buyer signed in."""
    async with AsyncExitStack() as stack:
        to_provider = await stack.enter_async_context(ambush(provider.url))
        server = ServerProcess(
            folder,
            "payer",
            database_url=own_database,
            redis_url=own_engines.urls.redis_url,
            stripe_secret_key=SECRET_KEY,
            stripe_webhook_secret=WEBHOOK_SECRET,
            stripe_api_base=to_provider.url,
        )
        # In a thread: the server that stops still asks the provider, which runs in this loop.
        stack.push_async_callback(asyncio.to_thread, server.stop)
        await server.start()
        to_server = await stack.enter_async_context(ambush(server.url))
        provider.sandbox.send_to([WebhookEndpoint(to_server.url + HOOK_PATH, WEBHOOK_SECRET)])
        async with aiohttp.ClientSession(server.url) as here:
            buyer = await sign_up(here)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Stage(server, provider, to_provider, to_server, http, own_database, buyer)


def wallet_has(stage: Stage, amount: int) -> Callable[[], bool]:
    """Return whether the buyer's wallet has an amount."""
    query = f"SELECT balance FROM wallets WHERE user_id = '{stage.buyer.id}'"
    return lambda: stage.sql(query) == [(amount,)]


@pytest.mark.parametrize("repeats", [True, False])
async def test_killed_between_the_provider_and_the_commit(stage: Stage, repeats: bool) -> None:
    """The page is open at the provider, and the market does not know it."""
    stage.to_provider.arm("/v1/checkout/sessions", stage.server.kill)
    with pytest.raises(aiohttp.ClientError):
        await stage.top_up()
    await stage.begin_again()
    if repeats:
        reply = (await stage.top_up()).body
        page = reply["checkout_url"]
    else:
        # A minute later the market takes the payment up by itself.
        MarketClock(stage.database_url).shift(61)
        await until(lambda: stage.sql("SELECT status FROM payments") == [("open",)])
        [(page,)] = stage.sql("SELECT checkout_url FROM payments")
    await stage.provider.pay(page)
    await until(wallet_has(stage, 5000))
    assert stage.sql("SELECT count(*) FROM payments") == [(1,)]
    await stage.check(captured=5000)


async def test_killed_between_the_commit_and_the_answer_to_a_webhook(stage: Stage) -> None:
    """The provider has no answer and sends its word again, which changes nothing."""
    page = (await stage.top_up()).body["checkout_url"]
    stage.to_server.arm(HOOK_PATH, stage.server.kill)
    await stage.provider.pay(page)
    await stage.to_server.sprung.wait()
    await stage.begin_again()
    await stage.provider.until_quiet()
    assert wallet_has(stage, 5000)()
    await stage.check(captured=5000)


async def test_killed_between_a_refund_and_its_commit(stage: Stage) -> None:
    """The provider has paid the money out; asked again it says so, and pays nothing twice."""
    page = (await stage.top_up()).body["checkout_url"]
    # Money in a currency that nothing waits for is sent back.
    stage.sql("UPDATE payments SET currency = 'EUR' RETURNING id")
    stage.to_provider.arm("/v1/refunds", stage.server.kill)
    await stage.provider.pay(page)
    await stage.to_provider.sprung.wait()
    await stage.begin_again()
    done = "SELECT status FROM provider_refunds"
    await until(lambda: stage.sql(done) == [("succeeded",)])
    await stage.provider.until_quiet()
    assert wallet_has(stage, 0)()
    await stage.check(captured=5000, refunded=5000)
