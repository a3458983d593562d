"""The import of rows: one verdict for each, whether the server gives it or the row is unreadable.

Rows stream: what is in memory is what waits for the server's answer, 500 rows at most.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from instasell_cli.cells import neutralised
from instasell_cli.rows.columns import Columns
from instasell_cli.rows.reading import RawRow, RowFile

if TYPE_CHECKING:
    from instasell_client import InstaSell
    from instasell_client.models.listings import BulkVerdict

OUTCOMES = ("created", "updated", "unchanged", "rejected")


@dataclass
class Tally:
    """How many rows had which outcome, and how long that took."""

    counts: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=monotonic)

    @property
    def rows(self) -> int:
        """All rows that have a verdict."""
        return sum(self.counts.values())

    def summary(self, *, dry_run: bool) -> str:
        """One line for a person."""
        seconds = max(monotonic() - self.started, 1e-3)
        parts = ", ".join(f"{self.counts[name]} {name}" for name in OUTCOMES)
        head = "dry run, nothing was written: " if dry_run else ""
        rate = self.rows / seconds
        return f"{head}{self.rows} rows in {seconds:.1f} s ({rate:,.0f} rows/s): {parts}"


def verdicts(
    client: InstaSell, file: RowFile, columns: Columns, *, dry_run: bool
) -> Iterator[tuple[BulkVerdict, RawRow]]:
    """Sends the rows and yields each verdict with its row, in the order of the file.

    Raises what the server refuses the whole upload with. Rows that have a verdict by then stay.
    """
    waiting: deque[_Waiting] = deque()
    sent = client.listings.bulk(_rows(file, columns, waiting), dry_run=dry_run)
    for answer in sent:
        yield from _settled(waiting)
        # The server counts the rows that were sent, and people count the rows of their file.
        row = waiting.popleft().row
        yield answer.model_copy(update={"row": row.number}), row
    yield from _settled(waiting)


@dataclass(frozen=True)
class _Waiting:
    """A row whose verdict is to come, or that has been refused here already."""

    row: RawRow
    refused: BulkVerdict | None = None


def _rows(
    file: RowFile, columns: Columns, waiting: deque[_Waiting]
) -> Iterator[Mapping[str, object]]:
    for row in file.rows:
        if row.problem is not None:
            waiting.append(_Waiting(row, _refusal(row, [("row", row.problem)], None)))
            continue
        converted = columns.convert(row.cells)
        if converted.errors:
            sku = converted.values.get("seller_sku")
            waiting.append(_Waiting(row, _refusal(row, converted.errors, sku)))
            continue
        waiting.append(_Waiting(row))
        yield converted.values


def _settled(waiting: deque[_Waiting]) -> Iterator[tuple[BulkVerdict, RawRow]]:
    while waiting and waiting[0].refused is not None:
        first = waiting.popleft()
        if first.refused is not None:
            yield first.refused, first.row


def _refusal(row: RawRow, errors: Sequence[tuple[str, str]], sku: object) -> BulkVerdict:
    from instasell_client.models.listings import BulkOutcome, BulkVerdict
    from instasell_client.models.problems import FieldError

    return BulkVerdict(
        row=row.number,
        outcome=BulkOutcome.REJECTED,
        seller_sku=sku if isinstance(sku, str) else None,
        errors=[FieldError(field=name, message=message) for name, message in errors],
    )


class Rejects:
    """The file of rejected rows: why, and the row itself, ready to be mended and imported."""

    def __init__(self, file: TextIO, header: Sequence[str]) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(["row", "field", "message", *map(neutralised, header)])

    def write(self, verdict: BulkVerdict, row: RawRow) -> None:
        """One line, also for a row with several bad fields."""
        fields = "; ".join(error.field for error in verdict.errors)
        messages = "; ".join(error.message for error in verdict.errors)
        kept = [neutralised(cell) for cell in row.kept]
        self._writer.writerow([str(verdict.row), fields, messages, *kept])


def complaint(verdict: BulkVerdict) -> str:
    """A rejected row in one line for a person."""
    said = "; ".join(f"{error.field}: {error.message}" for error in verdict.errors)
    return f"row {verdict.row}: {said}"
