"""Name the states of a session's connection, and let others wait for the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from enum import StrEnum


class ConnectionState(StrEnum):
    """Name the states of a session's socket."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"


StateCallback = Callable[[ConnectionState], None]


class StateTracker:
    """Hold the state of the connection; `CLOSED` is the last one."""

    def __init__(self, on_state: StateCallback | None) -> None:
        self.state = ConnectionState.CONNECTING
        self._on_state = on_state
        self._changed = asyncio.Event()

    async def wait(self) -> None:
        """Return when the state has changed."""
        await self._changed.wait()

    async def states(self) -> AsyncGenerator[ConnectionState, None]:
        """Yield the present state and each new one that the reader is in time for."""
        shown: ConnectionState | None = None
        while shown is not ConnectionState.CLOSED:
            changed = self._changed
            if self.state is not shown:
                shown = self.state
                yield shown
            else:
                await changed.wait()

    def enter(self, state: ConnectionState) -> None:
        """Change the state, wake those who wait for it, and call back."""
        if state is self.state or self.state is ConnectionState.CLOSED:
            return
        self.state = state
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if self._on_state is not None:
            self._on_state(state)
