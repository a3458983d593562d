"""Plays a recording: it stands in for the network, and so nothing can go out or be changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx

from instasell_client.live import AuctionChange, BidsPlaced
from instasell_client.models.auctions import You
from instasell_client.models.base import Reply
from instasell_client.models.live import BOARD, ClientEvent, JoinedBoard, ServerEvent
from instasell_client.models.problems import Problem
from instasell_client.network import Network
from instasell_tui.recording.file_format import Moment, Recording
from instasell_tui.recording.replay_state import ReplayState
from instasell_tui.widgets.formats import duration

if TYPE_CHECKING:
    from typing import Self

ADDRESS = "http://replay.invalid"
_NOTHING = Problem(
    title="Not found", status=404, code="not_found", detail="the recording has nothing of this"
)
_REFUSED = Problem(
    title="Forbidden", status=403, code="forbidden", detail="a replay changes nothing"
)


class ReplayPlayer:
    """Play a market from a file. It begins where the board was first seen.

    `on_you` is called with the relation of the recording user to an auction, `on_end` once at the
    end; then the clock stops.
    """

    def __init__(self, recording: Recording, *, speed: float = 1.0) -> None:
        self.speed = speed
        self.over = False
        self.on_you: Callable[[str, You], None] = lambda auction_id, you: None
        self.on_end: Callable[[], None] = lambda: None
        self._moments = recording.moments
        first = next(
            place
            for place, each in enumerate(self._moments)
            if isinstance(each.content, JoinedBoard)
        )
        board = self._moments[first]
        assert isinstance(board.content, JoinedBoard)
        self._next = first + 1
        self._from_ms, self._to_ms = board.ms, self._moments[-1].ms
        self._server_time = board.content.server_time
        self._started: float | None = None
        self._past = ReplayState(self._moments)
        for moment in self._moments[: self._next]:
            self._past.take(moment)
        self._sockets: set[_Socket] = set()
        self._there = asyncio.Event()
        self._there.set()

    @property
    def network(self) -> Network:
        """Return the network for a client that watches the replay."""
        return Network(_Answers(self), self._dial)

    def clock(self) -> datetime:
        """Return the server's clock as it was then; it runs as fast as the replay."""
        return self._server_time + timedelta(milliseconds=self._ms - self._from_ms)

    def words(self) -> str:
        """Describe the progress of the replay."""
        length = duration((self._to_ms - self._from_ms) / 1000)
        if self.over:
            return f"replay over ({length})"
        pace = "" if self.speed == 1 else f" {self.speed:g}x"
        return f"replay{pace}  {duration((self._ms - self._from_ms) / 1000)} of {length}"

    @property
    def _ms(self) -> float:
        if self._started is None:
            return self._from_ms
        passed = asyncio.get_running_loop().time() - self._started
        return min(self._from_ms + passed * 1000 * self.speed, self._to_ms)

    async def run(self) -> None:
        """Play to the end."""
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        for auction_id in self._past.states:
            self._recognise(auction_id)
        for moment in self._moments[self._next :]:
            due = self._started + (moment.ms - self._from_ms) / 1000 / self.speed
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            self._play(moment)
        self.over = True
        self.on_end()

    def _play(self, moment: Moment) -> None:
        told = self._past.take(moment)
        if told is not None:
            self._recognise(told.auction_id)
        content = moment.content
        if isinstance(content, BidsPlaced | AuctionChange):
            for socket in self._sockets:
                socket.tell(content.event, content.data)
        elif content == "live":
            self._there.set()
        elif content == "lost":
            self._there.clear()
            for socket in list(self._sockets):
                socket.abort()

    def _recognise(self, auction_id: str) -> None:
        you = self._past.you(auction_id)
        if you is not None:
            self.on_you(auction_id, you)

    async def _dial(self, base_url: str, token: str | None) -> _Socket:
        await self._there.wait()
        socket = _Socket(self)
        self._sockets.add(socket)
        return socket

    def leave(self, socket: _Socket) -> None:
        """Forget a socket that was closed."""
        self._sockets.discard(socket)

    # Answers ----------------------------------------------------------------------------------

    def answer(self, request: httpx.Request) -> Reply:
        """Return the answer to a call; a Problem where there is none."""
        if request.method != "GET":
            return _REFUSED
        query = dict(request.url.params)
        return self._past.answer(request.url.path, query, self.clock()) or _NOTHING

    def reply(self, event: str, data: dict[str, Any]) -> Reply | None:
        """Return the answer to a frame; None where an ack without data is enough."""
        if event in (ClientEvent.PING, ClientEvent.LEAVE):
            return None
        if event != ClientEvent.JOIN:
            return _REFUSED
        if data["auction_id"] == BOARD:
            return self._past.board(self.clock())
        after = data.get("after_seq")
        return self._past.joined(data["auction_id"], after, self.clock()) or _NOTHING


class _Answers(httpx.AsyncBaseTransport):
    """Answers calls from the recording."""

    def __init__(self, replay: ReplayPlayer) -> None:
        self._replay = replay

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reply = self._replay.answer(request)
        status = reply.status if isinstance(reply, Problem) else 200
        kind = "application/problem+json" if isinstance(reply, Problem) else "application/json"
        return httpx.Response(
            status,
            content=reply.model_dump_json().encode(),
            headers={"Content-Type": kind},
            request=request,
        )


class _Socket:
    """A live socket that leads nowhere; it is its own transport."""

    def __init__(self, replay: ReplayPlayer) -> None:
        self._replay = replay
        self._frames: asyncio.Queue[str | None] = asyncio.Queue()

    @property
    def transport(self) -> Self:
        return self

    def abort(self) -> None:
        """End it."""
        self._replay.leave(self)
        self._frames.put_nowait(None)

    async def send(self, message: str, /) -> None:
        """Answer a frame."""
        frame = json.loads(message)
        reply = self._replay.reply(frame["event"], frame["data"])
        event = ServerEvent.ERROR if isinstance(reply, Problem) else ServerEvent.ACK
        self.tell(event, reply, frame["id"])

    def tell(self, event: str, data: Reply | None, frame_id: str | None = None) -> None:
        """Send an event to the client."""
        body = {} if data is None else data.model_dump(mode="json", exclude_defaults=True)
        frame = {"event": event, "data": body}
        self._frames.put_nowait(
            json.dumps(frame if frame_id is None else {**frame, "id": frame_id})
        )

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        while (frame := await self._frames.get()) is not None:
            yield frame

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._replay.leave(self)
