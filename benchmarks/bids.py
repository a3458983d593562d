"""hot-ladder and spread: accepted bids a second over WebSockets, beside pgbench."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvloop

from benchmarks.market import MeasuredMarket
from benchmarks.processes import Cpu
from benchmarks.sockets import LeanSocket, open_socket

SOCKETS = 64


@dataclass(frozen=True)
class BidRun:
    """What one run of a load came to."""

    accepted: int
    refused: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu: Cpu

    @property
    def per_second(self) -> float:
        """Accepted bids a second."""
        return self.accepted / self.seconds


class _Ladder:
    """64 sockets with one bid each in flight; the next is sent when the answer is there."""

    def __init__(self, auctions: list[str], seconds: float) -> None:
        self._heads = [
            b'{"event":"place_bid","id":1,"data":{"auction_id":"%s","amount":' % each.encode()
            for each in auctions
        ]
        self._amounts = [0] * len(auctions)
        self._keys = 0
        self._turn = 0
        self._seconds = seconds
        self._until = 0.0
        self._sent_at: dict[LeanSocket, float] = {}
        self._open = 0
        self.accepted = 0
        self.refused = 0
        self.latencies: list[float] = []
        self.done = asyncio.Event()

    def send(self, socket: LeanSocket) -> None:
        """The next bid, above every one that was sent before on its auction."""
        turn = self._turn = (self._turn + 1) % len(self._heads)
        self._amounts[turn] += 1
        self._keys += 1
        self._sent_at[socket] = time.perf_counter()
        tail = b'%d,"idempotency_key":"%d"}}' % (self._amounts[turn], self._keys)
        socket.send(self._heads[turn] + tail)

    def on_text(self, socket: LeanSocket, payload: bytes) -> None:
        """An answer: counts it and sends the next bid, until the time is up."""
        now = time.perf_counter()
        self.latencies.append(now - self._sent_at[socket])
        if payload.startswith(b'{"event":"ack"'):
            self.accepted += 1
        else:
            self.refused += 1
        if now < self._until:
            self.send(socket)
        else:
            self._open -= 1
            if not self._open:
                self.done.set()

    async def run(self, sockets: list[LeanSocket]) -> float:
        """Runs the load; returns the seconds until the last answer."""
        started = time.perf_counter()
        self._until = started + self._seconds
        self._open = len(sockets)
        for socket in sockets:
            self.send(socket)
        await asyncio.wait_for(self.done.wait(), self._seconds + 30)
        return time.perf_counter() - started


def run_bids(market: MeasuredMarket, tokens: list[str], auctions: int, seconds: float) -> BidRun:
    """64 sockets over fresh auctions for `seconds`."""
    ids = market.auctions(auctions)

    async def load() -> BidRun:
        ladder: _Ladder | None = None

        def on_text(socket: LeanSocket, payload: bytes) -> None:
            assert ladder is not None
            ladder.on_text(socket, payload)

        callback: Callable[[LeanSocket, bytes], None] = on_text
        sockets = [
            await open_socket(market.host, market.port, callback, token=token) for token in tokens
        ]
        ladder = _Ladder(ids, seconds)
        before = market.cpu()
        took = await ladder.run(sockets)
        used = market.cpu() - before
        for socket in sockets:
            socket.close()
        ladder.latencies.sort()
        count = len(ladder.latencies)
        return BidRun(
            ladder.accepted,
            ladder.refused,
            took,
            ladder.latencies[count // 2] * 1000,
            ladder.latencies[int(count * 0.99)] * 1000,
            used,
        )

    run = uvloop.run(load())
    [(stored,)] = market.sql("SELECT count(*) FROM bids WHERE auction_id = ANY(%s::uuid[])", ids)
    if stored != run.accepted:
        raise RuntimeError(f"{run.accepted} bids were acknowledged, {stored} are stored")
    return run


if __name__ == "__main__":
    from benchmarks.market import measured_market

    with measured_market() as opened:
        people = [token for _, token in opened.users(SOCKETS)]
        for lots in (1, 200):
            print(lots, json.dumps(run_bids(opened, people, lots, 5).__dict__, default=str))
