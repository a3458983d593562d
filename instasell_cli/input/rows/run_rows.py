"""Run the commands that work through a file of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.rows.cell_readers import Notation
from instasell_cli.input.rows.columns import LISTINGS, RowColumns, Schema, parse_pairs
from instasell_cli.input.rows.files.reader import opened_rows
from instasell_cli.input.rows.files.row_file import FileForm, FileKind, RowFile
from instasell_cli.input.rows.listing_import import ImportResult
from instasell_cli.input.rows.progress import shown_progress
from instasell_cli.input.rows.rejected_rows import RejectedRows, opened_rejects
from instasell_cli.input.rows.row_results import DUPLICATE, ResultTotals, RowResult
from instasell_cli.output.schema import RecordSchema
from instasell_cli.output.writer import OutputWriter

if TYPE_CHECKING:
    from instasell_client.models.money import DecimalMark

COMPLAINTS_SHOWN_MAX = 20
CONCURRENCY = 2
CONCURRENCY_MAX = 16

File = Annotated[str, typer.Argument(help="A file, or - for stdin.")]
Kind = Annotated[
    FileKind | None,
    typer.Option("--format", help="Set the format if the name has no known ending."),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        help="As cp1252 or utf-16, if the file's first bytes do not tell.",
        metavar="NAME",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        help="What separates the cells: a character, or tab, comma, semicolon, pipe.",
        metavar="CHAR",
    ),
]
NoHeader = Annotated[
    bool,
    typer.Option("--no-header", help="The first line is a row; name columns as --map 1=title."),
]
Sheet = Annotated[
    str | None,
    typer.Option("--sheet", help="The name or number of a workbook's sheet.", metavar="SHEET"),
]
DecimalComma = Annotated[bool, typer.Option("--decimal-comma", help="Read amounts as 1.234,50.")]
DecimalPoint = Annotated[bool, typer.Option("--decimal-point", help="Read amounts as 1,234.50.")]
Maps = Annotated[
    list[str] | None,
    typer.Option("--map", help="Use a column of theirs as a field of ours.", metavar="THEIRS=OURS"),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Fill a field in rows that leave it empty.", metavar="OURS=VALUE"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check every row, and write nothing.")]
Errors = Annotated[
    str | None,
    typer.Option(
        "--errors", help="Write rejected rows to this CSV file, to correct them.", metavar="FILE"
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency",
        min=1,
        max=CONCURRENCY_MAX,
        help="Send this many requests at once.",
        metavar="N",
    ),
]


_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


def form_of(
    kind: FileKind | None,
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
    *,
    no_header: bool,
) -> FileForm:
    """Return how a file is to be read, as it was typed. Raises UsageProblem."""
    found = _DELIMITERS.get(delimiter.lower(), delimiter) if delimiter is not None else None
    if found is not None and (len(found) != 1 or found in '"\r\n\0'):
        raise UsageProblem(
            f"--delimiter: {delimiter!r} is not a single character; write one, or tab, comma,"
            " semicolon or pipe"
        )
    return FileForm(kind, encoding, found, not no_header, sheet)


def mark_of(*, comma: bool, point: bool) -> DecimalMark | None:
    """Return the decimal mark that was chosen, if one was. Raises UsageProblem for both."""
    from instasell_client.models.money import DecimalMark

    if comma and point:
        raise UsageProblem("give --decimal-comma or --decimal-point, not both")
    return DecimalMark.COMMA if comma else DecimalMark.POINT if point else None


@dataclass(frozen=True)
class BulkOptions:
    """Hold the options as typed; `maps` has theirs=ours, `sets` has ours=value."""

    file: str
    form: FileForm = field(default_factory=FileForm)
    decimal_mark: DecimalMark | None = None
    maps: Sequence[str] = ()
    sets: Sequence[str] = ()
    dry_run: bool = False
    errors: str | None = None
    concurrency: int = CONCURRENCY

    def columns(self, currency: str, schema: Schema = LISTINGS) -> RowColumns:
        """Return the mapping of the columns of the file. Raises UsageProblem."""
        return RowColumns(
            parse_pairs(self.maps, "--map", value_is_field=True, schema=schema),
            parse_pairs(self.sets, "--set", value_is_field=False, schema=schema),
            Notation(currency, self.decimal_mark),
            schema,
        )


@dataclass
class RowWork:
    """Decide the rows of an open file, and act after each batch of them.

    `skipped` rows come first and have no result; `after` is called with results that have been
    printed and written.
    """

    judge: Callable[[RowFile], Iterable[ImportResult]]
    after: Callable[[Sequence[RowResult]], None] = lambda verdicts: None
    tally: ResultTotals = field(default_factory=ResultTotals)


def run_rows(
    output: OutputWriter,
    options: BulkOptions,
    columns: RowColumns,
    shape: RecordSchema,
    work: RowWork,
) -> ResultTotals:
    """Work through the file, print the results and the summary.

    Raises UsageProblem for an unusable file, and what `work` raises; the summary is still printed.
    """
    with ExitStack() as stack:
        file = stack.enter_context(opened_rows(options.file, options.form))
        rejects = stack.enter_context(
            opened_rejects(options.errors, options.file, file.header, columns)
        )
        report = stack.enter_context(shown_progress(file))

        def judged() -> Iterator[Mapping[str, object]]:
            report(0, 0)
            for each in work.judge(file):
                for verdict, row in each.pairs:
                    work.tally.take(verdict)
                    if verdict.needs_mending and rejects is not None:
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
            # On a terminal, --errors keeps the rows' own reasons away from the screen.
            already_printed = rejects is None or not output.for_people
            for note in file.notes:
                output.note(note)
            _sum_up(
                output,
                work.tally,
                columns,
                dry_run=options.dry_run,
                already_printed=already_printed,
            )
    return work.tally


def _settle(output: OutputWriter, rejects: RejectedRows | None) -> None:
    if rejects is not None:
        rejects.flush()
    if not output.for_people:
        output.stdout.flush()


def _tell(output: OutputWriter, verdict: RowResult, tally: ResultTotals) -> None:
    """Print complaints on stderr, unless stdout has them; more than a screen is too many."""
    if not output.for_people:
        return
    count = tally.faulty + tally.counts[DUPLICATE]
    if count <= COMPLAINTS_SHOWN_MAX:
        output.note(verdict.complaint)
    elif count == COMPLAINTS_SHOWN_MAX + 1:
        output.note("... there are more of these; --errors FILE has all that were rejected")


def _sum_up(
    output: OutputWriter,
    tally: ResultTotals,
    columns: RowColumns,
    *,
    dry_run: bool,
    already_printed: bool,
) -> None:
    if columns.ignored:
        names = ", ".join(sorted(columns.ignored)[:20])
        output.note(f"columns that mean nothing here: {names} (--map THEIRS=OURS)")
    for line in tally.summed_reasons(already_printed=already_printed):
        output.note(line)
    output.note(tally.summary(dry_run=dry_run))
