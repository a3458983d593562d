"""The auctions of a seller: the state and the result of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from instasell_client import Forbidden, Invalid
from instasell_client.models.seller_auctions import SellingAuction
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]


async def over(sql: Sql, market_clock: MarketClock, seconds: float) -> None:
    """Let time pass until no auction is open."""
    market_clock.shift(seconds)
    open_ones = "SELECT count(*) FROM auctions WHERE status IN ('pending', 'live')"
    await until(lambda: sql(open_ones) == [(0,)])


async def parts_of(seller: Any) -> dict[str, SellingAuction]:
    """The seller's auctions by their titles."""
    return {each.state.title: each async for each in seller.auctions.selling()}


async def test_each_auction_is_in_its_part(
    market: Market, sql: Sql, market_clock: MarketClock
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    terms = {"min_bid": 1000, "duration_seconds": 60}
    sold = await market.auction(seller, title="sold", **terms)
    low = await market.auction(seller, title="below reserve", **terms, reserve=5000)
    await market.auction(seller, title="no bids", **terms)
    unpaid = await market.auction(seller, title="unpaid", **terms)
    cancelled = await market.auction(seller, title="withdrawn", **terms)
    await seller.auctions.cancel(cancelled)
    for auction_id in (sold, low, unpaid):
        await bidder.auctions.bid(auction_id, amount=1200)
    await bidder.auctions.watch(low)
    await over(sql, market_clock, 61)
    order = (await bidder.orders.for_auction(unpaid)).order
    await bidder.orders.cancel(order.id)
    running = await market.auction(seller, title="running", **terms)
    await market.auction(await market.seller(), title="of another", **terms)
    found = await parts_of(seller)
    assert {title: each.part for title, each in found.items()} == {
        "running": "running",
        "withdrawn": "cancelled",
        "unpaid": "unsold",
        "no bids": "unsold",
        "below reserve": "unsold",
        "sold": "sold",
    }
    assert found["below reserve"].reserve == 5000
    assert (found["below reserve"].watchers, found["below reserve"].gas_fee) == (1, 50)
    assert (await (await market.anybody()).auctions.get(low)).watchers == 1
    assert (found["sold"].order_status, found["sold"].total_amount) == ("pending", 1200)
    assert found["sold"].buyer_name == (await bidder.auth.me()).display_name
    assert (found["unpaid"].order_id, found["unpaid"].order_status) == (order.id, "cancelled")
    assert found["no bids"].order_id is None
    # Relisted, the item is not unsold any more.
    await seller.auctions.create(found["no bids"].state.listing_id, **terms)
    again = [each async for each in seller.auctions.selling(part="unsold")]
    assert [each.state.title for each in again] == ["unpaid", "below reserve"]
    relisted = [each async for each in seller.auctions.selling(part="relisted")]
    assert [each.state.title for each in relisted] == ["no bids"]
    page = await seller.auctions.selling_page(part="running")
    assert {each.state.auction_id for each in page.items} >= {running}
    assert (page.currency, page.auction_gas_fee, page.feature_gas_fee) == ("USD", 50, 20)


async def test_pages_hold_under_new_auctions(market: Market) -> None:
    seller = await market.seller()
    made = [await market.auction(seller, title=f"number {n}") for n in range(5)]
    first = await seller.auctions.selling_page(limit=2)
    await market.auction(seller, title="new")
    seen = [each.state.auction_id for each in first.items]
    cursor = first.next
    while cursor is not None:
        page = await seller.auctions.selling_page(limit=2, cursor=cursor)
        seen += [each.state.auction_id for each in page.items]
        cursor = page.next
    assert seen == made[::-1]
    for broken in ("x", "WyJzZWxsaW5nIiwxLCJ4Il0"):
        with pytest.raises(Invalid) as refused:
            await seller.auctions.selling_page(cursor=broken)
        assert [each.field for each in refused.value.errors] == ["cursor"]


async def test_buyers_have_none(market: Market) -> None:
    with pytest.raises(Forbidden):
        await (await market.bidder()).auctions.selling_page()
