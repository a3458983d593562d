"""start and idle: what a command costs before it does anything, and a server that has nothing."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.market import MeasuredMarket, measured_market
from benchmarks.measuring import Benchmark, Sample, Sides
from benchmarks.processes import Cpu, own_seconds

STARTS = 10
IDLE_SECONDS = 10.0


def _start(*command: str) -> Sample:
    """Return the median of ten starts in milliseconds."""
    taken = []
    before = own_seconds()
    for _ in range(STARTS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter() - started) * 1000)
    used = Cpu(0.0, 0.0, 0.0, own_seconds() - before)
    return Sample(statistics.median(taken), used, {"CPU ms": used.loader / STARTS * 1000})


@contextlib.contextmanager
def _starts(seconds: float) -> Iterator[Sides]:
    # What the installed script runs, which an environment without the project's own lacks.
    program = (sys.executable, "-c", "from instasell_cli.main import run; run()")
    sides = {
        "instasell --version": lambda: _start(*program, "--version"),
        "instasell --help": lambda: _start(*program, "--help"),
        "python -c pass": lambda: _start(sys.executable, "-c", "pass"),
    }
    # httpie is a command of about this size in the same language, where it is installed.
    httpie = shutil.which("http")
    if httpie is not None:
        sides["http --version"] = lambda: _start(httpie, "--version")
    yield sides


def _idle(market: MeasuredMarket) -> Sample:
    before = market.cpu()
    time.sleep(IDLE_SECONDS)
    used = market.cpu() - before
    return Sample(used.server / IDLE_SECONDS * 1000, used)


@contextlib.contextmanager
def _idles(seconds: float) -> Iterator[Sides]:
    with measured_market() as market:
        yield {"a server without clients": lambda: _idle(market)}


START = Benchmark("start", "ms", _starts)
IDLE = Benchmark("idle", "CPU ms/s", _idles)
