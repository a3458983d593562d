"""Every screen as text in three sizes, and in each state that it can be in.

The market is made up and its time does not pass, so that one run of the application gives many
pictures. In the middle size the styles are compared too, by the names that the theme has for its
colours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import zip_longest

import pytest
from rich.segment import Segment
from syrupy.assertion import SnapshotAssertion

from instasell_client import ConnectionState
from instasell_tui.admin import dispute_screen
from instasell_tui.inbox import conversation_screen
from instasell_tui.market import paged_list
from instasell_tui.orders import order_screen
from instasell_tui.theme.themes import DARK
from instasell_tui.wiring import initial_load
from tests.tui.fake_market import FakeMarket, ServerBehaviour, open_fake_market
from tests.tui.pilot import LARGE, SMALL, Screen
from tests.tui.screen_cases import calm, enter, leave, of

MIDDLE = (120, 36)
PARTS = pytest.mark.parametrize("part", ["market", "trade", "admin"])

SECOND_BY_SECOND = (paged_list, order_screen, conversation_screen, dispute_screen)
"""The screens that are drawn with each second, besides what changes."""

COLOURS = {
    value: name
    for name, value in (
        *((name, value) for name, value in DARK.variables.items() if value.startswith("#")),
        *((name, getattr(DARK, name)) for name in ("primary", "accent", "success", "warning")),
        *((name, getattr(DARK, name)) for name in ("error", "foreground", "panel", "surface")),
        ("background", DARK.background),
    )
}


def role_of(part: str) -> str:
    """Return who sees a part."""
    return "admin" if part == "admin" else "buyer"


def styles(shown: Screen) -> str:
    """Return what of the screen is not plain: line, column and length, and how it looks."""
    found = []
    for row, line in enumerate(shown.drawn):
        column, runs = 0, []
        for segment in line:
            look = _look(segment)
            if look and runs and runs[-1][2] == look and sum(runs[-1][:2]) == column:
                runs[-1] = (runs[-1][0], runs[-1][1] + segment.cell_length, look)
            elif look:
                runs.append((column, segment.cell_length, look))
            column += segment.cell_length
        if runs:
            told = "  ".join(f"{at}+{length} {look}" for at, length, look in runs)
            found.append(f"{row:2}: {told}")
    return "\n".join(found)


def _look(segment: Segment) -> str:
    style = segment.style
    if style is None:
        return ""
    ink = style.color.name if style.color and segment.text.strip() else "foreground"
    paper = style.bgcolor.name if style.bgcolor else "background"
    parts = [COLOURS.get(ink, ink), *(["bold"] if style.bold and segment.text.strip() else [])]
    if COLOURS.get(paper, paper) != "background":
        parts.append(f"on {COLOURS.get(paper, paper)}")
    if segment.text.strip("▀ ") == "" and "▀" in segment.text:
        return "picture"
    return " ".join(part for part in parts if part != "foreground")


def changes(before: str, after: str) -> str:
    """The lines that are different, by their numbers."""
    pairs = zip_longest(before.split("\n"), after.split("\n"), fillvalue="")
    return "\n".join(f"{row:2}: {new}" for row, (old, new) in enumerate(pairs) if old != new)


async def resized(shown: Screen, size: tuple[int, int]) -> None:
    """Another size of the terminal."""
    await shown.pilot.resize_terminal(*size)
    await calm(shown)


@PARTS
async def test_every_screen_in_three_sizes_and_while_the_connection_is_lost(
    snapshot: SnapshotAssertion, part: str
) -> None:
    live: dict[str, str] = {}
    async with open_fake_market(FakeMarket(role_of(part)), size=SMALL) as shown:
        await calm(shown)
        for picture in of(part):
            await enter(shown, picture)
            assert shown.text == snapshot(name=f"{picture.name}-80x24")
            live[picture.name] = shown.text
            await resized(shown, MIDDLE)
            assert shown.text == snapshot(name=f"{picture.name}-120x36")
            assert styles(shown) == snapshot(name=f"{picture.name}-120x36-styles")
            await resized(shown, LARGE)
            assert shown.text == snapshot(name=f"{picture.name}-160x48")
            await resized(shown, SMALL)
            assert shown.text == live[picture.name], "growing and shrinking leaves no trace"
            if picture.states:
                told = await lost(shown, live[picture.name])
                assert told == snapshot(name=f"{picture.name}-reconnecting")
            await leave(shown)
    await read_only(snapshot, part, live)


async def lost(shown: Screen, live: str) -> str:
    """Draw the screens while the connection is lost."""
    shown.app.feed._turned(ConnectionState.RECONNECTING)
    await shown.reads("reconnecting")
    await calm(shown)
    told = changes(live, shown.text)
    shown.app.feed._turned(ConnectionState.LIVE)
    await shown.until(lambda: shown.text == live)
    return told


@pytest.mark.parametrize(
    ("part", "names"), [("trade", {"orders", "order", "conversation"}), ("admin", {"dispute"})]
)
async def test_a_lost_connection_is_shown_at_once(
    monkeypatch: pytest.MonkeyPatch, part: str, names: set[str]
) -> None:
    for module in SECOND_BY_SECOND:
        monkeypatch.setattr(module, "TICK_SECONDS", 3600.0)
    async with open_fake_market(FakeMarket(role_of(part)), size=SMALL) as shown:
        await calm(shown)
        for picture in of(part):
            if picture.name in names:
                await enter(shown, picture)
                # Before they are read again, which happens every 30 seconds.
                async with asyncio.timeout(15):
                    shown.app.feed._turned(ConnectionState.RECONNECTING)
                    await shown.reads("reconnecting")
                    shown.app.feed._turned(ConnectionState.LIVE)
                    await shown.reads("● live")
                await leave(shown)


async def read_only(snapshot: SnapshotAssertion, part: str, live: Mapping[str, str]) -> None:
    """Draw the screens where nothing can be changed."""
    async with open_fake_market(FakeMarket(role_of(part)), size=SMALL, read_only=True) as shown:
        await calm(shown)
        for picture in of(part, states=True):
            await enter(shown, picture)
            told = changes(live[picture.name], shown.text)
            assert "read-only" in told
            assert told == snapshot(name=f"{picture.name}-read-only")
            await leave(shown)


@PARTS
@pytest.mark.parametrize(
    "mood", [ServerBehaviour.HAS_NOTHING, ServerBehaviour.IS_SLOW, ServerBehaviour.FAILS]
)
async def test_a_market_that_has_nothing_is_slow_or_fails(
    snapshot: SnapshotAssertion, part: str, mood: ServerBehaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A board that does not come need not be waited for.
    monkeypatch.setattr(initial_load, "BOARD_FIRST_SECONDS", 0.01)
    words = {
        ServerBehaviour.HAS_NOTHING: (
            "No ",
            "Nothing",
            "Nobody",
            "no orders",
            "not bid yet",
            "7 kinds",
            "does not exist",
        ),
        ServerBehaviour.IS_SLOW: ("Asking the market …", "Connecting to"),
        ServerBehaviour.FAILS: ("cannot be reached", "does not answer", "refused", "Connecting to"),
    }
    async with open_fake_market(FakeMarket(role_of(part), mood), size=SMALL) as shown:
        await calm(shown)
        for picture in of(part, states=True):
            await enter(shown, picture)
            assert any(word in shown.text for word in words[mood]), shown.text
            assert shown.text == snapshot(name=picture.name)
            await leave(shown)
