"""The board: windows of the open auctions, each shared by all who watch the same view.

A window is read again when something that may concern it has changed, at most once a second, and
those who watch it get the auctions that have entered and left. Events of auctions inside it flow
with the ticks. Only what subscribers are shown is kept, whatever the number of open auctions.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from instasell_client.models.auctions import LiveSort
from instasell_client.models.errors import RateLimited
from instasell_client.models.live import BoardView
from instasell_server.domains.auctions.board_reader import (
    AccountAuctions,
    BoardPage,
    BoardReader,
    ShownAuction,
)
from instasell_server.domains.auctions.changes import AuctionVersion
from instasell_server.realtime.board_states import BoardStates
from instasell_server.realtime.board_window import BoardJoin, BoardWindow
from instasell_server.realtime.event_frames import EncodedEvent, entered_frame, left_frame
from instasell_server.realtime.slow_readers import SlowReaders
from instasell_server.realtime.small_sets import with_item, without_item
from instasell_server.realtime.subscriber import Subscriber
from instasell_server.realtime.websocket_frames import text_frame

WINDOWS_MAX = 200
"""So many different views are watched at once on a server, besides the one without any wish."""

DEFAULT_VIEW = BoardView()
_BY_BIDS = frozenset({LiveSort.PRICE_ASC, LiveSort.PRICE_DESC, LiveSort.BIDS})


class Board:
    """Hold the windows, and the newest states of what they show."""

    def __init__(self, reader: BoardReader, slow: SlowReaders) -> None:
        self._reader = reader
        self._slow = slow
        self.states = BoardStates()
        self._windows: dict[BoardView, BoardWindow] = {}
        self._window_of: dict[Subscriber, BoardWindow] = {}
        # Auctions that a subscriber is shown for its account's sake, and the way back.
        self._own: dict[Subscriber, set[str]] = {}
        self._windows_with: dict[str, Collection[BoardWindow]] = {}
        self._owners_of: dict[str, Collection[Subscriber]] = {}
        # Windows to read again; and what has happened that may concern more of them.
        self._dirty: dict[BoardWindow, None] = {}
        self._may_enter = self._bids_came = False
        self._numbers = itertools.count(1)
        self._reads: dict[int, float] = {}

    @property
    def empty(self) -> bool:
        """Return whether nobody watches or is about to."""
        return not self._windows

    @property
    def watchers(self) -> Collection[Subscriber]:
        """Return those who watch, whatever their view."""
        return [each for window in self._windows.values() for each in window.watchers]

    @property
    def joining(self) -> Collection[Subscriber]:
        """Return those whose snapshot is being read."""
        return [each for window in self._windows.values() for each in window.joining]

    def join_of(self, subscriber: Subscriber) -> BoardJoin | None:
        """Return what is kept for a subscriber while its snapshot is read."""
        window = self._window_of.get(subscriber)
        return window.joining.get(subscriber) if window is not None else None

    def is_watched_by(self, subscriber: Subscriber) -> bool:
        """Return whether a subscriber watches the board, with its snapshot behind it."""
        window = self._window_of.get(subscriber)
        return window is not None and subscriber in window.watchers

    def is_shown(self, auction_id: str) -> bool:
        """Return whether anybody is shown an auction."""
        return auction_id in self._windows_with or auction_id in self._owners_of

    def shows(self, subscriber: Subscriber, auction_id: str) -> bool:
        """Return whether a subscriber is shown an auction."""
        window = self._window_of.get(subscriber)
        if window is None:
            return False
        return auction_id in window.auction_ids or auction_id in self._own.get(subscriber, ())

    # Joining and leaving ----------------------------------------------------------------------

    def start_joining(self, subscriber: Subscriber, view: BoardView) -> None:
        """Keep what changes for a subscriber until `finish_joining`. Raises RateLimited."""
        window = self._windows.get(view)
        if window is None:
            is_alone = self._alone_in_its_window(subscriber)
            others = len(self._windows) - (DEFAULT_VIEW in self._windows) - is_alone
            if view != DEFAULT_VIEW and others >= WINDOWS_MAX:
                raise RateLimited(
                    f"{WINDOWS_MAX} different views of the board are open; take one without"
                    " category, text and order, or come back later",
                    retry_after_seconds=10,
                )
            window = BoardWindow(view)
        before = self._window_of.get(subscriber)
        self._windows[view] = window
        window.joining[subscriber] = BoardJoin()
        window.watchers.discard(subscriber)
        if before is not None and before is not window:
            self._leave_window(subscriber, before)
        self._window_of[subscriber] = window

    def _alone_in_its_window(self, subscriber: Subscriber) -> bool:
        window = self._window_of.get(subscriber)
        if window is None or window.view == DEFAULT_VIEW:
            return False
        return len(window.watchers) + len(window.joining) == 1

    def set_own(self, subscriber: Subscriber, auctions: Iterable[ShownAuction]) -> None:
        """Show a subscriber auctions that concern its account, from when they were read on."""
        if subscriber not in self._window_of:
            return
        found = {each.auction_id: each for each in auctions}
        joining = self.join_of(subscriber)
        before = self._own.pop(subscriber, set())
        kept = before & joining.adopted if joining is not None else set()
        for auction_id in before - found.keys() - kept:
            self._disown(subscriber, auction_id)
        self._own[subscriber] = kept | found.keys()
        for auction_id, auction in found.items():
            self._owners_of[auction_id] = with_item(self._owners_of.get(auction_id, ()), subscriber)
            self.states.learn(auction)

    def finish_joining(
        self, subscriber: Subscriber, snapshot: Mapping[str, int]
    ) -> BoardJoin | None:
        """Send a subscriber with a snapshot of these versions what came after."""
        window = self._window_of.get(subscriber)
        meanwhile = window.joining.pop(subscriber, None) if window is not None else None
        if window is None or meanwhile is None:
            # It is gone, and would stay on the board for good.
            return None
        window.watchers.add(subscriber)
        own = self._own.get(subscriber, set())
        late: list[str] = []
        for auction_id in window.auction_ids | own:
            known = snapshot.get(auction_id)
            # What the next tick will bring is left to it.
            is_waiting = auction_id in self.states.changed and known is not None
            if not is_waiting and self.states.versions.get(auction_id, 0) > (known or 0):
                late.append(auction_id)
        late += [each for each in snapshot if each not in window.auction_ids and each not in own]
        if late:
            data = b"".join(self.newest_frames(subscriber, each) for each in late)
            self._offer(subscriber, data, late)
        return meanwhile

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a subscriber, also one that never got its snapshot."""
        window = self._window_of.pop(subscriber, None)
        for auction_id in self._own.pop(subscriber, ()):
            self._disown(subscriber, auction_id)
        if window is not None:
            self._leave_window(subscriber, window)

    def _leave_window(self, subscriber: Subscriber, window: BoardWindow) -> None:
        window.watchers.discard(subscriber)
        window.joining.pop(subscriber, None)
        if not window.empty:
            return
        self._windows.pop(window.view, None)
        self._dirty.pop(window, None)
        for auction_id in window.auction_ids:
            self._unlink(window, auction_id)
        if self.empty:
            self.states.forget()

    # Reading ----------------------------------------------------------------------------------

    async def read_own(self, user_ids: Sequence[str]) -> dict[str, AccountAuctions]:
        """Read what concerns each of these accounts."""
        number = self._start_read()
        try:
            return await self._reader.own(user_ids)
        finally:
            self._reads.pop(number, None)

    async def read_auction(self, auction_id: str) -> ShownAuction | None:
        """Read an auction that is to be shown, if it is open."""
        number = self._start_read()
        try:
            return (await self._reader.auctions([auction_id])).get(auction_id)
        finally:
            self._reads.pop(number, None)

    async def now(self) -> datetime:
        """Return the market's clock."""
        return await self._reader.now()

    async def read(self, view: BoardView) -> BoardPage:
        """Read a window for all who join or watch it; those who watch get what is new to them."""
        number = self._start_read()
        try:
            page = await self._reader.window(view)
        finally:
            self._reads.pop(number, None)
        window = self._windows.get(view)
        if window is not None and window.read_number < number:
            window.read_number = number
            self._apply(window, page.auctions)
        return page

    def _start_read(self) -> int:
        """Keep recent events of all auctions, until the number is taken from `_reads`."""
        number = next(self._numbers)
        self._reads[number] = time.monotonic()
        return number

    def _apply(self, window: BoardWindow, auctions: Sequence[ShownAuction]) -> None:
        entered, left = window.replace(
            [each.auction_id for each in auctions], self.states.over, self.states.changed
        )
        for auction_id in entered:
            self._windows_with[auction_id] = with_item(
                self._windows_with.get(auction_id, ()), window
            )
        for each in auctions:
            self.states.learn(each)
        frames = [self._frames_of(each) for each in entered]
        # The end of an auction was sent with its event.
        gone = [each for each in left if each not in self.states.over]
        frames += [self._left_frame(each) for each in gone]
        for auction_id in left:
            self._unlink(window, auction_id)
        if window.leaving:
            self._dirty[window] = None
        if frames:
            data = b"".join(frames)
            for subscriber in window.watchers:
                self._offer(subscriber, data, [*entered, *gone])

    def _unlink(self, window: BoardWindow, auction_id: str) -> None:
        left = without_item(self._windows_with.get(auction_id, ()), window)
        if left:
            self._windows_with[auction_id] = left
        else:
            self._windows_with.pop(auction_id, None)
            self._drop_unless_shown(auction_id)

    def _disown(self, subscriber: Subscriber, auction_id: str) -> None:
        left = without_item(self._owners_of.get(auction_id, ()), subscriber)
        if left:
            self._owners_of[auction_id] = left
        else:
            self._owners_of.pop(auction_id, None)
            self._drop_unless_shown(auction_id)

    def _drop_unless_shown(self, auction_id: str) -> None:
        if not self.is_shown(auction_id):
            self.states.drop(auction_id)

    def adopt(self, subscriber: Subscriber, auction: ShownAuction) -> None:
        """Show a subscriber an auction that concerns its account from now on."""
        if subscriber not in self._window_of or self.shows(subscriber, auction.auction_id):
            return
        self._own.setdefault(subscriber, set()).add(auction.auction_id)
        owners = self._owners_of.get(auction.auction_id, ())
        self._owners_of[auction.auction_id] = with_item(owners, subscriber)
        self.states.learn(auction)
        if (joining := self.join_of(subscriber)) is not None:
            joining.adopted.add(auction.auction_id)
        elif self.is_watched_by(subscriber):
            frames = self._frames_of(auction.auction_id)
            self._offer(subscriber, frames, [auction.auction_id])

    # Events -----------------------------------------------------------------------------------

    def take(self, event: EncodedEvent) -> bool:
        """Take an event for the next tick; False when one as new is known."""
        if self.empty:
            return False
        self.states.remember(event)
        auction_id = event.auction_id
        if event.is_start and self.has_room:
            self.admit(auction_id)
        is_shown = self.is_shown(auction_id)
        if is_shown and not self.states.take(event):
            return False
        self._mark(event)
        return True

    @property
    def has_room(self) -> bool:
        """Return whether the usual view has room for every auction that starts."""
        window = self._windows.get(DEFAULT_VIEW)
        return window is not None and len(window.auction_ids) < DEFAULT_VIEW.limit

    def admit(self, auction_id: str) -> None:
        """Show an auction to those with the usual view before it is read again: it has room."""
        window = self._windows[DEFAULT_VIEW]
        window.auction_ids.add(auction_id)
        windows = self._windows_with.get(auction_id, ())
        self._windows_with[auction_id] = with_item(windows, window)

    def _mark(self, event: EncodedEvent) -> None:
        """Have the windows read again whose auctions an event may have changed."""
        if not event.conflates:
            self._may_enter = self._may_enter or not event.is_over
        else:
            self._bids_came = True
        if event.is_over or event.is_extended:
            self._dirty |= dict.fromkeys(self._windows_with.get(event.auction_id, ()))

    def mark_unknown(self, change: AuctionVersion) -> None:
        """Have windows read again for a change that no event told of, if it may be in them."""
        if change.is_open and change.version > self.states.recent_version(change.auction_id):
            self._may_enter = True

    def take_dirty(self) -> list[BoardWindow]:
        """Return the windows to read again: something may have entered them, or left."""
        for window in self._windows.values():
            if self._may_enter or (self._bids_came and window.view.sort in _BY_BIDS):
                self._dirty[window] = None
        self._may_enter = self._bids_came = False
        dirty, self._dirty = list(self._dirty), {}
        return dirty

    def mark_all(self) -> None:
        """Have every window read again."""
        self._may_enter = True

    def mark(self, window: BoardWindow) -> None:
        """Have a window read again."""
        if not window.empty:
            self._dirty[window] = None

    def send(self) -> int:
        """Send what has changed since the last tick; return how many frames were kept back."""
        self.states.forget_recent(min(self._reads.values(), default=time.monotonic()))
        changed = self.states.drain()
        by_window: dict[BoardWindow, dict[str, bytes]] = {}
        by_owner: dict[Subscriber, dict[str, bytes]] = {}
        for auction_id, events in changed.items():
            data = b"".join(text_frame(each.board) for each in events)
            windows = self._windows_with.get(auction_id, ())
            for window in windows:
                by_window.setdefault(window, {})[auction_id] = data
            for owner in self._owners_of.get(auction_id, ()):
                if self._window_of.get(owner) not in windows and self.is_watched_by(owner):
                    by_owner.setdefault(owner, {})[auction_id] = data
        kept_back = 0
        for window, frames in by_window.items():
            data = b"".join(frames.values())
            for subscriber in window.watchers:
                kept_back += self._offer(subscriber, data, frames)
        for owner, frames in by_owner.items():
            kept_back += self._offer(owner, b"".join(frames.values()), frames)
        return kept_back

    def _offer(self, subscriber: Subscriber, data: bytes, auction_ids: Collection[str]) -> int:
        if subscriber.offer(data):
            return 0
        self._slow.spare(subscriber, auction_ids)
        return len(auction_ids)

    def newest_frames(self, subscriber: Subscriber, auction_id: str) -> bytes:
        """Return what a subscriber has to get whose events of an auction were kept back."""
        if subscriber not in self._window_of:
            return b""
        if self.shows(subscriber, auction_id):
            return self._frames_of(auction_id)
        return self._left_frame(auction_id)

    def _frames_of(self, auction_id: str) -> bytes:
        frames: list[bytes] = []
        if (auction := self.states.read.get(auction_id)) is not None:
            frames.append(text_frame(entered_frame(auction)))
        frames += [text_frame(each.board) for each in self.states.newest(auction_id)]
        return b"".join(frames)

    def _left_frame(self, auction_id: str) -> bytes:
        return text_frame(left_frame(auction_id, self.states.versions.get(auction_id, 0)))

    def drop_over(self) -> None:
        """Forget auctions that were over at the last sweep; late events of them came by now."""
        for auction_id in self.states.take_over_before():
            for window in self._windows_with.pop(auction_id, ()):
                window.auction_ids.discard(auction_id)
                window.leaving.discard(auction_id)
            for owner in self._owners_of.pop(auction_id, ()):
                self._own[owner].discard(auction_id)
            self.states.drop(auction_id)
