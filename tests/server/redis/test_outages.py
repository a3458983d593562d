"""A Redis that freezes, dies and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from instasell_server.adapters.redis import breaker
from instasell_server.adapters.redis.engine import RedisEngine
from instasell_server.embedded import EmbeddedEngines
from instasell_server.ports import Unreachable


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[EmbeddedEngines]:
    """An engine that this module may freeze and kill."""
    with tempfile.TemporaryDirectory(prefix="is-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedEngines(Path(folder) / "data", postgres=False) as engines:
            yield engines


@pytest.fixture
async def engine(own_valkey: EmbeddedEngines) -> AsyncIterator[RedisEngine]:
    own_valkey.ensure_running()
    made = RedisEngine(own_valkey.urls.redis_url)
    yield made
    await made.close()


class Ear:
    """Hears a bus."""

    def __init__(self, engine: RedisEngine) -> None:
        self.heard: list[bytes] = []
        self.arrived = asyncio.Event()
        self.came_back = asyncio.Event()
        engine.bus.listen(self._take, self.came_back.set)

    async def _take(self, message: bytes) -> None:
        self.heard.append(message)
        self.arrived.set()


async def _until_peers(engine: RedisEngine, wanted: int) -> None:
    while engine.bus.peers != wanted:  # noqa: ASYNC110 - a port tells a number, not an event
        await asyncio.sleep(0.02)


async def test_messages_reach_the_others_and_not_the_sender(own_valkey: EmbeddedEngines) -> None:
    servers = [RedisEngine(own_valkey.urls.redis_url) for _ in range(3)]
    ears = [Ear(server) for server in servers]
    for server in servers:
        assert server.bus.peers == 0
        server.start()
    async with asyncio.timeout(10):
        for server in servers:
            await _until_peers(server, 2)
        await servers[0].bus.publish([b"one", b"\x00two\r\n"])
        for ear in ears[1:]:
            while len(ear.heard) < 2:
                ear.arrived.clear()
                await ear.arrived.wait()
    assert [ear.heard for ear in ears] == [[], [b"one", b"\x00two\r\n"], [b"one", b"\x00two\r\n"]]
    for server in servers:
        await server.close()


async def test_a_server_that_leaves_is_no_peer_any_more(own_valkey: EmbeddedEngines) -> None:
    one, two = (RedisEngine(own_valkey.urls.redis_url) for _ in range(2))
    one.start()
    two.start()
    async with asyncio.timeout(10):
        await _until_peers(one, 1)
        await two.close()
        await _until_peers(one, 0)
    await one.close()


async def test_a_frozen_redis_costs_one_time_out(
    own_valkey: EmbeddedEngines, engine: RedisEngine
) -> None:
    await engine.cache.put("k", b"v", version=1, ttl_seconds=60)
    pid = own_valkey.valkey_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            await engine.locks.acquire(["lock:auction:a"], "one")
        waited = time.monotonic() - started
        # The mechanism and not the machine's speed: while the breaker is open nobody waits.
        assert waited >= breaker.TIMEOUT_SECONDS
        for _ in range(100):
            with pytest.raises(Unreachable, match="a moment ago"):
                await engine.cache.get("k")
    finally:
        os.kill(pid, signal.SIGCONT)
    async with asyncio.timeout(10):
        while True:
            try:
                assert await engine.cache.get("k") == b"v"
                break
            except Unreachable:
                await asyncio.sleep(0.05)


async def test_a_killed_redis_comes_back_to_the_bus(
    own_valkey: EmbeddedEngines, engine: RedisEngine
) -> None:
    ear = Ear(engine)
    engine.start()
    other = RedisEngine(own_valkey.urls.redis_url)
    other.start()
    async with asyncio.timeout(20):
        await _until_peers(engine, 1)
        assert not ear.came_back.is_set()
        await asyncio.to_thread(own_valkey.kill_valkey)
        await other.bus.publish([b"lost"])
        await asyncio.to_thread(own_valkey.start_valkey)
        await ear.came_back.wait()
        while not ear.heard:
            await other.bus.publish([b"heard"])
            await asyncio.sleep(0.05)
    assert set(ear.heard) == {b"heard"}
    await other.close()


async def test_idle_connections_that_a_restart_broke_cost_one_failure(
    own_valkey: EmbeddedEngines, engine: RedisEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(*(engine.cache.get("k") for _ in range(10)))
    await asyncio.to_thread(own_valkey.kill_valkey)
    await asyncio.to_thread(own_valkey.start_valkey)
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 0.0)
    failures = 0
    for _ in range(10):
        try:
            await engine.cache.get("k")
        except Unreachable:
            failures += 1
    assert failures <= 1
