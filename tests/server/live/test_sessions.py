"""A socket lives no longer than what it signed in with."""

from __future__ import annotations

from instasell_client.models.accounts import Scope
from instasell_server.domains.accounts import handlers as accounts
from instasell_server.realtime.connection import RIGHTS_CHANGED, SESSION_ENDED
from tests.server.live.conftest import Connect, Sql, StartServer
from tests.support.market import Market
from tests.support.servers import RunningServer


async def test_logout_closes_the_sockets_of_the_session_and_no_other(
    market: Market, connect: Connect
) -> None:
    first, second = await market.bidder(), await market.bidder()
    by_header, by_frame = await connect(first.token), await connect()
    await by_frame.ack("authenticate", {"token": first.token})
    other, visitor = await connect(second.token), await connect()
    await first.auth.logout()
    assert await by_header.ended() == SESSION_ENDED
    assert await by_frame.ended() == SESSION_ENDED
    for still_open in (other, visitor):
        await still_open.ack("ping")


async def test_logout_on_one_server_closes_the_sockets_of_another(
    market: Market, connect: Connect, start_server: StartServer
) -> None:
    bidder = await market.bidder()
    elsewhere = await connect(bidder.token, server=await start_server())
    await bidder.auth.logout()
    assert await elsewhere.ended() == SESSION_ENDED


async def test_a_suspension_closes_the_sockets(
    market: Market, connect: Connect, server: RunningServer
) -> None:
    bidder = await market.bidder()
    socket = await connect(bidder.token)
    await server.app[accounts.SERVICE].suspend((await bidder.auth.me()).id, "spam")
    assert await socket.ended() == SESSION_ENDED


async def test_the_end_of_a_token_closes_the_socket(
    market: Market, connect: Connect, sql: Sql
) -> None:
    bidder = await market.bidder()
    grant = await bidder.auth.tokens.create("script", [Scope.BID])
    sql("UPDATE sessions SET expires_at = clock_timestamp() + interval '2 s' WHERE kind = 'token'")
    socket = await connect(grant.token)
    await socket.ack("ping")
    assert await socket.ended() == SESSION_ENDED


async def test_a_token_without_the_scope_watches_and_does_not_bid(
    market: Market, connect: Connect
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    grant = await bidder.auth.tokens.create("script", [Scope.READ])
    socket = await connect(grant.token)
    await socket.ack("join_auction", {"auction_id": auction})
    problem = (await socket.bid(auction, "k", amount=1000))["data"]
    assert (problem["code"], problem["status"]) == ("scope_missing", 403)
    allowed = await bidder.auth.tokens.create("bidding script", [Scope.BID])
    assert (await (await connect(allowed.token)).bid(auction, "k", amount=1000))["event"] == "ack"


async def test_a_session_that_ended_behind_the_sockets_back_bids_no_more(
    market: Market, connect: Connect, sql: Sql
) -> None:
    """The rights that a socket had at its opening are checked again inside the transaction."""
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(seller)
    socket = await connect(bidder.token)
    sql("UPDATE sessions SET revoked_at = clock_timestamp()")
    problem = (await socket.bid(auction, "k", amount=1000))["data"]
    assert (problem["code"], problem["status"]) == ("unauthenticated", 401)
    assert sql("SELECT count(*) FROM bids") == [(0,)]


async def test_a_new_role_has_the_sockets_connect_again(
    market: Market, connect: Connect, start_server: StartServer
) -> None:
    bidder = await market.bidder()
    here, elsewhere = (
        await connect(bidder.token),
        await connect(bidder.token, server=await start_server()),
    )
    await bidder.auth.become_seller()
    assert await here.ended() == RIGHTS_CHANGED
    assert await elsewhere.ended() == RIGHTS_CHANGED
    await (await connect(bidder.token)).ack("ping")


async def test_a_revoked_token_closes_its_sockets(
    market: Market, connect: Connect, sql: Sql
) -> None:
    bidder = await market.bidder()
    grant = await bidder.auth.tokens.create("script", [Scope.BID])
    script, screen = await connect(grant.token), await connect(bidder.token)
    [(token_id,)] = sql("SELECT id FROM sessions WHERE kind = 'token'")
    await bidder.auth.tokens.delete(token_id)
    assert await script.ended() == SESSION_ENDED
    await screen.ack("ping")


async def test_a_clean_stop_says_goodbye(
    market: Market, connect: Connect, start_server: StartServer
) -> None:
    """1001 tells a client to connect again, to another server perhaps."""
    from instasell_server.routes import LIVE

    other = await start_server()
    socket = await connect(server=other)
    await socket.ack("ping")
    await other.app[LIVE].close()
    assert await socket.ended() == 1001
