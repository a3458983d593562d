"""A market of one auction that speaks the live protocol, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.client import samples
from tests.client.samples import AUCTION, NOON, Json

OnBid = Callable[[Json], Json | None]


class LivePeer:
    """The truth is `versions`: one frame for each committed change, from version 2 on.

    `on_bid` answers a bid: with the data of an ack, with a problem, or with None to cut the
    connection instead. `refuse` is answered to upgrades, `mute` lets questions go unanswered.
    """

    def __init__(self) -> None:
        self.base_url = ""
        self.version = 1
        self.seq = 0
        self.versions: dict[int, Json] = {}
        self.board: dict[str, Json] = {AUCTION: samples.state()}
        self.clock = NOON
        self.refuse: Json | None = None
        self.mute = False
        self.on_bid: OnBid = lambda data: samples.receipt()
        self.on_join: Callable[[Json], Json | None] = self.joined
        self.sockets: list[ServerConnection] = []
        self.asked: asyncio.Queue[Json] = asyncio.Queue()
        self.frames: list[Json] = []
        self.upgrades: list[Headers] = []
        self.knocks: asyncio.Queue[None] = asyncio.Queue()

    def commit(self, bids: int = 1) -> Json:
        """A change that took bids; returns its frame without sending it."""
        first = self.seq + 1
        self.seq += bids
        self.version += 1
        data = samples.bid_placed(self.version, first, self.seq)
        self.versions[self.version] = data
        return {"event": "bid_placed", "data": data}

    def finish(self) -> Json:
        """The end of the auction; returns its frame without sending it."""
        self.version += 1
        state = samples.state(version=self.version, seq=self.seq, status="ended")
        data = {"auction_id": AUCTION, "version": self.version, "seq": self.seq, "state": state}
        data |= {"winner": "bidder-1", "server_time": NOON}
        return {"event": "auction_ended", "data": data}

    async def send(self, *frames: Json) -> None:
        """Send frames to every open socket; one that has gone gets nothing."""
        for socket in list(self.sockets):
            with suppress(ConnectionClosed):
                for frame in frames:
                    await socket.send(json.dumps(frame))

    def cut(self) -> None:
        """End every connection without a farewell."""
        for socket in list(self.sockets):
            socket.transport.abort()

    async def next_asked(self, event: str) -> Json:
        """The data of the next frame of this kind that a client sent."""
        while True:
            frame = await self.asked.get()
            if frame["event"] == event:
                data: Json = frame["data"]
                return data

    def joined(self, data: Json) -> Json | None:
        """The ack of a join."""
        if data["auction_id"] == "*":
            return {"auctions": list(self.board.values()), "server_time": self.clock}
        after = data.get("after_seq")
        bids = [] if after is None else [samples.bid(seq) for seq in range(after + 1, self.seq + 1)]
        state = samples.state(data["auction_id"], version=self.version, seq=self.seq)
        return {
            "auction_id": data["auction_id"],
            "version": self.version,
            "seq": self.seq,
            "state": state,
            "you": None,
            "missed": bids[-500:],
            "truncated": len(bids) > 500,
            "server_time": self.clock,
        }

    def _answer(self, frame: Json) -> Json | None:
        event, data = frame["event"], frame["data"]
        if event == "join_auction":
            return self.on_join(data)
        if event == "place_bid":
            return self.on_bid(data)
        return {"server_time": self.clock}

    async def handle(self, socket: ServerConnection) -> None:
        """One connection."""
        self.sockets.append(socket)
        try:
            async for text in socket:
                frame = json.loads(text)
                self.frames.append(frame)
                self.asked.put_nowait(frame)
                if self.mute:
                    continue
                answer = self._answer(frame)
                if answer is None:
                    socket.transport.abort()
                    return
                kind = "error" if "code" in answer else "ack"
                reply = {"event": kind, "id": frame["id"], "data": answer}
                await socket.send(json.dumps(reply))
        except ConnectionClosed:
            pass
        finally:
            self.sockets.remove(socket)

    def upgrade(self, socket: ServerConnection, request: Request) -> Response | None:
        """Let an upgrade in, or refuse it."""
        self.upgrades.append(request.headers)
        self.knocks.put_nowait(None)
        if self.refuse is None:
            return None
        body = json.dumps(self.refuse).encode()
        headers = Headers({"Content-Type": "application/problem+json"})
        headers["Content-Length"] = str(len(body))
        headers["Connection"] = "close"
        return Response(self.refuse["status"], "Refused", headers, body)


def _port(server: Server) -> int:
    port: Any = next(iter(server.sockets)).getsockname()[1]
    return int(port)


@asynccontextmanager
async def live_serving() -> AsyncIterator[LivePeer]:
    """A peer on a free port."""
    peer = LivePeer()
    async with serve(
        peer.handle, "127.0.0.1", 0, process_request=peer.upgrade, compression=None
    ) as server:
        peer.base_url = f"http://127.0.0.1:{_port(server)}"
        yield peer
        peer.cut()
