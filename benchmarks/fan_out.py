"""fan-out: what it costs to tell 2,000 watchers of a bid, beside a bare broadcast."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import uvloop

from benchmarks.bare import HOST, bare_server
from benchmarks.market import measured_market
from benchmarks.measuring import Benchmark, Limit, Sample, Sides
from benchmarks.processes import Cpu, unique_bytes
from benchmarks.sockets import LeanSocket, open_socket

WATCHERS = 2000
EVENTS_PER_SECOND = 20
OPENED_AT_ONCE = 50
GRACE_SECONDS = 30
FILES_PER_SOCKET_SPARE = 500
_EVENT = b'{"event":"bid_placed"'


@dataclass
class _Crowd:
    """The watchers of one run: counts what reaches them, and who has seen the `last` bid.

    On a busy machine bids that wait together share an event, and slow readers are spared some.
    """

    last: bytes
    joined: int = 0
    received: int = 0
    through: int = 0
    frames: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def on_text(self, socket: LeanSocket, payload: bytes) -> None:
        """Take an event or the answer to a join."""
        if payload.startswith(_EVENT):
            self.received += 1
            if self.last not in payload:
                return
            self.through += 1
        else:
            self.joined += 1
        self.moved.set()

    def on_first(self, socket: LeanSocket, payload: bytes) -> None:
        """Do the same as `on_text`, for the one watcher whose events are kept."""
        if payload.startswith(_EVENT):
            self.frames.append(payload)
        self.on_text(socket, payload)

    def on_answer(self, socket: LeanSocket, payload: bytes) -> None:
        """Record the answer to a bid of the sender."""
        self.answers.append(payload)
        self.moved.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait for something to come true. Raises RuntimeError, telling how far it came."""
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                while not reached():
                    self.moved.clear()
                    await self.moved.wait()
        except TimeoutError:
            raise RuntimeError(
                f"{self.joined} watchers joined, {self.through} saw the last bid,"
                f" {len(self.answers)} bids were answered, the last events are {self.frames[-2:]}"
            ) from None


@dataclass(frozen=True)
class _Place:
    """A server to watch: where it is, what its process is and has used."""

    port: int
    pid: int
    cpu: Callable[[], Cpu]
    # Before the first socket, as what an earlier run has freed is used again.
    bytes_empty: int
    join: bytes | None


async def _run(
    place: _Place, token: str | None, messages: list[bytes], last_bid: int
) -> tuple[Sample, list[bytes]]:
    """Have a sender send messages at the rate until the last has reached every watcher."""
    crowd = _Crowd(b'"bid_count":%d,' % last_bid)
    sockets = await _open(place, crowd)
    bytes_open = unique_bytes(place.pid)
    sender = await open_socket(HOST, place.port, crowd.on_answer, token=token)
    before, due = place.cpu(), time.perf_counter()
    for message in messages:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        due += 1 / EVENTS_PER_SECOND
        sender.send(message)
    if place.join is not None:
        await crowd.until(lambda: len(crowd.answers) >= len(messages))
        refused = [each for each in crowd.answers if not each.startswith(b'{"event":"ack"')]
        if refused:
            raise RuntimeError(f"{len(refused)} bids were refused, as {refused[0]!r}")
    await crowd.until(lambda: crowd.through >= WATCHERS)
    used = place.cpu() - before
    for each in (*sockets, sender):
        each.close()
    details = {
        "KiB/socket": (bytes_open - place.bytes_empty) / WATCHERS / 1024,
        "loader ms/1000": used.loader / crowd.received * 1e6,
        "deliveries": crowd.received,
        "events": len(crowd.frames),
    }
    return Sample(used.server / crowd.received * 1e6, used, details), crowd.frames


async def _open(place: _Place, crowd: _Crowd) -> list[LeanSocket]:
    sockets: list[LeanSocket] = []
    while len(sockets) < WATCHERS:
        callbacks = [crowd.on_text] * OPENED_AT_ONCE
        if not sockets:
            callbacks[0] = crowd.on_first
        sockets += await asyncio.gather(
            *(open_socket(HOST, place.port, callback) for callback in callbacks)
        )
    if place.join is not None:
        for socket in sockets:
            socket.send(place.join)
        await crowd.until(lambda: crowd.joined >= WATCHERS)
    return sockets


def _bids(auction_id: str, count: int) -> list[bytes]:
    return [
        b'{"event":"place_bid","id":%d,"data":{"auction_id":"%s","amount":%d,'
        b'"idempotency_key":"%d"}}' % (n, auction_id.encode(), n, n)
        for n in range(1, count + 1)
    ]


@contextlib.contextmanager
def _fan_out(seconds: float) -> Iterator[Sides]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WATCHERS + FILES_PER_SOCKET_SPARE
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most < 0 else min(wanted, most), most))
    count = round(seconds * EVENTS_PER_SECOND)
    frames: list[bytes] = []
    with measured_market() as market, bare_server() as bare:
        [token] = market.tokens(1)
        empty = unique_bytes(market.server.pid), unique_bytes(bare.pid)

        def ours() -> Sample:
            [auction_id] = market.auctions(1)
            join = b'{"event":"join_auction","id":0,"data":{"auction_id":"%s"}}'
            join %= auction_id.encode()
            place = _Place(market.port, market.server.pid, market.cpu, empty[0], join)
            sample, frames[:] = uvloop.run(_run(place, token, _bids(auction_id, count), count))
            return sample

        def theirs() -> Sample:
            place = _Place(bare.port, bare.pid, bare.cpu, empty[1], None)
            return uvloop.run(_run(place, None, frames, count))[0]

        yield {"2,000 watchers, 20 bids/s": ours, "bare broadcast of the same bytes": theirs}


FAN_OUT = Benchmark(
    "fan-out",
    "CPU ms/1000",
    _fan_out,
    {"bare broadcast of the same bytes": Limit(1.3, at_most=True)},
    {"KiB/socket": Limit(1.3, at_most=True)},
)
