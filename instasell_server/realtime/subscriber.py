"""One socket as the hub sees it: something to write frames to, which may be slow.

The transport's own write buffer is the queue, and it is bounded. A subscriber with more than
`BUFFER_BYTES_MAX` in it gets no events but a mark, and once it has read on, the newest state of
each auction that it was spared. Answers count like events: while more than `ANSWER_BYTES_MAX`
waits, no request of that socket is read, and one that takes too little for `STALLED_SECONDS` is
cut off, whatever it was that it did not read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from instasell_server.realtime.small_sets import with_item, without_item
from instasell_server.realtime.websocket_frames import fragments

BUFFER_BYTES_MAX = 16 * 1024
BUFFER_BYTES_LOW = 2 * 1024
ANSWER_BYTES_MAX = 32 * 1024
"""While more than this waits, no request is read; the largest answer is about 90 KiB."""

UNREAD_BYTES_MAX = 256 * 1024
"""Nothing makes more wait for a slow reader; what would, as a flood of notices, cuts it off."""

FRAGMENT_BYTES = 16 * 1024
WHOLE_BYTES_MAX = 96 * 1024
"""A longer answer, which only the board's can be, is written as the reader takes it."""

STALLED_SECONDS = 30.0
PROGRESS_BYTES = 16 * 1024
"""A slow reader has to take so much in `STALLED_SECONDS`, or catch up."""


class Backlog:
    """Hold what is kept for a slow reader; few subscribers have one."""

    __slots__ = ("base", "held", "own_bids", "since", "stale", "started_with", "streaming")

    def __init__(self, waiting_bytes: int) -> None:
        self.since = time.monotonic()
        # What waited when it became slow, and then with each progress, and what came since.
        self.base = self.started_with = waiting_bytes
        self.stale: set[str] = set()
        self.own_bids: dict[str, bytes] = {}
        self.streaming = False
        # Whole frames that wait for the end of a message that is being written.
        self.held: list[bytes] = []


class Subscriber:
    """Write the frames of one connection."""

    # There are many, most of them quick, so what only few need is made when it is needed.
    __slots__ = (
        "_backlog", "_on_session_end", "_transport", "is_cut_off", "may_read", "rooms",
        "session_id", "user_id",
    )  # fmt: skip

    def __init__(
        self, transport: asyncio.WriteTransport, on_session_end: Callable[[bool], None]
    ) -> None:
        self._transport = transport
        self._on_session_end = on_session_end
        # Whether it was the market that ended the connection.
        self.is_cut_off = False
        self.user_id: str | None = None
        self.session_id: str | None = None
        # Whether it may read what is the account's alone.
        self.may_read = False
        # The auctions whose events it gets, or is about to get.
        self.rooms: Collection[str] = ()
        self._backlog: Backlog | None = None

    @property
    def closing(self) -> bool:
        """Return whether the connection is closing."""
        return self._transport.is_closing()

    @property
    def waiting_bytes(self) -> int:
        """Return the number of bytes that the reader has not taken yet."""
        waiting = self._transport.get_write_buffer_size()
        if self._backlog is not None:
            waiting += sum(map(len, self._backlog.held))
        return waiting

    @property
    def is_slow(self) -> bool:
        """Tell whether the reader has not caught up since events were first kept back."""
        return self._backlog is not None

    @property
    def slow_since(self) -> float | None:
        """Return when the reader last took enough, by the monotonic clock; None for a quick one."""
        return self._backlog.since if self._backlog is not None else None

    def enter_room(self, auction_id: str) -> None:
        """Remember an auction whose room it is in."""
        self.rooms = with_item(self.rooms, auction_id)

    def leave_room(self, auction_id: str) -> None:
        """Forget an auction whose room it has left."""
        self.rooms = without_item(self.rooms, auction_id)

    # Writing ----------------------------------------------------------------------------------

    def write(self, *frames: bytes) -> None:
        """Write whole frames, or one in parts, that are never spared: answers and the like."""
        if self._transport.is_closing():
            return
        backlog = self._backlog
        # One `write`, not `writelines`: that of asyncio in Python 3.12.0 to 3.12.8, 3.13.0 and
        # 3.13.1 never pauses its protocol (CVE-2024-12254), so that 2.8 MB waited in one buffer.
        data = b"".join(frames)
        if backlog is None:
            self._transport.write(data)
            return
        if backlog.streaming:
            backlog.held.append(data)
        else:
            self._transport.write(data)
        backlog.base += len(data)
        if self.waiting_bytes > max(UNREAD_BYTES_MAX, backlog.started_with + ANSWER_BYTES_MAX):
            self.abort()

    def write_control(self, frame: bytes) -> None:
        """Write a ping or a pong, which may stand between the fragments of a message."""
        if not self._transport.is_closing():
            self._transport.write(frame)

    def offer(self, data: bytes) -> bool:
        """Write whole frames of events unless the reader is slow."""
        if self._backlog is None:
            if self._transport.get_write_buffer_size() <= BUFFER_BYTES_MAX:
                if not self._transport.is_closing():
                    self._transport.write(data)
                return True
            self.mark_slow()
        return False

    async def stream(self, parts: Sequence[bytes], drain: Callable[[], Awaitable[None]]) -> None:
        """Write one long message as the reader takes it, and hold others back meanwhile."""
        backlog = self.mark_slow()
        backlog.streaming = True
        try:
            for fragment in fragments(parts, FRAGMENT_BYTES):
                if self._transport.is_closing():
                    return
                self._transport.write(fragment)
                backlog.base += len(fragment)
                await drain()
                # A crowd that joins together takes turns, and others have theirs in between.
                await asyncio.sleep(0)
        finally:
            backlog.streaming = False
            held, backlog.held = backlog.held, []
            if held and not self._transport.is_closing():
                self._transport.write(b"".join(held))

    # Slow readers -----------------------------------------------------------------------------

    def mark_slow(self) -> Backlog:
        """Keep events back until the reader has caught up."""
        if self._backlog is None:
            self._backlog = Backlog(self.waiting_bytes)
        return self._backlog

    def mark_stale(self, auction_ids: Iterable[str]) -> None:
        """Remember auctions whose events were kept back, until `take_stale`."""
        self.mark_slow().stale.update(auction_ids)

    def keep_own_bid(self, auction_id: str, frame: bytes) -> None:
        """Keep the newest position of a slow reader in an auction."""
        self.mark_slow().own_bids[auction_id] = frame

    def take_stale(self) -> set[str]:
        """Return the auctions whose newest states this subscriber lacks; it is quick again."""
        backlog, self._backlog = self._backlog, None
        return backlog.stale if backlog is not None else set()

    def catch_up(self, newest: Callable[[str], bytes | None]) -> bool:
        """Write newest states, as many as may wait at once; True when none is left."""
        backlog = self._backlog
        if backlog is None:
            return True
        frames: list[bytes] = []
        size = 0
        while size < ANSWER_BYTES_MAX and (backlog.own_bids or backlog.stale):
            # The states first: a screen that gets a position knows the auction.
            if backlog.stale:
                frame = newest(backlog.stale.pop())
            else:
                frame = backlog.own_bids.pop(next(iter(backlog.own_bids)))
            if frame is not None:
                frames.append(frame)
                size += len(frame)
        self.write(*frames)
        if backlog.stale or backlog.own_bids:
            return False
        self._backlog = None
        return True

    def caught_up(self) -> bool:
        """Return whether a slow reader has read on, so that it may have newest states again."""
        backlog = self._backlog
        is_streaming = backlog is not None and backlog.streaming
        return not is_streaming and self._transport.get_write_buffer_size() <= BUFFER_BYTES_LOW

    def stalled(self) -> bool:
        """Tell whether the reader has taken too little for too long."""
        backlog = self._backlog
        if backlog is None:
            return False
        now, waiting = time.monotonic(), self.waiting_bytes
        if backlog.base - waiting >= PROGRESS_BYTES:
            backlog.since, backlog.base = now, waiting
        return now - backlog.since > STALLED_SECONDS

    def end_session(self, *, is_over: bool) -> None:
        """Close the connection: its session is over, or may do other things by now."""
        self._on_session_end(is_over)

    def abort(self) -> None:
        """Cut the connection; what waits in the buffer is thrown away."""
        self.is_cut_off = True
        self._transport.abort()
