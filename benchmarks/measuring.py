"""Define a benchmark: sides that are measured in turn, the first of them ours."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from benchmarks.processes import Cpu


@dataclass(frozen=True)
class Sample:
    """One run of one side: its figure, the CPU seconds of it, and what else was counted."""

    value: float
    cpu: Cpu | None = None
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Limit:
    """Limit our figure over that of a baseline; at our own side, the figure itself."""

    value: float
    at_most: bool = False

    def holds(self, value: float) -> bool:
        """Return whether a value keeps the limit."""
        return value <= self.value if self.at_most else value >= self.value

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.value:.3g}"


Sides = Mapping[str, Callable[[], Sample]]
"""What is measured by its name, ours first; each call is one run."""


@dataclass(frozen=True)
class Benchmark:
    """A measurement and its yardsticks. `sides` sets all of them up for `seconds` a run.

    `limits` are those of the figure by side, `detail_limits` those of what else is counted, by its
    name, against every yardstick.
    """

    name: str
    unit: str
    sides: Callable[[float], AbstractContextManager[Sides]]
    limits: Mapping[str, Limit] = field(default_factory=dict)
    detail_limits: Mapping[str, Limit] = field(default_factory=dict)


@dataclass(frozen=True)
class DetailRatio:
    """Compare a detail of ours, which is counted beside the figure, with its limit."""

    value: float
    limit: Limit


@dataclass(frozen=True)
class Line:
    """The medians of one side."""

    side: str
    value: float
    ratio: float | None
    limit: Limit | None
    cpu: Cpu | None
    details: Mapping[str, float]
    detail_ratios: Mapping[str, DetailRatio] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Return whether all limits that there are are kept."""
        judged = self.value if self.ratio is None else self.ratio
        return (self.limit is None or self.limit.holds(judged)) and all(
            each.limit.holds(each.value) for each in self.detail_ratios.values()
        )


def measure(benchmark: Benchmark, runs: int, seconds: float) -> list[Line]:
    """Run the sides in turn, `runs` times each, so that a busy moment hits all of them."""
    samples: dict[str, list[Sample]] = {}
    with benchmark.sides(seconds) as sides:
        for _ in range(runs):
            for name, run in sides.items():
                samples.setdefault(name, []).append(run())
    ours = next(iter(samples.values()))
    lines = []
    for name, taken in samples.items():
        ratio = None
        detail_ratios = {}
        if taken is not ours:
            pairs = list(zip(ours, taken, strict=True))
            ratio = statistics.median(mine.value / theirs.value for mine, theirs in pairs)
            for detail, limit in benchmark.detail_limits.items():
                detail_ratios[detail] = DetailRatio(
                    statistics.median(m.details[detail] / t.details[detail] for m, t in pairs),
                    limit,
                )
        lines.append(_line(name, taken, ratio, benchmark.limits.get(name), detail_ratios))
    return lines


def _line(
    side: str,
    taken: list[Sample],
    ratio: float | None,
    limit: Limit | None,
    detail_ratios: Mapping[str, DetailRatio],
) -> Line:
    used = [each.cpu for each in taken if each.cpu is not None]
    cpu = None
    if used:
        names = ("server", "postgres", "redis", "loader")
        cpu = Cpu(*(statistics.median(getattr(each, name) for each in used) for name in names))
    details = {
        name: statistics.median(each.details[name] for each in taken) for name in taken[0].details
    }
    value = statistics.median(each.value for each in taken)
    return Line(side, value, ratio, limit, cpu, details, detail_ratios)


def percentile(sorted_values: list[float], share: float) -> float:
    """Return the value below which a share of sorted values lies; `share` is 0 to 1."""
    return sorted_values[min(int(len(sorted_values) * share), len(sorted_values) - 1)]
