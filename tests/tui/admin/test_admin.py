"""The admin screen on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from instasell_client import AsyncInstaSell, Unauthenticated
from instasell_client.models.accounts import Role
from instasell_client.models.admin import Analytics, Bucket
from instasell_tui.account.screen import SignInScreen
from instasell_tui.admin.bar_chart import drawn
from instasell_tui.admin.dispute_screen import DisputeScreen
from instasell_tui.admin.figure_board import FigureBoard
from instasell_tui.admin.screen import AdminScreen
from instasell_tui.board.screen import BoardScreen
from instasell_tui.widgets.row_table import RowTable
from tests.support.market import Market
from tests.tui.board.test_board_screen import HOSTILE
from tests.tui.pilot import LARGE, SMALL, Opener, Screen
from tests.tui.trade import Trade

pytestmark = pytest.mark.usefixtures("unmeasured")

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
async def trade(market: Market, fund: Callable[[str, int], None]) -> Trade:
    """A seller and a buyer."""
    return await Trade.open(market, fund)


@pytest.fixture
async def admin(market: Market) -> AsyncInstaSell:
    """An admin of the market."""
    return await market.person(Role.ADMIN)


async def disputed(trade: Trade, title: str = "A lamp", text: str = "It is broken") -> str:
    """The id of a dispute about 12.50, which the seller has answered."""
    made = await trade.buyer.disputes.open(await trade.paid(title), "damaged", text)
    await trade.seller.disputes.reply(made.dispute.id, "It left here whole")
    return made.dispute.id


async def open_admin(shown: Screen, tab: str = "1") -> None:
    """Go to a tab of the admin screen."""
    await shown.press("A")
    await shown.until(lambda: isinstance(shown.app.screen, AdminScreen))
    await shown.press(tab)
    await shown.until(lambda: "Asking the market" not in shown.text)


async def dispute_open(shown: Screen) -> None:
    """Go to the first dispute of the list."""
    await open_admin(shown)
    await shown.press("enter")
    await shown.until(lambda: isinstance(shown.app.screen, DisputeScreen))
    await shown.reads("What both sides say", "is held until")


def keys_of(shown: Screen) -> list[str]:
    """The rows in their order."""
    return [row.key for row in shown.app.screen.query_one(RowTable).rows]


async def test_the_admin_screen_is_for_admins(trade: Trade, screen: Opener) -> None:
    async with screen(trade.buyer.token) as shown:
        await shown.press("A")
        assert isinstance(shown.app.screen, BoardScreen)
        titles = [each.title for each in shown.app.get_system_commands(shown.app.screen)]
        assert "Admin" not in titles


async def test_open_disputes_stand_on_top(
    trade: Trade, admin: AsyncInstaSell, screen: Opener
) -> None:
    first = await disputed(trade, "Decided lamp")
    await admin.admin.resolve_dispute(first, 0, "it was whole")
    second, third = await disputed(trade, "Old lamp"), await disputed(trade, "New lamp")
    async with screen(admin.token) as shown:
        await open_admin(shown)
        await shown.reads("3 disputes · 2 open", "1 Disputes 2", "It is broken")
        assert keys_of(shown) == [second, third, first]
        await shown.reads("! Old lamp", "✓ Decided lamp", "resolved")
        await shown.press("end")
        await shown.reads("it was whole")
        await shown.press("escape")
        await shown.until(lambda: isinstance(shown.app.screen, BoardScreen))


async def test_a_dispute_is_decided_after_a_confirmation_with_the_split(
    trade: Trade, admin: AsyncInstaSell, screen: Opener
) -> None:
    dispute_id = await disputed(trade)
    buyer, seller = await trade.buyer.auth.me(), await trade.seller.auth.me()
    async with screen(admin.token, size=LARGE) as shown:
        await dispute_open(shown)
        await shown.reads(
            "It is broken", "It left here whole", "12.50 is held", "in dispute", "paid",
            "-12.50", "+12.50", "balance, the buyer",
        )  # fmt: skip
        assert shown.text.index("It is broken") < shown.text.index("It left here whole")
        await shown.press("v")
        await shown.reads("Decide: 12.50 is held")
        await shown.type("12.51")
        await shown.press("enter")
        await shown.type("half")
        await shown.press("enter")
        await shown.reads("At most 12.50")
        await shown.press("backspace", *"0", "enter")
        await shown.reads(f"To the buyer, {buyer.display_name}", "12.50")
        await shown.press("escape")
        await shown.reads("Nothing was sent")
        assert (await trade.buyer.disputes.get(dispute_id)).dispute.status.value == "open"
        await shown.press("v")
        await shown.reads("Decide: 12.50 is held")
        await shown.type("5.00")
        await shown.press("enter")
        await shown.type("half of it")
        await shown.press("enter")
        await shown.reads(f"To the seller, {seller.display_name}", "5.00", "7.50")
        await shown.confirm()
        await shown.reads("Decided: 5.00 to the buyer, 7.50 to the seller", "Resolved by an admin")
        await shown.reads("half of it")
        assert "v Resolve" not in shown.text
    assert (await trade.buyer.wallet.get()).balance == 500
    assert (await trade.seller.wallet.get()).balance == 750


async def test_a_decision_made_meanwhile_is_shown(
    trade: Trade, admin: AsyncInstaSell, screen: Opener
) -> None:
    dispute_id = await disputed(trade)
    async with screen(admin.token) as shown:
        await dispute_open(shown)
        await shown.press("v")
        await shown.reads("Decide: 12.50 is held")
        await shown.type("5")
        await shown.press("enter")
        await shown.type("half")
        await admin.admin.resolve_dispute(dispute_id, 1250, "all of it")
        await shown.press("enter")
        await shown.confirm()
        await shown.reads("Refused:")
        await shown.press("escape")
        await shown.reads("Resolved by an admin: 12.50 went back")
    assert (await trade.buyer.wallet.get()).balance == 1250


async def test_a_user_is_found_suspended_and_let_in_again(
    trade: Trade, admin: AsyncInstaSell, screen: Opener
) -> None:
    me = await trade.buyer.auth.me()
    async with screen(admin.token) as shown:
        await open_admin(shown, "3")
        await shown.reads("3 users")
        await shown.press("slash")
        await shown.type("nobody at all")
        await shown.press("enter")
        await shown.reads("Nobody is like nobody at all")
        await shown.press("slash")
        search: Any = shown.app.screen.query_one("#search")
        search.value = me.email
        await shown.press("enter")
        await shown.until(lambda: keys_of(shown) == [me.id])
        await shown.press("s")
        await shown.reads("Suspend this account", me.email)
        await shown.press("enter")
        await shown.reads("Type this")
        await shown.type("bids on own items")
        await shown.press("enter")
        await shown.reads("Suspend?", "cancelled")
        assert (await trade.buyer.auth.me()).status.value == "active"
        await shown.confirm()
        await shown.reads("is suspended", "■", "u Unsuspend")
        assert "s Suspend" not in shown.text
        await shown.press("u")
        await shown.type("a mistake")
        await shown.press("enter")
        await shown.confirm()
        await shown.reads("may act again", "active")
        await shown.press("5")
        await shown.reads("2 actions", "unsuspend user", "a mistake", f"user {me.id}")


async def test_an_alert_is_closed(admin: AsyncInstaSell, screen: Opener, sql: Sql) -> None:
    sql(
        "INSERT INTO alerts (kind, subject, details)"
        " VALUES ('payment_mismatch', 'a payment', '{\"amount\": 1250}')"
    )
    async with screen(admin.token) as shown:
        await open_admin(shown, "2")
        await shown.reads(
            "! payment_mismatch", "1 alert · 1 open", "amount 1250 in minor units", "x Close alert"
        )
        await shown.press("x")
        await shown.reads("Close this alert")
        await shown.type("refunded")
        await shown.press("enter")
        await shown.reads("The alert is closed", "1 alert · 0 open", "✓ payment_mismatch")
        assert "x Close alert" not in shown.text


async def test_figures_are_drawn_and_turned(
    trade: Trade, admin: AsyncInstaSell, screen: Opener
) -> None:
    await trade.paid()
    async with screen(admin.token) as shown:
        await open_admin(shown, "4")
        await shown.reads("Bids, 30 days  1/6", "Bids by day · now 0")
        await shown.press("right", "right")
        await shown.reads("Gross, USD, 30 days  3/6", "now 12.50", "█")
        await shown.press("b")
        await shown.reads("Gross by week · now 12.50")
        await shown.press("left")
        await shown.reads("Orders paid, 26 weeks  2/6", "now 1 ")
    async with screen(admin.token, size=LARGE) as shown:
        await open_admin(shown, "4")
        await shown.reads(
            "▶ Bids", "Orders paid", "Gross, USD", "Payments that succeed", "Registrations"
        )


async def test_read_only_changes_nothing(
    trade: Trade, admin: AsyncInstaSell, screen: Opener
) -> None:
    await disputed(trade)
    async with screen(admin.token, read_only=True) as shown:
        await dispute_open(shown)
        await shown.reads("Opened read-only")
        await shown.press("v", "escape", "3", "s")
        await shown.reads("Opened read-only", "3 users")
        assert isinstance(shown.app.screen, AdminScreen)
        assert "Suspend" not in shown.text


async def test_older_rows_come_as_one_scrolls(
    admin: AsyncInstaSell, screen: Opener, sql: Sql
) -> None:
    sql(
        "INSERT INTO alerts (kind, subject, details, created_at) SELECT 'many', n::text, '{}',"
        " now() - n * interval '1 minute' FROM generate_series(1, 150) n"
    )
    async with screen(admin.token) as shown:
        await open_admin(shown, "2")
        await shown.reads("100 alerts+")
        await shown.press("end")
        await shown.reads("150 alerts ·")


async def test_signing_out_leaves_nothing_on_the_admin_screen(
    trade: Trade, admin: AsyncInstaSell, screen: Opener
) -> None:
    await disputed(trade, "Secret lamp")
    async with screen(admin.token) as shown:
        await open_admin(shown)
        await shown.reads("Secret lamp")
        await shown.press("i")
        await shown.confirm()
        await shown.reads("This screen is for admins")
        assert "Secret lamp" not in shown.text


async def test_figures_that_come_after_signing_out_are_dropped(
    trade: Trade, admin: AsyncInstaSell, screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trade.paid()
    async with screen(admin.token) as shown:
        await open_admin(shown, "4")
        await shown.reads("Bids by day · now 0")
        state, board = shown.app.admin, shown.app.screen.query_one(FigureBoard)
        read, asked, go_on, answered = state.figures, asyncio.Event(), asyncio.Event(), []

        async def late(bucket: Bucket) -> Analytics:
            found = await read(bucket)
            asked.set()
            try:
                await go_on.wait()
            finally:
                # A newer look may end this one before its answer comes.
                answered.append(found)
            return found

        monkeypatch.setattr(state, "figures", late)
        await shown.press("r")
        await shown.until(asked.is_set)
        await shown.press("i")
        await shown.confirm()
        await shown.until(lambda: not state.is_mine and not board.is_there)
        go_on.set()
        await shown.until(lambda: bool(answered))
        await shown.until(lambda: all(each.is_finished for each in shown.app.screen.workers))
        assert not board.is_there
        await shown.reads("Asking the market")


async def test_a_dispute_is_not_left_to_the_next_person(
    market: Market, trade: Trade, admin: AsyncInstaSell, screen: Opener
) -> None:
    await disputed(trade, text="Secret words")
    async with screen(admin.token) as shown:
        await dispute_open(shown)
        await shown.press("i")
        await shown.confirm()
        await shown.reads("A dispute is for admins")
        assert "Secret words" not in shown.text
    other = await market.person(Role.ADMIN)
    async with screen(other.token) as shown:
        await dispute_open(shown)
        await other.auth.logout()
        shown.app.feed.signed_out(Unauthenticated("the session has ended"))
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.press("escape")
        await shown.reads("A dispute is for admins")
        assert "Secret words" not in shown.text


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x48"])
async def test_hostile_text_stays_in_its_place(
    trade: Trade, admin: AsyncInstaSell, screen: Opener, sql: Sql, size: tuple[int, int]
) -> None:
    dispute_id = await disputed(trade)
    texts = list(HOSTILE.values())
    whole = " ".join(text[:20] for text in texts)
    sql("UPDATE listings SET title = %s", whole)
    sql("UPDATE users SET display_name = %s", whole[:60])
    sql("UPDATE disputes SET text = %s WHERE id = %s", "\n".join(texts), dispute_id)
    for text in texts:
        sql("INSERT INTO alerts (kind, subject, details) VALUES ('odd', %s, '{}')", text)
    async with screen(admin.token, size=size) as shown:
        for tab in "123":
            await open_admin(shown, tab)
            assert all(cell_len(line) <= size[0] for line in shown.lines)
            assert not set(shown.text) & set("\x1b\u202e\u2066\u200d")
        await shown.press("1")
        await dispute_open(shown)
        await shown.reads("[/b] Ford [blue] [@click=app.quit]x[/]")
        assert all(cell_len(line) <= size[0] for line in shown.lines)
        assert not set(shown.text) & set("\x1b\u202e\u2066\u200d")


def test_bars_show_the_smallest_and_tell_nothing_from_zero() -> None:
    assert drawn([1000, 1, 0, None], 8, 2, 1000) == ["█", "█ ▁ _ ·"]
    assert drawn([1] * 30, 10, 1, 1) == ["█" * 10]
    assert drawn([4], 8, 2, 8) == ["", "█████"]


async def test_evidence_is_saved_under_a_safe_name_that_is_shown(
    trade: Trade,
    admin: AsyncInstaSell,
    screen: Opener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dispute_id = await disputed(trade)
    await trade.buyer.media.add_evidence(dispute_id, b"It came in two.", "../.ssh/a\u200bnote.txt")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    async with screen(admin.token) as shown:
        await dispute_open(shown)
        await shown.reads("e Save file")
        await shown.press("e")
        await shown.reads("Save a file of this dispute")
        name = shown.app.screen.query_one("#path", Input).value
        assert "/" not in name
        assert name.endswith(".txt")
        await shown.press("enter")
        await shown.reads("Saved (15 bytes)")
        saved = tmp_path / name
        assert shown.app.remarks.all[0].text.endswith(str(saved))
        assert saved.read_bytes() == b"It came in two."
        assert saved.stat().st_mode & 0o777 == 0o600
        # What is there is never overwritten.
        await shown.press("e")
        await shown.reads("Save a file of this dispute")
        await shown.press("enter")
        await shown.reads("There is a file already")
