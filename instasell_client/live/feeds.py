"""Feeds: what `async for` runs over. Each sees to it that nothing comes twice or is left out."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from instasell_client.errors import InstaSellError
from instasell_client.live.events import (
    AccountEvent,
    AuctionChange,
    AuctionEvent,
    AuctionJoined,
    BidsPlaced,
    BoardEvent,
    BoardJoined,
    Change,
)
from instasell_client.live.queues import AuctionEventQueue, BoardEventQueue, DropOldestQueue
from instasell_client.models.base import JsonObject
from instasell_client.models.live import (
    BOARD,
    BoardView,
    JoinAuction,
    JoinedAuction,
    JoinedBoard,
)
from instasell_client.operation import request

if TYPE_CHECKING:
    from typing import Self

EVENTS_WAITING_MAX = 256
"""A reader that is slower gets fewer events, and the memory of a feed stays bounded."""

OVERTAKEN_SECONDS = 0.5
"""A state of the board may come before the bids of the auction that it sums up. If these stay away
for so long, they were left out for a slow reader, and the feed joins again to get them."""

OVER_KEPT_MAX = 1000
"""Of so many auctions that are over the board still knows an old event from a new one."""

Event = TypeVar("Event", covariant=True)


class EventQueue(Protocol[Event]):
    """Hold events until the reader takes them."""

    def __len__(self) -> int: ...

    def pop(self) -> Event:
        """Remove the oldest event, and return it."""
        ...


class EventFeed(ABC, Generic[Event]):
    """Iterate over events, for one reader. Close it, or use `async with`.

    It ends when it or the session is closed, and raises what ended it otherwise. One that is
    dropped without closing is left by the session as soon as that is noticed.
    """

    def __init__(self, mail: EventQueue[Event], leave: Callable[[EventFeed[Event]], None]) -> None:
        self._mail = mail
        self._leave = leave
        self._arrived = asyncio.Event()
        self._over = False
        self._failure: InstaSellError | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not len(self._mail):
            if self._failure is not None:
                raise self._failure
            if self._over:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._mail.pop()

    async def batch(self) -> Sequence[Event]:
        """Return all events that wait, at least one; none when the feed is over.

        Returns:
            The events in the order in which they came.

        Raises:
            The error that ended the feed.

        Example:
            while events := await feed.batch():
                draw(events)
        """
        try:
            first = await anext(self)
        except StopAsyncIteration:
            return []
        return [first, *(self._mail.pop() for _ in range(len(self._mail)))]

    def finish(self, failure: InstaSellError | None = None) -> None:
        """End the feed after the events that wait, then raise `failure` if there is one.

        The session calls it; readers call `aclose`.
        """
        self._over = True
        self._failure = self._failure or failure
        self._arrived.set()

    async def aclose(self) -> None:
        """Leave the feed; events that wait can still be read.

        Example:
            await feed.aclose()
        """
        if not self._over:
            self.finish()
            self._leave(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


class JoinedFeed(EventFeed[Event], ABC, Generic[Event]):
    """Join, and join again after each lost connection.

    While a join is under way, what comes is held back: the snapshot tells from which version on
    it counts. `gaps` counts the joins in a row that left a hole; the session slows down then.
    """

    gaps = 0

    def __init__(
        self,
        mail: EventQueue[Event],
        leave: Callable[[EventFeed[Event]], None],
        join: Callable[[JoinedFeed[Event]], None],
    ) -> None:
        super().__init__(mail, leave)
        self._join = join
        self._held: list[Change] | None = []
        self._spilled = False

    @property
    def over(self) -> bool:
        """Return True when no more events will come."""
        return self._over

    @property
    @abstractmethod
    def target_id(self) -> str:
        """Return the `auction_id` to join."""

    @abstractmethod
    def request(self) -> JoinAuction:
        """Return the message that joins, from the newest event of this feed on.

        The session calls it.
        """

    @abstractmethod
    def _start(self, ack: JsonObject) -> None:
        """Take in the snapshot."""

    @abstractmethod
    def _accept(self, change: Change) -> None:
        """Take in a change, unless it is known."""

    def hold(self) -> None:
        """Hold back what comes from now on, as a join is sent. The session calls it."""
        self._held = self._held or []

    def joined(self, ack: JsonObject) -> None:
        """Take in the answer to a join, then what was held back. The session calls it.

        Raises ValidationError for an ack of another form.
        """
        self._start(ack)
        held, self._held = self._held or [], None
        spilled, self._spilled = self._spilled, False
        for change in held:
            self.receive(change)
        if spilled:
            self._join(self)
        self._arrived.set()

    def receive(self, change: Change) -> None:
        """Take in a change, or hold it back. The session calls it."""
        if self._held is None:
            self._accept(change)
        elif len(self._held) < EVENTS_WAITING_MAX:
            self._held.append(change)
        else:
            self._spilled = True
        self._arrived.set()


class AuctionFeed(JoinedFeed[AuctionEvent]):
    """Yield `AuctionJoined` of one auction, then every change once, in order of version.

    `version` and `seq` are those of the newest event that came in; None before the first.
    """

    def __init__(
        self,
        auction_id: str,
        after_seq: int | None,
        view: bool,
        leave: Callable[[EventFeed[AuctionEvent]], None],
        join: Callable[[JoinedFeed[AuctionEvent]], None],
        on_board: Callable[[], bool],
    ) -> None:
        self._waiting = AuctionEventQueue(EVENTS_WAITING_MAX)
        super().__init__(self._waiting, leave, join)
        self.auction_id = auction_id
        self.version: int | None = None
        self.seq = after_seq
        self._view = view
        self._on_board = on_board
        self.request()

    @property
    def target_id(self) -> str:
        """Return the `auction_id` to join."""
        return self.auction_id

    def request(self) -> JoinAuction:
        """Return the message that joins the auction, for the bids after the newest known.

        The session calls it. Raises Invalid for a wrong `auction_id` or `after_seq`.
        """
        options = {"view": True} if self._view else {}
        return request(JoinAuction, auction_id=self.auction_id, after_seq=self.seq, **options)

    def _start(self, ack: JsonObject) -> None:
        snapshot = JoinedAuction.model_validate(ack)
        resumed = self.version is not None
        if self.version is not None and snapshot.version <= self.version:
            return
        fresh = [bid for bid in snapshot.missed if self.seq is None or bid.seq > self.seq]
        data = snapshot.model_copy(update={"missed": fresh})
        self.version, self.seq = snapshot.version, snapshot.seq
        self._waiting.put(AuctionJoined(data, resumed=resumed))

    def _accept(self, change: Change) -> None:
        version = self.version or 0
        if change.version <= version:
            return
        if _conflated(change):
            if self._on_board():
                self._expect(change.version)
                return
        elif change.version > version + 1:
            self.gaps += 1
            self._join(self)
            self.receive(change)
            return
        self.gaps = 0
        self.version = change.version
        self.seq = max(self.seq or 0, change.data.seq)
        self._waiting.put(change)

    def _expect(self, version: int) -> None:
        """Join again if bids stay away that a state of the board, which overtook them, sums up."""

        def catch_up() -> None:
            behind = self.version is not None and self.version < version
            if behind and self._held is None and not self._over:
                self._join(self)

        asyncio.get_running_loop().call_later(OVERTAKEN_SECONDS, catch_up)


class BoardFeed(JoinedFeed[BoardEvent]):
    """Yield `BoardJoined`, then the newest state of each auction as it changes.

    `view` chooses the auctions; without one they are the 500 that end soonest. Those that enter and
    leave the view come as `AuctionChange`. After a lost connection and after `change_view`
    `BoardJoined` comes again and replaces what was shown.
    """

    def __init__(
        self,
        leave: Callable[[EventFeed[BoardEvent]], None],
        join: Callable[[JoinedFeed[BoardEvent]], None],
        view: BoardView | None = None,
    ) -> None:
        self._waiting = BoardEventQueue()
        super().__init__(self._waiting, leave, join)
        self.view = view
        self._versions: dict[str, int] = {}
        self._over_ids: deque[str] = deque()
        self._resumed = False

    @property
    def target_id(self) -> str:
        """Return the name of the board."""
        return BOARD

    def request(self) -> JoinAuction:
        """Return the message that joins the board. The session calls it."""
        return JoinAuction(auction_id=BOARD, view=self.view)

    def change_view(self, view: BoardView | None) -> None:
        """Show another view on the open connection; `BoardJoined` comes when it is there.

        Args:
            view: The auctions to show; None for those that end soonest.

        Example:
            live.board().change_view(BoardView(text="watch", limit=100))
        """
        if view == self.view:
            return
        self.view = view
        self._join(self)

    def _start(self, ack: JsonObject) -> None:
        snapshot = JoinedBoard.model_validate(ack)
        versions = {state.auction_id: state.version for state in snapshot.auctions}
        self._versions = versions
        self._over_ids.clear()
        self._waiting.restart(BoardJoined(snapshot, resumed=self._resumed))
        self._resumed = True

    def _accept(self, change: Change) -> None:
        auction_id = change.data.auction_id
        known = self._versions.get(auction_id)
        if isinstance(change, AuctionChange) and change.event == "auction_left":
            # Its version may be one that is known.
            if self._versions.pop(auction_id, None) is not None:
                self._waiting.put(change)
            return
        if known is not None and change.version <= known:
            return
        self._versions[auction_id] = change.version
        if change.event in ("auction_ended", "auction_cancelled"):
            self._over_ids.append(auction_id)
            if len(self._over_ids) > OVER_KEPT_MAX:
                self._versions.pop(self._over_ids.popleft(), None)
        self._waiting.put(change)


class AccountFeed(EventFeed[AccountEvent]):
    """Yield what is for the signed-in user; of more than 256 that wait, the oldest are dropped."""

    def __init__(self, leave: Callable[[EventFeed[AccountEvent]], None]) -> None:
        self._waiting = DropOldestQueue[AccountEvent](EVENTS_WAITING_MAX)
        super().__init__(self._waiting, leave)

    def receive(self, notice: AccountEvent) -> None:
        """Queue an event for the reader. The session calls it."""
        self._waiting.put(notice)
        self._arrived.set()


def _conflated(change: Change) -> bool:
    return isinstance(change, BidsPlaced) and change.data.conflated
