"""The base of the connection to the market, which all that reads or writes through it needs.

What a feature reads and writes (orders, bids, the inbox ...) knows this and not the connection,
which holds all of them.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump

from instasell_client import (
    AsyncInstaSell,
    AuctionChange,
    BidsPlaced,
    ConnectionState,
    Forbidden,
    InstaSellError,
    LiveSession,
    Unauthenticated,
    Unavailable,
)
from instasell_client.models.accounts import Role, User
from instasell_client.models.auctions import BidReceipt
from instasell_client.models.listings import CategoryNode
from instasell_client.models.live import YourBid
from instasell_tui.board.state import BoardState
from instasell_tui.market import messages
from instasell_tui.market.pending_keys import PendingKeys

FLUSH_SECONDS = 1 / 15
LATE_SECONDS = 2.0
"""How long an auction's page is waited for over the socket, which mostly takes milliseconds."""
STALE_AFTER = timedelta(seconds=5)


class ConnectionStatus(StrEnum):
    """Name the degree to which the screen can be trusted."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    STALE = "stale"
    CLOSED = "closed"


class MarketCore(ABC):
    """Hold the client, the live session, the user and the board, and notify the screens."""

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
        self.user: User | None = None
        self.currency = "USD"
        self.knows_currency = False
        self.late_seconds = LATE_SECONDS
        self.categories: list[CategoryNode] = []
        self.lots = BoardState()
        self.keys = PendingKeys()
        self.board_came = asyncio.Event()
        self.pace = pace or partial(asyncio.sleep, FLUSH_SECONDS)
        self._clock = clock
        self._targets: set[MessagePump] = set()
        self._live: LiveSession | None = None
        self._state = ConnectionState.CONNECTING
        self._lost_at: datetime | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._dirty = asyncio.Event()

    def subscribe(self, target: MessagePump) -> None:
        """Send messages to `target` from here on."""
        self._targets.add(target)

    def unsubscribe(self, target: MessagePump) -> None:
        """Send no more messages to `target`."""
        self._targets.discard(target)

    def post(self, message: Callable[[], Message]) -> None:
        """Post a message of its own to each subscriber."""
        for target in list(self._targets):
            target.post_message(message())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside, until it is done or the feed stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def mark_changed(self) -> None:
        """Note a change in `lots`; the board is notified with the next flush."""
        self._dirty.set()

    def now(self) -> datetime:
        """Return the server's clock, in UTC."""
        if self._clock is not None:
            return self._clock()
        return self._live.server_now() if self._live else datetime.now(UTC)

    @property
    def standing(self) -> ConnectionStatus:
        """Return the degree to which the screen can be trusted at this moment."""
        if self._state is ConnectionState.RECONNECTING and self._lost_at is not None:
            waiting = self.now() - self._lost_at < STALE_AFTER
            return ConnectionStatus.RECONNECTING if waiting else ConnectionStatus.STALE
        return ConnectionStatus(self._state.value)

    @property
    def lost_at(self) -> datetime | None:
        """Return when the connection was lost, or None while it holds."""
        return self._lost_at

    @property
    def may_bid(self) -> bool:
        """Return whether a user is signed in who may bid from here."""
        return not self.read_only and self.user is not None and self.user.role is not Role.ADMIN

    def require_writable(self) -> LiveSession:
        """Raise Forbidden under read-only, Unauthenticated without a person."""
        if self.read_only:
            raise Forbidden("this screen was opened with --read-only")
        if self.user is None:
            raise Unauthenticated("sign in first; watching works without")
        if self._live is None:
            raise Unavailable("the feed is not started")
        return self._live

    def set_user(self, user: User) -> None:
        """Set the signed-in user."""
        self.user = user
        self.lots.seller_id = user.id
        self.post(messages.AccountChanged)

    def signed_out(self, error: InstaSellError) -> None:
        """Sign out after the server has refused the token; the user is notified once."""
        if self.client.token is None:
            return
        self.client.token = None
        self.user = None
        self.post(lambda: messages.SignedOut(str(error)))

    # What the connection does for its features ------------------------------------------------

    @abstractmethod
    async def restart(self) -> None:
        """Forget whose feed it was, and start again with the client's token."""

    @abstractmethod
    def apply_change(self, change: BidsPlaced | AuctionChange) -> None:
        """Take a change in, and tell what it means for the person."""

    @abstractmethod
    def take_own_bid(self, own: YourBid) -> None:
        """Take in a bid of the user's, made here, on another screen or by a script."""

    @abstractmethod
    async def bid(
        self, auction_id: str, *, amount: int | None, max_amount: int | None, key: str
    ) -> BidReceipt:
        """Bid, in minor units. Raises the refusal; the same `key` again is the same bid."""

    @abstractmethod
    async def buy_now(self, auction_id: str, amount: int, *, key: str) -> BidReceipt:
        """Buy at the price that was seen. Raises BuyNowUnavailable."""
