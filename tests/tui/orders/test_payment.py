"""Paying on the provider's page, and the wallet, on a server that pays at the sandbox."""

from __future__ import annotations

import uuid
import webbrowser
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from instasell_tui.orders import checkout_screen as checkout
from instasell_tui.orders.checkout_screen import CheckoutScreen
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.wallet.big_number import BigNumber
from instasell_tui.wallet.screen import WalletScreen
from tests.support.market import Market
from tests.support.payments import BOOK_TOP_UP
from tests.support.servers import RunningServer
from tests.tui.pilot import Opener, Screen
from tests.tui.trade import Trade

pytestmark = pytest.mark.usefixtures("unmeasured")

PayPage = Callable[..., Awaitable[None]]


@pytest.fixture
def server(paying_server: RunningServer) -> RunningServer:
    """The market and the screen are at the server that pays."""
    return paying_server


@pytest.fixture
async def trade(market: Market, fund: Callable[[str, int], None]) -> Trade:
    """A seller and a buyer."""
    return await Trade.open(market, fund)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer whose browser has a window."""
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.BackgroundBrowser("browser"))


@pytest.fixture
def text_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer whose only browser would draw over the screen."""
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("lynx"))


async def page_of(shown: Screen) -> str:
    """The link that is shown, once it is waited for."""
    await shown.until(lambda: isinstance(shown.app.screen, CheckoutScreen))
    await shown.reads("Waiting until it is paid")
    page = shown.app.screen
    assert isinstance(page, CheckoutScreen)
    assert page.url[:40] in shown.text
    return page.url


@pytest.mark.usefixtures("browser")
async def test_an_order_is_paid_by_card(trade: Trade, screen: Opener, pay_page: PayPage) -> None:
    order_id = await trade.order()
    async with screen(trade.buyer.token) as shown:
        shown.app.push_screen(OrderScreen(order_id))
        await shown.reads("c Pay card")
        await shown.press("c")
        await shown.reads("Pay this by card?", "12.50 USD")
        await shown.confirm()
        url = await page_of(shown)
        await shown.until(lambda: shown.pages == [url])
        await pay_page(url, declined=True)
        await pay_page(url)
        await shown.reads("Paid 12.50 by card", "the seller is to ship")
    assert (await trade.buyer.orders.get(order_id)).order.payment_method == "card"


@pytest.mark.usefixtures("text_browser")
async def test_the_wait_is_stopped_and_begun_again_with_the_same_page(
    trade: Trade, screen: Opener, pay_page: PayPage
) -> None:
    order_id = await trade.order()
    async with screen(trade.buyer.token) as shown:
        shown.app.push_screen(OrderScreen(order_id))
        await shown.reads("c Pay card")
        await shown.press("c")
        await shown.confirm()
        url = await page_of(shown)
        await shown.reads("No browser here")
        await shown.press("y")
        assert shown.app.clipboard == url
        await shown.press("escape")
        await shown.reads("Not paid yet: c shows the page again")
        await shown.press("c")
        await shown.confirm()
        assert await page_of(shown) == url
        await pay_page(url)
        await shown.reads("Paid 12.50 by card")
        assert shown.pages == []


async def test_an_order_that_was_cancelled_meanwhile_ends_the_wait(
    trade: Trade, screen: Opener
) -> None:
    order_id = await trade.order()
    async with screen(trade.buyer.token) as shown:
        shown.app.push_screen(OrderScreen(order_id))
        await shown.reads("c Pay card")
        await shown.press("c")
        await shown.confirm()
        await page_of(shown)
        await trade.buyer.orders.cancel(order_id)
        await shown.reads("the order was cancelled. Escape goes back")
        await shown.press("escape")
        await shown.reads("■ Cancelled")


async def test_the_wait_has_an_end_and_can_be_begun_again(
    trade: Trade, screen: Opener, pay_page: PayPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "POLLS_MAX", 2)
    order_id = await trade.order()
    async with screen(trade.buyer.token) as shown:
        shown.app.push_screen(OrderScreen(order_id))
        await shown.reads("c Pay card")
        await shown.press("c")
        await shown.confirm()
        url = await page_of(shown)
        await shown.reads("Not paid yet. r asks again")
        await pay_page(url)
        # The provider's message may take longer than two looks.
        monkeypatch.setattr(checkout, "POLLS_MAX", 10_000)
        await shown.press("r")
        await shown.reads("Paid 12.50 by card")


def amounts(shown: Screen) -> tuple[str, str]:
    """The two large numbers."""
    screen = shown.app.screen
    return (
        screen.query_one("#balance", BigNumber).value,
        screen.query_one("#gas", BigNumber).value,
    )


@pytest.mark.parametrize(
    ("keys", "target", "after"),
    [((), "balance", ("12.50", "100,000")), (("right",), "gas", ("0.00", "101,250"))],
)
async def test_the_wallet_is_topped_up(
    trade: Trade,
    screen: Opener,
    pay_page: PayPage,
    keys: tuple[str, ...],
    target: str,
    after: tuple[str, str],
) -> None:
    async with screen(trade.buyer.token) as shown:
        await shown.press("W")
        await shown.until(lambda: amounts(shown) == ("0.00", "100,000"))
        await shown.press("u")
        await shown.type("12,5")
        await shown.press("enter")
        await shown.reads("has a decimal comma", "12,5")
        await shown.press("ctrl+u")
        await shown.type("12.50")
        await shown.press("down", *keys, "enter")
        url = await page_of(shown)
        await pay_page(url)
        await shown.reads(f"12.50 paid into your {target}", "Top-up" if not keys else "Gas bought")
        await shown.until(lambda: amounts(shown) == after)


async def test_money_that_comes_is_shown_at_once(trade: Trade, screen: Opener) -> None:
    order_id = await trade.shipped()
    async with screen(trade.seller.token) as shown:
        await shown.press("W")
        await shown.until(lambda: amounts(shown) == ("0.00", "100,000"))
        await trade.buyer.orders.confirm_delivery(order_id)
        await shown.until(lambda: amounts(shown) == ("12.50", "100,000"))
        await shown.reads("Sale", "+12.50")
        await shown.press("home", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, OrderScreen))
        await shown.reads("✓ Delivered")
        await shown.press("escape", "3")
        await shown.until(lambda: isinstance(shown.app.screen, WalletScreen))
        await shown.reads("+100,000 gas", "[3 Gas]", "1 row ")
        await shown.press("2")
        await shown.reads("+12.50", "1 row ")


async def test_older_rows_come_as_one_scrolls(
    trade: Trade, screen: Opener, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    person = (await trade.buyer.auth.me()).id
    for _ in range(70):
        sql(BOOK_TOP_UP, {"user_id": person, "amount": 100, "key": f"fund:{uuid.uuid4()}"})
    async with screen(trade.buyer.token) as shown:
        await shown.press("W")
        await shown.reads("50 rows+")
        await shown.press("end")
        await shown.reads("71 rows · USD")
        await shown.press("end")
        await shown.reads("+100,000 gas")
        assert amounts(shown) == ("70.00", "100,000")


async def test_an_amount_without_room_is_written_small(
    trade: Trade, screen: Opener, fund: Callable[[str, int], None]
) -> None:
    fund((await trade.buyer.auth.me()).id, 10**12)
    async with screen(trade.buyer.token) as shown:
        await shown.press("W")
        await shown.reads("10,000,000,000.00")
