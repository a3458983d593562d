"""One socket as the hub sees it: something to write frames to, which may be slow.

The transport's own write buffer is the queue, and it is bounded: a watcher with more than
`BUFFER_BYTES_MAX` in it gets no events but a mark, and once it has read on, the newest state of
each auction that it was spared.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Iterable

BUFFER_BYTES_MAX = 16 * 1024
BUFFER_BYTES_LOW = 2 * 1024
STALLED_SECONDS = 30.0

_SHORT = struct.Struct("!BB")
_MEDIUM = struct.Struct("!BBH")
_LONG = struct.Struct("!BBQ")
_TEXT_AND_FINAL = 0x81
_PONG_AND_FINAL = 0x8A

PING_FRAME = b"\x89\x00"
"""A ping without data (RFC 6455, 5.5.2)."""


def text_frame(payload: bytes) -> bytes:
    """A whole WebSocket text frame (RFC 6455, 5.2); a server does not mask."""
    length = len(payload)
    if length < 126:
        return _SHORT.pack(_TEXT_AND_FINAL, length) + payload
    if length < 65536:
        return _MEDIUM.pack(_TEXT_AND_FINAL, 126, length) + payload
    return _LONG.pack(_TEXT_AND_FINAL, 127, length) + payload


def pong_frame(data: bytes) -> bytes:
    """The answer to a ping, which has to repeat its data, 125 bytes at most (RFC 6455, 5.5.3)."""
    return _SHORT.pack(_PONG_AND_FINAL, len(data)) + data


class Watcher:
    """Where the frames of one connection go."""

    # There are many, most of them quick, so what only few need is made when it is needed.
    __slots__ = (
        "_on_session_end", "_own_bids", "_stale", "_transport", "may_read", "rooms",
        "session_id", "slow_since", "user_id",
    )  # fmt: skip

    def __init__(
        self, transport: asyncio.WriteTransport, on_session_end: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._on_session_end = on_session_end
        self.user_id: str | None = None
        self.session_id: str | None = None
        # Whether it may read what is the account's alone.
        self.may_read = False
        # How many auctions it is told of, or is about to be.
        self.rooms = 0
        self.slow_since: float | None = None
        self._stale: set[str] | None = None
        self._own_bids: dict[str, bytes] | None = None

    @property
    def closing(self) -> bool:
        """Whether the connection is going away."""
        return self._transport.is_closing()

    @property
    def waiting_bytes(self) -> int:
        """What the reader has not taken yet."""
        return self._transport.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Writes whole frames, whatever waits already: for answers, which are never spared."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def offer(self, data: bytes) -> bool:
        """Writes whole frames of events unless the reader is slow."""
        transport = self._transport
        if self.slow_since is None:
            if transport.get_write_buffer_size() <= BUFFER_BYTES_MAX:
                if not transport.is_closing():
                    transport.write(data)
                return True
            self.slow_since = time.monotonic()
        return False

    def spare(self, auction_ids: Iterable[str]) -> None:
        """Remembers auctions whose events were kept back, until `take_stale`."""
        if self._stale is None:
            self._stale = set()
        self._stale.update(auction_ids)

    def take_stale(self) -> set[str]:
        """The auctions whose newest states this watcher lacks; it is quick again."""
        stale, self._stale = self._stale, None
        self.slow_since = None
        return stale or set()

    def keep_own_bid(self, auction_id: str, frame: bytes) -> None:
        """Keeps the newest position of a slow reader in an auction, until `take_own_bids`."""
        if self._own_bids is None:
            self._own_bids = {}
        self._own_bids[auction_id] = frame

    def take_own_bids(self) -> list[bytes]:
        """Return the frames that `keep_own_bid` kept, and forget them."""
        own_bids, self._own_bids = self._own_bids, None
        return list((own_bids or {}).values())

    def caught_up(self) -> bool:
        """Whether a slow reader has read on, so that it may have newest states again."""
        return self._transport.get_write_buffer_size() <= BUFFER_BYTES_LOW

    def stalled(self) -> bool:
        """Whether the reader has taken nothing for too long."""
        return self.slow_since is not None and (
            time.monotonic() - self.slow_since > STALLED_SECONDS
        )

    def end_session(self) -> None:
        """The session of this connection is over, so the connection is."""
        self._on_session_end()

    def abort(self) -> None:
        """Cuts the connection; what waits in the buffer is thrown away."""
        self._transport.abort()
