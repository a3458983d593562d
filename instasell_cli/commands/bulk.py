"""What the commands that work through a file of rows have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Annotated

import typer

from instasell_cli.amounts import default_currency
from instasell_cli.output import Output
from instasell_cli.rows.columns import LISTINGS, Columns, Schema, parse_pairs
from instasell_cli.rows.importing import Judged
from instasell_cli.rows.progress import shown_progress
from instasell_cli.rows.reading import FileKind, RowFile, opened_rows
from instasell_cli.rows.rejects import Rejects, opened_rejects
from instasell_cli.rows.verdicts import REJECTED, Tally, Verdict
from instasell_cli.shape import Shape

COMPLAINTS_SHOWN_MAX = 20
CONCURRENCY = 2
CONCURRENCY_MAX = 16

File = Annotated[str, typer.Argument(help="A file, or - for stdin.")]
Kind = Annotated[FileKind | None, typer.Option("--format", help="If the name does not tell.")]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", help="A column of theirs for a field of ours.", metavar="THEIRS=OURS"),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="A field for rows that leave it empty.", metavar="OURS=VALUE"),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Have every row judged, and write nothing.")
]
Errors = Annotated[
    str | None,
    typer.Option(
        "--errors", help="Write rejected rows to this CSV file, to be mended.", metavar="FILE"
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", min=1, max=CONCURRENCY_MAX, help="How many requests at once.", metavar="N"
    ),
]


@dataclass(frozen=True)
class BulkOptions:
    """What was typed; `maps` has theirs=ours, `sets` has ours=value."""

    file: str
    kind: FileKind | None = None
    maps: Sequence[str] = ()
    sets: Sequence[str] = ()
    dry_run: bool = False
    errors: str | None = None
    concurrency: int = CONCURRENCY

    def columns(self, schema: Schema = LISTINGS) -> Columns:
        """How the columns of the file are meant. Raises UsageProblem."""
        return Columns(
            parse_pairs(self.maps, "--map", value_is_field=True, schema=schema),
            parse_pairs(self.sets, "--set", value_is_field=False, schema=schema),
            default_currency(),
            schema,
        )


@dataclass
class Work:
    """How the rows of an open file are judged, and what is done after each stretch of them.

    `skipped` rows come first and have no verdict; `after` is called when what it is told of is
    printed and written.
    """

    judge: Callable[[RowFile], Iterable[Judged]]
    after: Callable[[Sequence[Verdict]], None] = lambda verdicts: None
    tally: Tally = field(default_factory=Tally)


def run_rows(
    output: Output, options: BulkOptions, columns: Columns, shape: Shape, work: Work
) -> Tally:
    """Works through the file, prints the verdicts and the summary.

    Raises UsageProblem for an unusable file, and what `work` raises; the summary is told also then.
    """
    with ExitStack() as stack:
        file = stack.enter_context(opened_rows(options.file, options.kind))
        rejects = stack.enter_context(
            opened_rejects(options.errors, options.file, file.header, columns)
        )
        report = stack.enter_context(shown_progress(file))

        def judged() -> Iterator[Mapping[str, object]]:
            report(0, 0)
            for each in work.judge(file):
                for verdict, row in each.pairs:
                    work.tally.counts[verdict.outcome] += 1
                    if verdict.errors and rejects is not None:
                        rejects.write(verdict, row)
                    elif verdict.errors:
                        _tell(output, verdict, work.tally)
                    yield verdict.record
                report(work.tally.rows, each.position)
                _settle(output, rejects)
                work.after([verdict for verdict, _ in each.pairs])

        try:
            if output.for_people:
                for _ in judged():
                    pass
            else:
                output.many(shape, judged())
        finally:
            stack.close()
            _sum_up(output, work.tally, columns, dry_run=options.dry_run)
    return work.tally


def _settle(output: Output, rejects: Rejects | None) -> None:
    if rejects is not None:
        rejects.flush()
    if not output.for_people:
        output.stdout.flush()


def _tell(output: Output, verdict: Verdict, tally: Tally) -> None:
    """Complaints on stderr, unless stdout has them; more than a screen is too many."""
    if not output.for_people:
        return
    count = tally.counts[REJECTED]
    if count <= COMPLAINTS_SHOWN_MAX:
        output.note(verdict.complaint)
    elif count == COMPLAINTS_SHOWN_MAX + 1:
        output.note("... more rows were rejected; --errors FILE has them all")


def _sum_up(output: Output, tally: Tally, columns: Columns, *, dry_run: bool) -> None:
    if columns.ignored:
        names = ", ".join(sorted(columns.ignored)[:20])
        output.note(f"columns that mean nothing here: {names} (--map THEIRS=OURS)")
    output.note(tally.summary(dry_run=dry_run))
