"""Texts of other people on every screen that shows some: nothing steers, nothing runs, all fits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from instasell_client import AsyncInstaSell
from instasell_client.models.accounts import Role
from instasell_client.models.text import is_refused
from instasell_tui import screens
from instasell_tui.admin.dispute_screen import DisputeScreen
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.widgets.formats import NOTHING, _shown_before, fit, prose, safe_text
from instasell_tui.widgets.tone import Tone
from tests.support.market import Market
from tests.tui.pilot import LARGE, SMALL, Opener, Screen
from tests.tui.trade import Trade

pytestmark = pytest.mark.usefixtures("unmeasured")

Sql = Callable[..., list[tuple[Any, ...]]]

NASTY = (
    "[@click=app.quit]x[/] [link=https://example.org]y[/link] [/b]",
    "\x1b[2J\x1b]8;;https://example.org\x1b\\owned\x07\x9b31m",
    "\u202egnp.exe\u2066 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\u53e4\u3044\u6642\u8a08 \uff26\uff4f\uff52\uff44 \ud55c\uad6d",
    "\U0001f468\u200d\U0001f469 \U0001f1eb\U0001f1f7 \u2764\ufe0f \U0001f44d\U0001f3fd",
    "e" + "\u0301" * 30 + " \u200b\u200c\ufeff\u2060\u00ad",
    "one\ttwo\r\nthree\u2028four\x85five",
)
WHOLE = " ".join(NASTY)
LONG = (WHOLE + "\n") * 50
FORBIDDEN = set("\x1b\x07\x9b\r\t\u202e\u2066\u200b\u200d\ufeff\ufe0f\u2028\x85\u00ad")


def poison(sql: Sql) -> None:
    """Write into the database what no door lets in, wherever people write something."""
    for table in ("messages", "dispute_messages", "order_events"):
        sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_are_final")
    sql("UPDATE users SET display_name = left(%s, 60)", WHOLE)
    sql("UPDATE categories SET name = left(%s, 80), path = %s", WHOLE, WHOLE)
    sql("UPDATE listings SET title = left(%s, 200), description = left(%s, 20000)", WHOLE, LONG)
    sql("UPDATE messages SET text = left(%s, 2000)", LONG)
    sql("UPDATE dispute_messages SET text = left(%s, 2000)", LONG)
    sql("UPDATE disputes SET text = left(%s, 2000)", LONG)
    sql("UPDATE order_events SET reason = %s", WHOLE)
    sql(
        "UPDATE notifications SET payload = payload || jsonb_build_object("
        "'title', %s::text, 'buyer_name', %s::text, 'text', %s::text, 'sender_name', %s::text)",
        *(WHOLE, WHOLE, LONG, WHOLE),
    )
    sql("INSERT INTO alerts (kind, subject, details) VALUES ('odd', %s, '{}')", WHOLE)


def sound(shown_now: Screen) -> str:
    """The text of the screen, after making sure that it is nothing but text in its place."""
    app = shown_now.app
    text = shown_now.text
    assert not set(text) & FORBIDDEN, text
    width, height = app.size
    assert len(shown_now.lines) <= height
    assert all(cell_len(line) <= width for line in shown_now.lines), text
    for strip in app.screen._compositor.render_strips():
        assert sum(cell_len(segment.text) for segment in strip) == width
        for segment in strip:
            assert segment.style is None or segment.style.link is None
            assert segment.style is None or "@click" not in segment.style.meta
    return text


async def seen(shown_now: Screen, kind: type, *words: str) -> None:
    """Wait for a screen and what it says, and look at it."""
    await shown_now.until(lambda: isinstance(shown_now.app.screen, kind))
    await shown_now.reads(*words)
    sound(shown_now)


@pytest.fixture
async def trade(market: Market, fund: Callable[[str, int], None]) -> Trade:
    """A seller and a buyer, with one of everything that they can have."""
    made = await Trade.open(market, fund)
    auction_id = await market.auction(made.seller, title="A lamp")
    await made.buyer.auctions.bid(auction_id, amount=500)
    state = (await made.buyer.auctions.get(auction_id)).state
    talk = await made.buyer.messages.ask(state.listing_id, "Does it shine?")
    await made.seller.messages.send(talk.conversation.id, "It does")
    await made.buyer.disputes.open(await made.paid(), "damaged", "It is broken")
    await made.shipped()
    return made


async def test_a_seller_reads_what_people_wrote(trade: Trade, screen: Opener, sql: Sql) -> None:
    orders = [each.id async for each in trade.seller.orders.list()]
    poison(sql)
    async with screen(trade.seller.token, size=SMALL) as shown_now:
        await shown_now.reads("[@click=app.quit]")
        sound(shown_now)
        await shown_now.press("enter")
        await seen(shown_now, screens.AuctionScreen, "[@click=app.quit]")
        for key, kind in (
            ("o", screens.OrdersScreen),
            ("W", screens.WalletScreen),
            ("L", screens.SellerScreen),
            ("M", screens.ConversationsScreen),
            ("N", screens.NoticesScreen),
        ):
            await shown_now.press(key)
            await seen(shown_now, kind, "" if key == "W" else "[@click")
        await shown_now.press("M", "enter")
        await seen(shown_now, screens.ConversationScreen, "[@click=app.quit]x[/] [link=")
        await shown_now.press("escape", "escape")
        for order_id in orders:
            shown_now.app.push_screen(OrderScreen(order_id))
            await seen(shown_now, OrderScreen, "[@click=app.quit]x[/]")
        await shown_now.press("m")
        await shown_now.reads("Write to the other side")
        sound(shown_now)
        await shown_now.press("escape")
        shown_now.app.say(safe_text(WHOLE), Tone.PLAIN)
        await shown_now.reads("[@click=app.quit]x[/] [link=")
        sound(shown_now)
        await shown_now.press("ctrl+p")
        await shown_now.type("exe")
        await shown_now.reads("Open this auction")
        sound(shown_now)


async def test_an_admin_reads_what_people_wrote(
    trade: Trade, market: Market, screen: Opener, sql: Sql
) -> None:
    admin: AsyncInstaSell = await market.person(Role.ADMIN)
    poison(sql)
    async with screen(admin.token, size=LARGE) as shown_now:
        await shown_now.reads("[@click=app.quit]", "All categories")
        sound(shown_now)
        await shown_now.press("A")
        await shown_now.until(lambda: isinstance(shown_now.app.screen, screens.AdminScreen))
        for tab in "2345":
            await shown_now.press(tab)
            await shown_now.until(lambda: "Asking the market" not in shown_now.text)
            sound(shown_now)
        await shown_now.press("1")
        await shown_now.reads("[@click=app.quit]")
        await shown_now.press("enter")
        await seen(shown_now, DisputeScreen, "What both sides say", "[@click=app.quit]x[/] [link=")


def test_a_name_that_nobody_sees_has_a_place() -> None:
    assert safe_text("\u200b\u2060") == NOTHING
    assert safe_text("") == safe_text(" \n") == ""


@given(st.text(), st.integers(0, 60))
def test_the_width_is_the_same_however_a_terminal_counts(text: str, width: int) -> None:
    cell = fit(safe_text(text), width)
    assert sum(get_character_cell_size(char) for char in cell) == cell_len(cell) == width


@given(st.lists(st.sampled_from([*NASTY, "", " ", "\n", "\t", "plain"])).map("\n".join) | st.text())
def test_prose_is_safe_keeps_its_lines_and_is_no_taller_than_its_words(text: str) -> None:
    safe = prose(text)
    lines = safe.split("\n")
    assert not any(is_refused(char) for char in safe.replace("\n", ""))
    assert "" not in (lines[0], lines[-1]) or safe == ""
    assert not any(one == two == "" for one, two in itertools.pairwise(lines))
    assert prose(safe) == safe


def test_a_long_text_is_not_kept() -> None:
    kept = _shown_before.cache_info().currsize
    assert cell_len(fit(safe_text(LONG[:10_000]), 40)) == 40
    assert _shown_before.cache_info().currsize == kept
