"""A WebSocket client with next to no cost of its own, so that the server is what is measured.

It masks with the zero key, which RFC 6455 lets a receiver not tell from another: the bytes of a
frame are then the payload itself, and can be built once and sent often.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast

_ZERO_MASK = b"\x00\x00\x00\x00"


def client_frame(payload: bytes) -> bytes:
    """Return a masked text frame."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", 0x81, 0x80 | length) + _ZERO_MASK + payload
    return struct.pack("!BBH", 0x81, 0xFE, length) + _ZERO_MASK + payload


class LeanSocket(asyncio.Protocol):
    """One connection; `on_text` gets the payload of each text frame."""

    def __init__(self, on_text: Callable[[LeanSocket, bytes], None]) -> None:
        self.on_text = on_text
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._handshake_done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of uvloop are no subclasses of those of asyncio.
        self.transport = cast(asyncio.Transport, transport)

    def begin(self, host: str, path: str, token: str | None) -> None:
        """Send the upgrade."""
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        ]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        assert self.transport is not None
        self.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, payload: bytes) -> None:
        """Send one text frame."""
        assert self.transport is not None
        self.transport.write(client_frame(payload))

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self._handshake_done:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = buffer
                return
            if b" 101 " not in buffer[:32]:
                self.opened.set_exception(ConnectionError(buffer[:200].decode(errors="replace")))
                return
            self._handshake_done = True
            self.opened.set_result(None)
            buffer = buffer[end + 4 :]
        self._buffer = self._take_frames(buffer)

    def _take_frames(self, buffer: bytes) -> bytes:
        offset, size = 0, len(buffer)
        while size - offset >= 2:
            opcode, length = buffer[offset] & 0x0F, buffer[offset + 1]
            begin = offset + 2
            if length == 126:
                if size - begin < 2:
                    break
                length = int.from_bytes(buffer[begin : begin + 2], "big")
                begin += 2
            elif length == 127:
                if size - begin < 8:
                    break
                length = int.from_bytes(buffer[begin : begin + 8], "big")
                begin += 8
            end = begin + length
            if size < end:
                break
            if opcode == 1:
                self.on_text(self, buffer[begin:end])
            elif opcode == 9 and self.transport is not None:
                self.transport.write(b"\x8a\x80" + _ZERO_MASK)
            offset = end
        return buffer[offset:] if offset else buffer

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed in the handshake"))

    def close(self) -> None:
        """Cut the connection."""
        if self.transport is not None:
            self.transport.abort()


async def open_socket(
    host: str,
    port: int,
    on_text: Callable[[LeanSocket, bytes], None],
    *,
    token: str | None = None,
    path: str = "/ws",
) -> LeanSocket:
    """Connect and upgrade."""
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(lambda: LeanSocket(on_text), host, port)
    protocol.begin(f"{host}:{port}", path, token)
    await protocol.opened
    return protocol
