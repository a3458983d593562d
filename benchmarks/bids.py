"""hot-ladder and spread: accepted bids a second over WebSockets, beside pgbench."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

import uvloop

from benchmarks.market import MeasuredMarket, measured_market
from benchmarks.measuring import Benchmark, Limit, Sample, Sides, percentile
from benchmarks.pgbench import BidsByPgbench
from benchmarks.sockets import LeanSocket, open_socket

SOCKETS = 64
GRACE_SECONDS = 30


class _Ladder:
    """Sockets with one bid each in flight; the next is sent when the answer is there."""

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
        """Send the next bid, above every one that was sent before on its auction."""
        turn = self._turn = (self._turn + 1) % len(self._heads)
        self._amounts[turn] += 1
        self._keys += 1
        self._sent_at[socket] = time.perf_counter()
        tail = b'%d,"idempotency_key":"%d"}}' % (self._amounts[turn], self._keys)
        socket.send(self._heads[turn] + tail)

    def on_text(self, socket: LeanSocket, payload: bytes) -> None:
        """Count an answer and send the next bid, until the time is up."""
        if payload.startswith(b'{"event":"notification"'):
            # That the bidder was outbid, which answers nothing.
            return
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
        """Run the load; return the seconds until the last answer."""
        started = time.perf_counter()
        self._until = started + self._seconds
        self._open = len(sockets)
        for socket in sockets:
            self.send(socket)
        await asyncio.wait_for(self.done.wait(), self._seconds + GRACE_SECONDS)
        return time.perf_counter() - started


def run_bids(market: MeasuredMarket, tokens: list[str], auctions: int, seconds: float) -> Sample:
    """Bid with one socket for each token on new auctions; what was acknowledged must be stored."""
    ids = market.auctions(auctions)
    ladder, sample = uvloop.run(_load(market, tokens, ids, seconds))
    found = market.sql("SELECT count(*) FROM bids WHERE auction_id = ANY(%s::uuid[])", (ids,))
    if found != [(ladder.accepted,)]:
        raise RuntimeError(f"{ladder.accepted} bids were acknowledged, stored are {found}")
    return sample


async def _load(
    market: MeasuredMarket, tokens: list[str], ids: list[str], seconds: float
) -> tuple[_Ladder, Sample]:
    ladder = _Ladder(ids, seconds)
    sockets = [
        await open_socket(market.host, market.port, ladder.on_text, token=token) for token in tokens
    ]
    before = market.cpu()
    took = await ladder.run(sockets)
    used = market.cpu() - before
    for socket in sockets:
        socket.close()
    ladder.latencies.sort()
    details = {
        "p50 ms": percentile(ladder.latencies, 0.5) * 1000,
        "p99 ms": percentile(ladder.latencies, 0.99) * 1000,
        "refused": ladder.refused,
        "server us/bid": used.server / max(ladder.accepted, 1) * 1e6,
        "postgres us/bid": used.postgres / max(ladder.accepted, 1) * 1e6,
        "all us/bid": used.total / max(ladder.accepted, 1) * 1e6,
    }
    return ladder, Sample(ladder.accepted / took, used, details)


@contextlib.contextmanager
def _hot_ladder(seconds: float) -> Iterator[Sides]:
    with measured_market() as market:
        tokens = market.tokens(SOCKETS)
        yardstick = BidsByPgbench(market, SOCKETS)
        yield {
            "64 sockets, one auction": lambda: run_bids(market, tokens, 1, seconds),
            "pgbench, 64 clients, one row": lambda: yardstick.run(1, seconds),
        }


@contextlib.contextmanager
def _spread(seconds: float) -> Iterator[Sides]:
    with measured_market() as market:
        tokens = market.tokens(SOCKETS)
        yardstick = BidsByPgbench(market, SOCKETS)
        yield {
            "64 sockets, 200 auctions": lambda: run_bids(market, tokens, 200, seconds),
            "pgbench, 64 clients, 200 rows": lambda: yardstick.run(200, seconds),
        }


HOT_LADDER = Benchmark(
    "hot-ladder", "bids/s", _hot_ladder, {"pgbench, 64 clients, one row": Limit(5)}
)
SPREAD = Benchmark("spread", "bids/s", _spread, {"pgbench, 64 clients, 200 rows": Limit(1)})
