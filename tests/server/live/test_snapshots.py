"""Many who join at once share the reads of their snapshots."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.realtime.snapshots import READS_AT_ONCE
from instasell_server.routes import LIVE
from tests.server.live.conftest import Connect
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.waiting import until


class SlowReads:
    """Lets each read of a snapshot look at once and answer only when `open` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = asyncio.Event()
        self.count = 0
        read = AuctionHistory.snapshot

        async def slowly(history: AuctionHistory, *wanted: Any) -> Any:
            found = await read(history, *wanted)
            self.count += 1
            await self.open.wait()
            return found

        monkeypatch.setattr(AuctionHistory, "snapshot", slowly)


async def test_those_who_wait_for_the_same_auction_share_a_read(
    server: RunningServer, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    auction = await market.auction(await market.seller())
    sockets = [await connect() for _ in range(30)]
    reads = SlowReads(monkeypatch)
    wish = {"auction_id": auction}
    joins = [asyncio.create_task(each.ack("join_auction", wish)) for each in sockets]
    rooms = server.app[LIVE].hub._rooms
    await until(lambda: auction in rooms and len(rooms[auction].joining) == len(sockets))
    reads.open.set()
    assert {joined["version"] for joined in await asyncio.gather(*joins)} == {1}
    assert reads.count <= READS_AT_ONCE + 1


async def test_nobody_is_answered_by_a_read_that_began_before_they_asked(
    market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    auction = await market.auction(await market.seller())
    early, late, bidder = await connect(), await connect(), await market.bidder()
    reads = SlowReads(monkeypatch)
    first = asyncio.create_task(early.ack("join_auction", {"auction_id": auction}))
    await until(lambda: reads.count == 1)
    await bidder.auctions.bid(auction, amount=1000)
    second = asyncio.create_task(late.ack("join_auction", {"auction_id": auction}))
    await until(lambda: reads.count == 2)
    reads.open.set()
    assert [(await each)["version"] for each in (first, second)] == [1, 2]
    # What the older snapshot lacks comes as an event.
    assert (await early.event("bid_placed"))["version"] == 2


async def test_frames_behind_a_join_wait_for_it(
    market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    auction = await market.auction(await market.seller())
    socket = await connect()
    reads = SlowReads(monkeypatch)
    join = asyncio.create_task(socket.ack("join_auction", {"auction_id": auction}))
    leave = asyncio.create_task(socket.ack("leave_auction", {"auction_id": auction}))
    await until(lambda: reads.count == 1)
    reads.open.set()
    done, _ = await asyncio.wait({join, leave}, return_when=asyncio.FIRST_COMPLETED)
    assert join in done
    await leave


async def test_a_socket_that_is_gone_before_its_snapshot_leaves_nothing(
    market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    auction = await market.auction(await market.seller())
    socket, other = await connect(), await connect()
    reads = SlowReads(monkeypatch)
    join = asyncio.create_task(socket.ask("join_auction", {"auction_id": auction}))
    await until(lambda: reads.count == 1)
    socket.cut()
    await asyncio.gather(join, return_exceptions=True)
    reads.open.set()
    assert (await other.ack("join_auction", {"auction_id": auction}))["version"] == 1
