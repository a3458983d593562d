"""The Board on a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len

from instasell_tui.auction.screen import AuctionScreen
from instasell_tui.board.state import Tab
from instasell_tui.board.table import BoardTable
from instasell_tui.help.screen import HelpScreen
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.tui.pilot import LARGE, SMALL, Opener, Screen

HOSTILE = {
    "markup": "[/b] Ford [blue] [@click=app.quit]x[/]",
    "escape": "\x1b[2J\x1b]0;owned\x07 red \x1b[31mwatch",
    "direction": "\u202egnp.exe\u2066 \u05e9\u05dc\u05d5\u05dd",
    "wide": "\u53e4\u3044\u6642\u8a08" * 12,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7 \u2764\ufe0f",
    "marks": "e" + "\u0301" * 60 + " clock",
    "long": "A very long title " * 11,
    "lines": "one\ntwo\r\nthree\ttabs",
}


async def test_auctions_appear_change_and_end_by_themselves(market: Market, screen: Opener) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    async with screen() as shown:
        await shown.reads("No auction is open")
        auction = await market.auction(seller, title="A pocket watch", min_bid=1000, buy_now=9000)
        await shown.reads("A pocket watch", "10.00", "1 auction ")
        await bidder.auctions.bid(auction, amount=1250)
        await shown.reads("12.50", "bidder-1")
        await bidder.auctions.buy_now(await market.auction(seller, title="Sold", buy_now=500), 500)
        await shown.reads("ended", "5.00")


async def test_a_row_that_changed_flashes_and_calms_down(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    auction = await market.auction(await market.seller(), title="A pocket watch")
    async with screen() as shown:
        await shown.reads("A pocket watch")
        table = shown.app.screen.query_one(BoardTable)
        calm = _ground(table)
        await bidder.auctions.bid(auction, amount=500)
        await shown.until(lambda: _ground(table) != calm)
        await shown.until(lambda: _ground(table) == calm)
        assert "5.00" in shown.text


def _ground(table: BoardTable) -> object:
    """The colour behind the first line, which is not the cursor's while the table has no focus."""
    lot = table.rows[0]
    return lot.flashing(table._now())


async def test_the_filter_narrows_by_words_and_escape_widens(
    market: Market, screen: Opener
) -> None:
    seller = await market.seller()
    for title in ("Red watch", "Red clock", "Blue watch"):
        await market.auction(seller, title=title)
    async with screen() as shown:
        await shown.reads("Red watch", "Red clock", "Blue watch")
        await shown.press("slash")
        await shown.type("watch red")
        await shown.until(lambda: shown.titles == ["Red watch"])
        await shown.press("enter")
        assert "1 auction " in shown.text
        await shown.press("escape")
        await shown.until(lambda: len(shown.titles) == 3)
        await shown.press("slash")
        await shown.type("nothing like it")
        await shown.reads("Nothing here matches")


async def test_columns_sort_by_keys_and_by_a_click(market: Market, screen: Opener) -> None:
    seller = await market.seller()
    await market.auction(seller, title="b cheap", min_bid=100, duration_seconds=900)
    await market.auction(seller, title="c dear", min_bid=90000, duration_seconds=600)
    await market.auction(seller, title="a middle", min_bid=5000, duration_seconds=300)
    async with screen() as shown:
        await shown.until(lambda: shown.titles == ["a middle", "c dear", "b cheap"])
        await shown.press("s")
        assert shown.titles == ["a middle", "b cheap", "c dear"]
        await shown.press("s")
        assert shown.titles == ["c dear", "a middle", "b cheap"]
        await shown.press("S")
        assert shown.titles == ["b cheap", "a middle", "c dear"]
        await shown.pilot.click(BoardTable, offset=(4, 0))
        await shown.until(lambda: shown.titles == ["a middle", "b cheap", "c dear"])


async def test_the_cursor_stays_on_its_auction(market: Market, screen: Opener) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auctions = [await market.auction(seller, title=f"Watch {n}", min_bid=n) for n in (10, 20, 30)]
    async with screen() as shown:
        await shown.until(lambda: len(shown.titles) == 3)
        await shown.press("s", "s", "down")
        table = shown.app.screen.query_one(BoardTable)
        assert table.cursor_row is not None
        assert table.cursor_row.title == "Watch 20"
        await bidder.auctions.bid(auctions[0], amount=5000)
        await shown.until(lambda: shown.titles[0] == "Watch 10")
        assert table.cursor_row.title == "Watch 20"


async def test_the_tabs_hold_what_is_watched_and_what_is_ones_own(
    market: Market, screen: Opener
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    own = await market.auction(seller, title="Bid on")
    await market.auction(seller, title="Never looked at")
    await bidder.auctions.bid(own, amount=100)
    await bidder.auctions.watch(own)
    async with screen(bidder.token) as shown:
        await shown.reads("2 Watching 1", "3 Mine 1", "you lead")
        await shown.press("end", "w")
        await shown.reads("2 Watching 2")
        await shown.press("2")
        await shown.until(lambda: len(shown.titles) == 2)
        await shown.press("3")
        await shown.until(lambda: shown.titles == ["Bid on"])
        await shown.pilot.click("#tab-all")
        await shown.until(lambda: len(shown.titles) == 2)
        assert shown.app.board.state.count(Tab.WATCHING) == 2
        watched = [state.title async for state in bidder.auctions.watched()]
        assert sorted(watched) == ["Bid on", "Never looked at"]


async def test_categories_narrow_the_board(
    market: Market, screen: Opener, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    seller = await market.seller()
    await market.auction(seller, title="In the category")
    admin = await market.person(role=_admin())
    other = await admin.categories.create("Chairs")
    listing = await seller.listings.create(
        type="auction", title="A chair", category_id=other.id, condition="new"
    )
    await seller.auctions.create(listing.id, min_bid=100, duration_seconds=600)
    async with screen(size=LARGE) as shown:
        await shown.reads("All categories", "Chairs 1", "Watches 1")
        await shown.press("c")
        assert "All categories" not in shown.text
        await shown.press("c", "down", "enter")
        await shown.until(lambda: shown.titles == ["A chair"])
        assert "in Chairs" in shown.text


def _admin() -> Any:
    from instasell_client.models.accounts import Role

    return Role.ADMIN


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_hostile_titles_break_no_column(
    market: Market, screen: Opener, size: tuple[int, int]
) -> None:
    seller = await market.seller()
    for title in HOSTILE.values():
        await market.auction(seller, title=title[:200])
    await market.auction(seller, title="Plain")
    async with screen(size=size) as shown:
        await shown.until(lambda: len(shown.titles) == len(HOSTILE) + 1)
        await shown.reads("Plain")
        rows = _rows(shown)
        assert len(rows) == len(HOSTILE) + 1
        assert {cell_len(row) for row in rows} == {cell_len(rows[0])}
        assert {cell_len(row.partition("1.00")[0]) for row in rows} == {
            cell_len(rows[0].partition("1.00")[0])
        }
        assert not any(char in shown.text for char in "\x1b\x07\r\t\u202e\u2066\u200d\ufe0f")
        assert "[/b] Ford [blue]" in shown.text


def _rows(shown: Screen) -> list[str]:
    """The lines of the table, without the scrollbar and what follows it."""
    return [line[: line.index("m ") + 6] for line in shown.lines if " 1.00 " in line]


async def test_the_keyboard_opens_an_auction_and_help(market: Market, screen: Opener) -> None:
    await market.auction(await market.seller(), title="A pocket watch")
    async with screen() as shown:
        await shown.reads("A pocket watch")
        await shown.press("question_mark")
        await shown.until(lambda: isinstance(shown.app.screen, HelpScreen))
        await shown.press("escape", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
        await shown.press("escape")
        await shown.reads("1 All 1")


async def test_a_double_click_opens_an_auction(market: Market, screen: Opener) -> None:
    await market.auction(await market.seller(), title="A pocket watch")
    async with screen() as shown:
        await shown.reads("A pocket watch")
        await shown.pilot.click(BoardTable, offset=(5, 1), times=2)
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))


async def test_the_palette_finds_auctions_by_title(market: Market, screen: Opener) -> None:
    await market.auction(await market.seller(), title="[/b] pocket watch")
    async with screen() as shown:
        await shown.reads("pocket watch")
        await shown.press("ctrl+p")
        await shown.type("pocket")
        await shown.reads("Open this auction, at 1.00")
        await shown.press("down", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))


async def test_light_and_dark_and_the_themes_of_textual(market: Market, screen: Opener) -> None:
    await market.auction(await market.seller(), title="A pocket watch")
    async with screen() as shown:
        await shown.press("t")
        assert not shown.app.current_theme.dark
        for theme in ("ansi-dark", "nord", "instasell-dark"):
            shown.app.theme = theme
            await shown.reads("A pocket watch")


async def test_read_only_watches_nothing(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    await market.auction(await market.seller(), title="A pocket watch")
    async with screen(bidder.token, read_only=True) as shown:
        await shown.reads("A pocket watch", "read-only")
        await shown.press("w")
        await shown.reads("this screen was opened with --read-only")
        assert [state async for state in bidder.auctions.watched()] == []


async def test_bids_made_elsewhere_are_marked_and_under_mine(
    market: Market, screen: Opener
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    before = await market.auction(seller, title="Bid before")
    during = await market.auction(seller, title="Bid meanwhile")
    # As a script, or another screen, of the same account does.
    await bidder.auctions.bid(before, amount=100)
    async with screen(bidder.token) as shown:
        await shown.until(lambda: "you lead" in line(shown, "Bid before"))
        await bidder.auctions.bid(during, amount=100)
        await shown.until(lambda: "you lead" in line(shown, "Bid meanwhile"))
        await shown.press("3")
        await shown.reads("3 Mine 2", "Bid before", "Bid meanwhile")
        await (await market.bidder()).auctions.bid(during, amount=900)
        await shown.until(lambda: "outbid" in line(shown, "Bid meanwhile"))
        assert shown.bells


async def test_an_end_below_the_reserve_is_one_sentence(
    market: Market, screen: Opener, market_clock: MarketClock
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    auction = await market.auction(
        seller, title="A dear lamp", min_bid=100, reserve=90000, duration_seconds=600
    )
    await bidder.auctions.bid(auction, amount=100)
    async with screen(bidder.token) as shown:
        await shown.until(lambda: "you lead" in line(shown, "A dear lamp"))
        market_clock.shift(601)
        await shown.until(lambda: "no sale" in line(shown, "A dear lamp"))
        await shown.reads("Ended below the reserve: no sale")
        assert "you lead" not in shown.text
        shown.app.open_auction(auction)
        await shown.reads("■ Ended below the reserve: no sale", "Bidding is over")
        await shown.until(lambda: shown.app.inbox.notices)
        await shown.press("escape", "N")
        await shown.reads("Notifications", "■ Ended below the reserve: no sale")
        assert "another bidder" not in shown.text


def line(shown: Screen, title: str) -> str:
    return next((each for each in shown.lines if title in each), "")
