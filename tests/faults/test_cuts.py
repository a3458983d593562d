"""The way between servers and PostgreSQL delays, resets and swallows what passes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.conftest import Open, Plan
from tests.faults.market_under_fault import Field, repeat
from tests.faults.proxy import DatabaseProxy, database_proxy, through
from tests.support.waiting import until

pytestmark = pytest.mark.faults


@pytest.fixture
async def proxy(own_database: str, folder: Path) -> AsyncIterator[DatabaseProxy]:
    """A proxy in front of the database of the test."""
    async with database_proxy(own_database, folder) as opened:
        yield opened


@pytest.fixture
async def field(open_field: Open, own_database: str, proxy: DatabaseProxy) -> Field:
    """Servers that reach PostgreSQL through the proxy only."""
    opened: Field = await open_field(database_url=through(proxy, own_database))
    return opened


async def test_delays_cost_time_and_nothing_else(
    field: Field, proxy: DatabaseProxy, plan: Plan
) -> None:
    async def delay(field: Field) -> None:
        proxy.delay_seconds = 0.05
        await field.go_on()
        proxy.delay_seconds = 0.0

    await repeat(field, delay, rounds=plan.rounds, seconds=plan.seconds)


async def test_resets_lose_nothing(field: Field, proxy: DatabaseProxy, plan: Plan) -> None:
    async def reset(field: Field) -> None:
        proxy.reset()

    await repeat(field, reset, rounds=plan.rounds, seconds=plan.seconds)


async def test_a_commit_whose_answer_is_lost_is_found_by_its_keys(
    field: Field, proxy: DatabaseProxy, plan: Plan
) -> None:
    """The server asks again on a new connection, so no bidder notices anything."""

    async def cut(field: Field) -> None:
        proxy.cut_commits = 5
        cuts = proxy.cuts
        await until(lambda: proxy.cuts >= cuts + 5)

    await repeat(field, cut, rounds=plan.rounds, seconds=plan.seconds)
    assert proxy.cuts >= 5


async def test_a_commit_that_nobody_can_look_for_is_unknown_and_its_key_tells(
    field: Field, proxy: DatabaseProxy, plan: Plan
) -> None:
    """The database is gone right after a COMMIT: 503 outcome_unknown, and later the same key."""

    async def cut_and_shut(field: Field) -> None:
        unknown = field.unknown()
        proxy.shuts_after_cut, proxy.cut_commits = True, 1
        await until(lambda: field.unknown() > unknown)
        proxy.shuts_after_cut = proxy.shut = False

    before = field.tally.unknown_but_committed
    await repeat(field, cut_and_shut, rounds=plan.rounds, seconds=plan.seconds)
    codes = {each.code for each in field.load.log.operations if each.outcome == "unknown"}
    assert "outcome_unknown" in codes
    assert field.tally.unknown_but_committed > before


async def test_a_silent_way_is_given_up(field: Field, proxy: DatabaseProxy) -> None:
    """Nothing comes through and nothing is cut: bids fail, and then the market goes on."""
    put_off = {"unavailable", "outcome_unknown"}
    proxy.delay_seconds = 3600.0
    since = len(field.load.log.operations)
    await until(lambda: any(each.code in put_off for each in field.load.log.operations[since:]))
    proxy.delay_seconds = 0.0
    proxy.reset()
    await field.back()
    await field.verdict()
