"""Many equal bids at once, and the controls that show what each protection is for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack

import aiohttp
import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.auctions import locked_store
from instasell_server.domains.audit.service import audit
from tests.races.conftest import Sql
from tests.races.unprotected import (
    Meeting,
    without_redis_locks,
    without_row_locks,
    without_unique_numbers,
    without_version_check,
)
from tests.server.accounts_support import sign_up
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.sockets import Frame, LiveSocket, live_socket

pytestmark = pytest.mark.races


@pytest.fixture
async def sockets(servers: list[RunningServer]) -> AsyncIterator[list[LiveSocket]]:
    """20 bidders, signed in on one server or the other in turn."""
    async with (
        AsyncExitStack() as stack,
        aiohttp.ClientSession(servers[0].base_url) as http,
    ):
        opened = []
        for number in range(20):
            person = await sign_up(http)
            url = servers[number % 2].base_url
            opened.append(await stack.enter_async_context(live_socket(url, person.token)))
        yield opened


async def all_at_once(
    sockets: Sequence[LiveSocket], auction: str, count: int, amount: int
) -> list[Frame]:
    """`count` equal bids, each with a key of its own, spread over the sockets."""
    return await asyncio.gather(
        *(
            sockets[number % len(sockets)].bid(auction, f"k-{number}", amount=amount)
            for number in range(count)
        )
    )


async def test_of_1000_equal_bids_exactly_one_is_accepted(
    market: Market, sockets: list[LiveSocket], sql: Sql, database: Database
) -> None:
    auction = await market.auction(await market.seller(), min_bid=1000)
    answers = await all_at_once(sockets, auction, 1000, 1000)
    taken = [each for each in answers if each["event"] == "ack"]
    refused = {each["data"]["code"] for each in answers if each["event"] == "error"}
    assert len(taken) == 1
    assert refused == {"bid_too_low", "already_leading"}
    assert sql("SELECT seq, amount FROM bids") == [(1, 1000)]
    assert (await audit(database, auctions=True)).findings == []


async def _two_equal_bids(
    market: Market, sockets: list[LiveSocket], prepare: Callable[[], None]
) -> int:
    """Return how many of two equal first bids, one at each server, are accepted."""
    auction = await market.auction(await market.seller(), min_bid=1000)
    prepare()
    answers = await all_at_once(sockets[:2], auction, 2, 1000)
    return sum(each["event"] == "ack" for each in answers)


async def test_locks_that_expire_in_mid_transaction_double_nothing(
    market: Market, sockets: list[LiveSocket], sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis keeps nobody out here. The row lock does."""

    def prepare() -> None:
        without_redis_locks(monkeypatch)
        Meeting(monkeypatch, locked_store, "read_bidders")

    assert await _two_equal_bids(market, sockets, prepare) == 1
    assert sql("SELECT count(*) FROM bids") == [(1,)]


async def test_the_version_alone_doubles_nothing_either(
    market: Market, sockets: list[LiveSocket], sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Redis and without row locks, the one who wrote second has to decide again."""

    def prepare() -> None:
        without_redis_locks(monkeypatch)
        without_row_locks(monkeypatch)
        without_unique_numbers(sql)
        Meeting(monkeypatch, locked_store, "read_bidders")

    assert await _two_equal_bids(market, sockets, prepare) == 1
    assert sql("SELECT count(*) FROM bids") == [(1,)]


async def test_control_without_row_lock_and_version_both_are_accepted(
    market: Market, sockets: list[LiveSocket], sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Show what an expired Redis lock would do if it were the only protection."""

    def prepare() -> None:
        without_redis_locks(monkeypatch)
        without_row_locks(monkeypatch)
        without_version_check(monkeypatch)
        without_unique_numbers(sql)
        Meeting(monkeypatch, locked_store, "read_bidders")

    assert await _two_equal_bids(market, sockets, prepare) == 2
    assert sql("SELECT seq, amount FROM bids") == [(1, 1000), (1, 1000)]
