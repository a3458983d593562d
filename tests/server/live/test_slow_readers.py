"""Readers who are slower than the market: they get the newest state, and nobody waits for them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from instasell_server.realtime import subscriber as watchers
from instasell_server.realtime.board import DEFAULT_VIEW
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.subscriber import BUFFER_BYTES_MAX, Subscriber
from instasell_server.realtime.websocket_frames import PING_FRAME, text_frame
from instasell_server.routes import LIVE
from tests.server.live.conftest import Connect
from tests.support.market import Market
from tests.support.servers import RunningServer


class Pipe(asyncio.Transport):
    """A transport whose reader takes what the test lets it take."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = bytearray()
        self.taken = bytearray()
        self.is_aborted = False

    def write(self, data: object) -> None:
        """Into the buffer."""
        assert isinstance(data, bytes)
        self.waiting += data

    def get_write_buffer_size(self) -> int:
        """Return what the reader has not taken."""
        return len(self.waiting)

    def is_closing(self) -> bool:
        """Return whether it was cut."""
        return self.is_aborted

    def abort(self) -> None:
        """Cut it."""
        self.is_aborted = True

    def read_on(self) -> None:
        """The reader takes everything."""
        self.taken += self.waiting
        self.waiting.clear()


def frames(data: bytes) -> list[dict[str, Any]]:
    """The text frames in some bytes."""
    found, offset = [], 0
    while offset < len(data):
        length, begin = data[offset + 1], offset + 2
        if length == 126:
            length = int.from_bytes(data[begin : begin + 2], "big")
            begin += 2
        found.append(json.loads(data[begin : begin + length]))
        offset = begin + length
    return found


@pytest.fixture
def hub(server: RunningServer) -> Hub:
    """The hub of the running server."""
    found: Hub = server.app[LIVE].hub
    return found


async def _watch(server: RunningServer, hub: Hub, auction: str) -> tuple[Subscriber, Pipe]:
    pipe = Pipe()
    watcher = Subscriber(pipe, lambda is_over: None)
    hub.add(watcher)
    hub.start_joining(watcher, auction)
    found = await server.app[LIVE].history.snapshot(auction, None, None)
    hub.finish_joining(watcher, auction, found.state.version, found.state.seq)
    return watcher, pipe


async def _bid_often(market: Market, connect: Connect, auction: str, count: int) -> None:
    bidder = await market.bidder()
    socket = await connect(bidder.token)
    for number in range(count):
        await socket.bid(auction, f"k-{number}", max_amount=1000 + number)


async def test_one_who_reads_nothing_is_spared_and_then_told_the_newest(
    server: RunningServer, hub: Hub, market: Market, connect: Connect
) -> None:
    auction = await market.auction(await market.seller())
    watcher, pipe = await _watch(server, hub, auction)
    await _bid_often(market, connect, auction, 100)
    largest = 1024
    assert BUFFER_BYTES_MAX < len(pipe.waiting) < BUFFER_BYTES_MAX + largest
    kept = len(frames(bytes(pipe.waiting)))
    assert 1 < kept < 100
    hub._serve_slow()
    assert frames(bytes(pipe.waiting))[-1]["data"]["version"] == kept + 1
    pipe.read_on()
    hub._serve_slow()
    [newest] = frames(bytes(pipe.waiting))
    assert newest["data"]["conflated"] is True
    assert newest["data"]["version"] == 101
    assert not watcher.take_stale()
    # From here on it receives everything again.
    pipe.read_on()
    hub.remove(watcher)


async def test_one_who_takes_nothing_for_too_long_is_cut_off(
    server: RunningServer,
    hub: Hub,
    market: Market,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auction = await market.auction(await market.seller())
    watcher, pipe = await _watch(server, hub, auction)
    pipe.write(text_frame(b"x" * BUFFER_BYTES_MAX))
    await _bid_often(market, connect, auction, 1)
    hub._serve_slow()
    assert not pipe.is_aborted
    since = watcher.slow_since
    assert since is not None
    after = since + watchers.STALLED_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: after)
    hub._serve_slow()
    assert not pipe.is_aborted
    monkeypatch.setattr(time, "monotonic", lambda: after + 0.001)
    hub._serve_slow()
    assert pipe.is_aborted
    hub.remove(watcher)


async def test_the_board_is_bounded_alike(hub: Hub, market: Market, connect: Connect) -> None:
    seller = await market.seller()
    auctions = [await market.auction(seller) for _ in range(3)]
    pipe = Pipe()
    watcher = Subscriber(pipe, lambda is_over: None)
    hub.add(watcher)
    hub.board.start_joining(watcher, DEFAULT_VIEW)
    await hub.board.read(DEFAULT_VIEW)
    hub.finish_joining_board(watcher, dict.fromkeys(auctions, 1))
    pipe.write(text_frame(b'"' + b"x" * BUFFER_BYTES_MAX + b'"'))
    bidder = await market.bidder()
    socket = await connect(bidder.token)
    for round_ in range(5):
        for auction in auctions:
            await socket.bid(auction, f"k-{round_}", max_amount=1000 + round_)
        hub._send_board()
    assert len(pipe.waiting) < BUFFER_BYTES_MAX + 100
    pipe.read_on()
    hub._serve_slow()
    told = {each["data"]["auction_id"]: each["data"] for each in frames(bytes(pipe.waiting))}
    assert set(told) == set(auctions)
    assert {each["version"] for each in told.values()} == {6}
    hub.remove(watcher)


async def test_a_stalled_socket_delays_nobody_and_is_level_again_when_it_reads(
    hub: Hub, market: Market, connect: Connect
) -> None:
    """The same with real sockets, whose kernel buffers have to be filled first."""
    auction = await market.auction(await market.seller())
    stalled, attentive = await connect(), await connect()
    await stalled.ack("join_auction", {"auction_id": auction})
    [watcher] = hub._rooms[auction].watchers
    await attentive.ack("join_auction", {"auction_id": auction})
    stalled.pause_reading()
    # Frames of something else, until they wait in the server itself.
    filler = text_frame(json.dumps({"event": "filler", "data": "x" * 60_000}).encode())
    waiting, quiet_rounds = 0, 0
    while quiet_rounds < 20:
        if watcher.waiting_bytes <= BUFFER_BYTES_MAX:
            watcher.write(filler)
        await attentive.ack("ping")
        # The kernels take more for a moment, as long as their buffers grow.
        is_quiet = watcher.waiting_bytes == waiting > BUFFER_BYTES_MAX
        waiting, quiet_rounds = watcher.waiting_bytes, quiet_rounds + 1 if is_quiet else 0
    # Some more, should the kernels still take a little while the bids are placed.
    for _ in range(2):
        watcher.write(filler)
    waiting = watcher.waiting_bytes
    await _bid_often(market, connect, auction, 30)
    await attentive.event("bid_placed", lambda data: data["seq"] == 30)
    assert [each["data"]["version"] for each in attentive.events] == list(range(2, 32))
    # But for a ping, should its turn have come.
    assert watcher.waiting_bytes <= waiting + len(PING_FRAME)
    stalled.resume_reading()
    newest = await stalled.event("bid_placed", lambda data: data["seq"] == 30)
    assert newest["conflated"]
    assert [each["event"] for each in stalled.events].count("bid_placed") == 1
