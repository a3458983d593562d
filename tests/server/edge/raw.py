"""Bytes on a socket, for requests that no HTTP library would send."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 30
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class RawAnswer:
    """Hold what came back: a status, the headers in lower case, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The problem of the body; fails where the body is none."""
        assert self.headers["content-type"].startswith("application/problem+json"), self
        found: dict[str, Any] = json.loads(self.body)
        return found


class RawSocket:
    """One connection; every read gives up after a minute, so that a test ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        """Queue bytes; they go out while the test waits for something."""
        self._writer.write(data)

    async def answer(self) -> RawAnswer:
        """Read one answer that has a Content-Length."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self._reader.readuntil(HEAD_END)
            answer = parse_head(head)
            length = int(answer.headers.get("content-length", "0"))
            return RawAnswer(answer.status, answer.headers, await self._reader.readexactly(length))

    async def head(self) -> RawAnswer:
        """Read the head of an answer and leave what follows it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return parse_head(await self._reader.readuntil(HEAD_END))

    async def until(self, mark: bytes) -> bytes:
        """Read up to a mark."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.readuntil(mark)

    async def until_closed(self) -> bytes:
        """Read everything until the server closes; a reset counts as closed."""
        read = b""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with contextlib.suppress(ConnectionError):
                while chunk := await self._reader.read(65536):
                    read += chunk
        return read

    def close(self) -> None:
        """Hang up at once."""
        self._writer.transport.abort()


def parse_head(head: bytes) -> RawAnswer:
    """The status and the headers of an answer."""
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return RawAnswer(int(first.split()[1]), headers, b"")


@contextlib.asynccontextmanager
async def raw_socket(base_url: str) -> AsyncIterator[RawSocket]:
    """A connection to a server, cut at the end."""
    url = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=2**20)
    opened = RawSocket(reader, writer)
    try:
        yield opened
    finally:
        opened.close()


async def exchange(base_url: str, data: bytes) -> RawAnswer:
    """Send bytes on a connection of their own, and read one answer."""
    async with raw_socket(base_url) as opened:
        opened.send(data)
        return await opened.answer()
