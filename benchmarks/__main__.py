"""The command: `python -m benchmarks [NAME...] [--runs N] [--seconds S] [--json FILE]`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import growth
from benchmarks.bids import HOT_LADDER, SPREAD
from benchmarks.board import BOARD
from benchmarks.bulk import IMPORT
from benchmarks.closing import CLOSING
from benchmarks.fan_out import FAN_OUT
from benchmarks.first_paint import FIRST_PAINT
from benchmarks.importing import CLI_IMPORT
from benchmarks.measuring import Benchmark, Line, measure
from benchmarks.pages import CATEGORY, LIVE_LIST, READS
from benchmarks.sign_in import SIGN_IN
from benchmarks.starting import IDLE, START

_ALL = (
    *(HOT_LADDER, SPREAD, FAN_OUT, LIVE_LIST, CATEGORY, *READS, SIGN_IN, CLOSING, IMPORT),
    *(CLI_IMPORT, START, IDLE, BOARD, FIRST_PAINT),
)
BENCHMARKS = {each.name: each for each in _ALL}
GROWTH = "growth"
"""Apart from the others: it builds two markets and compares them, not sides of one."""
NARROW = 150


def main() -> int:
    """Measure and print; return 1 when a limit is not kept."""
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else NARROW)
    if GROWTH in options.names:
        return 0 if growth.run(options.listings, console) else 1
    chosen = [BENCHMARKS[name] for name in options.names or BENCHMARKS]
    found: dict[str, list[Line]] = {}
    started = time.monotonic()
    for benchmark in chosen:
        print(f"measuring {benchmark.name} ...", file=sys.stderr, flush=True)
        found[benchmark.name] = measure(benchmark, options.runs, options.seconds)
        if options.json is not None:
            options.json.write_text(_as_json(found), encoding="utf-8")
    console.print(_table(chosen, found, options.runs))
    print(f"{time.monotonic() - started:.0f} s on {os.cpu_count()} CPUs, {platform.platform()}")
    return 0 if all(line.holds for lines in found.values() for line in lines) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures the market, each figure beside its yardstick in the same run.",
        epilog="benchmarks: " + ", ".join(BENCHMARKS) + f"; and by itself {GROWTH}",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; all without one")
    parser.add_argument("--runs", type=int, default=3, help="runs of each side (3)")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds of a timed run (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument(
        "--listings", type=int, default=growth.LARGE, help="size of the large market of growth"
    )
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in (*BENCHMARKS, GROWTH)]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(BENCHMARKS)}")
    if options.runs < 1 or options.seconds <= 0:
        parser.error("--runs and --seconds are at least 1")
    return options


def _table(chosen: list[Benchmark], found: dict[str, list[Line]], runs: int) -> Table:
    table = Table(title=f"medians of {runs}; CPU in seconds a run", title_justify="left")
    table.add_column("benchmark", no_wrap=True)
    table.add_column("side")
    table.add_column("figure", justify="right", no_wrap=True)
    for title in ("ours is", "limit", "server", "postgres", "redis", "loader"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("also")
    for benchmark in chosen:
        for line in found[benchmark.name]:
            table.add_row(*_cells(benchmark, line))
        table.add_section()
    return table


def _cells(benchmark: Benchmark, line: Line) -> list[str]:
    name = benchmark.name if line.ratio is None else ""
    ratio = "" if line.ratio is None else f"{line.ratio:.3g} x"
    limit = "" if line.limit is None else f"{line.limit}{'' if line.holds else ' (missed)'}"
    spent = ["", "", "", ""]
    if line.cpu is not None:
        spent = [f"{each:.2f}" for each in dataclasses.astuple(line.cpu)]
    also = ", ".join(_detail(line, name, value) for name, value in line.details.items())
    return [name, line.side, f"{line.value:,.4g} {benchmark.unit}", ratio, limit, *spent, also]


def _detail(line: Line, name: str, value: float) -> str:
    text = f"{name} {value:.4g}"
    compared = line.detail_ratios.get(name)
    if compared is None:
        return text
    missed = "" if compared.limit.holds(compared.value) else ", missed"
    return f"{text} (ours is {compared.value:.3g} x, {compared.limit}{missed})"


def _as_json(found: dict[str, list[Line]]) -> str:
    shown = {name: [dataclasses.asdict(line) for line in lines] for name, lines in found.items()}
    return json.dumps({"cpus": os.cpu_count(), "platform": platform.platform(), **shown}, indent=2)


if __name__ == "__main__":
    sys.exit(main())
