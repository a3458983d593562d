"""Views of the board: which auctions a socket is shown, and what enters and leaves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from instasell_client.models.live import BoardView
from instasell_server.domains.auctions import board_reader
from instasell_server.domains.auctions.board_reader import BoardReader
from instasell_server.realtime import board as boards
from instasell_server.realtime import hub as hubs
from instasell_server.realtime.board import DEFAULT_VIEW
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.subscriber import BUFFER_BYTES_MAX, Subscriber
from instasell_server.realtime.websocket_frames import text_frame
from instasell_server.routes import LIVE
from tests.server.live.conftest import Connect, Sql
from tests.server.live.test_limits import many_auctions
from tests.server.live.test_slow_readers import Pipe, frames
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.sockets import LiveSocket
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hub ticks by itself; the test does it."""
    for name in ("BOARD_TICK_SECONDS", "SWEEP_SECONDS", "WINDOW_SECONDS"):
        monkeypatch.setattr(hubs, name, 3600.0)


@pytest.fixture
async def hub(_still: None, server: RunningServer) -> Hub:
    """The hub of a server that was started with its clockwork still."""
    found: Hub = server.app[LIVE].hub
    return found


async def join(socket: LiveSocket, **view: Any) -> dict[str, Any]:
    """Join the board with a view, or without one."""
    wish = {"auction_id": "*", "view": view} if view else {"auction_id": "*"}
    return await socket.ack("join_auction", wish)


async def tick(hub: Hub, *sockets: LiveSocket) -> None:
    """Read again the windows that may have changed, and send what has; all of it has come then."""
    for window in hub.board.take_dirty():
        await hub.board.read(window.view)
    hub._send_board()
    for socket in sockets:
        await socket.ack("ping")


def ids(joined: dict[str, Any]) -> list[str]:
    """The auctions of a join, in order."""
    return [each["auction_id"] for each in joined["auctions"]]


def events_of(socket: LiveSocket) -> list[tuple[str, str]]:
    """The names and auctions of what a socket received since it was last asked, in order."""
    found = [
        ("entered" if each["data"].get("entered") else each["event"], each["data"]["auction_id"])
        for each in socket.events
        if "auction_id" in each["data"]
    ]
    socket.events.clear()
    return found


async def priced(market: Market, *prices: int) -> list[str]:
    """Auctions with these first bids."""
    seller = await market.seller()
    return [await market.auction(seller, min_bid=price) for price in prices]


async def test_a_view_has_its_first_auctions_in_its_order(
    hub: Hub, market: Market, connect: Connect
) -> None:
    cheap, dear, middle = await priced(market, 100, 900, 500)
    socket = await connect()
    joined = await join(socket, sort="price", limit=2)
    assert ids(joined) == [cheap, middle]
    assert joined["window_size"] == 2
    assert ids(await join(socket, sort="-price", limit=1)) == [dear]
    whole = await join(socket)
    assert set(ids(whole)) == {cheap, dear, middle}
    assert (whole["window_size"], whole["total"], whole["total_is_estimate"]) == (3, 3, False)


async def test_a_view_is_of_a_category_and_of_words(
    hub: Hub, market: Market, connect: Connect, sql: Sql
) -> None:
    seller = await market.seller()
    lamp = await market.auction(seller, title="A blue lamp")
    watch = await market.auction(seller, title="A steel watch")
    socket = await connect()
    assert ids(await join(socket, text="LAMP")) == [lamp]
    [(category,)] = sql("SELECT DISTINCT category_id FROM listings")
    assert set(ids(await join(socket, category=category))) == {lamp, watch}
    other = "00000000-0000-4000-8000-000000000000"
    assert ids(await join(socket, category=other)) == []


async def test_what_enters_and_leaves_a_view_is_sent(
    hub: Hub, market: Market, connect: Connect
) -> None:
    cheap, dear = await priced(market, 100, 900)
    bidder = await market.bidder()
    socket = await connect()
    await join(socket, sort="-price", limit=1)
    await tick(hub, socket)
    assert events_of(socket) == []
    await bidder.auctions.bid(cheap, amount=5000)
    await tick(hub, socket)
    [entered] = socket.events
    assert entered["data"]["state"]["current_bid"] > 900
    assert events_of(socket) == [("entered", cheap)]
    # An auction that a read lacks may have ended, so it stays until the next one lacks it, too.
    await tick(hub, socket)
    assert events_of(socket) == [("auction_left", dear)]
    await bidder.auctions.bid(dear, amount=901)
    await tick(hub, socket)
    assert events_of(socket) == []
    await bidder.auctions.bid(cheap, max_amount=6000)
    await tick(hub, socket)
    assert events_of(socket) == [("bid_placed", cheap)]


async def test_an_end_is_sent_as_an_end_and_the_next_auction_enters(
    hub: Hub, market: Market, connect: Connect
) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    first = await market.auction(seller, duration_seconds=600, buy_now=5000)
    second = await market.auction(seller, duration_seconds=6000)
    socket = await connect()
    assert ids(await join(socket, limit=1)) == [first]
    await buyer.auctions.buy_now(first, 5000)
    await tick(hub, socket)
    assert sorted(events_of(socket)) == sorted([("auction_ended", first), ("entered", second)])
    for _ in range(2):
        await tick(hub, socket)
    assert events_of(socket) == []
    assert not hub.board.is_shown(first)


async def test_what_concerns_the_account_is_shown_beside_the_window(
    hub: Hub, market: Market, connect: Connect
) -> None:
    first, watched, bid_on, other = await priced(market, 1, 200, 300, 400)
    me, bidder = await market.seller(), await market.bidder()
    await me.auctions.watch(watched)
    await me.auctions.bid(bid_on, amount=5000)
    sold = await market.auction(me, min_bid=500)
    mine, visitor = await connect(me.token), await connect()
    joined = await join(mine, sort="price", limit=1)
    assert ids(joined)[0] == first
    assert joined["window_size"] == 1
    assert set(ids(joined)[1:]) == {watched, bid_on, sold}
    assert ids(await join(visitor, sort="price", limit=1)) == [first]
    for auction in (watched, bid_on, sold, other):
        await bidder.auctions.bid(auction, max_amount=9000)
    await tick(hub, mine, visitor)
    assert events_of(visitor) == []
    assert {each for each in events_of(mine) if each[0] == "bid_placed"} == {
        ("bid_placed", auction) for auction in (watched, bid_on, sold)
    }


async def test_an_auction_that_the_account_bids_in_comes_onto_its_board(
    hub: Hub, market: Market, connect: Connect
) -> None:
    shown, other = await priced(market, 100, 900)
    me, rival = await market.bidder(), await market.bidder()
    socket = await connect(me.token)
    assert ids(await join(socket, sort="price", limit=1)) == [shown]
    await me.auctions.bid(other, amount=1000)
    own = await socket.event("your_bid_changed")
    assert own["auction_id"] == other
    entered = await socket.event("auction_updated", lambda data: data["auction_id"] == other)
    assert (entered["entered"], entered["version"]) == (True, 2)
    socket.events.clear()
    await rival.auctions.bid(other, amount=5000)
    await tick(hub, socket)
    assert ("bid_placed", other) in events_of(socket)


async def test_another_view_takes_the_place_of_the_one_before(
    hub: Hub, market: Market, connect: Connect
) -> None:
    cheap, dear = await priced(market, 100, 900)
    bidder = await market.bidder()
    socket = await connect()
    await join(socket, sort="price", limit=1)
    await join(socket, sort="-price", limit=1)
    await bidder.auctions.bid(cheap, amount=150)
    await bidder.auctions.bid(dear, amount=950)
    await tick(hub, socket)
    assert events_of(socket) == [("bid_placed", dear)]
    assert len(hub.board._windows) == 1
    await socket.ack("leave_auction", {"auction_id": "*"})
    assert hub.board.empty
    assert not hub.board.states.versions
    assert not hub.board._windows_with
    assert not hub.board._owners_of


async def test_who_joins_with_the_same_view_shares_one_read_and_its_bytes(
    hub: Hub, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    await priced(market, 100, 900)
    reads: list[BoardView] = []
    read = BoardReader.window

    async def count(reader: BoardReader, view: BoardView) -> Any:
        reads.append(view)
        return await read(reader, view)

    monkeypatch.setattr(BoardReader, "window", count)
    sockets = [await connect() for _ in range(20)]
    await asyncio.gather(*(join(socket, sort="bids") for socket in sockets))
    # Those who asked while the first read was under way share the next one.
    assert 1 <= len(reads) <= 2
    assert len(hub.board._windows) == 1
    joins = hub_joins(hub)
    one, two = await asyncio.gather(
        joins.submit_board(DEFAULT_VIEW, None), joins.submit_board(DEFAULT_VIEW, None)
    )
    assert one.data[0] is two.data[0]


def hub_joins(hub: Hub) -> Any:
    """A reader of snapshots for a hub's board."""
    from instasell_server.realtime.snapshots import JoinReader

    return JoinReader(hub.board, hub._history, _no_view, "USD")


async def _no_view(*_: object) -> Any:
    raise AssertionError("nobody asked for a page")


async def test_the_number_of_different_views_is_bounded(
    hub: Hub, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "WINDOWS_MAX", 2)
    [auction] = await priced(market, 100)
    first, second, third = [await connect() for _ in range(3)]
    await join(first, limit=1)
    await join(second, limit=2)
    refused = await third.refusal("join_auction", {"auction_id": "*", "view": {"limit": 3}})
    assert refused["code"] == "rate_limited"
    # The usual board is there for everybody, and so is a view that has watchers.
    assert ids(await join(third)) == [auction]
    await join(third, limit=2)
    # Who changes a view of its own keeps its place.
    await join(first, limit=3)


@pytest.mark.parametrize(
    "view", [{"limit": 501}, {"limit": 0}, {"sort": "luck"}, {"text": "x" * 201}, {"colour": "red"}]
)
async def test_a_view_that_does_not_exist_is_refused(
    connect: Connect, view: dict[str, Any]
) -> None:
    socket = await connect()
    refused = await socket.refusal("join_auction", {"auction_id": "*", "view": view})
    assert refused["code"] == "invalid"


async def test_an_auction_has_no_view_with_fields(market: Market, connect: Connect) -> None:
    [auction] = await priced(market, 100)
    socket = await connect()
    wish = {"auction_id": auction, "view": {"limit": 1}}
    assert (await socket.refusal("join_auction", wish))["code"] == "invalid"


async def test_a_slow_reader_gets_later_what_entered_and_left(hub: Hub, market: Market) -> None:
    cheap, dear = await priced(market, 100, 900)
    bidder = await market.bidder()
    view = BoardView(sort=boards.LiveSort.PRICE_DESC, limit=1)
    pipe = Pipe()
    slow = Subscriber(pipe, lambda is_over: None)
    hub.add(slow)
    hub.board.start_joining(slow, view)
    await hub.board.read(view)
    hub.finish_joining_board(slow, {dear: 1})
    assert not pipe.waiting
    pipe.write(text_frame(b'"' + b"x" * BUFFER_BYTES_MAX + b'"'))
    await bidder.auctions.bid(cheap, max_amount=5000)
    await (await market.bidder()).auctions.bid(cheap, max_amount=4000)
    for _ in range(2):
        await tick(hub)
    pipe.read_on()
    hub._serve_slow()
    news = {each["data"]["auction_id"]: each for each in frames(bytes(pipe.waiting))}
    assert news[cheap]["data"]["version"] == 3
    assert news[dear]["event"] == "auction_left"
    hub.remove(slow)
    assert hub.board.empty


async def test_a_board_of_many_auctions_has_500_and_estimates_the_others(
    hub: Hub, market: Market, connect: Connect, sql: Sql
) -> None:
    [auction] = await priced(market, 100)
    many_auctions(sql, auction, 1500)
    sql("ANALYZE auctions")
    socket = await connect()
    joined = await join(socket)
    assert (len(joined["auctions"]), joined["window_size"]) == (500, 500)
    assert (joined["total"], joined["total_is_estimate"]) == (1501, True)
    assert len(hub.board.states.versions) == 500
    assert (await join(socket, text="watch"))["total"] is None


async def test_a_change_while_a_window_is_read_is_not_lost(
    hub: Hub, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read is from before the bid, and nobody was shown the auction when its event came."""
    [auction] = await priced(market, 100)
    bidder = await market.bidder()
    read = BoardReader.window

    async def read_then_bid(reader: BoardReader, view: BoardView) -> Any:
        found = await read(reader, view)
        if not placed:
            placed.append(await bidder.auctions.bid(auction, amount=500))
            hub._send_board()
        return found

    placed: list[Any] = []
    monkeypatch.setattr(BoardReader, "window", read_then_bid)
    socket = await connect()
    joined = await join(socket, sort="bids")
    assert joined["auctions"][0]["version"] == 1
    await tick(hub, socket)
    assert ("bid_placed", auction) in events_of(socket)


async def test_own_auctions_are_bounded(
    hub: Hub, market: Market, connect: Connect, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_reader, "OWN_MAX", 3)
    seller = await market.seller()
    auction = await market.auction(seller)
    many_auctions(sql, auction, 10)
    sql("UPDATE auctions SET seller_id = (SELECT seller_id FROM auctions WHERE id = %s)", auction)
    joined = await join(await connect(seller.token), limit=1)
    assert joined["window_size"] == 1
    assert len(joined["auctions"]) <= 4
    await until(lambda: len(hub.board._owners_of) <= 3)
