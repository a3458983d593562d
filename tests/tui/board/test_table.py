"""Lines of the board, the line of keys and styles are drawn and parsed when they change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.css.errors import StylesheetError
from textual.css.tokenizer import TokenError

from instasell_client.models.auctions import You
from instasell_tui.app import InstaSellApp
from instasell_tui.board.lines import BoardLayout, LineInputs, line_parts
from instasell_tui.board.screen import BoardScreen
from instasell_tui.board.state import BoardAuction
from instasell_tui.theme.stylesheets import CachedStylesheet
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.line_table import Cell
from tests.tui.pilot import Screen
from tests.tui.samples import NOW, state

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there, so that the screen is up and stays empty."""


def lot(**changes: object) -> BoardAuction:
    """A lot that nobody has changed of late."""
    made = state(1, **changes)
    return BoardAuction(made, made.title)


def inputs(of: BoardAuction, width: int = 100, now: datetime = NOW) -> LineInputs:
    """All that the line of a lot depends on at a moment."""
    return LineInputs.of(of, BoardLayout.of(width), now, "USD")


def built(of: BoardAuction, width: int = 100) -> tuple[Cell, ...]:
    """The line of a lot now."""
    return line_parts(of, inputs(of, width))


@given(
    st.integers(40, 300),
    st.text(max_size=200),
    st.integers(0, 10**12),
    st.integers(0, 10**11),
    st.sampled_from(["live", "ended", "cancelled"]),
)
def test_a_line_is_as_wide_as_the_table(
    width: int, title: str, price: int, bids: int, status: str
) -> None:
    found = lot(title=title, current_bid=price, bid_count=bids, status=status, leader="bidder-7")
    parts = built(found, width)
    assert sum(cell_len(text) for text, _ in parts) == BoardLayout.of(width).cells
    assert BoardLayout.of(width).cells == max(width, BoardLayout.of(0).cells)


@pytest.mark.parametrize(
    ("bids", "shown_as"), [(0, "  0"), (999, " 999"), (123_456, " 123k"), (7_000_000, " 7m")]
)
def test_many_bids_fit_into_their_column(bids: int, shown_as: str) -> None:
    assert built(lot(bid_count=bids))[4][0].endswith(shown_as)


@pytest.mark.parametrize(
    "change",
    [
        lambda of: setattr(of, "state", state(1, version=2)),
        lambda of: setattr(of, "title", "Another title"),
        lambda of: setattr(of, "you", You(bidder="bidder-1")),
        lambda of: setattr(of, "watching", True),
        lambda of: setattr(of, "selling", True),
        lambda of: setattr(of, "has_history", True),
        lambda of: setattr(of, "changed_at", NOW),
        lambda of: setattr(of, "state", state(1, end_at=NOW + timedelta(seconds=30))),
    ],
)
def test_a_line_is_built_again_when_something_that_it_shows_changes(
    change: Callable[[BoardAuction], None],
) -> None:
    one, now = lot(), NOW + timedelta(milliseconds=100)
    before = inputs(one, now=now)
    assert inputs(one, now=now + timedelta(milliseconds=100)) == before
    change(one)
    assert inputs(one, now=now) != before


def test_styles_are_parsed_once_for_each_theme() -> None:
    first, second, other = (
        CachedStylesheet(variables={"ink": ink}) for ink in ("red", "red", "blue")
    )
    for each in (first, second, other):
        each.add_source("Label { color: $ink; }", read_from=("a", "b"))
    [one], [same], [different] = first.rules, second.rules, other.rules
    assert one is same
    assert one is not different
    first.set_variables({"ink": "blue"})
    first.reparse()
    assert first.rules == [different]
    wrong = "Label { color: $missing; }"
    for each in (first, second):
        each.add_source(wrong, read_from=("c", "d"))
        with pytest.raises((StylesheetError, TokenError)):
            each.parse()


async def test_the_line_of_keys_names_what_works_and_presses_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("instasell_tui.app.SETTLE_SECONDS", 0.01)
    settled: list[None] = []
    app = InstaSellApp(NOWHERE, "a-token", settled=lambda: settled.append(None))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = Screen(app, pilot, [], [])
        await screen.until(lambda: isinstance(app.screen, BoardScreen))
        await screen.reads("/ Filter  s Sort", "q Quit  ? Help", "▏^p palette")
        bar = app.screen.query_one(Footer)
        await pilot.hover(Footer, offset=(11, 0))
        assert "Filter" in str(bar._under_mouse)
        await pilot.click(Footer, offset=(11, 0))
        await screen.until(lambda: app.screen.query_one("#filter").has_focus)
        await pilot.resize_terminal(30, 24)
        await screen.until(lambda: screen.lines[-1] == " / Filter         ▏^p palette")
        await screen.press("escape")
        # There is no room for the third, of which nothing is shown then.
        await screen.until(lambda: screen.lines[-1] == " ⏎ Open  / Filter ▏^p palette")
        # A shorter word for the palette comes before the loss of a key.
        await pilot.resize_terminal(27, 24)
        await screen.until(lambda: screen.lines[-1] == " ⏎ Open  / Filter ▏^p more")
        await pilot.click(Footer, offset=(25, 0))
        await screen.reads("Search")
        assert settled == [None]
