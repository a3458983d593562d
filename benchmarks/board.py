"""board: 1,000 auctions that change 200 times a second, beside a bare DataTable of them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence

import psutil
import uvloop

from benchmarks.feeder import HOST, HOT, TOKEN, Change, Feeder, feeder
from benchmarks.measuring import Benchmark, Limit, Sample, Sides, percentile
from benchmarks.processes import unique_bytes
from benchmarks.terminal import Paint, Terminal, on_terminal

SETTLE_SECONDS = 2.0
KEY_EVERY_SECONDS = 0.25
GRACE_SECONDS = 3.0
ONE_PAINTING_SECONDS = 0.02
LEARN_SECONDS = 0.43
LEARN_TRIES = 5
_DOWN, _UP = b"\x1b[B", b"\x1b[A"
_PRICE = re.compile(r"\d{1,3}(?:,\d{3})*\.\d\d")


class _Watcher:
    """Finds in what is painted the prices that were sent, and the line of the cursor."""

    def __init__(self, market: Feeder) -> None:
        self.seen_ms: list[float] = []
        self.first_seen = False
        self._grounds: dict[int, set[str]] = defaultdict(set)
        self._painted_at: dict[int, float] = {}
        self.cursor = ""
        self.cursor_line = 0
        self.cursor_seen = asyncio.Event()
        self._cursor_at = 0.0
        self._market = market
        self._taken = 0
        self._waiting: dict[int, deque[Change]] = defaultdict(deque)

    @property
    def unseen(self) -> int:
        """Return the number of visible changes for which neither they nor a later one of the
        auction were painted.
        """
        self._take_sent()
        return sum(map(len, self._waiting.values()))

    def on_paint(self, paint: Paint) -> None:
        self.first_seen = self.first_seen or "Lot 0001" in paint.text
        if len(paint.text) > 1:
            # A single cell is of a scrollbar, which is painted by itself too.
            if paint.at - self._painted_at.get(paint.line, 0.0) > ONE_PAINTING_SECONDS:
                self._grounds[paint.line].clear()
            self._painted_at[paint.line] = paint.at
            self._grounds[paint.line].add(paint.ground)
        if paint.ground == self.cursor and paint.line == self.cursor_line:
            self._cursor_at = paint.at
            self.cursor_seen.set()
        for price in _PRICE.findall(paint.text):
            self._see(int(re.sub("[,.]", "", price)), paint.at)

    def _take_sent(self) -> None:
        sent = self._market.sent
        for change in sent[self._taken :]:
            if change.auction < HOT:
                self._waiting[change.auction].append(change)
        self._taken = len(sent)

    def _see(self, price: int, at: float) -> None:
        self._take_sent()
        number = price - self._market.sent[0].price if self._market.sent else -1
        if not 0 <= number < len(self._market.sent):
            return
        waiting = self._waiting[self._market.sent[number].auction]
        while waiting and waiting[0].price <= price:
            self.seen_ms.append((at - waiting.popleft().at) * 1000)

    async def learn_cursor(self, terminal: Terminal) -> None:
        """Move the cursor down and up again: its colour is what comes and go with it."""
        for _ in range(LEARN_TRIES):
            painted = []
            for key in (_DOWN, _UP, _DOWN):
                terminal.press(key)
                await asyncio.sleep(LEARN_SECONDS)
                painted.append({line: set(grounds) for line, grounds in self._grounds.items()})
            down, up, again = painted
            for line in again:
                here = again[line] & down[line] & up.get(line - 1, set())
                gone = down.get(line - 1, set()) | again.get(line - 1, set()) | up[line]
                if here - gone:
                    self.cursor, self.cursor_line = min(here - gone), line
                    return
            terminal.press(_UP)
            await asyncio.sleep(LEARN_SECONDS)
        raise RuntimeError("no colour moves with the cursor")

    async def press(self, terminal: Terminal, key: bytes, line: int) -> float:
        """Return the milliseconds from a key until the cursor is painted on a line."""
        self.cursor_line = line
        self.cursor_seen.clear()
        pressed = terminal.press(key)
        async with asyncio.timeout(GRACE_SECONDS):
            await self.cursor_seen.wait()
        return (self._cursor_at - pressed) * 1000


async def _run(command: Sequence[str], seconds: float) -> Sample:
    async with feeder() as market:
        with tempfile.TemporaryDirectory() as folder:
            url = f"http://{HOST}:{market.port}"
            environment = {
                "INSTASELL_URL": url,
                "INSTASELL_TOKEN": TOKEN,
                "INSTASELL_CONFIG_DIR": folder,
            }
            words = [word.format(url=url.replace("http", "ws") + "/ws") for word in command]
            with on_terminal(words, environment) as terminal:
                return await _measured(market, terminal, seconds)


async def _measured(market: Feeder, terminal: Terminal, seconds: float) -> Sample:
    watcher = _Watcher(market)
    terminal.on_paint = watcher.on_paint
    await terminal.until(lambda: watcher.first_seen, "the first auction")
    await asyncio.sleep(SETTLE_SECONDS)
    await watcher.learn_cursor(terminal)
    process = psutil.Process(terminal.process.pid)
    bytes_before = unique_bytes(process.pid)
    before, started = _cpu_seconds(process), time.perf_counter()
    changing = asyncio.create_task(market.change_for(seconds))
    keys_ms: list[float] = []
    line = watcher.cursor_line
    while not changing.done():
        await asyncio.sleep(KEY_EVERY_SECONDS)
        key, line = (_UP, line - 1) if len(keys_ms) % 2 == 0 else (_DOWN, line + 1)
        keys_ms.append(await watcher.press(terminal, key, line))
    await changing
    used, took = _cpu_seconds(process) - before, time.perf_counter() - started
    await terminal.until(lambda: not watcher.unseen, f"{watcher.unseen} changes")
    seen, keys = sorted(watcher.seen_ms), sorted(keys_ms)
    details = {
        "seen p50 ms": percentile(seen, 0.5),
        "seen p95 ms": percentile(seen, 0.95),
        "key p95 ms": percentile(keys, 0.95),
        "key max ms": keys[-1],
        "MiB first": bytes_before / 2**20,
        "MiB last": unique_bytes(process.pid) / 2**20,
        "changes/s": len(market.sent) / took,
    }
    return Sample(used / took * 1000, None, details)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextlib.contextmanager
def _board(seconds: float) -> Iterator[Sides]:
    def side(*words: str) -> Callable[[], Sample]:
        return lambda: uvloop.run(_run((sys.executable, *words), seconds))

    yield {
        "1,000 auctions, 200 changes/s": side("-m", "instasell_tui"),
        _BARE: side("-m", "benchmarks.bare_screen", "{url}"),
    }


_BARE = "bare DataTable of them"

BOARD = Benchmark(
    "board",
    "CPU ms/s",
    _board,
    {_BARE: Limit(1.0, at_most=True)},
    {"seen p95 ms": Limit(0.6, at_most=True), "key p95 ms": Limit(0.6, at_most=True)},
)
