"""The Auction screen on a real server: every way to bid, and none by accident."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from instasell_client import AsyncInstaSell
from instasell_client.models.accounts import Role
from instasell_client.models.auctions import Bid
from instasell_tui.auction.screen import AuctionScreen
from instasell_tui.bids.screen import BidsScreen
from instasell_tui.widgets.confirm_screen import ConfirmScreen
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.tui.pilot import Opener, Screen

pytestmark = pytest.mark.usefixtures("unmeasured")


@contextlib.asynccontextmanager
async def at_auction(
    screen: Opener, auction: str, token: str | None, **options: object
) -> AsyncIterator[Screen]:
    """The screen of one auction, with all that it shows."""
    async with screen(token, **options) as shown:
        shown.app.open_auction(auction)
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
        await shown.reads("sold by")
        yield shown


async def bids_of(anybody: AsyncInstaSell, auction: str) -> list[Bid]:
    """The bids that the market has."""
    return [bid async for bid in anybody.auctions.bids(auction)]


async def test_the_minimum_is_bid_with_one_key_and_a_confirmation(
    market: Market, screen: Opener
) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller(), title="A pocket watch", min_bid=1000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.reads("Bid 10.00", "No bids yet")
        await shown.press("b")
        await shown.reads("Place this bid?", "A pocket watch", "You bid", "10.00")
        assert await bids_of(bidder, auction) == []
        await shown.confirm()
        await shown.reads("▲ You lead", "Your bid leads at 10.00", "● ", "1 by 1")
    [bid] = await bids_of(bidder, auction)
    assert (bid.amount, bid.bidder) == (1000, "bidder-1")
    assert [state.auction_id async for state in bidder.auctions.watched()] == [auction]


async def test_escape_and_cancel_send_nothing(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller())
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.press("b")
        await shown.reads("Place this bid?")
        await shown.press("escape")
        await shown.reads("Nothing was sent")
        await shown.press("b")
        await shown.until(lambda: getattr(shown.app.screen, "armed", False))
        await shown.press("right", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
        await shown.press("b")
        await shown.until(lambda: isinstance(shown.app.screen, ConfirmScreen))
        await shown.pilot.click("#cancel")
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
        await shown.reads("Nothing was sent")
    assert await bids_of(bidder, auction) == []


async def test_a_key_that_is_held_down_confirms_nothing(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller())
    async with at_auction(screen, auction, bidder.token, armed_after_seconds=3600) as shown:
        await shown.press("e")
        await shown.press(*["enter"] * 8)
        await shown.until(lambda: isinstance(shown.app.screen, ConfirmScreen))
        await shown.press(*["enter"] * 8)
        assert isinstance(shown.app.screen, ConfirmScreen)
        await shown.press("escape")
        await shown.reads("Nothing was sent")
    assert await bids_of(bidder, auction) == []


async def test_an_automatic_maximum_and_a_raise_of_it(market: Market, screen: Opener) -> None:
    bidder, rival = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), min_bid=1000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.press("m")
        await shown.type("25")
        await shown.press("enter")
        await shown.reads("Automatic bids up to", "25.00")
        await shown.confirm()
        await shown.reads("You lead, automatic up to 25.00")
        await rival.auctions.bid(auction, amount=1500)
        await shown.reads("15.50", "Your maximum")
        assert not shown.bells
        await shown.press("b")
        await shown.reads("You lead already")
        await shown.press("m")
        await shown.type("40")
        await shown.press("enter")
        await shown.confirm()
        await shown.reads("You lead, automatic up to 40.00", "you ↑")
    kinds = [bid.kind.value for bid in await bids_of(bidder, auction)]
    assert kinds == ["bid", "bid", "raise"]


async def test_being_outbid_rings_and_offers_the_next_minimum(
    market: Market, screen: Opener
) -> None:
    bidder, rival = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), min_bid=1000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.press("b")
        await shown.confirm()
        await shown.reads("▲ You lead")
        await rival.auctions.bid(auction, amount=2000)
        await shown.reads("▼ Outbid by bidder-2: 20.50 or more leads again", "Bid 20.50")
        assert len(shown.bells) == 1
        await shown.press("b")
        await shown.confirm()
        await shown.reads("▲ You lead")


async def test_away_from_the_auction_a_notice_tells_of_being_outbid_once(
    market: Market, screen: Opener
) -> None:
    bidder, rival = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), title="[/b] watch", min_bid=1000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.press("b")
        await shown.confirm()
        await shown.reads("▲ You lead")
        await shown.press("escape")
        await shown.reads("you lead")
        await rival.auctions.bid(auction, amount=2000)
        await shown.reads("▼ Outbid: 20.50 or more leads again")
        assert shown.text.count("▼ Outbid: 20.50") == 1
        assert len(shown.bells) == 1


async def test_a_bid_that_comes_too_late_is_refused_and_tells_the_new_minimum(
    market: Market, screen: Opener
) -> None:
    bidder, rival = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), min_bid=1000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.press("b")
        await shown.reads("Place this bid?")
        await rival.auctions.bid(auction, amount=5000)
        await shown.reads("The minimum has risen to 51.00")
        await shown.confirm()
        await shown.reads("Too low by now: the minimum is 51.00", "Bid 51.00")
        await shown.press("b")
        await shown.reads("Place this bid?", "51.00")
        await shown.confirm()
        await shown.reads("Your bid leads at 51.00")
        await shown.press("exclamation_mark")
        await shown.reads("What was said", "Your bid leads at 51.00", "Too low by now")
    assert len(await bids_of(bidder, auction)) == 2


async def test_what_is_no_amount_is_refused_with_a_reason(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller(), min_bid=1000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.press("e")
        for typed, told in (
            ("12.3456", "more than 2 decimals"),
            ("1,250", "two ways; write 1250 or 1.25"),
            ("-5", "is not an amount"),
            ("1e9", "is not an amount"),
            ("0", "more than zero"),
            ("99999999999999", "is more than"),
        ):
            await shown.press("end", "ctrl+u")
            await shown.type(typed)
            await shown.press("enter")
            await shown.reads(told)
            assert isinstance(shown.app.screen, AuctionScreen)
        await shown.press("end", "ctrl+u")
        await shown.type("30")
        await shown.press("escape", "m")
        await shown.type("20")
        await shown.press("enter")
        await shown.reads("Your bid is above your maximum")
    assert await bids_of(bidder, auction) == []


async def test_an_amount_that_is_typed_is_left_alone(market: Market, screen: Opener) -> None:
    bidder, rival = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), min_bid=1000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.press("e")
        await shown.type("77.70")
        await rival.auctions.bid(auction, amount=2000)
        await shown.reads("bidder-1 leads", "Bid 77.70")
        await shown.press("enter")
        await shown.confirm()
        await shown.reads("Your bid leads at 77.70")


async def test_buy_now_asks_first_and_ends_the_auction(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller(), min_bid=1000, buy_now=4000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.reads("Buy now 40.00", "n Buy")
        await shown.press("n")
        await shown.reads("Buy this at once?", "You buy at")
        await shown.confirm()
        await shown.reads("▲ You won at 40.00 · your order is made", "ended", "Bidding is over")


async def test_a_late_bid_extends_and_the_end_tells_the_winner(
    market: Market, screen: Opener, market_clock: MarketClock
) -> None:
    bidder, rival = await market.bidder(), await market.bidder()
    seller = await market.seller()
    auction = await market.auction(
        seller,
        min_bid=1000,
        duration_seconds=300,
        extension_window_seconds=300,
        extension_seconds=300,
    )
    async with at_auction(screen, auction, bidder.token) as shown:
        await rival.auctions.bid(auction, amount=1000)
        await shown.reads("↻ extended by 300 s")
        await shown.press("b")
        await shown.confirm()
        await shown.reads("Your bid leads")
        market_clock.shift(3600)
        await shown.reads("▲ You won at", "your order is made")


async def test_the_last_seconds_are_marked(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller(), duration_seconds=11)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.reads("!!")


async def test_losing_is_shown_too(market: Market, screen: Opener) -> None:
    bidder, rival = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), min_bid=1000, duration_seconds=600)
    admin = await market.person(Role.ADMIN)
    other = await market.auction(await market.seller(), title="Cancelled clock", buy_now=9000)
    async with at_auction(screen, auction, bidder.token) as shown:
        await shown.press("b")
        await shown.confirm()
        await rival.auctions.bid(auction, amount=3000)
        await shown.reads("▼ Outbid")
        shown.app.open_auction(other)
        await shown.reads("Cancelled clock", "sold by")
        await admin.auctions.cancel(other, "The seller asked for it")
        await shown.reads("■ Cancelled: The seller asked for it")


async def test_a_seller_an_admin_and_a_reader_find_no_way_to_bid(
    market: Market, screen: Opener
) -> None:
    seller, admin, bidder = (
        await market.seller(),
        await market.person(Role.ADMIN),
        await market.bidder(),
    )
    auction = await market.auction(seller, min_bid=1000, buy_now=9000)
    for person, options, told in (
        (seller, {}, "This is your own auction"),
        (admin, {}, "An admin does not bid"),
        (bidder, {"read_only": True}, "bidding is off"),
    ):
        async with at_auction(screen, auction, person.token, **options) as shown:
            await shown.reads(told)
            await shown.press("b", "n", "e", "m")
            assert isinstance(shown.app.screen, AuctionScreen)
            assert "b Bid" not in shown.lines[-1]
    assert await bids_of(bidder, auction) == []


async def test_an_auction_that_does_not_exist_says_so(market: Market, screen: Opener) -> None:
    async with screen() as shown:
        shown.app.open_auction("00000000-0000-4000-8000-000000000000")
        await shown.reads("There is no such auction")


async def test_an_auction_that_comes_back_from_beneath_another_goes_on(
    market: Market, screen: Opener
) -> None:
    """One auction is followed at a time; the page beneath would show old prices as live ones."""
    seller, bidder, rival = await market.seller(), await market.bidder(), await market.bidder()
    first = await market.auction(seller, title="A first clock", min_bid=1000)
    second = await market.auction(seller, title="A second clock", min_bid=1000)
    await bidder.auctions.bid(second, amount=1000)
    async with at_auction(screen, first, bidder.token) as shown:
        await shown.press("B")
        await shown.reads("A second clock")
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
        await shown.reads("A second clock", "sold by")
        await shown.press("escape")
        await shown.until(lambda: isinstance(shown.app.screen, BidsScreen))
        await shown.press("escape")
        await shown.reads("A first clock")
        await rival.auctions.bid(first, amount=7700)
        await shown.reads("77.00", "1 bid")


async def test_hundreds_of_bids_are_all_there(market: Market, screen: Opener) -> None:
    first, second = await market.bidder(), await market.bidder()
    auction = await market.auction(await market.seller(), min_bid=100, increments="none")
    for amount in range(100, 160):
        await (first if amount % 2 else second).auctions.bid(auction, amount=amount)
    async with at_auction(screen, auction, first.token) as shown:
        await shown.reads("60 bids", "60 by 2")
        sale = shown.app.auction.page
        assert sale is not None
        assert [bid.seq for bid in sale.bids] == list(range(1, 61))
        await second.auctions.bid(auction, amount=500)
        await shown.reads("61 bids", "5.00")
