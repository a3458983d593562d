"""Driving the application: keys, waiting for what the screen says, and reading it as text."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from rich.console import Console
from rich.segment import Segment
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from instasell_tui.account.screen import SignInScreen
from instasell_tui.app import InstaSellApp
from instasell_tui.board.table import BoardTable

SMALL, LARGE = (80, 24), (160, 48)
LOOK_SECONDS, LOOK_SECONDS_MAX = 0.01, 0.1
PASTED_FROM = 5
"""Characters. The screen is drawn again for each key, and most tests are of something else."""
PATIENCE_SECONDS = 30.0
"""How long a test waits before it takes silence for a hang; nothing is measured by it."""


@dataclass
class Screen:
    """A running application; `bells` counts how often it rang, `pages` what it had opened.

    `unanswered` says that whatever it asks stays without an answer.
    """

    app: InstaSellApp
    pilot: Pilot[None]
    bells: list[None]
    pages: list[str]
    unanswered: bool = False

    @property
    def text(self) -> str:
        """Return what a person reads, line by line."""
        return "\n".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The lines of the screen, with what lies under a dialog."""
        lines = ["".join(segment.text for segment in line).rstrip() for line in self.drawn]
        while lines and not lines[-1]:
            lines.pop()
        return lines or [""]

    @property
    def drawn(self) -> list[list[Segment]]:
        """The lines as they are sent to a terminal, with their styles."""
        width, height = self.app.size
        console = Console(width=width, height=height, force_terminal=True, legacy_windows=False)
        update = self.app.screen._compositor.render_update(
            full=True, screen_stack=self.app._background_screens
        )
        lines: list[list[Segment]] = [[]]
        for segment in console.render(update):
            if segment.text == "\n":
                lines.append([])
            elif not segment.control:
                lines[-1].append(segment)
        return lines

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for a condition; a wait in vain ends with what the screen shows instead."""
        end = time.monotonic() + PATIENCE_SECONDS
        pause = LOOK_SECONDS
        while not holds():
            assert time.monotonic() < end, f"waited in vain; the screen shows:\n{self.text}"
            # To read the screen costs more than most of what is waited for.
            await self.pilot.pause(pause)
            pause = min(pause * 1.5, LOOK_SECONDS_MAX)
        await self.pilot.pause()

    async def reads(self, *words: str) -> None:
        """Wait until the screen shows all of these."""
        await self.until(lambda: all(word in self.text for word in words))

    async def press(self, *keys: str) -> None:
        """Press keys, and let the screen answer."""
        await self.pilot.press(*keys)
        await self._typed()

    async def strike(self, *keys: str) -> None:
        """Types at once, as a terminal hands over what came while the screen was busy.

        A key of several letters is named ("enter"), or is a text after an equals sign.
        """
        for key in keys:
            for each in key[1:] if key.startswith("=") else [key]:
                name = _character_to_key(each) if len(each) == 1 else each
                event = events.Key(name, each if len(each) == 1 else None)
                event.set_sender(self.app)
                assert self.app._driver is not None
                self.app._driver.send_message(event)
        await self._typed()

    @property
    def has_handled_keys(self) -> bool:
        """Tell whether every key has been handled."""
        typed = self.app.typed
        return not typed._waiting and not typed._is_busy

    async def _typed(self) -> None:
        """Wait until every key that was sent has been handled."""
        taken = asyncio.Event()
        self.app.call_later(taken.set)
        await self.until(lambda: taken.is_set() and self.has_handled_keys)

    async def type(self, text: str) -> None:
        """Types a text into what has the focus; what is longer than a word is pasted there."""
        field = self.app.focused
        if isinstance(field, Input) and len(text) > PASTED_FROM:
            field.post_message(events.Paste(text))
            await self.pilot.pause()
            return
        for char in text:
            await self.pilot.press("space" if char == " " else char)

    @property
    def titles(self) -> list[str]:
        """The titles on the board, in their order."""
        return [lot.title for lot in self.app.screen.query_one(BoardTable).rows]

    async def confirm(self) -> None:
        """Answer the question that is up, as soon as it takes an answer."""
        await self.until(lambda: getattr(self.app.screen, "armed", False))
        await self.press("enter")


Opener = Callable[..., contextlib.AbstractAsyncContextManager[Screen]]


@contextlib.asynccontextmanager
async def opened(
    base_url: str,
    token: str | None = None,
    *,
    size: tuple[int, int] = SMALL,
    loaded: bool = True,
    prepared: Callable[[InstaSellApp], None] = lambda app: None,
    **options: Any,
) -> AsyncIterator[Screen]:
    """The application in a terminal of `size`. Without a token it watches only.

    `prepared` is called with it before it runs.
    """
    options.setdefault("zone", UTC)
    options.setdefault("armed_after_seconds", 0.01)
    options.setdefault("poll_seconds", 0.2)
    app = InstaSellApp(base_url, token, **options)
    prepared(app)
    bells: list[None] = []
    app.bell = lambda: bells.append(None)  # type: ignore[method-assign]
    pages: list[str] = []
    app.open_url = lambda url, *, new_tab=True: pages.append(url)  # type: ignore[method-assign]
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = Screen(app, pilot, bells, pages)
        if loaded:
            if token is None:
                await screen.until(lambda: isinstance(app.screen, SignInScreen))
                await screen.press("escape")
            await screen.until(lambda: app.board.state.loaded)
            await screen.until(lambda: app.feed.user is not None or token is None)
        yield screen
