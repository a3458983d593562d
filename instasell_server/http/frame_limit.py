"""Bounds the frames of a WebSocket that are read before anything else gets its turn.

A frame that begins or continues a message is no message yet, so no budget of messages counts it.
Three sockets that only sent empty continuations, six bytes each, kept the event loop busy: others
waited 1.4 s for an answer instead of 1 ms. With pings, which are closed as too many once the
256 KB that were read at once have been taken apart, they waited 0.7 s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

FRAGMENTS_MAX = 256
"""Of one message, which has 4 KB at most: who splits it has 16 bytes in a piece."""

AT_ONCE_MAX = 4096
"""Frames that begin in what is read at once; bids of 100 bytes are 2,600 of them at most."""

_FINAL, _MASKED, _CONTROL = 0x80, 0x80, 0x08
_LENGTH_BYTES = {126: 2, 127: 8}
_TOO_MANY = (True, b"")


class Parser(Protocol):
    """What takes the bytes of a WebSocket: a reader of aiohttp's."""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes; return whether these were the last ones, and what was left of them."""
        ...

    def feed_eof(self) -> None:
        """Take note that nothing more comes."""
        ...


class FrameLimit:
    """Stands before the reader of a WebSocket, and calls `cut_off` where there are too many.

    It looks at the heads of frames only, which takes less than a microsecond for each.
    """

    __slots__ = ("_cut_off", "_fragments", "_head", "_parser", "_skip")

    def __init__(self, parser: Parser, cut_off: Callable[[], None]) -> None:
        self._parser = parser
        self._cut_off = cut_off
        self._fragments = 0
        # Bytes of a payload that are still to come, and those of a head that is not whole.
        self._skip = 0
        self._head = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Pass bytes on, unless too many frames begin in them, or too many of one message."""
        if not self._count(data):
            self._cut_off()
            return _TOO_MANY
        return self._parser.feed_data(data)

    def feed_eof(self) -> None:
        """Pass the end on."""
        self._parser.feed_eof()

    def _count(self, data: bytes) -> bool:
        """Account for the frames that begin in `data`; False when there are too many."""
        frames = 0
        seen = self._head + data if self._head else data
        size, at = len(seen), self._skip
        while at + 2 <= size:
            frames += 1
            if frames > AT_ONCE_MAX:
                return False
            first, second = seen[at], seen[at + 1]
            payload = second & 0x7F
            start = at + 2 + _LENGTH_BYTES.get(payload, 0)
            if start > size:
                break
            if payload in _LENGTH_BYTES:
                payload = int.from_bytes(seen[at + 2 : start], "big")
            if not first & _FINAL:
                self._fragments += 1
                if self._fragments > FRAGMENTS_MAX:
                    return False
            elif not first & _CONTROL:
                self._fragments = 0
            at = start + payload + (4 if second & _MASKED else 0)
        self._skip = max(0, at - size)
        self._head = seen[at:]
        return True
