"""Locks, caches and the limiter on a real engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from instasell_server.adapters.redis.engine import RedisEngine
from instasell_server.ports import Unreachable

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
async def engine(redis_url: str) -> AsyncIterator[RedisEngine]:
    made = RedisEngine(redis_url)
    yield made
    await made.close()


@pytest.fixture
async def raw(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def test_a_lock_has_one_holder(engine: RedisEngine, raw: redis.asyncio.Redis) -> None:
    names = [f"lock:auction:{number}" for number in range(50)]
    assert await engine.locks.acquire(names, "one") == set(names)
    assert await engine.locks.acquire(names[:2], "two") == set()
    assert 4000 < await raw.pttl(names[0]) <= 5000


async def test_only_the_holder_frees_a_lock(engine: RedisEngine, raw: redis.asyncio.Redis) -> None:
    await engine.locks.acquire(["lock:auction:a", "lock:auction:b"], "one")
    await engine.locks.release(["lock:auction:a", "lock:auction:b"], "two")
    assert await raw.exists("lock:auction:a", "lock:auction:b") == 2
    await engine.locks.release(["lock:auction:a"], "one")
    assert await raw.exists("lock:auction:a", "lock:auction:b") == 1


async def test_scripts_survive_a_redis_that_forgot_them(
    engine: RedisEngine, raw: redis.asyncio.Redis
) -> None:
    await raw.script_flush()
    await engine.locks.acquire(["lock:auction:a"], "one")
    await engine.locks.release(["lock:auction:a"], "one")
    assert await raw.exists("lock:auction:a") == 0


async def test_exchanges_at_once_keep_their_replies_apart(engine: RedisEngine) -> None:
    for number in range(20):
        await engine.cache.put(f"key:{number}", b"%d" % number, version=1, ttl_seconds=60)
    found = await asyncio.gather(*(engine.cache.get(f"key:{number % 20}") for number in range(200)))
    assert found == [b"%d" % (number % 20) for number in range(200)]


async def test_a_cancelled_exchange_spoils_no_other(engine: RedisEngine) -> None:
    await engine.cache.put("a", b"A", version=1, ttl_seconds=60)
    await engine.cache.put("b", b"B", version=1, ttl_seconds=60)
    for turns in range(8):
        task = asyncio.create_task(engine.cache.get("a"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await engine.cache.get("b") == b"B"


async def test_an_older_value_never_replaces_a_newer(engine: RedisEngine) -> None:
    await engine.cache.put("auction:1", b"new", version=7, ttl_seconds=60)
    await engine.cache.put("auction:1", b"old", version=6, ttl_seconds=60)
    assert await engine.cache.get("auction:1") == b"new"
    await engine.cache.put("auction:1", b"newest", version=10, ttl_seconds=60)
    assert await engine.cache.get("auction:1") == b"newest"


async def test_a_retired_value_is_absent_and_stays_so_for_slow_readers(
    engine: RedisEngine, raw: redis.asyncio.Redis
) -> None:
    await engine.cache.put("auction:1", b"old", version=6, ttl_seconds=60)
    assert await engine.cache.invalidate({"auction:1": 7, "auction:2": 3}, ttl_seconds=60)
    assert await engine.cache.get("auction:1") is None
    await engine.cache.put("auction:1", b"old", version=6, ttl_seconds=60)
    assert await engine.cache.get("auction:1") is None
    await engine.cache.put("auction:1", b"new", version=7, ttl_seconds=60)
    assert await engine.cache.get("auction:1") == b"new"
    assert await engine.cache.invalidate({"auction:1": 7}, ttl_seconds=60)
    assert await engine.cache.get("auction:1") == b"new"
    await engine.cache.put("auction:2", b"older", version=2, ttl_seconds=60)
    assert await engine.cache.get("auction:2") is None


@pytest.mark.parametrize("garbage", [b"", b"\xff\x00", b"=x:1", b"7:value", b"=7value"])
async def test_garbage_is_distinct_from_absence_and_gives_way(
    engine: RedisEngine, raw: redis.asyncio.Redis, garbage: bytes
) -> None:
    await raw.set("k", garbage)
    assert await engine.cache.get("k") == b""
    assert await engine.cache.get("other") is None
    await engine.cache.put("k", b"value", version=1, ttl_seconds=60)
    assert await engine.cache.get("k") == b"value"


async def test_another_type_is_garbage_and_gives_way(
    engine: RedisEngine, raw: redis.asyncio.Redis
) -> None:
    await raw.rpush("k", "1")
    assert await engine.cache.get("k") == b""
    await engine.cache.put("k", b"value", version=1, ttl_seconds=60)
    assert await engine.cache.get("k") == b"value"


async def test_a_value_may_hold_any_bytes(engine: RedisEngine) -> None:
    value = bytes(range(256)) + b"\r\n:=~"
    await engine.cache.put("k", value, version=1, ttl_seconds=60)
    assert await engine.cache.get("k") == value
    assert await engine.cache.drop(["k"])
    assert await engine.cache.get("k") is None


async def test_two_hundred_at_once_against_a_hundred(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What takes longer is let through, so as to hold up nobody.
    monkeypatch.setattr("instasell_server.adapters.redis.breaker.TIMEOUT_SECONDS", 30.0)
    servers = [RedisEngine(redis_url), RedisEngine(redis_url)]
    quotas = await asyncio.gather(
        *(
            servers[number % 2].limiter.hit("anonymous", "192.0.2.1", limit=100, window_seconds=900)
            for number in range(200)
        )
    )
    assert sum(quota.allowed for quota in quotas) == 100
    assert min(quota.remaining for quota in quotas) == 0
    assert all(0 < quota.reset_after_seconds <= 901 for quota in quotas)
    for server in servers:
        await server.close()


async def test_a_look_counts_nothing(engine: RedisEngine) -> None:
    limits = {"limit": 2, "window_seconds": 60}
    for _ in range(5):
        assert (await engine.limiter.peek("b", "w", **limits)).remaining == 2
    await engine.limiter.hit("b", "w", **limits)
    assert (await engine.limiter.peek("b", "w", **limits)).remaining == 1
    await engine.limiter.hit("b", "w", **limits)
    assert not (await engine.limiter.peek("b", "w", **limits)).allowed
    assert (await engine.limiter.peek("b", "other", **limits)).allowed


async def test_without_redis_a_local_bucket_counts() -> None:
    engine = RedisEngine(NOWHERE)
    quotas = [
        await engine.limiter.hit("anonymous", "192.0.2.1", limit=3, window_seconds=900)
        for _ in range(5)
    ]
    assert [quota.allowed for quota in quotas] == [True, True, True, False, False]
    await engine.close()


async def test_without_redis_every_port_says_so_and_no_more() -> None:
    engine = RedisEngine(NOWHERE)
    with pytest.raises(Unreachable):
        await engine.locks.acquire(["lock:auction:a"], "one")
    with pytest.raises(Unreachable):
        await engine.cache.get("k")
    await engine.locks.release(["lock:auction:a"], "one")
    await engine.cache.put("k", b"v", version=1, ttl_seconds=1)
    assert not await engine.cache.drop(["k"])
    assert not await engine.cache.invalidate({"k": 1}, ttl_seconds=1)
    await engine.bus.publish([b"lost"])
    await engine.close()
