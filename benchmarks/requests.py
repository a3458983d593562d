"""A loader for HTTP with next to no cost of its own: keep-alive, one request in flight each."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import cast

import uvloop

GRACE_SECONDS = 30


class LeanRequests(asyncio.Protocol):
    """One connection that sends the same request over and over until `until`."""

    def __init__(self, request: bytes, until: float) -> None:
        self._request = request
        self._until = until
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._left = 0
        self._sent_at = 0.0
        self.latencies: list[float] = []
        self.body_bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transports of uvloop are no subclasses of those of asyncio.
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
        else:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._begin(self._buffer[:end], len(self._buffer) - end - 4)
        if self._left <= 0 and not self.done.done():
            self._finish()

    def _begin(self, head: bytes, had: int) -> None:
        self._buffer = b""
        if b" 200 " not in head[:16]:
            self._fail(RuntimeError(head.decode(errors="replace")[:300]))
            return
        at = head.lower().index(b"content-length:") + len(b"content-length:")
        self.body_bytes = int(head[at:].split(b"\r\n", 1)[0])
        self._left = self.body_bytes - had

    def _finish(self) -> None:
        now = time.perf_counter()
        self.latencies.append(now - self._sent_at)
        self._left = 0
        if now < self._until:
            self._send()
        else:
            self.done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the server closed the connection"))
        # What was read by nobody would be reported by asyncio.
        self.done.exception()

    def close(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()


def request_bytes(
    method: str, path: str, host: str, port: int, body: bytes = b"", *headers: str
) -> bytes:
    """Return one HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def load(host: str, port: int, requests: list[bytes], seconds: float) -> tuple[float, list[float]]:
    """Send each request on a new connection for `seconds`; return seconds taken and latencies.

    Raises RuntimeError on any answer but a 200.
    """

    async def work() -> tuple[float, list[float]]:
        loop = asyncio.get_running_loop()
        started = time.perf_counter()
        until = started + seconds
        open_ones = [
            (await loop.create_connection(partial(LeanRequests, each, until), host, port))[1]
            for each in requests
        ]
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            await asyncio.gather(*(each.done for each in open_ones))
        took = time.perf_counter() - started
        for each in open_ones:
            each.close()
        return took, sorted(second for each in open_ones for second in each.latencies)

    return uvloop.run(work())
