"""After an auction that nobody paid: offered to the next bidders one by one, or relisted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from instasell_client import (
    AsyncInstaSell,
    AuctionHasOrder,
    AuctionNotFound,
    AuctionStillOpen,
    Conflict,
    InsufficientGas,
    Invalid,
    ListingHasAuction,
    ListingInUse,
    ListingNotFound,
    NoRunnerUp,
    OutOfStock,
)
from instasell_client.models.orders import OrderView
from instasell_server.db.connections import Database
from instasell_server.domains.accounts import handlers as accounts
from instasell_server.domains.audit.service import audit
from instasell_server.domains.orders.handlers import FULFILMENT
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.waiting import until

HOUR = 3600
Sql = Callable[..., list[tuple[Any, ...]]]
ORDERS = "SELECT status, unit_amount FROM orders WHERE auction_id = %s ORDER BY created_at, status"
STOCK = "SELECT stock FROM listings"


class Sale:
    """An auction with three bidders, whose winner does not pay."""

    def __init__(self, market: Market, server: RunningServer, clock: MarketClock, sql: Sql) -> None:
        self.market = market
        self.sql = sql
        self.server = server
        self._clock = clock
        self._shifted = 0

    async def open(self, **terms: Any) -> Sale:
        """One bids 20.00, the next 30.00, and the last wins at 31.00."""
        self.seller = await self.market.seller()
        self.third, self.second, self.first = [await self.market.bidder() for _ in range(3)]
        self.auction = await self.market.auction(self.seller, min_bid=1000, **terms)
        await self.third.auctions.bid(self.auction, amount=2000)
        await self.second.auctions.bid(self.auction, amount=3000)
        await self.first.auctions.bid(self.auction, max_amount=9000)
        return self

    async def end(self) -> None:
        """The auction ends, and its winner has an order."""
        self.shift(2 * HOUR)
        over = "SELECT status FROM auctions WHERE id = %s"
        await until(lambda: self.sql(over, self.auction) == [("ended",)])

    async def lapse(self) -> None:
        """Nobody pays in time."""
        self.shift(49 * HOUR)
        await self.server.app[FULFILMENT].carry_out_due()
        waiting = "SELECT count(*) FROM orders WHERE status = 'pending'"
        await until(lambda: self.sql(waiting) == [(0,)])

    def shift(self, seconds: int) -> None:
        """Time passes."""
        self._shifted += seconds
        self._clock.shift(self._shifted)

    async def offer(self, **options: Any) -> OrderView:
        """The seller offers it on."""
        return await self.seller.auctions.offer_runner_up(self.auction, **options)

    @property
    def orders(self) -> list[tuple[Any, ...]]:
        """Return what came of the auction."""
        return self.sql(ORDERS, self.auction)

    @property
    def listing(self) -> str:
        """The listing."""
        [(listing_id,)] = self.sql("SELECT listing_id FROM auctions WHERE id = %s", self.auction)
        return str(listing_id)


@pytest.fixture
async def sale(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql, database: Database
) -> Any:
    """A sale that is over and was not paid; the books hold afterwards."""
    opened = await Sale(market, server, market_clock, sql).open()
    await opened.end()
    await opened.lapse()
    yield opened
    assert (await audit(database, auctions=True)).findings == []


async def id_of(user: AsyncInstaSell) -> str:
    """The id of a user."""
    return (await user.auth.me()).id


async def outcome_of(trying: Awaitable[Any]) -> str:
    """Return what a call comes to: done, or the code of its refusal."""
    try:
        await trying
    except Conflict as refusal:
        return refusal.code
    return "done"


async def test_it_goes_down_the_line_at_each_ones_own_last_bid(sale: Sale) -> None:
    offered = await sale.offer()
    assert offered.order.buyer_id == await id_of(sale.second)
    assert (offered.order.unit_amount, offered.order.status.value) == (3000, "pending")
    assert offered.events[-1].reason == "offered to the runner-up"
    assert sale.sql(STOCK) == [(0,)]
    # They find it where a winner would, among their orders too.
    mine = await sale.second.auctions.get(sale.auction)
    assert mine.order_id == offered.order.id
    assert mine.orders is None
    assert (await sale.second.orders.get(offered.order.id)).order.payment_due_at > (
        offered.order.created_at
    )
    # The auction itself stays as it ended; its orders tell the rest, to the seller.
    state = (await sale.seller.auctions.get(sale.auction)).state
    assert (state.winner, state.current_bid) == ("bidder-3", 3100)
    await sale.second.orders.cancel(offered.order.id)
    assert sale.sql(STOCK) == [(1,)]
    third = await sale.offer()
    assert (third.order.buyer_id, third.order.unit_amount) == (await id_of(sale.third), 2000)
    await sale.lapse()
    with pytest.raises(NoRunnerUp):
        await sale.offer()
    chain = (await sale.seller.auctions.get(sale.auction)).orders
    assert chain is not None
    assert [(each.unit_amount, each.status.value) for each in chain] == [
        (3100, "cancelled"), (3000, "cancelled"), (2000, "cancelled"),
    ]  # fmt: skip
    assert sale.sql(STOCK) == [(1,)]


async def test_fifty_offers_at_once_make_one(sale: Sale) -> None:
    outcomes = await asyncio.gather(*(outcome_of(sale.offer()) for _ in range(50)))
    assert sorted(set(outcomes)) == ["auction_has_order", "done"]
    assert outcomes.count("done") == 1
    assert sale.orders == [("cancelled", 3100), ("pending", 3000)]
    assert sale.sql(STOCK) == [(0,)]


async def test_one_key_is_one_offer_and_one_answer(sale: Sale) -> None:
    made = await asyncio.gather(*(sale.offer(idempotency_key="offer-1") for _ in range(20)))
    assert len({each.order.id for each in made}) == 1
    assert len(sale.orders) == 2


@pytest.mark.parametrize("round_", range(3))
async def test_offers_relists_and_the_removal_of_the_listing_race(sale: Sale, round_: int) -> None:
    auctions = sale.seller.auctions
    outcomes = await asyncio.gather(
        *(outcome_of(sale.offer()) for _ in range(10)),
        *(outcome_of(auctions.relist(sale.auction)) for _ in range(10)),
        *(outcome_of(auctions.create(sale.listing, min_bid=1, duration_seconds=60))
          for _ in range(10)),
    )  # fmt: skip
    assert outcomes.count("done") == 1, outcomes
    pending = sale.sql("SELECT count(*) FROM orders WHERE status = 'pending'")
    running = sale.sql("SELECT count(*) FROM auctions WHERE status = 'live'")
    assert {pending[0][0], running[0][0]} == {0, 1}
    assert sale.sql(STOCK) == [(1 - pending[0][0],)]
    gas = "SELECT 100000 - gas_balance FROM wallets WHERE user_id = %s"
    fees = 50 * sale.sql("SELECT count(*) FROM auctions")[0][0]
    assert sale.sql(gas, await id_of(sale.seller)) == [(fees,)], round_


async def test_offers_and_relists_race_with_the_removal_of_the_listing(sale: Sale) -> None:
    async def remove() -> str:
        try:
            await sale.seller.listings.delete(sale.listing)
        except ListingInUse:
            return "in use"
        return "removed"

    async def attempt(trying: Awaitable[Any]) -> str:
        try:
            return await outcome_of(trying)
        except ListingNotFound:
            return "gone"

    auctions = sale.seller.auctions
    *tried, removed = await asyncio.gather(
        *(attempt(sale.offer()) for _ in range(5)),
        *(attempt(auctions.relist(sale.auction)) for _ in range(5)),
        remove(),
    )
    running = sale.sql("SELECT count(*) FROM auctions WHERE status = 'live'") == [(1,)]
    # An item with an open auction stays; one that is gone is neither offered nor relisted.
    assert (removed == "in use") == running, tried
    assert tried.count("done") == (0 if set(tried) == {"gone"} else 1), tried


async def test_what_stands_in_the_way_of_an_offer(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql
) -> None:
    sale = await Sale(market, server, market_clock, sql).open()
    with pytest.raises(AuctionStillOpen) as early:
        await sale.offer()
    assert early.value.auction_status == "live"
    await sale.end()
    with pytest.raises(AuctionHasOrder) as sold:
        await sale.offer()
    [(order_id,)] = sql("SELECT id FROM orders")
    assert sold.value.order_id == order_id
    with pytest.raises(AuctionHasOrder):
        await sale.seller.auctions.relist(sale.auction)
    for stranger in (await market.seller(),):
        with pytest.raises(AuctionNotFound):
            await stranger.auctions.offer_runner_up(sale.auction)
        with pytest.raises(AuctionNotFound):
            await stranger.auctions.relist(sale.auction)
    await sale.lapse()
    again = await sale.seller.auctions.relist(sale.auction)
    with pytest.raises(ListingHasAuction):
        await sale.offer()
    await sale.seller.auctions.cancel(again.state.auction_id)
    await sale.seller.listings.delete(sale.listing)
    for trying in (sale.offer(), sale.seller.auctions.relist(sale.auction)):
        with pytest.raises(ListingNotFound):
            await trying


async def test_a_maximum_that_nobody_forced_stays_private(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql
) -> None:
    """The bidder's own bids count, not how far the engine would have gone for them."""
    sale = Sale(market, server, market_clock, sql)
    sale.seller, second, first = [await market.seller() for _ in range(3)]
    sale.auction = await market.auction(sale.seller, min_bid=1000)
    await second.auctions.bid(sale.auction, max_amount=3000)
    await first.auctions.bid(sale.auction, max_amount=9000)
    await sale.end()
    await sale.lapse()
    assert (await sale.offer()).order.unit_amount == 1000


async def test_an_item_that_was_paid_is_offered_to_nobody_else(
    sale: Sale, fund: Callable[[str, int], None]
) -> None:
    offered = await sale.offer()
    fund(await id_of(sale.second), 3000)
    await sale.second.orders.pay(offered.order.id, "wallet")
    with pytest.raises(AuctionHasOrder):
        await sale.offer()
    await sale.seller.orders.cancel(offered.order.id)
    # Sold, paid and cancelled: the next bidder is not asked, but the item may be relisted.
    with pytest.raises(AuctionHasOrder):
        await sale.offer()
    assert (await sale.seller.auctions.relist(sale.auction)).state.status.value == "live"


async def test_the_suspended_are_passed_over(sale: Sale) -> None:
    service = sale.server.app[accounts.SERVICE]
    await service.suspend(await id_of(sale.second), "fraud")
    offered = await sale.offer()
    assert offered.order.buyer_id == await id_of(sale.third)


async def test_the_reserve_has_to_allow_it(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql
) -> None:
    sale = await Sale(market, server, market_clock, sql).open(reserve=2500)
    await sale.end()
    await sale.lapse()
    assert (await sale.offer()).order.unit_amount == 3000
    await sale.lapse()
    with pytest.raises(NoRunnerUp):
        await sale.offer()
    assert len(sale.orders) == 2


async def test_a_forfeited_auction_goes_on_down_the_line(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql, database: Database
) -> None:
    sale = await Sale(market, server, market_clock, sql).open()
    await server.app[accounts.SERVICE].suspend(await id_of(sale.first), "fraud")
    await sale.end()
    assert sale.orders == [("cancelled", 3100), ("pending", 3000)]
    await sale.lapse()
    assert (await sale.offer()).order.unit_amount == 2000
    assert (await audit(database, auctions=True)).findings == []


async def test_an_offer_holds_the_item(sale: Sale) -> None:
    await sale.offer()
    with pytest.raises(OutOfStock):
        await sale.seller.auctions.create(sale.listing, min_bid=1, duration_seconds=60)


# Relisting ------------------------------------------------------------------------------------


async def test_the_same_terms_again(
    market: Market, server: RunningServer, market_clock: MarketClock, sql: Sql
) -> None:
    sale = await Sale(market, server, market_clock, sql).open(
        reserve=2000, buy_now=9000, increments="none", extension_window_seconds=7,
        extension_seconds=9, duration_seconds=600,
    )  # fmt: skip
    await sale.end()
    await sale.lapse()
    made = (await sale.seller.auctions.relist(sale.auction)).state
    assert made.auction_id != sale.auction
    assert (made.status.value, made.bid_count, made.leader) == ("live", 0, None)
    assert (made.min_bid, made.buy_now, made.has_reserve) == (1000, 9000, True)
    assert (made.extension_window_seconds, made.extension_seconds) == (7, 9)
    assert (made.end_at - made.start_at).total_seconds() == 600
    hidden = "SELECT reserve, increments FROM auctions WHERE id = %s"
    assert sql(hidden, made.auction_id) == [(2000, "none")]


async def test_other_terms(sale: Sale) -> None:
    made = (
        await sale.seller.auctions.relist(
            sale.auction, duration_seconds=60, min_bid=500, buy_now=5000, reserve=700
        )
    ).state
    assert (made.min_bid, made.buy_now, made.has_reserve) == (500, 5000, True)
    assert (made.end_at - made.start_at).total_seconds() == 60
    await sale.seller.auctions.cancel(made.auction_id)
    with pytest.raises(Invalid) as bad:
        await sale.seller.auctions.relist(sale.auction, min_bid=500, reserve=400)
    assert [each.field for each in bad.value.errors] == ["reserve"]
    # A null takes a term away, which only JSON can say.
    path = f"/auctions/{made.auction_id}/relist"
    bare = await sale.seller.api("post", path, body={"reserve": None, "buy_now": None})
    assert bare["state"]["has_reserve"] is False
    assert bare["state"]["buy_now"] is None


async def test_fifty_relists_at_once_make_one_and_take_one_fee(sale: Sale) -> None:
    relists = (sale.seller.auctions.relist(sale.auction) for _ in range(50))
    outcomes = await asyncio.gather(*(outcome_of(each) for each in relists))
    assert outcomes.count("done") == 1
    assert outcomes.count("listing_has_auction") == 49
    gas = "SELECT gas_balance FROM wallets WHERE user_id = %s"
    assert sale.sql(gas, await id_of(sale.seller)) == [(100_000 - 2 * 50,)]


async def test_it_costs_gas_like_the_first_time(sale: Sale) -> None:
    seller_id = await id_of(sale.seller)
    [(gas,)] = sale.sql("SELECT gas_balance FROM wallets WHERE user_id = %s", seller_id)
    sale.sql("UPDATE wallets SET gas_balance = 49 WHERE user_id = %s", seller_id)
    with pytest.raises(InsufficientGas) as poor:
        await sale.seller.auctions.relist(sale.auction)
    assert poor.value.missing == 1
    sale.sql("UPDATE wallets SET gas_balance = %s WHERE user_id = %s", gas, seller_id)
    assert sale.sql("SELECT count(*) FROM auctions") == [(1,)]


async def test_without_a_winner_or_cancelled_it_is_relisted(
    market: Market, market_clock: MarketClock, sql: Sql
) -> None:
    seller = await market.seller()
    unsold = await market.auction(seller)
    cancelled = await market.auction(seller)
    await seller.auctions.cancel(cancelled)
    market_clock.shift(2 * HOUR)
    over = "SELECT status FROM auctions WHERE id = %s"
    await until(lambda: sql(over, unsold) == [("ended",)])
    for auction_id in (unsold, cancelled):
        with pytest.raises(NoRunnerUp):
            await seller.auctions.offer_runner_up(auction_id)
        assert (await seller.auctions.relist(auction_id)).state.status.value == "live"
