"""The auctions that a user bids in: their position in each, and the order."""

from __future__ import annotations

import pytest

from instasell_client import Invalid
from instasell_client.models.bids import BiddingAuction
from tests.server.auctions.test_selling import Sql
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.waiting import until


async def test_what_needs_the_bidder_comes_first(
    market: Market, sql: Sql, market_clock: MarketClock
) -> None:
    seller, me, other = await market.seller(), await market.bidder(), await market.bidder()
    made: dict[str, str] = {}

    async def auction(title: str, seconds: int, mine: int, others: int = 0) -> None:
        made[title] = await market.auction(
            seller, title=title, min_bid=1000, duration_seconds=seconds
        )
        await me.auctions.bid(made[title], max_amount=mine)
        if others:
            await other.auctions.bid(made[title], max_amount=others)

    await auction("won, cancelled", 40, 1500)
    await auction("lost", 50, 1500, 3000)
    await auction("to pay", 60, 2000)
    await auction("leads late", 9000, 5000, 1500)
    await auction("leads soon", 8000, 1200)
    await auction("outbid late", 7000, 1500, 2500)
    await auction("outbid soon", 6000, 1500, 2500)
    await market.auction(seller, title="of nobody")
    await other.auctions.bid(await market.auction(seller, title="of another"), amount=1000)
    market_clock.shift(61)
    await until(lambda: sql("SELECT count(*) FROM auctions WHERE status = 'ended'") == [(3,)])
    [paid] = [each async for each in me.auctions.bidding() if each.state.title == "won, cancelled"]
    assert (paid.part, paid.order_id is not None) == ("to_pay", True)
    await me.orders.cancel(str(paid.order_id))

    found: list[BiddingAuction] = [each async for each in me.auctions.bidding(page_size=2)]
    assert [(each.state.title, each.part) for each in found] == [
        ("to pay", "to_pay"),
        ("outbid soon", "outbid"),
        ("outbid late", "outbid"),
        ("leads soon", "leading"),
        ("leads late", "leading"),
        ("lost", "lost"),
        ("won, cancelled", "won"),
    ]
    by_title = {each.state.title: each for each in found}
    due, lost, leads = by_title["to pay"], by_title["lost"], by_title["leads late"]
    assert (due.order_status, due.total_amount, due.max_amount) == ("pending", 1000, 2000)
    assert due.payment_due_at is not None
    assert (lost.order_id, lost.max_amount, lost.bidder) == (None, 1500, "bidder-1")
    assert (leads.state.current_bid, leads.max_amount, leads.state.leader) == (
        1550, 5000, "bidder-1",
    )  # fmt: skip

    # Another user sees their side of the same auctions, and only their own maximum.
    theirs = {each.state.title: each async for each in other.auctions.bidding()}
    assert set(theirs) == {
        "lost", "leads late", "outbid late", "outbid soon", "of another",
    }  # fmt: skip
    assert (theirs["lost"].part, theirs["lost"].max_amount) == ("to_pay", 3000)
    assert [each async for each in seller.auctions.bidding()] == []
    page = await me.auctions.bidding_page(part="outbid", limit=1)
    assert ([each.state.title for each in page.items], page.currency) == (["outbid soon"], "USD")
    cursor = (await other.auctions.live_page(limit=1)).next
    for broken in (cursor, "x"):
        with pytest.raises(Invalid, match="cursor"):
            await me.auctions.bidding_page(cursor=broken)
