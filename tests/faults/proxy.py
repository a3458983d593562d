"""Relay between servers and PostgreSQL, and delay, reset or cut what passes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, unquote

PORT = 5432
CHUNK_BYTES = 65536
_COMMIT = b"COMMIT\x00"


class DatabaseProxy:
    """Listens on a socket in `folder` for the PostgreSQL whose socket is in `upstream`.

    `cuts` counts the connections that were cut right after their COMMIT had been carried out.
    """

    def __init__(self, folder: Path, upstream: Path) -> None:
        self.folder = folder
        self.delay_seconds = 0.0
        self.cut_commits = 0
        self.cuts = 0
        self.shut = False
        self.shuts_after_cut = False
        self._upstream = upstream
        self._writers: set[asyncio.StreamWriter] = set()
        self._ways: set[asyncio.Task[None]] = set()

    def reset(self) -> None:
        """End every connection without a farewell, whatever is under way."""
        for way in self._ways:
            way.cancel()
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a server."""
        if self.shut:
            writer.transport.abort()
            return
        try:
            path = str(self._upstream / f".s.PGSQL.{PORT}")
            there, onward = await asyncio.open_unix_connection(path)
        except OSError:
            writer.transport.abort()
            return
        passage = _Passage(self, writer, onward)
        self._writers |= {writer, onward}
        ways = {
            asyncio.create_task(passage.carry_there(reader)),
            asyncio.create_task(passage.carry_back(there)),
        }
        self._ways |= ways
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        self._ways -= ways
        self._writers -= {writer, onward}
        writer.transport.abort()
        onward.transport.abort()

    async def close(self) -> None:
        """End every connection and wait for its end."""
        self.shut = True
        self.reset()
        ways = set(self._ways)
        for way in ways:
            way.cancel()
        if ways:
            await asyncio.wait(ways)


class _Passage:
    """Both ways of one connection."""

    def __init__(
        self, proxy: DatabaseProxy, writer: asyncio.StreamWriter, onward: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._writer = writer
        self._onward = onward
        self._is_doomed = False

    async def carry_there(self, reader: asyncio.StreamReader) -> None:
        """Carry what the server asks."""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK_BYTES):
                await asyncio.sleep(self._proxy.delay_seconds)
                if self._proxy.cut_commits and data.endswith(_COMMIT):
                    self._proxy.cut_commits -= 1
                    self._is_doomed = True
                self._onward.write(data)
                await self._onward.drain()
        self._onward.close()

    async def carry_back(self, there: asyncio.StreamReader) -> None:
        """Carry what PostgreSQL answers; the answer to a doomed COMMIT is kept back for ever."""
        proxy = self._proxy
        with contextlib.suppress(ConnectionError):
            while data := await there.read(CHUNK_BYTES):
                await asyncio.sleep(proxy.delay_seconds)
                if self._is_doomed:
                    proxy.cuts += 1
                    proxy.shut = proxy.shut or proxy.shuts_after_cut
                    if proxy.shut:
                        proxy.reset()
                    break
                self._writer.write(data)
                await self._writer.drain()
        self._writer.transport.abort()


@contextlib.asynccontextmanager
async def database_proxy(database_url: str, folder: Path) -> AsyncIterator[DatabaseProxy]:
    """A proxy for the database of a libpq URI whose host is a folder of sockets."""
    host = database_url.partition("host=")[2].partition("&")[0]
    proxy = DatabaseProxy(folder, Path(unquote(host)))
    server = await asyncio.start_unix_server(proxy.serve, str(folder / f".s.PGSQL.{PORT}"))
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()


def through(proxy: DatabaseProxy, database_url: str) -> str:
    """The URI with the proxy's socket instead of the database's own."""
    host = database_url.partition("host=")[2].partition("&")[0]
    return database_url.replace(f"host={host}", f"host={quote(str(proxy.folder), safe='')}")
