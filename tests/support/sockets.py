"""A WebSocket client for tests that shows every frame as it came."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import aiohttp

Frame = dict[str, Any]
_CLOSING = aiohttp.ClientWSTimeout(ws_close=1.0)
ANSWER_SECONDS = 20.0
"""How long a test waits before it takes silence for a hang; nothing is measured by it."""


class SocketEnded(Exception):
    """The connection ended before the answer came. `code` is the close code, None for a cut."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class LiveSocket:
    """One connection: `events` has what came unasked, in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = socket
        self.events: list[Frame] = []
        # The names of all frames, answers too, as they came.
        self.order: list[str] = []
        self.close_code: int | None = None
        self.close_reason = ""
        self._ids = itertools.count(1)
        self._answers: dict[Any, asyncio.Future[Frame]] = {}
        self._changed = asyncio.Condition()
        self._ended = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        """End the connection and its reader."""
        await self.raw.close()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    def cut(self) -> None:
        """End the connection without a word, as a cable that is pulled."""
        self._transport.abort()

    def pause_reading(self) -> None:
        """Take nothing more off the wire, as a reader that hangs."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    @property
    def _transport(self) -> asyncio.Transport:
        transport = self.raw._response.connection.transport  # type: ignore[union-attr]
        return cast(asyncio.Transport, transport)

    async def send(self, event: str, data: Frame | None = None, *, frame_id: Any = None) -> None:
        """Send a frame and wait for nothing."""
        await self.raw.send_str(json.dumps({"event": event, "id": frame_id, "data": data or {}}))

    async def ask(self, event: str, data: Frame | None = None, *, frame_id: Any = None) -> Frame:
        """The ack or error of a frame. Raises SocketEnded."""
        frame_id = next(self._ids) if frame_id is None else frame_id
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[frame_id] = answer
        try:
            await self.send(event, data, frame_id=frame_id)
        except ConnectionError as error:
            raise SocketEnded(self.raw.close_code, str(error)) from error
        async with asyncio.timeout(ANSWER_SECONDS):
            return await answer

    async def ack(self, event: str, data: Frame | None = None) -> Frame:
        """The data of an ack; an error fails the test."""
        answer = await self.ask(event, data)
        assert answer["event"] == "ack", answer
        found: Frame = answer["data"]
        return found

    async def refusal(self, event: str, data: Frame | None = None) -> Frame:
        """The problem of an error; an ack fails the test."""
        answer = await self.ask(event, data)
        assert answer["event"] == "error", answer
        found: Frame = answer["data"]
        return found

    async def bid(self, auction_id: str, key: str, **amounts: int) -> Frame:
        """The answer to a bid, ack or error."""
        data = {"auction_id": auction_id, "idempotency_key": key, **amounts}
        return await self.ask("place_bid", data)

    async def event(self, name: str, matches: Callable[[Frame], bool] = lambda data: True) -> Frame:
        """The data of the first event of this name that matches, once it has come."""

        def find() -> Frame | None:
            for each in self.events:
                if each["event"] == name and matches(each["data"]):
                    data: Frame = each["data"]
                    return data
            return None

        async with asyncio.timeout(ANSWER_SECONDS), self._changed:
            while (found := find()) is None:
                if self._ended.is_set():
                    raise SocketEnded(self.close_code, self.close_reason)
                await self._changed.wait()
            return found

    async def raw_event(self, name: str) -> Frame:
        """The next whole frame of this name that answers no question; it is taken away."""
        async with asyncio.timeout(ANSWER_SECONDS), self._changed:
            while True:
                for index, each in enumerate(self.events):
                    if each["event"] == name:
                        return self.events.pop(index)
                if self._ended.is_set():
                    raise SocketEnded(self.close_code, self.close_reason)
                await self._changed.wait()

    async def more_than(self, count: int) -> None:
        """Wait, as long as it takes, for more than `count` events. Raises SocketEnded."""
        async with self._changed:
            while len(self.events) <= count:
                if self._ended.is_set():
                    raise SocketEnded(self.close_code, self.close_reason)
                await self._changed.wait()

    async def ended(self) -> int | None:
        """The close code, once the connection has ended."""
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._ended.wait()
        return self.close_code

    async def _read(self) -> None:
        try:
            while True:
                message = await self.raw.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    self.close_reason = str(message.extra or "")
                    break
                await self._take(json.loads(message.data))
        finally:
            self.close_code = self.raw.close_code
            self._ended.set()
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(SocketEnded(self.close_code, self.close_reason))
                    # Nobody may be waiting for this one.
                    answer.exception()
            async with self._changed:
                self._changed.notify_all()

    async def _take(self, frame: Frame) -> None:
        self.order.append(frame["event"])
        if frame["event"] in ("ack", "error") and "id" in frame:
            answer = self._answers.pop(frame["id"], None)
            if answer is not None and not answer.done():
                answer.set_result(frame)
                return
        async with self._changed:
            self.events.append(frame)
            self._changed.notify_all()


@contextlib.asynccontextmanager
async def live_socket(
    base_url: str, token: str | None = None, **headers: str
) -> AsyncIterator[LiveSocket]:
    """A connection to /ws; raises WSServerHandshakeError when the upgrade is refused."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with aiohttp.ClientSession() as session:
        raw = await session.ws_connect(
            f"{base_url}/ws", headers=headers, max_msg_size=0, timeout=_CLOSING
        )
        socket = LiveSocket(raw)
        try:
            yield socket
        finally:
            await socket.close()
