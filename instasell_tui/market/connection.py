"""The connection to the market: the client, the live session and the user, for all screens.

What a feature keeps of the market it builds on this and registers for: a feature says with
`on_start` what it does as long as the session lasts, with `on_account_event` that it takes in what
the market sends to the user alone, with `on_user` that it needs to know who that is, and with
`on_forget` how it forgets the user. The connection knows none of the features.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump

from instasell_client import (
    AccountEvent,
    AsyncInstaSell,
    ConnectionState,
    Forbidden,
    InstaSellError,
    LiveSession,
    Unauthenticated,
    Unavailable,
)
from instasell_client.models.accounts import Role, User
from instasell_client.models.listings import CategoryNode
from instasell_tui.market import messages
from instasell_tui.market.pending_keys import PendingKeys

log = logging.getLogger("instasell_tui")

FLUSH_SECONDS = 1 / 15
STALE_AFTER = timedelta(seconds=5)

SessionWork = Callable[[LiveSession], Coroutine[Any, Any, None]]


class ConnectionStatus(StrEnum):
    """Name the degree to which the screen can be trusted."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    STALE = "stale"
    CLOSED = "closed"


class MarketConnection:
    """Serve every screen. Start it once the client has its token; `restart` for another user.

    `clock` replaces the server's clock, and `pace` the pause between two notifications of the
    same thing, where time must stand still. With `read_only` everything that changes the market
    raises Forbidden.
    """

    def __init__(
        self,
        client: AsyncInstaSell,
        *,
        read_only: bool = False,
        clock: Callable[[], datetime] | None = None,
        pace: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.client = client
        self.read_only = read_only
        self.marks = ["read-only"] if read_only else []
        self.replay: Callable[[], str] | None = None
        self.user: User | None = None
        self.currency = "USD"
        self.knows_currency = False
        self.categories: list[CategoryNode] = []
        self.keys = PendingKeys()
        self.pace = pace or partial(asyncio.sleep, FLUSH_SECONDS)
        self._clock = clock
        self._stack = AsyncExitStack()
        self._live: LiveSession | None = None
        self._state = ConnectionState.CONNECTING
        self._lost_at: datetime | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._screens: set[MessagePump] = set()
        self._session_works: list[SessionWork] = []
        self._user_handlers: list[Callable[[User], None]] = []
        self._forget_handlers: list[Callable[[], None]] = [self.keys.forget_person]
        self._event_handlers: list[Callable[[AccountEvent], None]] = []

    # What features register for ---------------------------------------------------------------

    def on_start(self, work: SessionWork) -> None:
        """Run `work` with each live session, until it is done or the session ends."""
        self._session_works.append(work)

    def on_user(self, handler: Callable[[User], None]) -> None:
        """Call `handler` with each user who has signed in."""
        self._user_handlers.append(handler)

    def on_forget(self, handler: Callable[[], None]) -> None:
        """Call `handler` between two sessions, where what is of the user has to be forgotten."""
        self._forget_handlers.append(handler)

    def on_account_event(self, handler: Callable[[AccountEvent], None]) -> None:
        """Call `handler` with everything that the live session brings for the user alone."""
        self._event_handlers.append(handler)

    # Being there ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect, and stay connected until `stop`. Returns at once."""
        live = self.client.live(on_state=self._turned, wait_for_server=True)
        self._live = await self._stack.enter_async_context(live)
        for work in self._session_works:
            self.spawn(work(self._live))
        self.spawn(self._read_account_events(self._live))

    async def stop(self) -> None:
        """End everything that `start` began."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._live = None
        await self._stack.aclose()

    async def restart(self) -> None:
        """Forget the user, and start again with the client's token."""
        await self.stop()
        self.user = None
        for forget in self._forget_handlers:
            forget()
        self._state, self._lost_at = ConnectionState.CONNECTING, None
        await self.start()
        self.post(messages.AccountChanged)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside, until it is done or the connection stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _turned(self, state: ConnectionState) -> None:
        if state is ConnectionState.RECONNECTING and self._lost_at is None:
            self._lost_at = self.now()
        elif state is ConnectionState.LIVE:
            self._lost_at = None
        self._state = state
        self.post(messages.ConnectionChanged)

    async def _read_account_events(self, live: LiveSession) -> None:
        try:
            async with live.events() as events:
                async for event in events:
                    for handler in self._event_handlers:
                        handler(event)
        except InstaSellError as error:
            log.info("no more events of the account: %s", error)

    # Telling the screens ----------------------------------------------------------------------

    def subscribe(self, screen: MessagePump) -> None:
        """Send messages to `screen` from here on."""
        self._screens.add(screen)

    def unsubscribe(self, screen: MessagePump) -> None:
        """Send no more messages to `screen`."""
        self._screens.discard(screen)

    def post(self, message: Callable[[], Message]) -> None:
        """Post a message of its own to each subscriber."""
        for screen in list(self._screens):
            screen.post_message(message())

    # How it is connected ----------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the server's clock, in UTC."""
        if self._clock is not None:
            return self._clock()
        return self._live.server_now() if self._live else datetime.now(UTC)

    @property
    def status(self) -> ConnectionStatus:
        """Return the degree to which the screen can be trusted at this moment."""
        if self._state is ConnectionState.RECONNECTING and self._lost_at is not None:
            waiting = self.now() - self._lost_at < STALE_AFTER
            return ConnectionStatus.RECONNECTING if waiting else ConnectionStatus.STALE
        return ConnectionStatus(self._state.value)

    @property
    def lost_at(self) -> datetime | None:
        """Return when the connection was lost, or None while it holds."""
        return self._lost_at

    # Who uses it ------------------------------------------------------------------------------

    @property
    def may_bid(self) -> bool:
        """Return whether a user is signed in who may bid from here."""
        return not self.read_only and self.user is not None and self.user.role is not Role.ADMIN

    def require_live(self) -> LiveSession:
        """Return the live session. Raises Unavailable before `start`."""
        if self._live is None:
            raise Unavailable("the feed is not started")
        return self._live

    def require_writable(self) -> LiveSession:
        """Return the live session.

        Raises Forbidden under read-only, Unauthenticated without a user.
        """
        if self.read_only:
            raise Forbidden("this screen was opened with --read-only")
        if self.user is None:
            raise Unauthenticated("sign in first; watching works without")
        return self.require_live()

    def set_user(self, user: User) -> None:
        """Set the signed-in user."""
        self.user = user
        for handler in self._user_handlers:
            handler(user)
        self.post(messages.AccountChanged)

    def signed_out(self, error: InstaSellError) -> None:
        """Sign out after the server has refused the token; the user is notified once."""
        if self.client.token is None:
            return
        self.client.token = None
        self.user = None
        self.post(lambda: messages.SignedOut(str(error)))
