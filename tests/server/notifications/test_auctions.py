"""Notifications of bidders, sellers and followers about auctions."""

from __future__ import annotations

import asyncio
from typing import Any

from instasell_client import AsyncInstaSell
from instasell_client.models.accounts import Role
from instasell_server.domains.notifications import audiences
from instasell_server.domains.notifications.dispatch import NotificationDispatcher
from tests.server.notifications.conftest import Repeats, Sql, Told
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.sockets import live_socket
from tests.support.waiting import until


async def id_of(person: AsyncInstaSell) -> str:
    """Return the id of an account."""
    return (await person.auth.me()).id


async def end(sql: Sql, auction_id: str) -> None:
    """The auction's time is over; the closer sees to it."""
    sql(
        "UPDATE auctions SET start_at = start_at - interval '1 day',"
        " planned_end_at = now() - interval '1 second',"
        " end_at = now() - interval '1 second', version = version + 1 WHERE id = %s",
        auction_id,
    )
    query = "SELECT status FROM auctions WHERE id = %s"
    await until(lambda: sql(query, auction_id) == [("ended",)])


async def test_an_end_notifies_the_winner_the_others_and_the_seller(
    market: Market, told: Told, sql: Sql
) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction_id = await market.auction(seller)
    await first.auctions.bid(auction_id, amount=100)
    await second.auctions.bid(auction_id, amount=500)
    await end(sql, auction_id)
    await told.quiet()
    [(order_id,)] = sql("SELECT id::text FROM orders")
    about = {"auction_id": auction_id, "title": "A steel watch"}
    [won] = told.to(await id_of(second), "won")
    assert won.pop("payment_due_at")
    assert won == {**about, "order_id": order_id, "total_amount": 500, "currency": "USD"}
    assert told.kinds(await id_of(second)) == ["won"]
    assert told.to(await id_of(first), "lost") == [
        {**about, "price": 500, "currency": "USD", "winner": "bidder-2"}
    ]
    [ended] = told.to(await id_of(seller))
    assert ended == {
        **about, "price": 500, "reserve_met": True, "bid_count": 2, "order_id": order_id,
        "currency": "USD", "winner": "bidder-2",
    }  # fmt: skip
    assert told.kinds(await id_of(seller)) == ["auction_ended"]


async def test_a_thousand_bidders_are_notified_in_parts(
    market: Market, told: Told, sql: Sql, telling: NotificationDispatcher
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction_id = await market.auction(seller)
    await bidder.auctions.bid(auction_id, amount=100)
    sql(
        "WITH people AS (INSERT INTO users (email, password_hash, display_name, role)"
        " SELECT 'crowd-' || n || '@example.org', 'x', 'Crowd', 'buyer'"
        " FROM generate_series(1, 1200) n RETURNING id)"
        " INSERT INTO bids (auction_id, seq, bidder_id, bidder_no, kind, max_amount, amount,"
        " price_after, leader_after, leader_no_after, idempotency_key, auction_version, created_at)"
        " SELECT %s, 1 + row_number() OVER (), id, 1 + row_number() OVER (), 'bid', 100, 100, 100,"
        " id, 1, 'k', 2, market_now() FROM people",
        auction_id,
    )
    # One transaction tells a part of them, so what a crash takes back is a part as well.
    sizes = "SELECT max(n) FROM (SELECT count(*) n FROM notifications GROUP BY xmin::text) t"
    admin = await market.person(Role.ADMIN)
    await admin.admin.cancel_auction(auction_id, "stolen")
    await asyncio.gather(*(telling.work() for _ in range(4)))
    await told.quiet()
    [(largest,)] = sql(sizes)
    assert largest <= 2 * audiences.AUDIENCE_MAX
    counted = "SELECT kind, count(*), count(DISTINCT user_id) FROM notifications GROUP BY kind"
    # The crowd, the bidder, and the seller, as it was an admin who cancelled.
    assert sql(counted) == [("auction_cancelled", 1202, 1202)]
    assert told.to(await id_of(seller))[0]["reason"] == "stolen"


async def test_a_seller_who_cancels_is_not_notified(market: Market, told: Told) -> None:
    seller = await market.seller()
    auction_id = await market.auction(seller)
    await seller.auctions.cancel(auction_id, "it broke")
    await told.quiet()
    assert told.kinds(await id_of(seller)) == []


async def test_outbid_once_for_many_times_in_a_second(
    market: Market, told: Told, sql: Sql, market_clock: MarketClock
) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction_id = await market.auction(seller)
    [(now,)] = sql("SELECT clock_timestamp()::text")
    market_clock.freeze(now)
    await first.auctions.bid(auction_id, amount=100)
    for round_ in range(10):
        await second.auctions.bid(auction_id, amount=1000 + 2000 * round_)
        await first.auctions.bid(auction_id, amount=2000 + 2000 * round_)
    await second.auctions.bid(auction_id, max_amount=50_000)
    market_clock.restore()
    await told.quiet()
    [notice] = told.to(await id_of(first))
    assert notice.pop("end_at")
    assert notice == {
        "auction_id": auction_id, "title": "A steel watch", "current_bid": 20_250,
        "minimum": 20_500, "currency": "USD",
    }  # fmt: skip
    # The other lost the lead ten times, and has it now.
    assert told.to(await id_of(second)) == []


async def test_an_outbid_bidder_is_notified_each_time(market: Market, told: Told) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction_id = await market.auction(seller)
    await first.auctions.bid(auction_id, amount=100)
    for amount in (1000, 3000):
        await second.auctions.bid(auction_id, amount=amount)
        await told.quiet()
        await first.auctions.bid(auction_id, amount=amount + 1000)
        await told.quiet()
    assert [each["current_bid"] for each in told.to(await id_of(first))] == [1000, 3000]
    assert [each["current_bid"] for each in told.to(await id_of(second))] == [2000, 4000]


async def test_two_of_one_batch_who_outbid_each_other(market: Market, told: Told) -> None:
    seller = await market.seller()
    people = [await market.bidder() for _ in range(8)]
    auction_id = await market.auction(seller, increments="none")
    bids = (
        person.auctions.bid(auction_id, amount=100 + 100 * number)
        for number, person in enumerate(people)
    )
    answers = await asyncio.gather(*bids, return_exceptions=True)
    assert not isinstance(answers[-1], BaseException)
    await told.quiet()
    led = [not isinstance(each, BaseException) for each in answers]
    notices = [len(told.to(await id_of(person), "outbid")) for person in people]
    # A bidder who was called leading and is not is notified; the last one still leads.
    assert notices == [1 if each else 0 for each in led[:-1]] + [0]


async def test_bidders_and_watchers_are_notified_once_of_a_near_end(
    market: Market, told: Told, sql: Sql, market_clock: MarketClock
) -> None:
    seller, bidder, watcher = await market.seller(), await market.bidder(), await market.bidder()
    auction_id = await market.auction(seller, duration_seconds=3600)
    short = await market.auction(seller, duration_seconds=200)
    await bidder.auctions.bid(auction_id, amount=100)
    await bidder.auctions.watch(auction_id)
    await watcher.auctions.watch(auction_id)
    await watcher.auctions.watch(short)
    market_clock.shift(3600 - 301 - 30)
    await told.quiet()
    assert told.to(await id_of(watcher)) == []
    market_clock.shift(3600 - 299)
    await until(lambda: sql("SELECT 1 FROM endings_told WHERE auction_id = %s", auction_id) != [])
    await told.quiet()
    for person in (bidder, watcher):
        [notice] = told.to(await id_of(person), "ending_soon")
        assert (notice["auction_id"], notice["current_bid"]) == (auction_id, 100)
    # A later end does not notify a second time.
    sql("DELETE FROM endings_told")
    await until(lambda: sql("SELECT 1 FROM endings_told WHERE auction_id = %s", auction_id) != [])
    await told.quiet()
    assert len(told.to(await id_of(bidder), "ending_soon")) == 1


async def test_followers_are_notified_of_new_listings(market: Market, told: Told, sql: Sql) -> None:
    seller, other = await market.seller(), await market.seller()
    one, two, three = [await market.bidder() for _ in range(3)]
    parent = market.category()
    [(child,)] = sql(
        "INSERT INTO categories (id, parent_id, name, path, lineage)"
        " SELECT id, %s::uuid, 'Steel', 'Watches > Steel', ARRAY[%s::uuid, id]"
        " FROM gen_random_uuid() AS id RETURNING id::text",
        parent, parent,
    )  # fmt: skip
    await one.api("PUT", f"/subscriptions/seller/{await id_of(seller)}")
    await two.api("PUT", f"/subscriptions/category/{parent}")
    await seller.api("PUT", f"/subscriptions/category/{parent}")
    auction_id = await market.auction(seller)
    wish: dict[str, Any] = {"type": "direct", "condition": "new", "price": 900}
    listing = await other.listings.create(title="A strap", category_id=child, **wish)
    await told.quiet()
    [opened] = told.to(await id_of(one))
    assert (opened["auction_id"], opened["title"]) == (auction_id, "A steel watch")
    assert {"seller_name", "start_at", "end_at"} <= opened.keys()
    # A category stands for those below it.
    assert told.kinds(await id_of(two)) == ["new_auction", "new_listing"]
    [new] = told.to(await id_of(two), "new_listing")
    assert (new["listing_id"], new["price"], new["currency"]) == (listing.id, 900, "USD")
    # Sellers are not notified of their own listings.
    assert told.kinds(await id_of(seller)) == ["new_listing"]
    assert told.to(await id_of(three)) == []


async def test_a_notice_comes_to_ones_own_sockets_only(market: Market, told: Told) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    auction_id = await market.auction(seller)
    async with (
        live_socket(market.base_url, first.token) as own,
        live_socket(market.base_url, second.token) as foreign,
    ):
        await own.ack("ping")
        await foreign.ack("ping")
        await first.auctions.bid(auction_id, amount=100)
        await second.auctions.bid(auction_id, amount=500)
        data = await own.event("notification")
        assert (data["kind"], data["read_at"]) == ("outbid", None)
        assert data["payload"]["current_bid"] == 500
        [listed] = (await first.api("GET", "/notifications"))["items"]
        assert listed["id"] == data["id"]
        await told.quiet()
        await foreign.ack("ping")
        assert "notification" not in foreign.order


async def test_every_event_of_an_auction_notifies_once(
    market: Market, told: Told, sql: Sql, repeats: Repeats, telling: NotificationDispatcher
) -> None:
    seller, first, second = await market.seller(), await market.bidder(), await market.bidder()
    await first.subscriptions.add("seller", await id_of(seller))
    await first.subscriptions.add("category", market.category())
    sold, cancelled = await market.auction(seller), await market.auction(seller)
    for auction_id in (sold, cancelled):
        await first.auctions.bid(auction_id, amount=100)
        await second.auctions.bid(auction_id, amount=500)
    sql(
        "UPDATE auctions SET start_at = start_at - interval '1 day', end_at = now() +"
        " interval '4 minutes', planned_end_at = now() + interval '4 minutes'"
    )
    await until(lambda: sql("SELECT count(*) FROM endings_told") == [(2,)])
    await told.quiet()
    [state] = [each async for each in seller.auctions.live() if each.auction_id == sold]
    await first.messages.ask(state.listing_id, "Is it new?")
    admin = await market.person(Role.ADMIN)
    await admin.admin.cancel_auction(cancelled, "stolen")
    await end(sql, sold)
    await told.quiet()
    people = [await id_of(each) for each in (seller, first, second)]
    before = [told.kinds(each) for each in people]
    assert before == [
        ["auction_cancelled", "auction_ended", "message"],
        sorted(["auction_cancelled", "lost", *["new_auction", "outbid", "ending_soon"] * 2]),
        sorted(["auction_cancelled", "won", *["ending_soon"] * 2]),
    ]
    assert repeats.kinds() == {
        "new_auction", "outbid", "ending_soon", "auction_ended", "auction_cancelled",
        "order_event", "message",
    }  # fmt: skip
    for _ in range(2):
        repeats.again()
        await asyncio.gather(*(telling.work() for _ in range(4)))
        await told.quiet()
    assert [told.kinds(each) for each in people] == before


async def test_a_suspended_winner_and_the_next_bidder(market: Market, told: Told, sql: Sql) -> None:
    seller, third = await market.seller(), await market.bidder()
    first, second = await market.bidder(), await market.bidder()
    auction_id = await market.auction(seller)
    await third.auctions.bid(auction_id, amount=100)
    await first.auctions.bid(auction_id, amount=500)
    await second.auctions.bid(auction_id, amount=1000)
    await told.quiet()
    sql("DELETE FROM notifications")
    sql("UPDATE users SET status = 'suspended' WHERE id = %s", await id_of(second))
    await end(sql, auction_id)
    await told.quiet()
    assert told.kinds(await id_of(second)) == ["order_cancelled"]
    assert told.kinds(await id_of(first)) == ["won"]
    assert told.kinds(await id_of(third)) == ["lost"]
    assert told.kinds(await id_of(seller)) == ["auction_ended", "order_cancelled"]
    [won] = told.to(await id_of(first))
    [ended] = told.to(await id_of(seller), "auction_ended")
    assert ended["order_id"] == won["order_id"]
