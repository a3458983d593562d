"""PostgreSQL and Redis are killed, stopped, frozen and cut off under load."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.faults.conftest import Open, Plan
from tests.faults.market_under_fault import Fault, Field, repeat

pytestmark = pytest.mark.faults


async def kill_postgres(field: Field) -> None:
    """SIGKILL for PostgreSQL and a start, which recovers from the log."""
    await asyncio.to_thread(field.engines.kill_postgres)
    await asyncio.to_thread(field.engines.start_postgres)


async def stop_postgres_at_once(field: Field) -> None:
    """An immediate stop: no checkpoint, no farewell."""
    pid = field.engines.postgres_pid
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    # What is left of it is cleared away by the kill.
    await asyncio.to_thread(field.engines.kill_postgres)
    await asyncio.to_thread(field.engines.start_postgres)


async def terminate_backends(field: Field) -> None:
    """Every connection of the servers is ended by an administrator, in mid-transaction too."""
    await asyncio.to_thread(
        field.sql,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'instasell'",
    )


async def kill_valkey(field: Field) -> None:
    """SIGKILL for Redis; bids go on without it, and with it again."""
    await asyncio.to_thread(field.engines.kill_valkey)
    await field.without_locks()
    await asyncio.to_thread(field.engines.start_valkey)


async def freeze_valkey(field: Field) -> None:
    """Redis takes everything and answers nothing; the breaker opens and bids go on."""
    pid = field.engines.valkey_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        await field.without_locks()
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "fault", [kill_postgres, stop_postgres_at_once, terminate_backends, kill_valkey, freeze_valkey]
)
async def test_nothing_is_lost_and_nothing_happens_twice(
    open_field: Open, plan: Plan, fault: Fault
) -> None:
    field = await open_field()
    await repeat(field, fault, rounds=plan.rounds, seconds=plan.seconds)
