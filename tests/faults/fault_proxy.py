"""Relay to a server and, when armed, act on its next reply instead of passing it on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

CHUNK_BYTES = 65536


class Ambush:
    """A relay to `target`; `arm` says what happens when the next reply to `path` would pass."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._path = b""
        self._act: Callable[[], None] | None = None
        self.sprung = asyncio.Event()
        self.url = ""

    def arm(self, path: str, act: Callable[[], None]) -> None:
        """The reply to the next request for `path` is lost, after `act` was called."""
        self._path, self._act = path.encode(), act
        self.sprung.clear()

    def aim(self, target: str) -> None:
        """Another server to relay to."""
        self._target = urlsplit(target)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            there, onward = await asyncio.open_connection(self._target.hostname, self._target.port)
        except OSError:
            writer.transport.abort()
            return
        asked = bytearray()
        ways = [
            asyncio.create_task(self._there(reader, onward, asked)),
            asyncio.create_task(self._back(there, writer, asked)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        writer.transport.abort()
        onward.transport.abort()

    async def _there(
        self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter, asked: bytearray
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                asked[:] = data
                onward.write(data)

    async def _back(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: bytearray
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await there.read(CHUNK_BYTES):
                if self._act is not None and self._path in asked.partition(b"\r\n")[0]:
                    act, self._act = self._act, None
                    act()
                    self.sprung.set()
                    return
                writer.write(data)


@contextlib.asynccontextmanager
async def ambush(target: str) -> AsyncIterator[Ambush]:
    """A relay on a free port."""
    relay = Ambush(target)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield relay
