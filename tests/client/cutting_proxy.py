"""A TCP proxy that can end every connection through it without a farewell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class CuttingProxy:
    """Cut connections to the server at `target`; `cuts` counts those that were ended.

    While it is `shut`, new connections end at once. The server's answers to requests that begin
    with `unanswered` (such as b"POST /listings ") never arrive: the connection ends instead.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._writers: set[asyncio.StreamWriter] = set()
        self.base_url = ""
        self.cuts = 0
        self.shut = False
        self.unanswered: bytes | None = None

    def cut(self) -> None:
        """End every connection, whatever is under way."""
        for writer in list(self._writers):
            self.cuts += 1
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        if self.shut:
            writer.transport.abort()
            return
        there, onward = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, onward}
        try:
            async with asyncio.TaskGroup() as both:
                asked = asyncio.Event()
                both.create_task(_pipe(reader, onward, lambda data: self._note(data, asked)))
                both.create_task(_pipe(there, writer, lambda data: not asked.is_set()))
        finally:
            self._writers -= {writer, onward}

    def _note(self, data: bytes, asked: asyncio.Event) -> bool:
        if self.unanswered is not None and data.startswith(self.unanswered):
            asked.set()
        return True


async def _pipe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[bytes], bool]
) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            if not passes(data):
                writer.transport.abort()
                return
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def cutting(target: str) -> AsyncIterator[CuttingProxy]:
    """A proxy on a free port."""
    proxy = CuttingProxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy.base_url = f"http://127.0.0.1:{port}"
    try:
        yield proxy
    finally:
        proxy.cut()
        server.close()
        await server.wait_closed()
