"""A market that is only frames: as many changes a second as a screen is to be shown.

It serves what a screen asks for at its start, and at /ws the board. A real market cannot do this
beside what is measured: placing the bids would take the machine that the screen runs on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import WSMsgType, web

HOST = "127.0.0.1"
AUCTIONS = 1000
HOT = 30
"""So many auctions end before all others, and get half of the changes."""

CHANGES_PER_SECOND = 200
FIRST_END, END_STEP = timedelta(minutes=10), timedelta(seconds=10)
FIRST_PRICE = 1_000_000
TOKEN = "benchmark"
_CATEGORY = "00000000-0000-4000-8000-00000000cccc"
_SELLER = "00000000-0000-4000-8000-00000000aaaa"


@dataclass(frozen=True)
class Change:
    """A change that was sent. `price` is the only one of its kind, so that it is known again."""

    auction: int
    price: int
    at: float


class Feeder:
    """The auctions, who watches them, and what was sent."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self.states = [_state(number, now) for number in range(AUCTIONS)]
        self.sent: list[Change] = []
        self.port = 0
        self._sockets: set[web.WebSocketResponse] = set()
        self._chance = random.Random(1)

    async def change_for(self, seconds: float) -> None:
        """Send changes at the rate, evenly."""
        due = time.perf_counter()
        for _ in range(round(seconds * CHANGES_PER_SECOND)):
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += 1 / CHANGES_PER_SECOND
            await self._change()

    async def _change(self) -> None:
        hot = self._chance.random() < 0.5
        number = self._chance.randrange(HOT) if hot else self._chance.randrange(HOT, AUCTIONS)
        state, price = self.states[number], FIRST_PRICE + len(self.sent)
        state["version"] += 1
        state["seq"] += 1
        state["bid_count"] += 1
        state["current_bid"], state["minimum_bid"] = price, price + 100
        state["leader"] = f"bidder-{self._chance.randrange(1, 9)}"
        shared = ("auction_id", "version", "seq", "bid_count", "bidder_count", "current_bid")
        data = {name: state[name] for name in (*shared, "minimum_bid", "leader", "end_at")}
        data |= {"first_seq": state["seq"], "bid": None, "bids": [], "truncated": False}
        data |= {"reserve_met": False, "auction_extended": False, "conflated": True}
        data["server_time"] = datetime.now(UTC).isoformat()
        text = json.dumps({"event": "bid_placed", "data": data}, separators=(",", ":"))
        self.sent.append(Change(number, price, time.perf_counter()))
        for socket in self._sockets:
            await socket.send_str(text)

    async def live(self, request: web.Request) -> web.WebSocketResponse:
        """Serve GET /ws: answer joins and pings."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                frame = json.loads(message.data)
                data: dict[str, Any] = {"server_time": datetime.now(UTC).isoformat()}
                joins = frame["event"] == "join_auction"
                if joins:
                    data["auctions"] = self.states
                answer = {"event": "ack", "id": frame.get("id"), "data": data}
                await socket.send_str(json.dumps(answer))
                if joins:
                    self._sockets.add(socket)
        finally:
            self._sockets.discard(socket)
        return socket

    def application(self) -> web.Application:
        """Return the application with its routes."""
        app = web.Application()
        app.router.add_get("/ws", self.live)
        app.router.add_get("/auth/me", _me)
        app.router.add_get("/categories", _categories)
        app.router.add_get("/{path:.*}", _nothing)
        return app


@contextlib.asynccontextmanager
async def feeder() -> AsyncIterator[Feeder]:
    """Provide a feeder that listens."""
    made = Feeder()
    runner = web.AppRunner(made.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        made.port = runner.addresses[0][1]
        yield made
    finally:
        await runner.cleanup()


def _state(number: int, now: datetime) -> dict[str, Any]:
    return {
        "auction_id": str(uuid.UUID(int=number, version=4)),
        "listing_id": str(uuid.UUID(int=number + AUCTIONS, version=4)),
        "seller_id": _SELLER,
        "title": f"Lot {number:04} of things that a bidder may want",
        "category_id": _CATEGORY,
        "status": "live",
        "start_at": (now - timedelta(hours=1)).isoformat(),
        "end_at": (now + FIRST_END + END_STEP * number).isoformat(),
        "min_bid": 100,
        "current_bid": None,
        "minimum_bid": 100,
        "buy_now": None,
        "has_reserve": False,
        "reserve_met": False,
        "leader": None,
        "winner": None,
        "bid_count": 0,
        "bidder_count": 3,
        "shipping_amount": 0,
        "extension_window_seconds": 5,
        "extension_seconds": 5,
        "version": 1,
        "seq": 0,
    }


async def _me(request: web.Request) -> web.Response:
    return web.json_response(
        {
            "id": str(uuid.UUID(int=7, version=4)),
            "email": "bench@example.org",
            "display_name": "Bench",
            "role": "buyer",
            "status": "active",
            "verification_status": "verified",
            "created_at": datetime.now(UTC).isoformat(),
        }
    )


async def _categories(request: web.Request) -> web.Response:
    node = {
        "id": _CATEGORY,
        "name": "Things",
        "path": "things",
        "parent_id": None,
        "listing_count": 1,
    }
    return web.json_response({"items": [node]})


async def _nothing(request: web.Request) -> web.Response:
    return web.json_response({"items": [], "next": None, "unread_count": 0})
