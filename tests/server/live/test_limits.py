"""Limit what one connection may ask of a server."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from aiohttp import WSMessage

from instasell_client.models.live import FRAME_BYTES_MAX, BoardView
from instasell_server.domains.auctions.board_reader import BoardPage, BoardReader
from instasell_server.http.frame_limit import MESSAGES_MAX
from instasell_server.realtime import budgets, connection
from instasell_server.realtime import subscriber as watcher
from instasell_server.routes import LIVE
from tests.server.live.conftest import Connect, Sql, StartServer
from tests.support.locks import row_locked
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.waiting import until


async def test_a_flood_of_frames_closes_the_socket_with_1008(
    connect: Connect, start_server: StartServer
) -> None:
    limited = await start_server(rate_limit_bids=600)
    socket = await connect(server=limited)
    frame = json.dumps({"event": "leave_auction", "data": {"auction_id": "*"}})
    for _ in range(20):
        if socket.raw.closed:
            break
        await asyncio.gather(
            *(socket.raw.send_str(frame) for _ in range(budgets.FRAMES)),
            return_exceptions=True,
        )
    assert await socket.ended() == 1008


async def test_bids_over_a_socket_count_against_the_limit_by_the_minute(
    market: Market, connect: Connect, start_server: StartServer
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    socket = await connect(bidder.token, server=await start_server(rate_limit_bids=3))
    answers = [await socket.bid(auction, f"k-{n}", max_amount=1000 + n) for n in range(4)]
    assert [each["event"] for each in answers] == ["ack", "ack", "ack", "error"]
    problem = answers[3]["data"]
    assert (problem["code"], problem["status"]) == ("rate_limited", 429)
    assert 0 < problem["retry_after_seconds"] <= 60


async def test_the_bids_in_flight_are_bounded(
    market: Market, connect: Connect, sql: Sql, database_url: str
) -> None:
    """While a row is locked from outside bids pile up; those beyond the bound are refused."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    socket = await connect(bidder.token)
    most = connection.BIDS_IN_FLIGHT_MAX
    with row_locked(database_url, auction):
        asked = [
            asyncio.create_task(socket.bid(auction, f"k-{n}", max_amount=1000 + n))
            for n in range(most + 5)
        ]
        # The refusals come at once, while the others still wait for the row.
        refused = [await each for each in asked[most:]]
        assert not any(each.done() for each in asked[:most])
    answers = await asyncio.gather(*asked[:most])
    assert {each["data"]["code"] for each in refused} == {"rate_limited"}
    assert {each["event"] for each in answers} == {"ack"}
    assert sql("SELECT count(*) FROM bids") == [(most,)]
    assert (await socket.bid(auction, "later", max_amount=5000))["event"] == "ack"


async def test_a_connection_joins_so_many_rooms_and_no_more(
    market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ROOMS_MAX", 2)
    seller = await market.seller()
    first, second, third = [await market.auction(seller) for _ in range(3)]
    socket = await connect()
    for auction in (first, second):
        await socket.ack("join_auction", {"auction_id": auction})
    problem = await socket.refusal("join_auction", {"auction_id": third})
    assert (problem["code"], problem["status"]) == ("rate_limited", 429)
    # One that is joined already may be joined again, which is how a client resumes.
    await socket.ack("join_auction", {"auction_id": first})
    await socket.ack("leave_auction", {"auction_id": first})
    await socket.ack("join_auction", {"auction_id": third})


async def test_joins_have_a_budget_by_connection_and_by_address(
    market: Market, connect: Connect, start_server: StartServer
) -> None:
    # Ten at once each, and twenty of the address; a turn comes back in a minute, and in a second.
    limits = {"rate_limit_joins": 1, "rate_limit_joins_address": 60}
    server = await start_server(rate_limit_bids=600, **limits)
    auction = await market.auction(await market.seller())
    wish = {"auction_id": auction}
    first, second, third = [await connect(server=server) for _ in range(3)]
    for socket in (first, second):
        for _ in range(10):
            # A loop of joining and leaving is one of joining.
            await socket.ack("join_auction", wish)
            await socket.ack("leave_auction", wish)
        problem = await socket.refusal("join_auction", wish)
        assert (problem["code"], problem["status"]) == ("rate_limited", 429)
        assert "this connection" in problem["detail"]
        assert 1 <= problem["retry_after_seconds"] <= 60
    # The board needs ten turns.
    problem = await third.refusal("join_auction", {"auction_id": "*"})
    assert "this address" in problem["detail"]
    assert 1 <= problem["retry_after_seconds"] <= 10
    for socket in (first, second, third):
        assert "server_time" in await socket.ack("ping")


async def test_guessing_tokens_counts_as_joining(
    connect: Connect, start_server: StartServer
) -> None:
    server = await start_server(rate_limit_bids=600, rate_limit_joins=1)
    socket = await connect(server=server)
    codes = [
        (await socket.refusal("authenticate", {"token": "not.a.token"}))["code"] for _ in range(11)
    ]
    assert codes == ["unauthenticated"] * 10 + ["rate_limited"]


def test_the_bucket_of_an_address_outlives_its_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else every new connection would be a new budget; one that is full is forgotten."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(budgets, "BUCKETS_MAX", 2)
    rate = budgets.Rate(10, 1)
    buckets = budgets.AddressBuckets(rate)
    buckets.of("192.0.2.1").take(10)
    assert buckets.of("192.0.2.1").wait_seconds(rate, 1) == 1
    assert buckets.of("2001:db8::1") is buckets.of("2001:db8::2")
    buckets.of("192.0.2.3")
    assert buckets.of("192.0.2.1").wait_seconds(rate, 3) == 3
    assert len(buckets._buckets) == 2
    now = 103.0
    assert buckets.of("192.0.2.1").wait_seconds(rate, 3) == 0


async def test_a_frame_of_garbage_gets_a_short_answer(connect: Connect) -> None:
    """400 bad fields fit into 4 KiB; told one by one they would be ten times as much."""
    socket = await connect()
    garbage = json.dumps({"event": "ping", **{f"{n:x}": 0 for n in range(400)}})
    assert 3000 < len(garbage) <= FRAME_BYTES_MAX
    await socket.raw.send_str(garbage)
    error = await socket.raw_event("error")
    assert error["data"]["code"] == "invalid"
    assert len(json.dumps(error)) < 2048


async def test_a_reader_that_takes_no_answers_costs_little_and_is_closed(
    server: RunningServer, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hundred missed bids are 90 KB, for a question of 90 bytes."""
    monkeypatch.setattr(watcher, "STALLED_SECONDS", 1.0)
    hub = server.app[LIVE].hub
    auction = await auction_of_500_bids(market, connect)
    asking = await connect()
    await asking.ack("ping")
    [asked] = set(hub._watchers) - {each for room in hub._rooms.values() for each in room.watchers}
    other = await connect()
    asking.pause_reading()
    for number in range(300):
        wish = {"auction_id": auction, "after_seq": 0}
        await asking.send("join_auction", wish, frame_id=number)
    most = 0
    async with asyncio.timeout(60):
        while asked in hub._watchers:
            most = max(most, asked.waiting_bytes)
            await other.ack("ping")
    assert 0 < most <= watcher.UNREAD_BYTES_MAX
    asking.resume_reading()
    assert await asking.ended() in (1006, None)


async def test_one_who_reads_late_gets_every_answer(
    server: RunningServer, market: Market, connect: Connect
) -> None:
    """While a client does not read, its requests wait; none is lost, and they stay in order."""
    hub = server.app[LIVE].hub
    auction = await auction_of_500_bids(market, connect)
    asking, other = await connect(), await connect()
    asking.pause_reading()
    wish = {"auction_id": auction, "after_seq": 0}
    asked = [asyncio.create_task(asking.ask("join_auction", wish)) for _ in range(20)]
    # Both ends have buffers to fill before answers wait in the server itself.
    await until(lambda: any(each.is_slow for each in hub._watchers))
    assert not all(each.done() for each in asked)
    asking.resume_reading()
    answers = [await each for each in asked]
    assert {len(each["data"]["missed"]) for each in answers} == {500}
    assert [each["id"] for each in answers] == sorted(each["id"] for each in answers)
    assert "server_time" in await other.ack("ping")


async def test_requests_of_one_who_does_not_read_wait_unparsed(
    server: RunningServer, market: Market, connect: Connect
) -> None:
    """As objects of the server they would take five times what they are on the wire."""
    endpoint = server.app[LIVE]
    auction = await auction_of_500_bids(market, connect)
    asking = await connect()
    await asking.ack("ping")
    [waiting] = [each for each in endpoint._open if not each._watcher.rooms]
    asking.pause_reading()
    wish = {"auction_id": auction, "after_seq": 0}
    asked = [asyncio.create_task(asking.ask("join_auction", wish)) for _ in range(20)]
    asked += [asyncio.create_task(asking.ask("ping")) for _ in range(2000)]
    await until(lambda: waiting._frame_limit._is_paused)
    assert len(waiting._socket._reader._buffer) <= MESSAGES_MAX
    asking.resume_reading()
    answers = [await each for each in asked]
    assert {each["event"] for each in answers} == {"ack"}
    assert [each["id"] for each in answers] == sorted(each["id"] for each in answers)


async def test_no_frame_is_handled_of_a_connection_that_was_cut_off(
    connect: Connect, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(rate_limit_bids=600)
    hub, buckets = server.app[LIVE].hub, server.app[LIVE]._services.frames
    assert buckets is not None
    handled: list[str] = []
    accept = connection.LiveConnection._accept

    async def note(self: connection.LiveConnection, message: WSMessage) -> bool:
        handled.append(message.data)
        return await accept(self, message)

    socket = await connect(server=server)
    await socket.ack("ping")
    [watched] = hub._watchers
    monkeypatch.setattr(connection.LiveConnection, "_accept", note)
    # The next frame waits for its turn, and its connection is cut off meanwhile.
    address = buckets.of("127.0.0.1")
    address.take(budgets.ADDRESS_FRAMES + 60)
    counted_at = address._at
    await socket.send("ping")
    await until(lambda: address._at > counted_at)
    watched.abort()
    await until(lambda: not hub._watchers)
    assert not handled


async def test_a_board_that_is_not_read_waits_in_the_database_and_comes_whole(
    server: RunningServer, market: Market, connect: Connect, sql: Sql
) -> None:
    """3,000 auctions are 2 MB, of which a reader that hangs holds a few slices."""
    hub = server.app[LIVE].hub
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    many_auctions(sql, auction, 3000)
    # So that it is among the 500 that end soonest.
    sql("UPDATE auctions SET planned_end_at = end_at, end_at = end_at + interval '1 hour'")
    sql("UPDATE auctions SET end_at = planned_end_at WHERE id = %s", auction)
    reading = await connect(bidder.token)
    await reading.ack("ping")
    [slow] = hub._watchers
    reading.pause_reading()
    joining = asyncio.create_task(reading.ask("join_auction", {"auction_id": "*"}))
    pinging = asyncio.create_task(reading.ask("ping"))
    await until(lambda: slow.is_slow)
    await bidder.auctions.bid(auction, max_amount=5000)
    await hub.notify_user((await bidder.auth.me()).id, b'{"event":"wallet_changed","data":{}}')
    assert not joining.done()
    assert slow.waiting_bytes < 128 * 1024
    reading.resume_reading()
    joined = (await joining)["data"]
    assert len(joined["auctions"]) == 500
    assert "server_time" in (await pinging)["data"]
    # What happened meanwhile comes after it.
    await reading.event("wallet_changed")
    assert joined["your_bids"] == []
    assert (await reading.event("bid_placed"))["auction_id"] == auction
    assert (await reading.event("your_bid_changed"))["leading"]
    await until(lambda: not slow.is_slow)
    assert reading.order.index("ack", 1) < reading.order.index("wallet_changed")


async def test_one_who_is_gone_before_the_board_is_read_leaves_nothing(
    server: RunningServer, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = server.app[LIVE].hub
    opened, reads = asyncio.Event(), 0
    read = BoardReader.window

    async def slowly(reader: BoardReader, view: BoardView) -> BoardPage:
        nonlocal reads
        reads += 1
        await opened.wait()
        return await read(reader, view)

    monkeypatch.setattr(BoardReader, "window", slowly)
    gone, stays = await connect(), await connect()
    joins = [
        asyncio.create_task(each.ask("join_auction", {"auction_id": "*"})) for each in (gone, stays)
    ]
    await until(lambda: reads == 1 and len(hub.board.joining) == 2)
    gone.cut()
    await until(lambda: len(hub._watchers) == 1)
    opened.set()
    await asyncio.gather(*joins, return_exceptions=True)
    assert len(hub.board.watchers) == 1


async def auction_of_500_bids(market: Market, connect: Connect) -> str:
    """The id of an auction whose bids are as many as a join may ask for."""
    bidder = await market.bidder()
    auction = await market.auction(await market.seller())
    socket = await connect(bidder.token)
    await socket.ack("join_auction", {"auction_id": auction})
    for start in range(0, 500, connection.BIDS_IN_FLIGHT_MAX):
        batch = range(start, min(500, start + connection.BIDS_IN_FLIGHT_MAX))
        await asyncio.gather(*(socket.bid(auction, f"k-{n}", max_amount=1000 + n) for n in batch))
    return auction


def many_auctions(sql: Sql, auction: str, count: int) -> None:
    """Copy an auction, with its listing, straight in the database."""
    sql(
        "WITH source AS (SELECT * FROM auctions WHERE id = %s), copies AS ("
        " INSERT INTO listings (seller_id, title, category_id, type, condition, stock)"
        " SELECT l.seller_id, l.title, l.category_id, 'auction', 'new', 1"
        " FROM source JOIN listings l ON l.id = source.listing_id, generate_series(1, %s)"
        " RETURNING id)"
        " INSERT INTO auctions (listing_id, seller_id, status, start_at, end_at, planned_end_at,"
        " min_bid, increments, extension_window_seconds, extension_seconds, reserve_met,"
        " created_at)"
        " SELECT copies.id, s.seller_id, s.status, s.start_at, s.end_at, s.end_at, s.min_bid,"
        " s.increments, 5, 5, false, s.created_at FROM source s, copies",
        auction,
        count,
    )
