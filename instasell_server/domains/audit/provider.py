"""Compares the market's account of what the payment provider holds with the provider's own."""

from __future__ import annotations

import asyncio

from instasell_server.db.connections import Database
from instasell_server.db.transaction import BEGIN_SNAPSHOT, transact
from instasell_server.domains.audit import store
from instasell_server.domains.audit.service import Finding, ProviderView, Report
from instasell_server.ports import Movements, ProviderBooks

MOVEMENTS_MAX = 200_000
ATTEMPTS = 3
PAUSE_SECONDS = 2.0


async def compare(
    database: Database, provider: ProviderBooks, currency: str, report: Report
) -> None:
    """Add the provider's view to a report, and a finding where the two differ.

    The market goes on meanwhile, so that its account is read before and after the provider's, and
    a difference is looked at again before it is believed. Raises the port's Refused, Unreachable.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(PAUSE_SECONDS)
        before = await _account(database)
        there = await provider.sum_movements(currency, MOVEMENTS_MAX)
        after = await _account(database)
        low = min(each.held - each.leaving for each in (before, after))
        high = max(each.held + each.coming for each in (before, after))
        if there.is_complete and low <= there.amount <= high:
            break
    report.provider = ProviderView(
        there.count, there.amount, after.held, there.fee_amount, after.fee_amount
    )
    report.findings += _differences(there, low, high)


def _differences(there: Movements, low: int, high: int) -> list[Finding]:
    if not there.is_complete:
        return [Finding("provider", "account", "movements", MOVEMENTS_MAX, "more than that")]
    if not low <= there.amount <= high:
        expected = str(low) if low == high else f"{low} to {high}"
        return [Finding("provider", "account", "held", expected, there.amount)]
    return []


async def _account(database: Database) -> store.ProviderAccount:
    return await transact(database, store.get_provider_account, begin=BEGIN_SNAPSHOT)
