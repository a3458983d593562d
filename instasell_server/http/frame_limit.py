"""Bounds the frames of a WebSocket that are parsed before the server has handled those before.

aiohttp parses up to 128 KiB ahead of the application. As objects that is four times as much, and
behind it wait the bytes of one more read, up to 256 KiB: 200 sockets that asked and never read the
answers took 140 MB. And a frame that begins or continues a message is no message yet, so no budget
of messages counts it: three sockets that only sent empty continuations, six bytes each, kept the
event loop busy, and others waited 1.4 s for an answer instead of 1 ms.
"""

from __future__ import annotations

from typing import Protocol

FRAGMENTS_MAX = 256
"""Of one message, which has 4 KB at most: who splits it has 16 bytes in a piece."""

MESSAGES_MAX = 24
"""Parsed and not yet handled. Of 4 KB each they stay below aiohttp's own limit of 128 KiB, at which
it would pause the transport and resume it by itself."""

_MESSAGES_LOW = MESSAGES_MAX // 2

_FINAL, _MASKED, _CONTROL = 0x80, 0x80, 0x08
_LENGTH_BYTES = {126: 2, 127: 8}
_CUT_OFF = (True, b"")


class Parser(Protocol):
    """Take the bytes of a WebSocket: a reader of aiohttp's."""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes; return whether these were the last ones, and what was left of them."""
        ...

    def feed_eof(self) -> None:
        """Take note that nothing more comes."""
        ...


class Wire(Protocol):
    """Type what the limit needs of the connection below the frames."""

    def pause_frames(self) -> None:
        """Read nothing more from the network."""
        ...

    def resume_frames(self) -> None:
        """Read from the network again."""
        ...

    def cut_off(self) -> None:
        """Abort the connection: it sends what nobody honest would."""
        ...

    def end_frames(self) -> None:
        """Close the connection: what came is not a WebSocket's."""
        ...


class FrameLimit:
    """Wrap the parser of a WebSocket, and hold bytes back while many messages wait.

    The application calls `message_taken` for each message that it takes. Only the heads of frames
    are looked at, which takes less than a microsecond for each.
    """

    # A market has thousands of them.
    __slots__ = (
        "_fragments", "_held", "_is_lifted", "_is_paused", "_parser", "_skip", "_waiting", "_wire",
    )  # fmt: skip

    def __init__(self, parser: Parser, wire: Wire) -> None:
        self._parser = parser
        self._wire = wire
        self._fragments = 0
        # Messages that the parser has, or has begun, and that nobody has handled.
        self._waiting = 0
        # Bytes that the parser has not got: a head that is not whole, or frames held back.
        self._held = b""
        # Bytes still to come of the frame whose head was seen last; they are never held back.
        self._skip = 0
        self._is_paused = False
        self._is_lifted = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Pass bytes on, as many as may wait; abort where one message has too many pieces."""
        if self._held:
            data, self._held = self._held + data, b""
        end = self._admit(data)
        if end is None:
            self._wire.cut_off()
            return _CUT_OFF
        if end < len(data):
            data, self._held = data[:end], data[end:]
            if self._waiting >= MESSAGES_MAX:
                # Also when it is paused: aiohttp resumes a transport once its parser is set.
                self._is_paused = True
                self._wire.pause_frames()
        return self._parser.feed_data(data) if data else (False, b"")

    def feed_eof(self) -> None:
        """Pass the end on."""
        self._parser.feed_eof()

    def message_taken(self) -> None:
        """Account for a message that the application has taken; more may be parsed now."""
        self._waiting -= 1
        if self._is_paused and self._waiting <= _MESSAGES_LOW:
            self._continue()

    def lift(self) -> None:
        """Hold nothing back any more: the connection closes, and only its last frame counts."""
        self._is_lifted = True
        if self._is_paused:
            self._continue()

    def _continue(self) -> None:
        """Pass on what was held back, and read again unless that was too much once more."""
        self._is_paused = False
        is_over, _ = self.feed_data(b"")
        if is_over:
            self._wire.end_frames()
        elif not self._is_paused:
            self._wire.resume_frames()

    def _admit(self, data: bytes) -> int | None:
        """Account for frames, and return where to cut; None when a message has too many pieces."""
        size, at = len(data), self._skip
        while at + 2 <= size and (self._waiting < MESSAGES_MAX or self._is_lifted):
            first, second = data[at], data[at + 1]
            payload = second & 0x7F
            start = at + 2 + _LENGTH_BYTES.get(payload, 0)
            if start > size:
                break
            if payload in _LENGTH_BYTES:
                payload = int.from_bytes(data[at + 2 : start], "big")
            if first & _FINAL:
                self._waiting += 1
                if not first & _CONTROL:
                    self._fragments = 0
            else:
                self._fragments += 1
                if self._fragments > FRAGMENTS_MAX:
                    return None
            at = start + payload + (4 if second & _MASKED else 0)
        self._skip = max(0, at - size)
        return min(at, size)
