"""What became of the rows of a file: a verdict for each, and how many there are of a kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

OUTCOMES = ("created", "updated", "unchanged", "rejected")
REJECTED = "rejected"


@dataclass(frozen=True)
class Verdict:
    """The verdict over one row. `ids` has what it is about; `errors` are fields and messages."""

    row: int
    outcome: str
    ids: Mapping[str, str | None]
    errors: Sequence[tuple[str, str]] = ()

    @property
    def record(self) -> Mapping[str, object]:
        """As it is printed."""
        errors = [{"field": name, "message": message} for name, message in self.errors]
        return {"row": self.row, "outcome": self.outcome, **self.ids, "errors": errors}

    @property
    def complaint(self) -> str:
        """A rejected row in one line for a person."""
        said = "; ".join(f"{name}: {message}" for name, message in self.errors)
        return f"row {self.row}: {said}"


@dataclass
class Tally:
    """How many rows had which outcome, and how long that took.

    `before` counts the rows that an import which was cut off had done already.
    """

    outcomes: Sequence[str] = OUTCOMES
    before: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=monotonic)

    @property
    def rows(self) -> int:
        """All rows that have a verdict."""
        return sum(self.counts.values())

    def summary(self, *, dry_run: bool) -> str:
        """One line for a person."""
        seconds = max(monotonic() - self.started, 1e-3)
        parts = ", ".join(f"{self.counts[name]} {name}" for name in self.outcomes)
        head = "dry run, nothing was written: " if dry_run else ""
        tail = f"; {self.before} rows were done before" if self.before else ""
        rate = self.rows / seconds
        return f"{head}{self.rows} rows in {seconds:.1f} s ({rate:,.0f} rows/s): {parts}{tail}"
