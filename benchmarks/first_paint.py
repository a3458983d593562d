"""first-paint: from the start of the screen until it shows auctions, beside an empty screen."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

import psutil
import uvloop

from benchmarks.bare_screen import FIRST_LINE
from benchmarks.market import measured_market
from benchmarks.measuring import Benchmark, Limit, Sample, Sides
from benchmarks.terminal import Paint, on_terminal

AUCTIONS = 100
STARTS = 5
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


async def _start(command: Sequence[str], environment: Mapping[str, str], word: str) -> list[float]:
    """Return milliseconds until a word is painted, and those of CPU that this took."""
    painted = asyncio.Event()

    def look(paint: Paint) -> None:
        if word in paint.text:
            painted.set()

    started = time.perf_counter()
    with on_terminal(command, environment) as terminal:
        terminal.on_paint = look
        await terminal.until(painted.is_set, word)
        taken = time.perf_counter() - started
        times = psutil.Process(terminal.process.pid).cpu_times()
        return [taken * 1000, (times.user + times.system) * 1000]


def _starts(command: Sequence[str], environment: Mapping[str, str], word: str) -> Sample:
    with tempfile.TemporaryDirectory() as folder:
        values = {"INSTASELL_CONFIG_DIR": folder, **_COMPILED, "PYTHONPYCACHEPREFIX": folder}
        # The first start compiles what an installed program has compiled.
        taken = [
            uvloop.run(_start(command, {**values, **environment}, word)) for _ in range(STARTS + 1)
        ]
    wall, cpu = zip(*taken[1:], strict=True)
    return Sample(statistics.median(wall), None, {"CPU ms": statistics.median(cpu)})


@contextlib.contextmanager
def _first_paint(seconds: float) -> Iterator[Sides]:
    with measured_market() as market:
        [token] = market.tokens(1)
        market.auctions(AUCTIONS)
        environment = {"INSTASELL_URL": market.base_url, "INSTASELL_TOKEN": token}
        python = sys.executable
        # What the installed script runs, which an environment without the project's own lacks.
        script = (python, "-c", "from instasell_cli.main import run; run()", "tui")
        yield {
            "python -m instasell_tui": lambda: _starts(
                (python, "-m", "instasell_tui"), environment, "Lot "
            ),
            "instasell tui": lambda: _starts(script, environment, "Lot "),
            "empty screen of Textual": lambda: _starts(
                (python, "-m", "benchmarks.bare_screen"), {}, FIRST_LINE
            ),
        }


FIRST_PAINT = Benchmark(
    "first-paint",
    "ms",
    _first_paint,
    {"empty screen of Textual": Limit(3.0, at_most=True)},
)
