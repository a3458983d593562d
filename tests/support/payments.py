"""A server whose payments go to the sandbox, over HTTP and back as signed webhooks."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from instasell_server.http.listener import Listener
from instasell_server.sandbox import Faults, Sandbox, SandboxSettings, WebhookEndpoint
from tests.support.servers import RunningServer, running, settings_for_tests
from tests.support.waiting import LIMIT_SECONDS, LOOK_SECONDS

SECRET_KEY = "sk_test_for_tests_only"
WEBHOOK_SECRET = "whsec_for_tests_only"

BOOK_TOP_UP = """
WITH w AS (
    UPDATE wallets SET balance = balance + %(amount)s, version = version + 1
    WHERE user_id = %(user_id)s RETURNING balance
), t AS (SELECT gen_random_uuid() AS id)
INSERT INTO transactions (
    transfer_id, account, user_id, amount, type, posting_key, balance_after
)
SELECT t.id, 'stripe', NULL::uuid, -%(amount)s, 'topup', %(key)s || '#1', NULL::bigint FROM t
UNION ALL
SELECT t.id, 'balance', %(user_id)s::uuid, %(amount)s, 'topup', %(key)s || '#2', w.balance FROM t, w
"""
"""A top-up as the ledger has it, for tests that only need the money."""

HOOK_PATH = "/webhooks/stripe"


@dataclass(frozen=True)
class Provider:
    """The sandbox that a test's servers pay at."""

    url: str
    sandbox: Sandbox

    @property
    def faults(self) -> Faults:
        """Return the faults that are set on purpose."""
        return self.sandbox.faults

    def send_to(self, *servers: RunningServer) -> None:
        """Set where webhooks go from now on."""
        self.sandbox.send_to(
            [WebhookEndpoint(each.base_url + HOOK_PATH, WEBHOOK_SECRET) for each in servers]
        )

    async def pay(self, checkout_url: str | None, *, declined: bool = False) -> None:
        """Pay on a page as a person would."""
        assert checkout_url is not None
        data = {"action": "decline" if declined else "pay"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(checkout_url, data=data, headers={"Accept": "application/json"}) as response,
        ):
            assert response.status in (200, 402), await response.text()

    async def expire(self, session_id: str) -> None:
        """Close a page, as the provider does by itself after a day."""
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        url = f"{self.url}/v1/checkout/sessions/{session_id}/expire"
        async with aiohttp.ClientSession() as http, http.post(url, headers=headers) as response:
            assert response.status == 200, await response.text()

    async def call(self, path: str, account: str | None = None, **form: str) -> dict[str, Any]:
        """Do something by hand in the provider's own API, as its dashboard does."""
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        if account is not None:
            headers["Stripe-Account"] = account
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.url}/v1/{path}", data=form, headers=headers) as response,
        ):
            assert response.status == 200, await response.text()
            made: dict[str, Any] = await response.json()
            return made

    async def books(self) -> Counter[str]:
        """Return what the provider says that it holds, in the market's currency."""
        found = (await self._ask("GET", "/sandbox/ledger"))["currencies"]
        # The provider knows a currency once something has moved in it.
        return Counter(found.get("usd", {}))

    async def until_quiet(self) -> None:
        """Wait until every webhook has been delivered."""
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                if not (await self._ask("GET", "/sandbox/ledger"))["undelivered_webhooks"]:
                    return
                await asyncio.sleep(LOOK_SECONDS)

    async def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Have the sandbox do something, a chargeback for one."""
        return await self._ask("POST", f"/sandbox/{path}", body)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, self.url + path, json=body, headers=headers) as response,
        ):
            assert response.status == 200, await response.text()
            found: dict[str, Any] = await response.json()
            return found


@contextlib.asynccontextmanager
async def provider_in(folder: Path) -> AsyncIterator[Provider]:
    """A sandbox with its books in a folder."""
    settings = SandboxSettings(SECRET_KEY, retry_seconds=0.05, retry_seconds_max=0.5)
    sandbox = Sandbox(folder / "sandbox.sqlite3", settings, Listener)
    port = await sandbox.start()
    try:
        yield Provider(f"http://127.0.0.1:{port}", sandbox)
    finally:
        await sandbox.stop()


def paying_settings(provider: Provider) -> dict[str, Any]:
    """The settings of a server that pays at this provider."""
    return {
        "stripe_secret_key": SecretStr(SECRET_KEY),
        "stripe_webhook_secret": SecretStr(WEBHOOK_SECRET),
        "stripe_api_base": provider.url,
    }


@contextlib.asynccontextmanager
async def paying(
    provider: Provider, database_url: str, redis_url: str, **changes: Any
) -> AsyncIterator[RunningServer]:
    """A whole server that pays at a provider, whose webhooks go to it."""
    settings = settings_for_tests(
        database_url, redis_url, **{**paying_settings(provider), **changes}
    )
    async with running(settings) as server:
        provider.send_to(server)
        yield server
