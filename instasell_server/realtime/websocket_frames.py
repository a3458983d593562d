"""The frames of RFC 6455 as a server writes them: whole, unmasked, never compressed."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_SHORT = struct.Struct("!BB")
_MEDIUM = struct.Struct("!BBH")
_LONG = struct.Struct("!BBQ")
_FINAL = 0x80
_CONTINUATION, _TEXT, _PONG = 0x0, 0x1, 0xA

PING_FRAME = b"\x89\x00"
"""A ping without data (RFC 6455, 5.5.2)."""


def text_frame(payload: bytes) -> bytes:
    """Encode a whole WebSocket text frame (RFC 6455, 5.2)."""
    return frame_head(len(payload)) + payload


def frame_head(length: int) -> bytes:
    """Encode the head of a whole text frame, for a payload that is written in parts."""
    return _head(_FINAL | _TEXT, length)


def pong_frame(data: bytes) -> bytes:
    """Answer a ping, repeating its data, 125 bytes at most (RFC 6455, 5.5.3)."""
    return _head(_FINAL | _PONG, len(data)) + data


def fragments(parts: Sequence[bytes], size: int) -> Iterator[bytes]:
    """Yield a text message as fragments (RFC 6455, 5.4), between which control frames may go."""
    opcode = _TEXT
    left = sum(map(len, parts))
    for part in parts:
        for start in range(0, len(part), size):
            piece = part[start : start + size]
            left -= len(piece)
            yield _head(opcode | (0 if left else _FINAL), len(piece)) + piece
            opcode = _CONTINUATION


def _head(first: int, length: int) -> bytes:
    if length < 126:
        return _SHORT.pack(first, length)
    if length < 65536:
        return _MEDIUM.pack(first, 126, length)
    return _LONG.pack(first, 127, length)
