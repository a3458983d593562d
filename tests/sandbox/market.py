"""Play the market's part for tests of the sandbox."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import stripe
from aiohttp import web

from instasell_server.http.listener import Listener
from instasell_server.sandbox import Faults, Sandbox, SandboxSettings, WebhookEndpoint

KEY = "sk_test_of_the_sandbox"
SECRET = "whsec_of_the_tests"
CARD = "pm_card_visa"


@dataclass
class Receiver:
    """Receive webhooks. `refusals` are the statuses of the next replies."""

    endpoint: WebhookEndpoint
    events: list[stripe.Event] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    refused: int = 0

    async def take(self, request: web.Request) -> web.Response:
        """Take one webhook; a wrong signature fails here."""
        payload = await request.read()
        signature = request.headers["Stripe-Signature"]
        event = stripe.Webhook.construct_event(payload, signature, self.endpoint.secret)
        if self.refusals:
            self.refused += 1
            return web.Response(status=self.refusals.pop(0))
        self.events.append(event)
        return web.Response()

    def types(self) -> list[str]:
        """Return the types of events in the order of arrival."""
        return [event.type for event in self.events]

    def of(self, kind: str) -> list[Any]:
        """The objects of the events of one type."""
        return [event.data.object for event in self.events if event.type == kind]

    def got(self, *kinds: str) -> bool:
        """Return whether exactly these arrived, in any order."""
        return sorted(self.types()) == sorted(kinds)


@dataclass(frozen=True)
class RunningSandbox:
    """Hold the address of a sandbox, and its faults."""

    url: str
    faults: Faults
    server: Sandbox


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Listen for webhooks on a free port."""
    app = web.Application()
    listener = Listener(app)
    receiver = Receiver(WebhookEndpoint("", SECRET))
    app.router.add_post("/hook", receiver.take)
    port = await listener.open("127.0.0.1", 0)
    receiver.endpoint = WebhookEndpoint(f"http://127.0.0.1:{port}/hook", SECRET)
    try:
        yield receiver
    finally:
        await listener.close()


@contextlib.asynccontextmanager
async def running_sandbox(
    file: Path, settings: SandboxSettings, faults: Faults | None = None
) -> AsyncIterator[RunningSandbox]:
    """Start a sandbox, and stop it as a process would be stopped."""
    server = Sandbox(file, settings, Listener, faults)
    port = await server.start()
    try:
        yield RunningSandbox(f"http://127.0.0.1:{port}", server.faults, server)
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def stripe_client(
    url: str, key: str = KEY, *, retries: int = 0
) -> AsyncIterator[stripe.StripeClient]:
    """Stripe's own client; its connections are closed in the end."""
    http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=60))
    addresses: Any = {"api": url}
    yield stripe.StripeClient(
        key, base_addresses=addresses, http_client=http, max_network_retries=retries
    )
    await http.close_async()


async def paid_intent(
    provider: stripe.StripeClient, amount: int = 5000, currency: str = "eur", **more: Any
) -> stripe.PaymentIntent:
    """A payment that succeeded, of `amount` minor units."""
    params: Any = {
        "amount": amount,
        "currency": currency,
        "payment_method": CARD,
        "confirm": True,
        **more,
    }
    return await provider.v1.payment_intents.create_async(params)


async def open_session(
    provider: stripe.StripeClient, unit_amount: int = 2550, quantity: int = 1, **more: Any
) -> stripe.checkout.Session:
    """A checkout session for one thing, of `unit_amount` minor units each."""
    price = {
        "currency": "eur",
        "unit_amount": unit_amount,
        "product_data": {"name": "A <b>lamp</b>"},
    }
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": quantity}],
        "metadata": {"order": "o-1"},
        "payment_intent_data": {"metadata": {"payment": "p-1"}},
        "success_url": "http://market.example/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://market.example/cart",
        **more,
    }
    return await provider.v1.checkout.sessions.create_async(
        {name: value for name, value in params.items() if value is not None}
    )


async def connected_account(
    provider: stripe.StripeClient, browser: aiohttp.ClientSession
) -> stripe.Account:
    """A seller's account, onboarded through the page."""
    account = await provider.v1.accounts.create_async(
        {"type": "express", "email": "ann@example.org", "metadata": {"user": "u-1"}}
    )
    link = await provider.v1.account_links.create_async(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://market.example/again",
            "return_url": "http://market.example/done",
        }
    )
    async with browser.post(link.url, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "http://market.example/done"
    return await provider.v1.accounts.retrieve_async(account.id)


async def ledger_of(session: aiohttp.ClientSession, currency: str = "eur") -> dict[str, int]:
    """Return what the provider holds, after checking that its books add up."""
    async with session.get("/sandbox/ledger") as response:
        assert response.status == 200
        book: dict[str, int] = (await response.json())["currencies"][currency]
    held = book["captured"] - book["refunded"] - book["disputed"] - book["fees"]
    assert book["net"] == held - book["paid_out"] == book["platform"] + book["accounts"]
    return book


async def set_faults(session: aiohttp.ClientSession, **faults: int | bool) -> None:
    """Change what goes wrong."""
    async with session.post("/sandbox/faults", json=faults) as response:
        assert response.status == 200, await response.text()
