"""A bidder's own position reaches that bidder's sockets, whatever placed the bid."""

from __future__ import annotations

import pytest

from instasell_client.models.accounts import Scope
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.realtime.bus_codec import pack_events, unpack_events
from instasell_server.realtime.event_frames import EncodedEvent, encode_event
from instasell_server.realtime.hub import Hub
from instasell_server.routes import LIVE
from tests.server.live.conftest import Connect, Sql, StartServer
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.sockets import Frame, LiveSocket


async def position(socket: LiveSocket, version: int) -> Frame:
    """The position that a socket received at a version of the auction."""
    return await socket.event("your_bid_changed", lambda data: data["version"] == version)


async def test_a_bid_made_elsewhere_reaches_the_bidders_board(
    market: Market, connect: Connect
) -> None:
    bidder, rival = await market.bidder(), await market.bidder()
    seller = await market.seller()
    auction = await market.auction(seller, min_bid=1000)
    mine, rivals = await connect(bidder.token), await connect(rival.token)
    visitor, idle = await connect(), await connect(bidder.token)
    for socket in (mine, rivals, visitor):
        await socket.ack("join_auction", {"auction_id": "*"})
    await bidder.auctions.bid(auction, max_amount=5000)
    assert await position(mine, 2) == {
        "auction_id": auction,
        "version": 2,
        "bidder": "bidder-1",
        "leading": True,
        "max_amount": 5000,
    }
    await rival.auctions.bid(auction, max_amount=9000)
    outbid = await position(mine, 3)
    assert (outbid["leading"], outbid["max_amount"]) == (False, 5000)
    leads = await position(rivals, 3)
    assert (leads["bidder"], leads["leading"], leads["max_amount"]) == ("bidder-2", True, 9000)
    for other in (visitor, idle):
        await other.ack("ping")
        assert "your_bid_changed" not in other.order
    assert all(each["data"].get("max_amount") != 5000 for each in rivals.events)


async def test_the_room_of_the_auction_gets_it_once_and_in_order(
    market: Market, connect: Connect, start_server: StartServer
) -> None:
    """By the bus, too: the socket is on one server, the bids come in on another."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    elsewhere = await connect(bidder.token, server=await start_server())
    await elsewhere.ack("join_auction", {"auction_id": "*"})
    await elsewhere.ack("join_auction", {"auction_id": auction})
    for number in range(3):
        await bidder.auctions.bid(auction, max_amount=1000 + number)
    await position(elsewhere, 4)
    told = [each["data"] for each in elsewhere.events if each["event"] == "your_bid_changed"]
    assert [(each["version"], each["max_amount"]) for each in told] == [
        (2, 1000), (3, 1001), (4, 1002),
    ]  # fmt: skip


async def test_the_ack_of_the_board_has_your_open_bids(
    market: Market, connect: Connect, sql: Sql
) -> None:
    seller, bidder, rival = await market.seller(), await market.bidder(), await market.bidder()
    led, lost, other = [await market.auction(seller) for _ in range(3)]
    for auction in (led, lost):
        await bidder.auctions.bid(auction, max_amount=5000)
    await rival.auctions.bid(lost, max_amount=6000)
    await rival.auctions.bid(other, max_amount=6000)
    joined = await (await connect(bidder.token)).ack("join_auction", {"auction_id": "*"})
    found = {each["auction_id"]: each for each in joined["your_bids"]}
    assert {key: each["leading"] for key, each in found.items()} == {led: True, lost: False}
    assert found[lost]["version"] == 3
    assert {each["max_amount"] for each in found.values()} == {5000}
    visitor = await (await connect()).ack("join_auction", {"auction_id": "*"})
    assert visitor["your_bids"] == []
    sql("UPDATE auctions SET status = 'ended', closed_at = market_now() WHERE id = %s", lost)
    again = await (await connect(bidder.token)).ack("join_auction", {"auction_id": "*"})
    assert [each["auction_id"] for each in again["your_bids"]] == [led]


async def test_a_token_that_may_not_read_hears_nothing_of_the_account(
    server: RunningServer, market: Market, connect: Connect
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    grant = await bidder.auth.tokens.create("bids only", [Scope.BID])
    script, screen = await connect(grant.token), await connect(bidder.token)
    for socket in (script, screen):
        joined = await socket.ack("join_auction", {"auction_id": "*"})
        assert joined["your_bids"] == []
    assert (await script.bid(auction, "k", max_amount=5000))["event"] == "ack"
    await position(screen, 2)
    hub: Hub = server.app[LIVE].hub
    await hub.notify_user((await bidder.auth.me()).id, b'{"event":"wallet_changed","data":{}}')
    await screen.event("wallet_changed")
    await script.ack("ping")
    assert not {"your_bid_changed", "wallet_changed"} & set(script.order)


async def test_what_a_hole_swallowed_is_read_from_the_database(
    server: RunningServer, market: Market, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller, bidder, rival = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller)
    mine = await connect(bidder.token)
    await mine.ack("join_auction", {"auction_id": auction})
    await bidder.auctions.bid(auction, max_amount=5000)
    await position(mine, 2)
    hub: Hub = server.app[LIVE].hub
    deliver = hub._deliver
    monkeypatch.setattr(hub, "_deliver", lambda event: None)
    await rival.auctions.bid(auction, max_amount=6000)
    monkeypatch.setattr(hub, "_deliver", deliver)
    await rival.auctions.bid(auction, max_amount=7000)
    filled = await mine.event("your_bid_changed", lambda data: data["version"] > 2)
    assert (filled["leading"], filled["max_amount"]) == (False, 5000)


async def test_events_come_out_of_the_bus_as_they_went_in(
    server: RunningServer, market: Market
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    await bidder.auctions.bid(auction, max_amount=5000)
    history: AuctionHistory = server.app[LIVE].history
    events = [encode_event(each) for each in await history.events_since(auction, 1, 0)]
    me = (await bidder.auth.me()).id
    assert [each[0] for each in events[-1].own_bids] == [me]
    plain = EncodedEvent(auction, 3, 1, b"{}", b"[]", conflates=False)
    assert unpack_events(pack_events([*events, plain])) == [*events, plain]


async def test_an_end_below_the_reserve_names_nobody(
    market: Market, connect: Connect, market_clock: MarketClock
) -> None:
    """A screen can say that the reserve was not met: no winner, no price, though there are bids."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=100, reserve=5000, duration_seconds=60)
    room, board = await connect(bidder.token), await connect()
    await room.ack("join_auction", {"auction_id": auction})
    await board.ack("join_auction", {"auction_id": "*"})
    await bidder.auctions.bid(auction, max_amount=1000)
    market_clock.shift(61)
    for socket in (room, board):
        ended = await socket.event("auction_ended")
        assert (ended["winner"], ended["price"], ended["reserve_met"]) == (None, None, False)
    late = await (await connect()).ack("join_auction", {"auction_id": auction})
    state = late["state"]
    assert (state["status"], state["winner"], state["bid_count"]) == ("ended", None, 1)
    assert (state["has_reserve"], state["reserve_met"]) == (True, False)
