"""The board: every open auction's newest state, at the pace of the hub's tick."""

from __future__ import annotations

import pytest

from instasell_client.models.live import BoardView
from instasell_server.realtime import hub as hubs
from instasell_server.realtime.event_frames import EncodedEvent
from instasell_server.realtime.hub import Hub
from instasell_server.routes import LIVE
from tests.server.live.conftest import Connect, Sql, StartServer
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.sockets import LiveSocket
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hub ticks by itself; the test does it."""
    monkeypatch.setattr(hubs, "BOARD_TICK_SECONDS", 3600.0)
    monkeypatch.setattr(hubs, "SWEEP_SECONDS", 3600.0)
    monkeypatch.setattr(hubs, "WINDOW_SECONDS", 3600.0)


@pytest.fixture
async def hub(_still: None, server: RunningServer) -> Hub:
    """The hub of a server that was started with its clockwork still."""
    found: Hub = server.app[LIVE].hub
    return found


def told(socket: LiveSocket) -> list[tuple[str, int]]:
    """The names and versions of what a socket received, in order."""
    return [(each["event"], each["data"]["version"]) for each in socket.events]


async def test_a_tick_tells_the_newest_state_of_what_changed_once(
    hub: Hub, market: Market, connect: Connect
) -> None:
    """So at the tick of a quarter of a second nobody gets more than four states a second."""
    seller, bidder = await market.seller(), await market.bidder()
    busy, quiet, idle = [await market.auction(seller) for _ in range(3)]
    board = await connect()
    joined = await board.ack("join_auction", {"auction_id": "*"})
    assert {each["auction_id"] for each in joined["auctions"]} == {busy, quiet, idle}
    assert joined["server_time"]
    hub._send_board()
    board.events.clear()
    for number in range(20):
        await bidder.auctions.bid(busy, max_amount=1000 + number)
    await bidder.auctions.bid(quiet, max_amount=500)
    await board.ack("ping")
    assert board.events == []
    hub._send_board()
    await board.ack("ping")
    states = {each["data"]["auction_id"]: each["data"] for each in board.events}
    assert len(board.events) == 2
    assert (states[busy]["version"], states[busy]["seq"]) == (21, 20)
    assert (states[quiet]["version"], states[quiet]["current_bid"]) == (2, 100)
    for state in states.values():
        assert state["conflated"]
        assert not state.get("bids")
        assert state.get("bid") is None
    hub._send_board()
    await board.ack("ping")
    assert len(board.events) == 2


async def test_starts_and_ends_are_never_conflated_away(
    hub: Hub, market: Market, connect: Connect, market_clock: MarketClock, sql: Sql
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    board = await connect()
    await board.ack("join_auction", {"auction_id": "*"})
    auction = await market.auction(seller, buy_now=9000, min_bid=100, reserve=5000)
    for number in range(3):
        await bidder.auctions.bid(auction, max_amount=1000 + number)
    await bidder.auctions.buy_now(auction, 9000)
    hub._send_board()
    await board.event("auction_ended")
    assert told(board) == [("auction_started", 1), ("bid_placed", 4), ("auction_ended", 5)]


async def test_leaving_the_board_ends_it(hub: Hub, market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    board = await connect()
    await board.ack("join_auction", {"auction_id": "*"})
    hub._send_board()
    await board.ack("leave_auction", {"auction_id": "*"})
    board.events.clear()
    await bidder.auctions.bid(auction, amount=1000)
    hub._send_board()
    await board.ack("ping")
    assert board.events == []
    assert hub.board.states.versions == {}


async def test_a_change_between_the_snapshot_and_its_ack_is_not_lost(
    hub: Hub,
    server: RunningServer,
    market: Market,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The tick falls right between the two: the newcomer learns of the change after its ack."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    reader = server.app[LIVE].history.board
    read = reader.window

    async def read_then_change(view: BoardView) -> object:
        found = await read(view)
        await bidder.auctions.bid(auction, amount=1000)
        hub._send_board()
        return found

    monkeypatch.setattr(reader, "window", read_then_change)
    board = await connect()
    joined = await board.ack("join_auction", {"auction_id": "*"})
    assert [each["version"] for each in joined["auctions"]] == [1]
    hub._send_board()
    placed = await board.event("bid_placed")
    assert placed["version"] == 2
    assert board.order[-2:] == ["ack", "bid_placed"]


async def test_the_sweep_tells_the_board_what_was_lost(
    hub: Hub, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    board = await connect()
    await board.ack("join_auction", {"auction_id": "*"})
    hub._send_board()
    board.events.clear()
    with monkeypatch.context() as patch:
        patch.setattr(hub, "_deliver", lambda event: None)
        await bidder.auctions.bid(auction, amount=1000)
        await market.auction(seller)
    await hub._compare()
    hub._send_board()
    await board.ack("ping")
    assert {each["data"]["version"] for each in board.events} == {1, 2}
    assert len(board.events) == 2
    await hub._compare()
    hub._send_board()
    await board.ack("ping")
    assert len(board.events) == 2


async def test_the_sweep_tells_the_board_of_an_end_that_was_lost(
    hub: Hub,
    market: Market,
    connect: Connect,
    market_clock: MarketClock,
    sql: Sql,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auction = await market.auction(await market.seller(), buy_now=5000)
    bidder = await market.bidder()
    board = await connect()
    await board.ack("join_auction", {"auction_id": "*"})
    hub._send_board()
    board.events.clear()
    with monkeypatch.context() as patch:
        patch.setattr(hub, "_deliver", lambda event: None)
        await bidder.auctions.buy_now(auction, 5000)
    await hub._compare()
    hub._send_board()
    ended = await board.event("auction_ended")
    assert (ended["winner"], ended["price"]) == ("bidder-1", 5000)
    await hub._compare()
    assert auction not in hub.board.states.versions


async def test_a_board_at_another_server_is_published_as_well(
    market: Market,
    connect: Connect,
    start_server: StartServer,
) -> None:
    other = await start_server()
    auction = await market.auction(await market.seller())
    bidder = await market.bidder()
    board = await connect(server=other)
    await board.ack("join_auction", {"auction_id": "*"})
    room = await connect(server=other)
    await room.ack("join_auction", {"auction_id": auction})
    await bidder.auctions.bid(auction, amount=1000)
    # Once the room has the event, the hub has taken it for the board too.
    await room.event("bid_placed")
    other.app[LIVE].hub._send_board()
    placed = await board.event("bid_placed")
    assert (placed["version"], placed["conflated"]) == (2, True)


async def test_a_newcomers_snapshot_takes_no_event_from_the_others(
    hub: Hub, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer reads a bid from the database before its event, which the others still get."""
    auction = await market.auction(await market.seller())
    bidder = await market.bidder()
    board = await connect()
    await board.ack("join_auction", {"auction_id": "*"})
    held: list[EncodedEvent] = []
    deliver = hub._deliver
    monkeypatch.setattr(hub, "_deliver", held.append)
    await bidder.auctions.bid(auction, amount=1000)
    await until(lambda: len(held) == 1)
    newcomer = await connect()
    joined = await newcomer.ack("join_auction", {"auction_id": "*"})
    assert [each["version"] for each in joined["auctions"]] == [2]
    deliver(held[0])
    hub._send_board()
    assert (await board.event("bid_placed"))["version"] == 2
