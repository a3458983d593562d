"""Servers are killed under load, alone and together with everything that they stand on."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from instasell_server.commands.standalone import URLS_FILE
from instasell_server.embedded.processes import EngineProcess, find_marked
from tests.faults.conftest import Open, Plan
from tests.faults.market_under_fault import Fault, Field, Tally, repeat
from tests.faults.processes import ServerProcess

pytestmark = pytest.mark.faults


async def kill_one_server(field: Field) -> None:
    """SIGKILL for one of two servers, and a start on its port."""
    server = field.servers[0]
    server.kill()
    await field.go_on()
    await server.start()


async def kill_every_server(field: Field) -> None:
    """SIGKILL for both servers at once: for a moment there is no market at all."""
    for server in field.servers:
        server.kill()
    await asyncio.gather(*(server.start() for server in field.servers))


@pytest.mark.parametrize("fault", [kill_one_server, kill_every_server])
async def test_every_acknowledged_bid_survives_a_killed_server(
    open_field: Open, plan: Plan, fault: Fault
) -> None:
    field = await open_field()
    await repeat(field, fault, rounds=plan.rounds, seconds=plan.seconds)
    assert field.tally.unknown > 0


async def test_every_acknowledged_bid_survives_when_everything_is_killed(
    folder: Path, plan: Plan, tally: Tally
) -> None:
    """kill -9 of an embedded server and of both its engines, as when a machine loses its power."""
    data = folder / "data"
    server = ServerProcess(folder, "alone", data_dir=str(data))

    async def kill_everything(field: Field) -> None:
        marked = json.loads((data / "engines" / "secrets.json").read_text())["mark"]
        uid = (data / "engines" / "postgres").stat().st_uid
        engines = [EngineProcess(seen.pid) for seen in find_marked(marked, uid)]
        server.kill()
        for engine in engines:
            engine.send(signal.SIGKILL)
        for engine in engines:
            assert await asyncio.to_thread(engine.wait, 30)
            engine.release()
        await server.start()

    async with AsyncExitStack() as stack:
        await server.start()
        stack.callback(server.stop)
        url = json.loads((data / URLS_FILE).read_text())["database_url"]
        field = Field(None, url, [server], tally, is_long=plan.is_long)
        await stack.enter_async_context(field.under_load())
        await repeat(field, kill_everything, rounds=plan.rounds, seconds=plan.seconds)


async def test_a_stopped_server_finishes_its_bids_first(open_field: Open) -> None:
    """SIGTERM under load: what was taken is answered, and nobody is left without an answer."""
    field = await open_field()
    server = field.servers[0]
    await asyncio.to_thread(server.stop)
    assert server.status == 0
    await field.go_on()
    await server.start()
    await field.back()
    await field.verdict()
