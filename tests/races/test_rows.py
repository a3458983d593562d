"""Rows that another transaction holds, and bidders who do not wait for their answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from instasell_client import errors
from instasell_client.models.accounts import Role, UserStatus
from instasell_client.models.auctions import BidReceipt, PlaceBid
from instasell_server.db.connections import Database
from instasell_server.domains.auctions import locked_store
from instasell_server.domains.auctions.bidding import auctioneer
from instasell_server.domains.auctions.bidding import bid_batch as judging
from instasell_server.domains.auctions.handlers import SERVICE
from instasell_server.domains.audit.service import audit
from instasell_server.ports.principal import Principal
from tests.races.conftest import Sql
from tests.races.unprotected import replace_query
from tests.support.locks import row_locked
from tests.support.market import Market
from tests.support.servers import RunningServer, running, settings_for_tests
from tests.support.sockets import live_socket
from tests.support.waiting import until

pytestmark = pytest.mark.races


async def test_a_locked_row_delays_its_own_auction_only(
    servers: list[RunningServer], market: Market, database_url: str, sql: Sql
) -> None:
    """While one row is held for long, bids on another are answered, batch after batch."""
    seller, bidder = await market.seller(), await market.bidder()
    held, free = await market.auction(seller), await market.auction(seller)
    async with live_socket(servers[0].base_url, bidder.token) as socket:
        with row_locked(database_url, held):
            waiting = [
                asyncio.create_task(socket.bid(held, f"held-{n}", max_amount=1000 + n))
                for n in range(10)
            ]
            for number in range(50):
                answer = await socket.bid(free, f"free-{number}", max_amount=1000 + number)
                assert answer["event"] == "ack"
            assert not any(each.done() for each in waiting)
        answers = await asyncio.gather(*waiting)
    assert [each["event"] for each in answers] == ["ack"] * 10
    assert sql("SELECT count(*) FROM bids WHERE auction_id = %s", held) == [(10,)]


async def test_control_without_skip_locked_everybody_waits(
    servers: list[RunningServer],
    market: Market,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both lanes run into the held row, and the bid on the free auction waits behind them."""
    seller, bidder = await market.seller(), await market.bidder()
    held, free = await market.auction(seller), await market.auction(seller)
    plain = locked_store._sql.lock_free.replace("SKIP LOCKED", "")
    replace_query(monkeypatch, "lock_free", plain)
    async with live_socket(servers[0].base_url, bidder.token) as socket:
        with row_locked(database_url, held):
            first = asyncio.create_task(socket.bid(held, "held", max_amount=1000))
            # Sent in one breath, the two share a batch.
            behind = asyncio.create_task(socket.bid(free, "free", max_amount=1000))
            done, _ = await asyncio.wait({first, behind}, timeout=0.3)
            assert not done
        assert (await behind)["event"] == "ack"
        await first


async def test_a_row_that_is_never_given_up_is_reported_as_unavailable(
    market: Market, database_url: str, sql: Sql
) -> None:
    auction = await market.auction(await market.seller())
    bidder = await market.bidder()
    impatient = await market.anybody(token=bidder.token)
    with row_locked(database_url, auction):
        async with live_socket(market.base_url, impatient.token) as socket:
            answer = await socket.bid(auction, "k", amount=1000)
    assert (answer["data"]["code"], answer["data"]["status"]) == ("unavailable", 503)
    assert sql("SELECT count(*) FROM bids") == [(0,)]


async def test_a_client_gone_in_mid_bid_leaves_all_or_nothing(
    servers: list[RunningServer],
    market: Market,
    database: Database,
    database_url: str,
    sql: Sql,
) -> None:
    """The bid of one who hangs up is judged with the others, and holds nobody up."""
    seller = await market.seller()
    leaver, another, stayer = [await market.bidder() for _ in range(3)]
    auction = await market.auction(seller, increments="none")
    waiting = servers[0].app[SERVICE]._auctioneer
    url = servers[0].base_url
    async with live_socket(url, stayer.token) as staying, live_socket(url, leaver.token) as leaving:
        with row_locked(database_url, auction):
            gone = asyncio.create_task(leaving.bid(auction, "gone", amount=1000))
            await until(lambda: waiting._waiting == 1)
            hung_up = asyncio.create_task(another.auctions.bid(auction, amount=2000))
            await until(lambda: waiting._waiting == 2)
            stayed = asyncio.create_task(staying.bid(auction, "stayed", amount=3000))
            await until(lambda: waiting._waiting == 3)
            leaving.cut()
            hung_up.cancel()
        await asyncio.gather(gone, hung_up, return_exceptions=True)
        assert (await stayed)["event"] == "ack"
    # Nobody waits for the verdicts of those who hung up, so they may come after the others'.
    await until(lambda: waiting._waiting == 0)
    offered = {row[0] for row in sql("SELECT offered_amount FROM bids")}
    # Those who hung up are judged all the same, in whichever order the held row let them in.
    assert 3000 in offered
    assert offered <= {1000, 2000, 3000}
    assert (await audit(database, auctions=True)).findings == []


def _fail_on(amount: int) -> Callable[..., Any]:
    """A judge that breaks down over one bid."""
    judge_batch = judging.decide_batch

    def judge(auctions: Any, commands: Any, facts: Any, now: Any) -> Any:
        if any(each.amount == amount for each in commands):
            raise ZeroDivisionError("a mistake in the rules")
        return judge_batch(auctions, commands, facts, now)

    return judge


async def _bid(market: Market, auction: str, amount: int) -> Any:
    bidder = await market.bidder()
    async with live_socket(market.base_url, bidder.token) as socket:
        return await socket.bid(auction, "k", amount=amount)


@pytest.mark.parametrize("locked", [False, True])
async def test_a_mistake_in_the_judge_is_answered_and_the_market_goes_on(
    servers: list[RunningServer],
    market: Market,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    locked: bool,
) -> None:
    """In the lanes and behind a held row alike nobody is left without an answer."""
    auction = await market.auction(await market.seller())
    monkeypatch.setattr(auctioneer, "decide_batch", _fail_on(666))
    if locked:
        with row_locked(database_url, auction):
            broken = asyncio.create_task(_bid(market, auction, 666))
            await until(lambda: servers[0].app[SERVICE]._auctioneer._waiting == 1)
            await asyncio.wait({broken}, timeout=0.1)
        answer = await broken
    else:
        answer = await _bid(market, auction, 666)
    assert (answer["data"]["code"], answer["data"]["status"]) == ("insta_sell_error", 500)
    assert (await _bid(market, auction, 1000))["event"] == "ack"
    assert servers[0].app[SERVICE]._auctioneer._waiting == 0


async def test_one_key_twice_in_a_batch_is_a_bid_and_its_repeat(
    servers: list[RunningServer], market: Market, sql: Sql
) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller())
    [[user_id, session_id]] = sql(
        "SELECT user_id::text, id::text FROM sessions WHERE user_id = %s",
        (await bidder.auth.me()).id,
    )
    principal = Principal(user_id, Role.BUYER, UserStatus.ACTIVE, session_id, None, 0.0)
    service, wish = servers[0].app[SERVICE], PlaceBid(amount=1000)
    # Handed in during one turn of the loop, they are judged together.
    receipts = await asyncio.gather(
        *(service.submit_bid(principal, auction, wish, "same") for _ in range(3))
    )
    told = [isinstance(each, BidReceipt) and (each.seq, each.repeated) for each in receipts]
    assert told == [(1, False), (1, True), (1, True)]


async def test_what_fails_after_the_commit_takes_nothing_back(
    servers: list[RunningServer], market: Market, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bid that is durable is acknowledged, even if telling the others of it breaks down."""

    async def fail(*_: object) -> None:
        raise ZeroDivisionError("a mistake in the fan-out")

    auction = await market.auction(await market.seller())
    for name in ("invalidate", "broadcast"):
        monkeypatch.setattr(servers[0].app[SERVICE]._auctioneer._lifecycle, name, fail)
    assert (await _bid(market, auction, 1000))["event"] == "ack"
    assert sql("SELECT count(*) FROM bids") == [(1,)]


async def test_queues_of_idle_auctions_are_cleared_away(
    servers: list[RunningServer], market: Market
) -> None:
    """Whatever ids are bid on, also made-up ones: with several servers as with one."""
    bidder = await market.bidder()
    first = servers[0].app[SERVICE]._auctioneer
    await until(lambda: first._hints._bus.peers > 0)
    for number in range(5):
        missing = f"00000000-0000-4000-8000-00000000000{number}"
        with pytest.raises(errors.AuctionNotFound):
            await bidder.auctions.bid(missing, amount=1000)
    auction = await market.auction(await market.seller())
    await bidder.auctions.bid(auction, amount=1000)
    await until(lambda: not first._queues)


async def test_a_bid_without_an_answer_keeps_no_server_from_stopping(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auctioneer, "STOP_SECONDS", 0.05)
    settings = settings_for_tests(database_url, redis_url, log_level="error")
    async with running(settings) as server:
        engine = server.app[SERVICE]._auctioneer
        engine._waiting += 1
        database = engine._database
    assert database._closed
