"""Makes docs/pictures: starts a market of its own, lets people bid, and draws the screens.

    python -m scripts.pictures [FOLDER]

Everything on the pictures is real: an embedded server in a temporary folder, accounts, listings
and bids that went over the wire, and the Textual application without a terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC
from functools import partial
from pathlib import Path
from unittest import mock

import rich.console
from rich.terminal_theme import TerminalTheme
from textual.pilot import Pilot
from textual.widgets import Static

from instasell_tui.admin.dispute_screen import DisputeScreen
from instasell_tui.admin.figure_board import FigureBoard
from instasell_tui.app import InstaSellApp
from instasell_tui.auction.picture import PictureView
from instasell_tui.auction.screen import AuctionScreen
from instasell_tui.board.screen import BoardScreen
from instasell_tui.board.state import Tab
from instasell_tui.board.table import BoardTable
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.row_table import RowTable
from scripts.picture_market import (
    COMPLAINTS,
    HERO,
    ORDERS,
    START_SECONDS,
    bid_on,
    complain,
    create_auctions,
    market,
    person,
    take_part,
)  # fmt: skip

SIZES = ((80, 24), (160, 48))
TALL = 34
_HALF, _FULL = (0, 170), (85, 255)
SIXTEEN_COLOURS = TerminalTheme(
    (0, 0, 0),
    (170, 170, 170),
    [(_HALF[n & 1], _HALF[n >> 1 & 1], _HALF[n >> 2]) for n in range(8)],
    [(_FULL[n & 1], _FULL[n >> 1 & 1], _FULL[n >> 2]) for n in range(8)],
)
"""What a text console shows, except that its yellow is brown there."""
BIDDING_SECONDS = 24.0


# The pictures ----------------------------------------------------------------------------------


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait for a condition of the screen."""
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("the screen did not become what was to be drawn")
        await pilot.pause(0.05)
    await pilot.pause()


@contextlib.asynccontextmanager
async def screen(
    url: str, token: str | None, size: tuple[int, int], *, theme: str = "dark"
) -> AsyncIterator[tuple[InstaSellApp, Pilot[None]]]:
    """Provide the application without a terminal, with the board loaded."""
    app = InstaSellApp(url, token, zone=UTC, theme=theme, remember=lambda email, token: None)
    async with app.run_test(size=size, tooltips=True) as pilot:
        await until(pilot, lambda: app.board.state.loaded and bool(app.feed.categories))
        yield app, pilot


def save(app: InstaSellApp, folder: Path, name: str) -> None:
    """Write the screen as SVG. Fonts come from the reader's machine, not from another host."""
    with mock.patch.object(rich.console, "SVG_EXPORT_THEME", SIXTEEN_COLOURS):
        svg = app.export_screenshot(title="InstaSell")
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: monospace")
    path = folder / f"{name}.svg"
    path.write_text(svg, encoding="utf-8")
    print(path)


async def draw(url: str, token: str, hero: str, size: tuple[int, int], folder: Path) -> None:
    """Draw the Board, the Auction screen and the question before a bid, in one size."""
    end = f"{size[0]}x{size[1]}"
    async with screen(url, token, size) as (app, pilot):
        table = app.screen.query_one(BoardTable)
        await until(pilot, lambda: _trends_there(table) and app.board.state.count(Tab.MINE) > 2)
        await pilot.press("down", "down")
        save(app, folder, f"board-{end}")
        app.open_auction(hero)
        await until(pilot, lambda: isinstance(app.screen, AuctionScreen) and _sale_there(app))
        footer = app.screen.query_one(Footer)
        await until(pilot, lambda: "Bid" in footer.render_line(0).text)
        save(app, folder, f"auction-{end}")


def _trends_there(table: BoardTable) -> bool:
    rows = table.rows[: table.size.height - 1]
    return bool(rows) and all(lot.has_history or not lot.state.bid_count for lot in rows)


def _sale_there(app: InstaSellApp) -> bool:
    sale = app.auction.page
    if sale is None or sale.view is None or len(sale.bids) <= 3:
        return False
    cover = app.screen.query_one("#cover", PictureView)
    return app.size.height < TALL or cover.has_pixels


async def draw_admin(url: str, token: str, size: tuple[int, int], folder: Path) -> None:
    """Draw the admin screen: the list, one dispute and the figures."""
    end = f"{size[0]}x{size[1]}"
    async with screen(url, token, size) as (app, pilot):
        await until(pilot, lambda: app.admin.is_mine)
        await pilot.press("A")
        table = app.screen.query_one(RowTable)
        await until(pilot, lambda: len(table.rows) == len(COMPLAINTS))
        save(app, folder, f"admin-{end}")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DisputeScreen) and app.screen.is_there)
        save(app, folder, f"dispute-{end}")
        await pilot.press("escape", "4")
        await until(pilot, lambda: app.screen.query_one(FigureBoard).is_there)
        save(app, folder, f"figures-{end}")


async def draw_orders(url: str, token: str, size: tuple[int, int], folder: Path) -> None:
    """Draw the orders of a buyer, one of the orders, and the wallet."""
    end = f"{size[0]}x{size[1]}"
    async with screen(url, token, size) as (app, pilot):
        await pilot.press("o")
        await until(pilot, lambda: len(app.screen.query_one(RowTable).rows) > len(ORDERS))
        save(app, folder, f"orders-{end}")
        shipped = [each for each in app.orders.orders.values() if each.status == "shipped"]
        app.push_screen(OrderScreen(shipped[0].id))
        await until(pilot, lambda: _is_shown(app, "#headline", "On its way"))
        save(app, folder, f"order-{end}")
        await pilot.press("escape", "W")
        await until(pilot, lambda: bool(app.screen.query_one(RowTable).rows))
        save(app, folder, f"wallet-{end}")


def _is_shown(app: InstaSellApp, where: str, words: str) -> bool:
    return any(words in str(each.visual) for each in app.screen.query(where).results(Static))


async def make(folder: Path) -> None:
    """Make every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with market() as (url, data):
        auctions = await create_auctions(url, data)
        names = ("Bruno", "Chiara", "Dimitri", "Elin", "Farid", "Greta")
        people = [await person(url, name) for name in names]
        async with await person(url, "Ada Lind") as viewer:
            await take_part(viewer, auctions, lead=False)
            await bid_on(auctions, people, BIDDING_SECONDS)
            await take_part(viewer, auctions, lead=True)
            token = viewer.token or ""
            bidding = asyncio.create_task(bid_on(auctions, people, 600.0))
            for size in SIZES:
                await draw(url, token, auctions[HERO], size, folder)
            for theme in ("light", "16"):
                async with screen(url, token, SIZES[0], theme=theme) as (app, pilot):
                    table = app.screen.query_one(BoardTable)
                    await until(pilot, partial(_trends_there, table))
                    save(app, folder, f"board-{theme}-80x24")
            async with screen(url, None, SIZES[0]) as (app, pilot):
                await until(pilot, lambda: not isinstance(app.screen, BoardScreen))
                save(app, folder, "sign-in-80x24")
            admin, buyer = await complain(url)
            for size in SIZES:
                await draw_admin(url, admin, size, folder)
                await draw_orders(url, buyer, size, folder)
            bidding.cancel()
            await asyncio.gather(bidding, return_exceptions=True)
        for each in people:
            await each.aclose()


def main() -> None:
    """Write the pictures to the first argument, docs/pictures by default."""
    folder = (
        Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "pictures"
    )
    asyncio.run(make(folder))


if __name__ == "__main__":
    main()
