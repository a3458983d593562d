"""Open the books that an audit compares with: those of the payment provider or the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

from instasell_server.commands.standalone import needs_engines, needs_sandbox, sandbox_file
from instasell_server.config.settings import Settings
from instasell_server.ports import OWNERS_MOVEMENTS, Movements, ProviderBooks
from instasell_server.sandbox.balance_sums import sum_balance_transactions
from instasell_server.wiring.engines import make_provider


class SandboxBooks:
    """Read the books of the sandbox of an embedded market from its file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def sum_movements(self, currency: str, limit: int) -> Movements:
        """Return the sums of all movements in a currency; the limit does not matter in a file."""
        left_out = json.dumps(OWNERS_MOVEMENTS)
        sums = await asyncio.to_thread(sum_balance_transactions, self._path, currency, left_out)
        return Movements(*sums, is_complete=True)


@contextlib.asynccontextmanager
async def open_books(given: Settings, settings: Settings) -> AsyncIterator[ProviderBooks]:
    """Open the books of a market's provider.

    Args:
        given: The settings as they were set; they tell whether the engines are embedded.
        settings: The same with the addresses of engines that run.
    """
    if has_sandbox(given):
        yield SandboxBooks(sandbox_file(given))
        return
    provider = make_provider(settings)
    try:
        yield provider
    finally:
        await provider.close()


def has_books(given: Settings) -> bool:
    """Return whether there is a provider to compare with, without being asked to."""
    return given.stripe_secret_key is not None or has_sandbox(given)


def has_sandbox(given: Settings) -> bool:
    """Return whether the market pays at its sandbox, and anything was ever paid there."""
    is_used = needs_sandbox(given, embedded=needs_engines(given))
    return is_used and sandbox_file(given).is_file()
