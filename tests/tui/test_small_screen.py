"""Show what matters on a screen of 80x24, on a market that does not change."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence

import pytest

from instasell_tui.account.screen import SignInScreen
from instasell_tui.board.state import BoardQuery
from instasell_tui.board.table import BoardTable
from instasell_tui.orders.actions import _COMPLAINT
from instasell_tui.palette import Commands
from instasell_tui.widgets.choice import ChoiceField
from instasell_tui.widgets.form_screen import Form, FormScreen
from instasell_tui.widgets.text_screen import TextScreen
from instasell_tui.widgets.tone import Tone
from tests.tui.fake_market import FakeMarket, open_fake_market
from tests.tui.pilot import LARGE, Screen
from tests.tui.samples import auction_id

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


@pytest.fixture
async def shown() -> AsyncIterator[Screen]:
    async with open_fake_market(FakeMarket()) as screen:
        yield screen


async def test_the_description_is_read_and_scrolled(shown: Screen) -> None:
    shown.app.open_auction(auction_id(1))
    await shown.reads("d Info", "v Pics")
    sale = shown.app.auction.page
    assert sale is not None
    await shown.until(lambda: sale.view is not None)
    assert sale.view is not None
    text = "First words.\n" + "\n".join(f"Line {n}" for n in range(60))
    sale.view = sale.view.model_copy(update={"description": text})
    assert "First words" not in shown.text
    await shown.press("d")
    await shown.reads("First words", "Line 3")
    assert "Line 59" not in shown.text
    await shown.press("end")
    await shown.reads("Shipping", "Category")
    await shown.press("escape")
    await shown.until(lambda: not isinstance(shown.app.screen, TextScreen))


async def test_the_categories_leave_the_time_that_is_left_whole(shown: Screen) -> None:
    table = shown.app.screen.query_one(BoardTable)
    await shown.until(lambda: len(table.rows) > 2)
    ends = [line.rstrip().rsplit("  ", 1)[-1].strip() for line in shown.lines[2:8]]
    await shown.press("c")
    await shown.reads("All categories")
    beside = [line.rstrip() for line in shown.lines[2:8]]
    for end, line in zip(ends, beside, strict=True):
        assert line.endswith(end), (end, line)


async def test_what_is_said_has_a_line_of_its_own_and_a_log(
    shown: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instasell_tui.app.NOTICE_SECONDS", 60.0)
    # Trends come a moment after the board, and would be a difference of their own.
    await shown.reads("▂▃▄▅▆")
    before = _without_numbers(shown.lines)
    shown.app.say("A lamp\nSomething has happened", Tone.BAD)
    await shown.reads("A lamp: Something has happened", "! log")
    # All lines of the screen are there, but for the one that made room.
    after = _without_numbers(shown.lines)
    assert sum(line in after for line in before[:-3]) >= len(before[:-3]) - 1
    shown.app.say("And another thing", Tone.PLAIN)
    await shown.reads("And another thing", "+1")
    await shown.press("exclamation_mark")
    await shown.reads("What was said", "And another thing", "Something has happened")


def _without_numbers(lines: Sequence[str]) -> list[str]:
    """Countdowns go on while the test looks: "1m 0s" becomes "59s", in fewer cells."""
    spans = [re.sub(r"(?:[0-9]+[dhms] ?)+", "#", line) for line in lines]
    return [re.sub(r" +", " ", re.sub(r"[0-9]+", "#", line)) for line in spans]


async def test_what_was_said_goes_by_itself(shown: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instasell_tui.app.NOTICE_SECONDS", 0.2)
    shown.app.say("For a moment", Tone.PLAIN)
    await shown.until(lambda: "For a moment" not in shown.text)
    await shown.press("exclamation_mark")
    await shown.reads("For a moment")


async def test_results_do_not_linger(shown: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instasell_tui.widgets.outcome_line.OUTCOME_SECONDS", 0.2)
    await shown.press("W", "u")
    await shown.until(lambda: isinstance(shown.app.screen, FormScreen))
    await shown.press("escape")
    await shown.until(lambda: [each.text for each in shown.app.remarks.all] == ["Nothing was sent"])
    await shown.until(lambda: "Nothing was sent" not in shown.text)


async def test_buttons_show_their_whole_words(shown: Screen) -> None:
    shown.app.push_screen(SignInScreen())
    await shown.reads(" Sign in ", " New account ", " Watch only ")
    await shown.press("ctrl+n")
    await shown.reads(" Make account ", " Have an account ", " Watch only ")


async def test_the_palette_has_what_the_screen_does(shown: Screen) -> None:
    board = shown.app.screen
    await shown.press("ctrl+p")
    await shown.reads("Filter (/)")
    listed = [str(hit.text) async for hit in Commands(board).discover()]
    lot = shown.app.board.state.select(BoardQuery())[0]
    places = [listed.index(text) for text in ("Filter (/)", "Wallet", "Quit", lot.title)]
    assert places == sorted(places)
    await shown.type("Categories")
    await shown.reads("Categories (c)")
    await shown.press("enter")
    await shown.reads("All categories")
    await shown.press("ctrl+p")
    await shown.type("Sign out")
    await shown.reads("Asks first, and ends this screen alone")


async def test_up_and_down_choose_in_a_list(shown: Screen) -> None:
    form = Form("What is wrong?", "A lamp", _COMPLAINT, "Go on")
    shown.app.push_screen(FormScreen(form, {}, {}))
    await shown.until(lambda: isinstance(shown.app.focused, ChoiceField))
    choice = shown.app.focused
    assert isinstance(choice, ChoiceField)
    first, second = list(choice._options)[:2]
    assert choice.value == first
    await shown.press("down")
    assert choice.value == second
    await shown.press("up")
    assert choice.value == first
    await shown.press(*["down"] * len(choice._options))
    # Past the last one is the next field.
    assert shown.app.focused is not choice


async def test_the_wallet_names_what_moved_the_money() -> None:
    async with open_fake_market(FakeMarket(), size=LARGE) as shown:
        await shown.press("W")
        await shown.reads("Wallet", "Reference")
        await shown.until(lambda: shown.app.orders.loaded)
        await shown.until(lambda: not UUID.search(shown.text))
