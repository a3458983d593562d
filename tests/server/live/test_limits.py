"""What one connection may ask of a server."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from instasell_server.http.routes import LIVE
from instasell_server.realtime import websocket
from tests.locking import row_locked
from tests.market import Market
from tests.server.live.conftest import Connect, Sql, StartServer
from tests.serving import RunningServer


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
            *(socket.raw.send_str(frame) for _ in range(websocket.FLOOD_FRAMES)),
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
    most = websocket.BIDS_IN_FLIGHT_MAX
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
    monkeypatch.setattr(websocket, "ROOMS_MAX", 2)
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


async def test_a_reader_that_takes_no_answers_is_closed(
    server: RunningServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers are never spared, so one who only asks and never reads is cut off instead."""
    monkeypatch.setattr(websocket, "UNREAD_BYTES_MAX", 64 * 1024)
    hub = server.app[LIVE].hub
    other, socket = await connect(), await connect()
    await socket.ack("ping")
    socket.pause_reading()
    # Every bad field of a frame is told, so the answer is longer than the question.
    frame = json.dumps({"event": "ping", **{f"field-{n}": n for n in range(100)}})
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(60):
            while len(hub._watchers) == 2:
                # Both ends of the connection have buffers to fill before the server's own fills.
                for _ in range(100):
                    await socket.raw.send_str(frame)
                await other.ack("ping")
    await other.ack("ping")
    assert len(hub._watchers) == 1
    socket.resume_reading()
    assert await socket.ended() in (1008, 1006, None)
