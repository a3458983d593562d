"""Events between two servers of one market: each once, in order, whatever is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from instasell_server.adapters.redis.bus import RedisBus
from instasell_server.domains.auctions.handlers import SERVICE
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.realtime import hub as hubs
from instasell_server.realtime.event_frames import EncodedEvent
from instasell_server.routes import LIVE
from tests.server.live.conftest import Connect, StartServer
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.sockets import LiveSocket
from tests.support.waiting import until


@pytest.fixture
async def other(start_server: StartServer, server: RunningServer) -> RunningServer:
    """A second server, once each has heard of the other."""
    second: RunningServer = await start_server()
    for each in (server, second):
        bus = each.app[SERVICE]._auctioneer._hints._bus
        await until(lambda bus=bus: bus.peers > 0)  # type: ignore[misc]
    return second


@pytest.fixture
async def auction(market: Market) -> str:
    """An auction that is open."""
    return await market.auction(await market.seller(), min_bid=100)


@pytest.fixture
async def bidding(market: Market, connect: Connect) -> LiveSocket:
    """A bidder at the first server."""
    bidder = await market.bidder()
    return await connect(bidder.token)


def versions(socket: LiveSocket) -> list[int]:
    """The versions that a socket received, in order."""
    return [each["data"]["version"] for each in socket.events]


async def bid(socket: LiveSocket, auction: str, number: int) -> None:
    """The bid with this number, which raises the same bidder's maximum from the second on."""
    answer = await socket.bid(auction, f"k-{number}", max_amount=1000 + number)
    assert answer["event"] == "ack", answer
    assert answer["data"]["seq"] == number


async def watching(connect: Connect, server: RunningServer, auction: str) -> LiveSocket:
    """A watcher at a server."""
    socket = await connect(server=server)
    await socket.ack("join_auction", {"auction_id": auction})
    return socket


class Reads:
    """Counts how often a server reads events again from the database."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.of: list[AuctionHistory] = []
        read = AuctionHistory.events_since

        async def count(history: AuctionHistory, *arguments: Any) -> Any:
            self.of.append(history)
            return await read(history, *arguments)

        patch.setattr(AuctionHistory, "events_since", count)


def lose(patch: pytest.MonkeyPatch, places: set[int]) -> None:
    """Lose the bus messages at these places, counted from 1."""
    send = RedisBus.publish
    sent = {"count": 0}

    async def publish(bus: RedisBus, messages: Sequence[bytes]) -> None:
        sent["count"] += 1
        if sent["count"] not in places:
            await send(bus, messages)

    patch.setattr(RedisBus, "publish", publish)


async def test_bids_at_one_server_are_published_at_the_other(
    connect: Connect, other: RunningServer, auction: str, bidding: LiveSocket
) -> None:
    watcher = await watching(connect, other, auction)
    for number in range(1, 6):
        await bid(bidding, auction, number)
    await watcher.event("bid_placed", lambda data: data["seq"] == 5)
    assert versions(watcher) == [2, 3, 4, 5, 6]


async def test_a_hole_is_filled_by_one_read_for_all_watchers_of_a_server(
    connect: Connect,
    other: RunningServer,
    auction: str,
    bidding: LiveSocket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hubs, "SWEEP_SECONDS", 3600.0)
    other.app[LIVE].hub._sweep_now.set()
    watchers = [await watching(connect, other, auction) for _ in range(5)]
    reads = Reads(monkeypatch)
    lose(monkeypatch, {2, 3})
    for number in range(1, 5):
        await bid(bidding, auction, number)
    for watcher in watchers:
        await watcher.event("bid_placed", lambda data: data["seq"] == 4)
        assert versions(watcher) == [2, 3, 4, 5]
        told = [bid["seq"] for each in watcher.events for bid in each["data"]["bids"]]
        assert told == [1, 2, 3, 4]
    assert len(reads.of) == 1


async def test_the_last_event_is_found_by_the_sweep(
    connect: Connect,
    other: RunningServer,
    auction: str,
    bidding: LiveSocket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing comes after it that would show the hole."""
    watcher = await watching(connect, other, auction)
    lose(monkeypatch, {2})
    await bid(bidding, auction, 1)
    await bid(bidding, auction, 2)
    await watcher.event("bid_placed", lambda data: data["seq"] == 2)
    assert versions(watcher) == [2, 3]


async def test_events_that_come_out_of_order_are_published_in_order(
    server: RunningServer,
    connect: Connect,
    auction: str,
    bidding: LiveSocket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From two servers the later may come first, and each may come twice."""
    hub = server.app[LIVE].hub
    watcher = await watching(connect, server, auction)
    held: list[EncodedEvent] = []
    deliver = hub._deliver
    monkeypatch.setattr(hub, "_deliver", held.append)
    for number in range(1, 4):
        await bid(bidding, auction, number)
    await until(lambda: len(held) == 3)
    for place in (2, 0, 2, 1, 0, 1):
        deliver(held[place])
    await watcher.event("bid_placed", lambda data: data["seq"] == 3)
    assert versions(watcher) == [2, 3, 4]


async def test_what_redis_lost_is_published_when_it_comes_back(
    connect: Connect,
    other: RunningServer,
    auction: str,
    bidding: LiveSocket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The subscriber reports its return, and the sweep begins at once and not at its next turn."""
    monkeypatch.setattr(hubs, "SWEEP_SECONDS", 3600.0)
    other.app[LIVE].hub._sweep_now.set()
    watcher = await watching(connect, other, auction)
    bus = cast(RedisBus, other.app[SERVICE]._auctioneer._hints._bus)
    lose(monkeypatch, {1})
    await bid(bidding, auction, 1)
    bus._tell_subscribed()
    await watcher.event("bid_placed", lambda data: data["seq"] == 1)


async def test_a_crash_after_the_commit_is_published_by_the_sweep(
    server: RunningServer,
    connect: Connect,
    auction: str,
    bidding: LiveSocket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The commit is kept, and no one was notified: as when a server dies in between."""
    watcher = await watching(connect, server, auction)

    async def die(*_: object, **__: object) -> None:
        raise ConnectionError("the server is gone")

    lifecycle = server.app[SERVICE]._auctioneer._lifecycle
    monkeypatch.setattr(lifecycle, "broadcast", die)
    await bid(bidding, auction, 1)
    await watcher.event("bid_placed", lambda data: data["seq"] == 1)


async def test_an_unannounced_sale_is_published_with_its_bid(
    server: RunningServer, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox tells an end again after a crash, and the buy-now is part of it."""
    monkeypatch.setattr(hubs, "SWEEP_SECONDS", 3600.0)
    server.app[LIVE].hub._sweep_now.set()
    auction = await market.auction(await market.seller(), min_bid=100, buy_now=5000)
    watcher = await watching(connect, server, auction)
    lifecycle = server.app[SERVICE]._auctioneer._lifecycle
    announce = lifecycle.broadcast

    async def die_once(*arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(lifecycle, "broadcast", announce)
        raise ConnectionError("the server is gone")

    monkeypatch.setattr(lifecycle, "broadcast", die_once)
    buyer = await market.bidder()
    await buyer.auctions.buy_now(auction, 5000)
    ended = await watcher.event("auction_ended")
    assert (ended["winner"], ended["price"]) == ("bidder-1", 5000)
    assert [(bid["seq"], bid["kind"]) for bid in ended["bids"]] == [(1, "buy_now")]


async def test_a_room_far_behind_is_published_the_newest_and_says_so(
    server: RunningServer,
    connect: Connect,
    auction: str,
    bidding: LiveSocket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More than 500 bids behind, a room goes on from the newest; versions never fall."""
    monkeypatch.setattr("instasell_server.domains.auctions.history.MISSED_MAX", 5)
    monkeypatch.setattr(hubs, "SWEEP_SECONDS", 3600.0)
    hub = server.app[LIVE].hub
    hub._sweep_now.set()
    watcher = await watching(connect, server, auction)
    deliver = hub._deliver
    monkeypatch.setattr(hub, "_deliver", lambda event: None)
    for number in range(1, 13):
        await bid(bidding, auction, number)
    monkeypatch.setattr(hub, "_deliver", deliver)
    await bid(bidding, auction, 13)
    await watcher.event("bid_placed", lambda data: data["seq"] == 13)
    told = versions(watcher)
    assert told == sorted(set(told))
    assert told[-1] == 14
    assert told[0] > 2
