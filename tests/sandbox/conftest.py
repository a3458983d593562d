"""A sandbox on a free port, Stripe's own client, and a receiver of webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import stripe

from instasell_server.sandbox import SandboxSettings
from tests.sandbox.market import (
    KEY,
    Receiver,
    RunningSandbox,
    receiving,
    running_sandbox,
    stripe_client,
)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Take webhooks, and check their signatures with Stripe's own library."""
    async with receiving() as started:
        yield started


@pytest.fixture
def sandbox_settings(receiver: Receiver) -> SandboxSettings:
    """The settings of `sandbox`; a test module may override this fixture."""
    return SandboxSettings(KEY, endpoints=(receiver.endpoint,), retry_seconds=0.01)


@pytest.fixture
async def sandbox(
    sandbox_settings: SandboxSettings, tmp_path: Path
) -> AsyncIterator[RunningSandbox]:
    """A sandbox with a file of its own."""
    async with running_sandbox(tmp_path / "sandbox.db", sandbox_settings) as started:
        yield started


@pytest.fixture
async def provider(sandbox: RunningSandbox) -> AsyncIterator[stripe.StripeClient]:
    """Stripe's client, pointed at the sandbox; it repeats nothing by itself."""
    async with stripe_client(sandbox.url) as client:
        yield client


@pytest.fixture
async def web(sandbox: RunningSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client with the secret key, whose paths begin at the sandbox."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(sandbox.url, headers=headers) as session:
        yield session


@pytest.fixture
async def browser(sandbox: RunningSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A customer, who has no key."""
    async with aiohttp.ClientSession(sandbox.url) as session:
        yield session
