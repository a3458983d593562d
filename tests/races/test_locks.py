"""The Redis locks: a hint that may expire, be taken over, or never be had."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from instasell_server.adapters.redis.engine import RedisEngine
from instasell_server.domains.auctions.bidding.lock_hints import lock_name
from tests.races.conftest import Sql
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.waiting import until

pytestmark = pytest.mark.races

LOCK = "lock:auction:for-tests"


@pytest.fixture
async def locks(redis_url: str) -> AsyncIterator[RedisEngine]:
    """The adapter alone, without a server."""
    engine = RedisEngine(redis_url)
    yield engine
    await engine.close()


@pytest.fixture
def direct(redis_url: str) -> Iterator[redis.Redis]:
    """Redis past the adapter."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


async def test_a_lock_is_had_by_one_and_runs_out(locks: RedisEngine, direct: redis.Redis) -> None:
    assert await locks.locks.acquire([LOCK], "mine") == {LOCK}
    assert await locks.locks.acquire([LOCK], "another") == set()
    assert 0 < int(str(direct.pttl(LOCK))) <= 5000


async def test_only_the_holder_frees_a_lock(locks: RedisEngine, direct: redis.Redis) -> None:
    """One that expired and was taken by another stays with that one."""
    await locks.locks.acquire([LOCK], "mine")
    direct.delete(LOCK)
    assert await locks.locks.acquire([LOCK], "another") == {LOCK}
    await locks.locks.release([LOCK], "mine")
    assert direct.get(LOCK) == b"another"
    await locks.locks.release([LOCK], "another")
    assert direct.get(LOCK) is None


async def test_control_a_plain_delete_frees_the_lock_of_another(
    locks: RedisEngine, direct: redis.Redis
) -> None:
    """Show what the comparison of tokens is for."""
    await locks.locks.acquire([LOCK], "mine")
    direct.delete(LOCK)
    await locks.locks.acquire([LOCK], "another")
    direct.delete(LOCK)
    assert await locks.locks.acquire([LOCK], "a third") == {LOCK}


async def test_a_lock_that_a_dead_server_left_keeps_nobody_out(
    market: Market, direct: redis.Redis, sql: Sql
) -> None:
    """Nobody frees it and it has no end, and still the bid is taken: locks are only waited for."""
    auction = await market.auction(await market.seller())
    direct.set(lock_name(auction), "a server that is gone")
    bidder = await market.bidder()
    assert (await bidder.auctions.bid(auction, amount=1000)).seq == 1
    assert direct.get(lock_name(auction)) == b"a server that is gone"


async def test_locks_are_freed_after_the_bids(
    servers: list[RunningServer], market: Market, direct: redis.Redis
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auctions = [await market.auction(seller) for _ in range(3)]
    await asyncio.gather(*(bidder.auctions.bid(each, amount=1000) for each in auctions))
    await until(lambda: not direct.keys("lock:auction:*"))
