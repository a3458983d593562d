"""Describe the results of the rows of a file: one for each row, and the totals of each kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

OUTCOMES = ("created", "updated", "unchanged", "rejected")
REJECTED = "rejected"
DUPLICATE = "duplicate"
"""Another row of the file is about the same listing, and counts."""

REASONS_KEPT_MAX = 1000
REASONS_SHOWN_MAX = 10

DRY_RUN_HEAD = "dry run, nothing was written: "
"""How the summary of every dry run begins."""


@dataclass(frozen=True)
class ImageResult:
    """The verdict over a picture; `field` is its column, `message` says why it was rejected."""

    field: str
    source: str
    outcome: str
    image_id: str | None = None
    message: str | None = None

    @property
    def record(self) -> Mapping[str, object]:
        """Return the record that is printed."""
        names = ("field", "source", "outcome", "image_id")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class RowResult:
    """The verdict over one row. `ids` has what it is about; `errors` are fields and messages."""

    row: int
    outcome: str
    ids: Mapping[str, str | None]
    errors: Sequence[tuple[str, str]] = ()
    pictures: Sequence[ImageResult] | None = None

    @property
    def needs_mending(self) -> bool:
        """Tell whether something of the row was refused, if only a picture."""
        return bool(self.errors) and self.outcome != DUPLICATE

    @property
    def record(self) -> Mapping[str, object]:
        """Return the record that is printed."""
        errors = [{"field": name, "message": message} for name, message in self.errors]
        record: dict[str, object] = {"row": self.row, "outcome": self.outcome, **self.ids}
        record["errors"] = errors
        if self.pictures is not None:
            record["images"] = [each.record for each in self.pictures]
        return record

    @property
    def complaint(self) -> str:
        """Return what is wrong with a row, in one line for a person."""
        said = "; ".join(f"{name}: {message}" for name, message in self.errors)
        return f"row {self.row}: {said}"


@dataclass
class ResultTotals:
    """Count the rows of each outcome, and measure the time.

    `before` counts the rows that an import which was cut off had done already.
    """

    outcomes: Sequence[str] = OUTCOMES
    before: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    faulty: int = 0
    reasons: dict[str, list[int]] = field(default_factory=dict)
    started: float = field(default_factory=monotonic)

    def take(self, verdict: RowResult) -> None:
        """Count a verdict, and the reasons why something of the row was refused."""
        self.counts[verdict.outcome] += 1
        self.pictures.update(each.outcome for each in verdict.pictures or ())
        if not verdict.needs_mending:
            return
        self.faulty += 1
        for reason in {reason_of(name, message) for name, message in verdict.errors}:
            if reason in self.reasons:
                self.reasons[reason][0] += 1
            elif len(self.reasons) < REASONS_KEPT_MAX:
                self.reasons[reason] = [1, verdict.row]

    def summed_reasons(self, *, already_printed: bool) -> Sequence[str]:
        """Return the reasons of rejections, the most frequent first, with how many rows have each.

        There are none where the reason of each row is `already_printed`, and no two rows share one.
        """
        if already_printed and all(count == 1 for count, _ in self.reasons.values()):
            return []
        ranked = sorted(self.reasons.items(), key=lambda item: (-item[1][0], item[1][1]))
        lines = [
            f"{count} rows, as row {row}: {reason}" if count > 1 else f"row {row}: {reason}"
            for reason, (count, row) in ranked[:REASONS_SHOWN_MAX]
        ]
        more = len(ranked) - len(lines)
        return [*lines, f"and {more} more reasons"] if more > 0 else lines

    @property
    def rows(self) -> int:
        """Return the number of rows that have a result."""
        return sum(self.counts.values())

    def summary(self, *, dry_run: bool) -> str:
        """Return one line for a person."""
        seconds = max(monotonic() - self.started, 1e-3)
        names = [*self.outcomes, *([DUPLICATE] if self.counts[DUPLICATE] else [])]
        parts = ", ".join(f"{self.counts[name]} {name}" for name in names)
        if self.pictures:
            found = self.pictures
            parts += f"; pictures: {', '.join(f'{found[name]} {name}' for name in sorted(found))}"
        head = DRY_RUN_HEAD if dry_run else ""
        tail = f"; {self.before} rows were done before" if self.before else ""
        rate = self.rows / seconds
        return f"{head}{self.rows} rows in {seconds:.1f} s ({rate:,.0f} rows/s): {parts}{tail}"


_VALUE = re.compile(r"'(?:[^'\\]|\\.)*'\s*|\"(?:[^\"\\]|\\.)*\"\s*")
_OTHER_ROW = re.compile(r"\brow \d+")


def reason_of(name: str, message: str) -> str:
    """Return what many rows have in common: the field and the fault, without value and remedy.

    Messages put the value that is wrong in quotes, and the remedy behind a semicolon.
    """
    fault = _VALUE.sub("", message).partition(";")[0].strip()
    return f"{name}: {_OTHER_ROW.sub('another row', fault)}"
