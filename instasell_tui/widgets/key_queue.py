"""Hands keys to the application one at a time, each where the one before has led.

Textual forwards a key to whatever has the focus when the key arrives, and moves the focus and opens
screens later, by messages. Keys that come close together (a fast typist, a paste into the terminal,
a slow computer) would so act on the screen before: after `/`, the `i` of "ipod" signs out, and
what follows Tab ends up in the field before it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual import events
from textual.message_pump import MessagePump
from textual.worker import Worker

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

KEYS_MAX = 1000
"""More than anybody types ahead; what comes on top of it is dropped."""

ROUNDS = 2
"""A key makes a widget post a message (Submitted, Opened), which makes a screen move the focus."""

STEP_SECONDS = 0.5
"""How long one widget may take over a key until the next one is released all the same."""

OPENING_SECONDS = 5.0
"""How long a step may read before it asks; what was typed meanwhile is dropped after it."""

ASKING_GROUPS = frozenset({"step", "ask"})
"""Workers that open a form, a question or a screen, some after they have read what it shows."""

LEAVING = frozenset({"ctrl+q", "ctrl+c"})


@runtime_checkable
class Guarded(Protocol):
    """A screen that judges the keys that were typed before it was ready."""

    def admits(self, event: events.Key | events.Paste) -> bool:
        """Return whether this key may act; a screen shows a refusal by itself."""


class KeyQueue:
    """Keeps the order of what is typed. `start` it in the application's own context.

    A key is released once the key before it has been handled, the screen on top is mounted, and no
    step that the key before began is about to ask something.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._released: events.Event | None = None
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_busy = False

    def start(self) -> None:
        """Begin to release keys."""
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Release no more keys."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def takes(self, event: events.Event) -> bool:
        """Queue a key that has just come; False for an event to be handled now."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            return False
        if event is self._released or self._task is None:
            return False
        if isinstance(event, events.Key) and event.key in LEAVING:
            return False
        if len(self._waiting) < KEYS_MAX:
            self._waiting.append(event)
            self._came.set()
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            assert isinstance(error, Exception)
            self._app._handle_exception(error)

    async def _run(self) -> None:
        while True:
            self._is_busy = bool(self._waiting)
            if not self._waiting:
                self._came.clear()
                await self._came.wait()
                continue
            await self._until_ready()
            if not self._waiting:
                continue
            event = self._waiting.popleft()
            screen = self._app.screen
            if isinstance(screen, Guarded) and not screen.admits(event):
                continue
            await self._release(event)

    async def _release(self, event: events.Key | events.Paste) -> None:
        """Have the application handle a key, and wait for all that comes of it."""
        app = self._app
        screen, before = app.screen, set(app.workers)
        path: Sequence[MessagePump] = (app.focused or screen).ancestors_with_self
        self._released = event
        app.post_message(event)
        for _ in range(ROUNDS):
            for pump in [app, *(each for each in path if each is not app), app]:
                await _drained(pump)
        self._released = None
        began = [each for each in app.workers if each not in before]
        asking = [each for each in began if each.group in ASKING_GROUPS]
        if asking and not await self._has_asked(asking, screen):
            self._waiting.clear()

    async def _has_asked(self, asking: list[Worker[Any]], screen: Screen[Any]) -> bool:
        """Wait until steps have opened what they open, or are over; False when they still read."""
        end = monotonic() + OPENING_SECONDS
        while any(not each.is_finished for each in asking) and self._app.screen is screen:
            if monotonic() > end:
                return False
            await asyncio.sleep(0.005)
        return True

    async def _until_ready(self) -> None:
        """Wait until the screen on top has its widgets, and its focus where it puts it."""
        app = self._app
        while True:
            screen = app.screen if app.screen_stack else None
            if screen is None or not screen.is_mounted or not screen.is_running:
                await asyncio.sleep(0.002)
                continue
            for pump in (screen, app, screen, app):
                await _drained(pump)
            if app.screen is screen:
                return


async def _drained(pump: MessagePump) -> None:
    """Wait until a widget has handled what is in its queue by now."""
    if not pump.is_running or pump._closing or pump._closed:
        return
    handled = asyncio.get_running_loop().create_future()

    def done() -> None:
        if not handled.done():
            handled.set_result(None)

    if pump.call_later(done):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STEP_SECONDS):
                await handled
