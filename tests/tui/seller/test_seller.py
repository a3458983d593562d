"""The seller screen on a real server: listings, what runs, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from instasell_client import AsyncInstaSell
from instasell_tui.auction.screen import AuctionScreen
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.seller import text as seller_text
from instasell_tui.seller.listing_import import ImportProgress
from instasell_tui.seller.screen import SellerScreen
from instasell_tui.widgets.row_table import RowTable
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.waiting import until
from tests.tui.pilot import LARGE, Opener, Screen

pytestmark = pytest.mark.usefixtures("unmeasured")

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
async def seller(market: Market, sql: Sql) -> AsyncInstaSell:
    """A seller, in a market with a category that can be typed."""
    category = market.category()
    sql("UPDATE categories SET name = 'Clocks', path = 'Home > Clocks' WHERE id = %s", category)
    return await market.seller()


async def open_selling(shown: Screen) -> RowTable:
    """Open the seller screen."""
    await shown.press("L")
    await shown.until(lambda: isinstance(shown.app.screen, SellerScreen))
    return shown.app.screen.query_one(RowTable)


async def test_from_a_new_listing_to_an_auction_that_is_cancelled(
    seller: AsyncInstaSell, screen: Opener
) -> None:
    async with screen(seller.token) as shown:
        await open_selling(shown)
        await shown.reads("No auction of yours is open", "1 Running")
        await shown.press("4")
        await shown.reads("You have nothing to sell yet", "n New")
        await shown.press("n")
        await shown.reads("Something to sell")
        await shown.press("right", "tab")
        await shown.type("Mantel clock")
        await shown.press("tab", "tab")
        await shown.type("clock")
        await shown.press("enter")
        await shown.reads("Which one? Home > Clocks")
        await shown.type("s")
        await shown.press("enter")
        await shown.reads("Added: p auctions it", "Mantel clock", "by auction", "p Auction")
        await shown.press("p")
        await shown.reads("Auction this item", "3d")
        await shown.type("12,5")
        await shown.press("enter")
        await shown.reads("has a decimal comma")
        await shown.press("ctrl+u")
        await shown.type("12.50")
        await shown.press("enter")
        await shown.reads("Start the auction?", "12.50", "50 gas", "100,000 gas")
        await shown.confirm()
        await shown.reads("It is up", "up for auction")
        await shown.press("1")
        await shown.reads("Mantel clock", "12.50", "x Cancel")
        await shown.press("x")
        await shown.reads("Cancel this auction?")
        await shown.press("enter")
        await shown.reads("Comes back", "50 gas")
        await shown.confirm()
        await shown.reads("The auction is cancelled", "No auction of yours is open")
    assert (await seller.wallet.get()).gas_balance == 100_000


async def test_a_listing_at_a_price_is_changed_and_removed(
    seller: AsyncInstaSell, screen: Opener, market: Market
) -> None:
    made = await seller.listings.create(
        type="direct", title="[/b] Ford [blue]", category_id=market.category(), condition="new",
        price=1000, stock=1,
    )  # fmt: skip
    async with screen(seller.token, size=LARGE) as shown:
        await open_selling(shown)
        await shown.press("4")
        await shown.reads("[/b] Ford [blue]", "at a price", "10.00", "Home > Clocks")
        await shown.press("e")
        await shown.reads("Change this listing", "10.00")
        await shown.press("tab", "ctrl+u")
        await shown.type("7")
        await shown.press("tab", "ctrl+u")
        await shown.type("x")
        await shown.press("enter")
        await shown.reads("A whole number")
        await shown.press("ctrl+u")
        await shown.type("0")
        await shown.press("enter")
        await shown.reads("Changed", "7.00", "■")
        changed = await seller.listings.get(made.id)
        assert (changed.price, changed.stock, changed.title) == (700, 0, made.title)
        await shown.press("delete")
        await shown.reads("Take it away?")
        await shown.press("escape")
        await shown.reads("Nothing was sent")
        await shown.press("delete")
        await shown.confirm()
        await shown.reads("It is taken away", "You have nothing to sell yet")


async def test_bids_are_seen_and_what_came_of_it(
    seller: AsyncInstaSell,
    screen: Opener,
    market: Market,
    sql: Sql,
    market_clock: MarketClock,
) -> None:
    bidder = await market.bidder()
    won = await market.auction(
        seller, title="Won clock", min_bid=1000, duration_seconds=600, reserve=2000
    )
    await market.auction(
        seller, title="Poor clock", min_bid=1000, duration_seconds=700, reserve=1500, buy_now=3000
    )
    async with screen(seller.token, size=LARGE) as shown:
        table = await open_selling(shown)
        await shown.reads("Won clock", "Poor clock", "20.00")
        await bidder.auctions.bid(won, max_amount=2500)
        await shown.until(lambda: [row.cells["bids"][0] for row in table.rows] == ["0", "1"])
        assert "x Cancel" in shown.text
        await shown.press("down")
        await shown.until(lambda: "x Cancel" not in shown.text)
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
        await shown.press("escape")
        market_clock.shift(701)
        await until(lambda: sql("SELECT count(*) FROM auctions WHERE status = 'live'") == [(0,)])
        await shown.press("2")
        await shown.reads("Poor clock", "no bids", "▶")
        await shown.press("p")
        await shown.reads("Relist this auction", "10.00", "15.00", "30.00")
        # The reserve is taken away; all that nobody touched stays as it was.
        for _ in range(2):
            await shown.press("tab")
        await shown.press("home", *["delete"] * 5, "enter")
        await shown.reads(
            "Start the auction again?", "Hidden reserve", "50 gas", "11m, as last time"
        )
        await shown.confirm()
        await shown.reads("It runs again", "Every auction has found a buyer")
        await shown.press("3")
        await shown.reads("Won clock", "not paid yet", "Person")
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, OrderScreen))
        await shown.reads("Not paid yet: the buyer has")
    [again] = [each async for each in seller.auctions.selling(part="running")]
    state = again.state
    assert (again.reserve, state.min_bid, state.buy_now) == (None, 1000, 3000)
    assert (state.end_at - state.start_at).total_seconds() == 700


async def test_what_was_not_paid_is_offered_to_the_next_bidder(
    seller: AsyncInstaSell,
    screen: Opener,
    market: Market,
    sql: Sql,
    market_clock: MarketClock,
) -> None:
    first, second = await market.bidder(), await market.bidder()
    auction_id = await market.auction(seller, title="Clock", min_bid=1000, duration_seconds=600)
    await second.auctions.bid(auction_id, amount=1500)
    await first.auctions.bid(auction_id, amount=2000)
    market_clock.shift(601)
    await until(lambda: sql("SELECT count(*) FROM orders") == [(1,)])
    await first.orders.cancel((await first.orders.for_auction(auction_id)).order.id)
    async with screen(seller.token, size=LARGE) as shown:
        await open_selling(shown)
        await shown.press("2")
        await shown.reads("Clock", "not paid", "u Offer on")
        await shown.press("u")
        await shown.reads("Offer it on?")
        await shown.confirm()
        await shown.reads("Offered: 15.00 is to be paid", "Every auction has found a buyer")
    [order] = [each async for each in second.orders.list()]
    assert (order.total_amount, order.status.value) == (1500, "pending")


async def test_a_refusal_is_shown_and_loses_nothing(
    seller: AsyncInstaSell, screen: Opener, market: Market
) -> None:
    listing = await market.listing(seller)
    async with screen(seller.token) as shown:
        await open_selling(shown)
        await shown.press("4")
        await shown.reads("by auction", "p Auction")
        await shown.press("p")
        await shown.reads("Auction this item")
        await shown.type("9")
        await seller.auctions.create(listing, min_bid=100, duration_seconds=600)
        await shown.press("enter")
        await shown.confirm()
        await shown.reads("Refused", "9", "3d")
        await shown.press("escape")
        await shown.reads("up for auction")


async def test_a_user_without_the_right_is_refused(
    seller: AsyncInstaSell, screen: Opener, market: Market
) -> None:
    await market.auction(seller, title="Clock")
    async with screen(seller.token, read_only=True) as shown:
        await open_selling(shown)
        await shown.reads("Opened read-only", "Clock")
        assert "x Cancel" not in shown.text
        await shown.press("x", "4", "n")
        await shown.reads("1 listing")
        assert "Something to sell" not in shown.text
    async with screen((await market.bidder()).token) as shown:
        await open_selling(shown)
        await shown.reads("This account does not sell")
    async with screen() as shown:
        await open_selling(shown)
        await shown.reads("Press i to sign in")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3d", 259200), ("12h", 43200), ("1d 6h", 108000), ("45M", 2700), ("90d", 7776000)],
)
def test_spans_are_read(text: str, seconds: int) -> None:
    assert seller_text.seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(259200, "3d"), (108060, "1d 6h 1m"), (700, "11m"), (59, "1m"), (3600, "1h")],
)
def test_spans_are_written_as_they_are_read(seconds: int, text: str) -> None:
    assert seller_text.span_of(seconds) == text
    assert seller_text.seconds_of(text) == max(seconds // 60, 1) * 60


@pytest.mark.parametrize("text", ["", "3", "d", "0d", "91d", "3 days", "-1h", "\u0663d x"])
def test_other_spans_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"as 3d|At least"):
        seller_text.seconds_of(text)


PATHS = {"Home": "1", "Home > Clocks": "2", "Toys > Clocks": "3", "Toys > Trains": "4"}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("home", "Home"),
        (" home >  CLOCKS", "Home > Clocks"),
        ("trains", "Toys > Trains"),
        ("clocks", None),
        ("Attic", None),
        ("", None),
    ],
)
def test_categories_are_found_as_they_are_typed(typed: str, found: str | None) -> None:
    assert seller_text.find_path(typed, PATHS) == found


def test_terms_that_contradict_each_other_are_refused_by_name() -> None:
    values = {"min_bid": "10", "duration": "1d", "reserve": "9", "buy_now": "8"}
    assert set(seller_text.wrong_terms(values, "USD")) == {"reserve", "buy_now"}
    fine = {**values, "reserve": "", "buy_now": "10"}
    assert seller_text.wrong_terms(fine, "USD") == {}


async def test_a_file_of_listings_is_looked_at_and_imported(
    seller: AsyncInstaSell, screen: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (
        "seller_sku,type,title,category,condition,price,stock",
        "a-1,direct,Mantel clock,Home > Clocks,new,12.50,2",
        "a-2,direct,Wall clock,Home > Clocks,used,9.00,1",
    )
    file = tmp_path / "-my listings.csv"
    file.write_text("\n".join(rows) + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INSTASELL_TOKEN", "of-another-user")
    async with screen(seller.token) as shown:
        await open_selling(shown)
        await shown.press("4")
        await shown.reads("n adds something, I a whole file", "I Import")
        await shown.press("I")
        await shown.reads("Listings from a file")
        await shown.type("none.csv")
        await shown.press("enter")
        # Where the line is broken depends on how long the path of the test's folder is.
        await shown.until(
            lambda: "none.csv: No such file" in " ".join(shown.text.replace("│", " ").split())
        )
        shown.app.screen.query_one("#path", Input).value = file.name
        await shown.press("enter")
        await shown.reads("Bring these in?", "Left out", "row 2", "condition")
        assert not [each async for each in seller.listings.list(seller=(await seller.auth.me()).id)]
        await shown.confirm()
        await shown.reads("Brought in: 1 created, 1 rejected; row 2: ", "Mantel clock", "12.50")
        # The same file again changes nothing, and asks nothing.
        await shown.press("I")
        await shown.reads("Listings from a file")
        await shown.type(file.name)
        await shown.press("enter")
        await shown.reads("Nothing to bring in: 1 unchanged, 1 rejected")


async def test_columns_of_a_file_are_mapped(
    seller: AsyncInstaSell, screen: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs.csv").write_text("Name,Cost\nMantel clock,12.50\n")
    monkeypatch.chdir(tmp_path)
    async with screen(seller.token) as shown:
        await open_selling(shown)
        await shown.press("4", "I")
        await shown.reads("Listings from a file", "Columns", "The same for all")
        for name, text in (
            ("path", "theirs.csv"),
            ("maps", "Name=title, Cost"),
            ("sets", "type=direct, category=Home > Clocks, condition=new, stock=2"),
        ):
            shown.app.screen.query_one(f"#{name}", Input).value = text
        await shown.press("enter")
        await shown.reads("'Cost' has to be written as name=field")
        shown.app.screen.query_one("#maps", Input).value = "Name=title, Cost=price"
        await shown.press("enter")
        await shown.reads("Bring these in?")
        await shown.confirm()
        await shown.reads("Brought in: 1 created", "Mantel clock", "12.50")


def test_verdicts_are_counted_and_complaints_are_safe_to_print() -> None:
    found = ImportProgress()
    assert found.summary == "no rows"
    error = '{"field": "title", "message": "\\u001b[2Jtoo long"}'
    for row in range(1, 6):
        found.take(b'{"row": %d, "outcome": "rejected", "errors": [%s]}' % (row, error.encode()))
    found.take(b'{"row": 6, "outcome": "created", "errors": []}')
    assert (found.rows, found.summary) == (6, "1 created, 5 rejected")
    assert len(found.complaints) == 3
    assert "\x1b" not in seller_text.told_of(found)
    assert seller_text.verdict_lines(found)[3] == ("Left out", "5")
    for broken in (b"Traceback", b"[]", b'{"outcome": "lost"}'):
        with pytest.raises(ValueError, match=r"verdict|Expecting"):
            found.take(broken)
