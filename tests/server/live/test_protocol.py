"""The frames of /ws, as API.md has them."""

from __future__ import annotations

import json

import aiohttp
import pytest

from instasell_client.models.live import FRAME_BYTES_MAX
from tests.server.live.conftest import Connect, Sql, StartServer
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.sockets import live_socket

MISSING = "00000000-0000-4000-8000-000000000000"


async def test_bidding_after_signing_in_by_the_header(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    socket = await connect(bidder.token)
    answer = await socket.bid(auction, "k-1", amount=1000)
    assert answer["event"] == "ack"
    assert (answer["data"]["outcome"], answer["data"]["seq"]) == ("leading", 1)


async def test_bidding_after_signing_in_by_the_first_frame(
    market: Market, connect: Connect
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    socket = await connect()
    before = await socket.bid(auction, "k-1", amount=1000)
    assert (before["event"], before["data"]["code"]) == ("error", "unauthenticated")
    signed_in = await socket.ack("authenticate", {"token": bidder.token})
    assert signed_in == {"user_id": (await bidder.auth.me()).id}
    assert (await socket.bid(auction, "k-1", amount=1000))["event"] == "ack"


async def test_a_token_that_is_none_is_refused_and_the_socket_stays(
    market: Market, connect: Connect
) -> None:
    socket = await connect()
    problem = await socket.refusal("authenticate", {"token": "not.a.token"})
    assert (problem["code"], problem["status"]) == ("unauthenticated", 401)
    assert "server_time" in await socket.ack("ping")


async def test_an_upgrade_with_a_bad_token_is_refused(server: RunningServer) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with live_socket(server.base_url, "not.a.token"):
            pass
    assert refused.value.status == 401


async def test_watching_works_without_signing_in(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    socket = await connect()
    joined = await socket.ack("join_auction", {"auction_id": auction})
    assert (joined["version"], joined["seq"], joined.get("you")) == (1, 0, None)
    assert joined["state"]["minimum_bid"] == 1000
    assert joined["server_time"]
    await bidder.auctions.bid(auction, max_amount=5000)
    placed = await socket.event("bid_placed")
    assert (placed["version"], placed["first_seq"], placed["seq"]) == (2, 1, 1)
    assert placed["bid"] == placed["bids"][-1]
    assert (placed["bid"]["bidder"], placed["bid"]["amount"]) == ("bidder-1", 1000)
    assert (placed["bid_count"], placed["current_bid"]) == (1, 1000)
    assert "5000" not in json.dumps(socket.events)


async def test_you_tells_bidders_which_they_are(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    await bidder.auctions.bid(auction, max_amount=5000)
    mine = await (await connect(bidder.token)).ack("join_auction", {"auction_id": auction})
    assert mine["you"] == {
        "bidder": "bidder-1",
        "leading": True,
        "max_amount": 5000,
        "is_seller": False,
        "watching": False,
    }
    sellers = await (await connect(seller.token)).ack("join_auction", {"auction_id": auction})
    assert sellers["you"]["is_seller"]
    assert sellers["you"]["max_amount"] is None


@pytest.mark.parametrize("frame_id", ["a", "x" * 64, 7, None])
async def test_ack_and_error_carry_the_id_of_their_frame(
    connect: Connect, frame_id: str | int | None
) -> None:
    socket = await connect()
    await socket.send("ping", frame_id=frame_id)
    ack = await socket.raw_event("ack")
    assert ack["id"] == frame_id
    await socket.send("join_auction", {"auction_id": MISSING}, frame_id=frame_id)
    error = await socket.raw_event("error")
    assert (error["id"], error["data"]["code"]) == (frame_id, "auction_not_found")
    assert error["data"]["status"] == 404


async def test_refusals_of_bids_are_the_problems_of_http(market: Market, connect: Connect) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    await first.auctions.bid(auction, amount=1000)
    socket = await connect(second.token)
    low = (await socket.bid(auction, "k", amount=1049))["data"]
    assert (low["code"], low["status"]) == ("bid_too_low", 409)
    assert (low["minimum"], low["current_bid"]) == (1050, 1000)
    missing = (await socket.bid(MISSING, "k", amount=1000))["data"]
    assert missing["code"] == "auction_not_found"
    own = (await (await connect(seller.token)).bid(auction, "k", amount=5000))["data"]
    assert (own["code"], own["status"]) == ("seller_cannot_bid", 403)


BAD_BIDS: list[tuple[dict[str, object], str]] = [
    ({"amount": 1000, "idempotency_key": ""}, "idempotency_key"),
    ({"idempotency_key": "k"}, "body"),
    ({"idempotency_key": "k", "amount": 10.5}, "amount"),
    ({"idempotency_key": "k", "amount": True}, "amount"),
    ({"idempotency_key": "k", "amount": "1000"}, "amount"),
    ({"idempotency_key": "k", "amount": -1}, "amount"),
    ({"idempotency_key": "k", "amount": 0}, "amount"),
    ({"idempotency_key": "k", "amount": 10**12 + 1}, "amount"),
    ({"idempotency_key": "k" * 129, "amount": 1000}, "idempotency_key"),
    ({"idempotency_key": "k", "amount": 2, "max_amount": 1}, "body"),
    ({"idempotency_key": "k", "amount": 1000, "bidder_id": MISSING}, "bidder_id"),
]


async def test_bad_bids_name_the_field(market: Market, connect: Connect) -> None:
    bidder = await market.bidder()
    socket = await connect(bidder.token)
    for data, field in BAD_BIDS:
        problem = await socket.refusal("place_bid", {"auction_id": MISSING, **data})
        assert (problem["code"], problem["status"]) == ("invalid", 422)
        assert [each["field"] for each in problem["errors"]] == [field]


async def test_the_camel_case_of_the_seed_is_accepted(market: Market, connect: Connect) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    socket = await connect(bidder.token)
    assert (await socket.ack("join_auction", {"auctionId": auction}))["auction_id"] == auction
    bid = {"auctionId": auction, "amount": 1000, "idempotencyKey": "k"}
    assert (await socket.ack("place_bid", bid))["seq"] == 1
    assert await socket.ack("leave_auction", {"auctionId": auction}) == {}


async def test_a_bid_without_a_key_is_given_one(market: Market, connect: Connect, sql: Sql) -> None:
    """The specification's call is place_bid(auctionId, amount) and no more."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller, min_bid=1000)
    socket = await connect(bidder.token)
    first = await socket.ack("place_bid", {"auctionId": auction, "amount": 1000})
    assert (first["outcome"], first["seq"], first["repeated"]) == ("leading", 1, False)
    await socket.send("place_bid", {"auction_id": auction, "max_amount": 5000})
    assert (await socket.raw_event("ack"))["data"]["seq"] == 2
    keys = sql("SELECT idempotency_key FROM bids ORDER BY seq")
    assert len(set(keys)) == 2


WITH_IDS = [
    ('{"event":"nothing","id":"mine"}', "mine"),
    ('{"event":"nothing","id":7,"data":{}}', 7),
    ('{"event":"place_bid","id":"b","data":[]}', "b"),
    ('{"event":"ping","more":1,"id":"m"}', "m"),
    ('{"event":"ping","event":"ping","id":3}', 3),
    ('{"event":"ping","id":"cut","data":{"a"', "cut"),
    ('{"id": 12, nonsense}', 12),
    ('{"id": 1, "id": 2}', None),
    ('{"event":"ping","id":{"a":1}}', None),
    ("nonsense", None),
]


async def test_a_refused_frame_is_answered_by_its_id_where_that_can_be_read(
    connect: Connect,
) -> None:
    socket = await connect()
    for text, frame_id in WITH_IDS:
        await socket.raw.send_str(text)
        error = await socket.raw_event("error")
        assert (text, error["id"]) == (text, frame_id)


NO_FRAMES = [
    ('{"event":"ping","event":"ping","id":1}', "invalid"),
    ('{"event":"place_bid","id":1,"data":{"amount":1,"amount":2}}', "invalid"),
    ('{"event":"nothing","id":1}', "invalid"),
    ('{"event":"ping","id":{"a":1}}', "invalid"),
    ('{"event":"ping","id":1.5}', "invalid"),
    ('{"event":"ping","id":"' + "x" * 65 + '"}', "invalid"),
    ('{"event":"ping","more":1}', "invalid"),
    ('{"event":"ping","data":[]}', "invalid"),
    ('{"event":"ping","id":"\\u0000"}', "invalid"),
    ('{"event":"ping","id":"\\ud800"}', "invalid"),
    ("[]", "invalid"),
    ('"ping"', "invalid"),
    ("nonsense", "malformed"),
    ("[" * 2000, "malformed"),
    ("[" * 100 + "]" * 100, "malformed"),
]


async def test_malformed_frames_are_answered_and_the_socket_stays(connect: Connect) -> None:
    socket = await connect()
    for text, code in NO_FRAMES:
        await socket.raw.send_str(text)
        error = await socket.raw_event("error")
        assert error["data"]["code"] == code, text
    assert "server_time" in await socket.ack("ping")


async def test_the_longest_frame_is_taken_and_a_longer_one_closes_the_socket(
    connect: Connect,
) -> None:
    socket = await connect()
    frame = '{"event":"ping","id":1}'
    await socket.raw.send_str(frame + " " * (FRAME_BYTES_MAX - len(frame)))
    await socket.raw_event("ack")
    await socket.raw.send_str(frame + " " * (FRAME_BYTES_MAX - len(frame) + 1))
    assert await socket.ended() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_binary_frames_are_refused(connect: Connect) -> None:
    socket = await connect()
    await socket.raw.send_bytes(b'{"event":"ping"}')
    assert await socket.ended() == aiohttp.WSCloseCode.UNSUPPORTED_DATA


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://127.0.0.1"])
async def test_pages_of_other_sites_are_refused(server: RunningServer, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with live_socket(server.base_url, Origin=origin):
            pass
    assert refused.value.status == 403


async def test_own_and_configured_origins_are_welcome(start_server: StartServer) -> None:
    server = await start_server(cors_origins=["https://shop.example"])
    for origin in (server.base_url, "https://shop.example"):
        async with live_socket(server.base_url, Origin=origin) as socket:
            await socket.ack("ping")
