"""The main screens as text, in both sizes, at an instant that stands still.

The server, its bids and its events are real; only its clock and the screen's stand still.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from syrupy.assertion import SnapshotAssertion

from instasell_client import AsyncInstaSell
from instasell_client.models.accounts import Role
from instasell_tui.screens.auction import AuctionScreen
from instasell_tui.screens.dispute import DisputeScreen
from instasell_tui.screens.order import OrderScreen
from instasell_tui.widgets.board_table import BoardTable
from tests.databases import MarketClock
from tests.market import Market
from tests.tui.driving import LARGE, SMALL, Opener
from tests.tui.samples import NOW
from tests.tui.trade import Trade
from tests.waiting import until

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x48"])
GOODS = (
    ("Rangefinder camera, 35 mm, black enamel, 1954", 12000, 9),
    ("Mantel clock, eight days, strikes the hour", 5500, 42),
    (
        "[/b] Ford [blue] \u53e4\u3044\u6642\u8a08 \U0001f468\u200d\U0001f469 and more text",
        100,
        250,
    ),
    ("Concertina, 48 keys, steel reeds", 10**12 // 2, 7300),
    ("Touring bicycle, steel frame 58 cm, 24 gears", 20000, 90000),
)

REASONS: tuple[Literal["damaged", "not_as_described", "not_received"], ...] = (
    "damaged",
    "not_as_described",
    "not_received",
)
COMPLAINTS = (
    "The glass is scratched from edge to edge.",
    "It strikes thirteen.\nThe description says that it strikes the hour.",
    "[red]Nothing came[/red]",
)


UNTOLD = """
SELECT EXISTS (SELECT FROM notice_causes)
    OR EXISTS (
        SELECT FROM lead_changes
        WHERE created_at < date_trunc('second', market_now() - interval '1 second')
    )
    OR EXISTS (
        SELECT FROM auctions a
        WHERE a.status IN ('pending', 'live') AND a.end_at > market_now()
          AND a.end_at <= market_now() + interval '5 minutes'
          AND a.start_at < a.planned_end_at - interval '5 minutes'
          AND NOT EXISTS (SELECT FROM endings_told t WHERE t.auction_id = a.id)
    )
"""
Sql = Callable[..., list[tuple[Any, ...]]]


class Scene:
    """A market whose time is set by hand, and what there is to see in it."""

    def __init__(self, market: Market, clock: MarketClock, sql: Sql) -> None:
        self._market = market
        self._clock = clock
        self._sql = sql
        self.now = NOW
        self.auctions: list[str] = []

    def move(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += timedelta(seconds=seconds)
        self._clock.freeze(self.now.isoformat())

    async def settle(self) -> None:
        """Waits until everybody is told what there is to tell at this time."""
        await until(lambda: self._sql(UNTOLD) == [(False,)])

    async def build(self) -> AsyncInstaSell:
        """Goods and bids; returns the one who looks at them, who leads here and lost there."""
        self.move(0)
        seller = await self._market.seller()
        viewer, rival = await self._market.bidder(), await self._market.bidder()
        await seller.auth.update_me(display_name="Mill Lane Finds")
        await viewer.auth.update_me(display_name="Ada Lind")
        for title, price, seconds in GOODS:
            end = self.now + timedelta(seconds=240 + seconds)
            made = await self._market.auction(
                seller, title=title, min_bid=price, end_at=end, buy_now=price * 2
            )
            self.auctions.append(made)
        for number, most in enumerate((13000, 15500, 14000, 19000, 26000, 21000)):
            self.move(40)
            bidder = viewer if number % 2 else rival
            await bidder.auctions.bid(self.auctions[0], max_amount=most)
        await viewer.auctions.bid(self.auctions[1], amount=5500)
        await viewer.auctions.watch(self.auctions[0])
        await viewer.auctions.watch(self.auctions[1])
        await viewer.auctions.watch(self.auctions[4])
        await self.settle()
        return viewer

    async def trade(self, fund: Callable[[str, int], None]) -> Trade:
        """Orders in every state, all of one buyer, who sees them a day after the last step."""
        self.move(0)
        trade = await Trade.open(self._market, fund)
        await trade.seller.auth.update_me(display_name="Mill Lane Finds")
        await trade.buyer.auth.update_me(display_name="Ada Lind")
        cancelled = await trade.order("Called off lamp")
        await trade.buyer.orders.cancel(cancelled, "not needed")
        self.move(3600)
        delivered = await trade.shipped("Concertina, 48 keys, steel reeds", price=22000)
        self.move(7200)
        await trade.buyer.orders.confirm_delivery(delivered)
        await trade.paid("Mantel clock, eight days, strikes the hour", price=5500)
        self.move(60)
        await trade.shipped(GOODS[0][0], price=21250)
        self.move(60)
        await trade.order(GOODS[2][0], price=10**11)
        self.move(86400 + 600)
        await trade.order("Touring bicycle, steel frame 58 cm, 24 gears", price=20000)
        self.move(86400 - 1200)
        await self.settle()
        return trade

    async def desk(self, fund: Callable[[str, int], None]) -> AsyncInstaSell:
        """Disputes that are open and one that is decided; returns the admin."""
        self.move(0)
        trade, admin = await Trade.open(self._market, fund), await self._market.person(Role.ADMIN)
        await trade.seller.auth.update_me(display_name="Mill Lane Finds")
        await trade.buyer.auth.update_me(display_name="Ada Lind")
        await admin.auth.update_me(display_name="Wanda Desk")
        for number, (title, price, _) in enumerate(GOODS[:3]):
            self.move(3600)
            order_id = await trade.shipped(title, price=price)
            self.move(60)
            made = await trade.buyer.disputes.open(order_id, REASONS[number], COMPLAINTS[number])
            self.move(600)
            await trade.seller.disputes.reply(
                made.dispute.id, "It left here whole.\nSee the label."
            )
            if number == 0:
                self.move(60)
                await admin.admin.resolve_dispute(made.dispute.id, 2000, "the glass is scratched")
        self.move(60)
        return admin


@pytest.fixture
async def scene(market: Market, market_clock: MarketClock, sql: Sql) -> Scene:
    """A market that stands still."""
    return Scene(market, market_clock, sql)


def frozen(scene: Scene) -> Callable[[], datetime]:
    """The screen's clock, which is the scene's."""
    return lambda: scene.now


@SIZES
async def test_the_board(
    scene: Scene, screen: Opener, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    viewer = await scene.build()
    async with screen(viewer.token, size=size, clock=frozen(scene)) as shown:
        await shown.until(lambda: len(shown.titles) == len(GOODS))
        table = shown.app.screen.query_one(BoardTable)
        await shown.reads("you lead", "outbid", "3 Mine 2", "2 Watching 3")
        await shown.until(
            lambda: all(lot.has_history or not lot.state.bid_count for lot in table.shown_lots)
        )
        await shown.until(lambda: size == SMALL or "Watches 5" in shown.text)
        assert shown.text == snapshot


@SIZES
async def test_the_auction(
    scene: Scene, screen: Opener, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    viewer = await scene.build()
    async with screen(viewer.token, size=size, clock=frozen(scene)) as shown:
        shown.app.open_auction(scene.auctions[0])
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
        await shown.reads("sold by", "6 bids", "Outbid", "watching")
        assert shown.text == snapshot


def without_ids(text: str) -> str:
    """The text with ids that are as long and always the same."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "0" * 36, text)


@SIZES
async def test_the_orders_and_one_of_them(
    scene: Scene,
    screen: Opener,
    snapshot: SnapshotAssertion,
    size: tuple[int, int],
    fund: Callable[[str, int], None],
) -> None:
    trade = await scene.trade(fund)
    async with screen(trade.buyer.token, size=size, clock=frozen(scene)) as shown:
        await shown.press("o")
        await shown.reads("6 orders", "3 due", "live")
        assert without_ids(shown.text) == snapshot(name="orders")
        await shown.press("down", "down", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, OrderScreen))
        await shown.reads("shipped with Post", "d Delivered")
        assert without_ids(shown.text) == snapshot(name="order")


@SIZES
async def test_an_order_in_dispute(
    scene: Scene,
    screen: Opener,
    snapshot: SnapshotAssertion,
    size: tuple[int, int],
    fund: Callable[[str, int], None],
) -> None:
    trade = await scene.trade(fund)
    [order] = [each async for each in trade.buyer.orders.list(status="shipped")]
    made = await trade.buyer.disputes.open(order.id, "not_as_described", "Its lens has a scratch.")
    scene.move(600)
    await trade.seller.disputes.reply(made.dispute.id, "The listing shows it.\nI took 10.00 off.")
    await scene.settle()
    async with screen(trade.buyer.token, size=size, clock=frozen(scene)) as shown:
        await shown.press("o")
        await shown.reads("6 orders", "live")
        shown.app.push_screen(OrderScreen(order.id))
        await shown.reads("not as described", "The listing shows it", "e Answer")
        assert without_ids(shown.text) == snapshot


@SIZES
async def test_the_wallet(
    scene: Scene,
    screen: Opener,
    snapshot: SnapshotAssertion,
    size: tuple[int, int],
    fund: Callable[[str, int], None],
) -> None:
    trade = await scene.trade(fund)
    await trade.give(12345678)
    async with screen(trade.buyer.token, size=size, clock=frozen(scene)) as shown:
        await shown.press("W")
        await shown.reads("123,456.78", "8 rows", "live")
        assert without_ids(shown.text) == snapshot


@SIZES
async def test_the_desk_and_a_dispute(
    scene: Scene,
    screen: Opener,
    snapshot: SnapshotAssertion,
    size: tuple[int, int],
    fund: Callable[[str, int], None],
) -> None:
    admin = await scene.desk(fund)
    async with screen(admin.token, size=size, clock=frozen(scene)) as shown:
        await shown.press("A")
        await shown.reads("3 disputes", "2 open", "live")
        assert without_ids(shown.text) == snapshot(name="disputes")
        await shown.press("4")
        await shown.reads("Bids by day · now 0", "live")
        await shown.press("right")
        await shown.reads("Orders paid by day · now 3")
        assert without_ids(shown.text) == snapshot(name="figures")
        await shown.press("5")
        await shown.reads("resolve dispute", "1 action")
        assert without_ids(shown.text) == snapshot(name="log")
        await shown.press("1")
        await shown.reads("3 disputes")
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, DisputeScreen))
        await shown.reads("It strikes thirteen.", "The order")
        assert without_ids(shown.text) == snapshot(name="dispute")
