"""`instasell listings import` and `export`."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from instasell_cli.amounts import default_currency, shown_amount
from instasell_cli.cells import neutralised
from instasell_cli.commands import bulk
from instasell_cli.context import Invocation, invocation
from instasell_cli.exits import ExitCode, UsageProblem
from instasell_cli.options import command
from instasell_cli.output import Format, Output, cleaned, json_text
from instasell_cli.rows.columns import AMOUNTS, FIELDS
from instasell_cli.rows.crew import Crew
from instasell_cli.rows.importing import Judged, judged_rows
from instasell_cli.rows.journal import Journal, Mark, journal_path, journals_folder
from instasell_cli.rows.reading import RowFile
from instasell_cli.rows.verdicts import REJECTED, Tally, Verdict
from instasell_cli.shape import Shape
from instasell_cli.shapes import VERDICT

if TYPE_CHECKING:
    from instasell_client import InstaSell


@dataclass(frozen=True)
class ImportOptions(bulk.BulkOptions):
    """An import as typed. One that `keeps` a journal can go on where it was cut off."""

    resume: bool = False
    keeps: bool = False


def add_to(app: typer.Typer) -> None:
    """Declares both commands."""
    command(
        app,
        "import",
        "Create and update listings from a CSV, JSON lines or Excel file. The same file again"
        " changes nothing. A row is known by its seller_sku, or else by what it holds; an empty"
        " cell changes nothing. Amounts are written as 12.50 or $1,234.00; a JSON integer is in"
        " minor units. An import that was cut off, with Ctrl-C or kill -9, goes on with --resume."
        " Exit 7 when rows were rejected.",
        "listings import goods.csv --dry-run",
        "listings import goods.xlsx --map Name=title --map Cost=price --set condition=new",
        "listings import goods.csv --errors rejects.csv",
        "listings import goods.csv --resume",
        "listings export -o csv | instasell listings import -",
    )(import_)
    command(
        app,
        "export",
        "Write your own listings as rows that `listings import` takes back. CSV unless -o says"
        " json or jsonl.",
        "listings export > goods.csv",
        "listings export -o jsonl > goods.jsonl",
    )(export)


def import_(
    ctx: typer.Context,
    file: bulk.File,
    kind: bulk.Kind = None,
    maps: bulk.Maps = None,
    sets: bulk.Sets = None,
    dry_run: bulk.DryRun = False,
    errors: bulk.Errors = None,
    concurrency: bulk.Concurrency = bulk.CONCURRENCY,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the last import of this was cut off.")
    ] = False,
) -> None:
    """`listings import`."""
    options = ImportOptions(
        *(file, kind, maps or (), sets or (), dry_run, errors, concurrency, resume),
        # Reading a pipe for its content would leave nothing to import.
        keeps=os.path.isfile(file) and not dry_run,
    )
    call = invocation(ctx)
    with call.client() as client:
        tally = run_import(client, call.output, options)
    if tally.counts[REJECTED]:
        raise typer.Exit(ExitCode.PARTLY)


def run_import(client: InstaSell, output: Output, options: ImportOptions) -> Tally:
    """Imports a file, prints verdicts and the summary. Raises UsageProblem for an unusable file."""
    if options.resume and not options.keeps:
        raise UsageProblem("--resume: name a file, and leave --dry-run out")
    from instasell_client import AsyncInstaSell

    columns, tally = options.columns(), Tally()
    with ExitStack() as stack:
        journal, mark = _journal(stack, client, output, options)
        tally.before = mark.done - len(mark.rejected)
        crew = stack.enter_context(
            Crew(AsyncInstaSell(client.base_url, client.token), options.concurrency, output.note)
        )

        def judge(file: RowFile) -> Iterator[Judged]:
            rows = (row for row in file.rows if mark.wants(row.number))
            return judged_rows(crew, file, rows, columns, dry_run=options.dry_run)

        def after(verdicts: Sequence[Verdict]) -> None:
            if journal is not None:
                rejected = (each.row for each in verdicts if each.outcome == REJECTED)
                journal.add(verdicts[-1].row, rejected)

        try:
            bulk.run_rows(output, options, columns, VERDICT, bulk.Work(judge, after, tally))
        except BaseException as error:
            if not options.dry_run and (tally.rows or isinstance(error, KeyboardInterrupt)):
                again = "with --resume goes on there" if journal else "again changes nothing twice"
                output.note(f"what is done stays; the same command {again}")
            raise
        if journal is not None:
            journal.remove()
    return tally


def _journal(
    stack: ExitStack, client: InstaSell, output: Output, options: ImportOptions
) -> tuple[Journal | None, Mark]:
    """The journal of this import, begun, and what an earlier one has left to do."""
    if not options.keeps:
        return None, Mark()
    meaning = (
        *(client.base_url, _account(client), str(options.kind), default_currency()),
        *(*sorted(options.maps), "", *sorted(options.sets)),
    )
    try:
        journal = Journal(journal_path(journals_folder(), options.file, meaning), output.note)
    except OSError as error:
        raise UsageProblem(f"{options.file}: {error.strerror}") from error
    stack.callback(journal.close)
    found = journal.read()
    mark = Mark()
    if options.resume and found is not None:
        mark = found
    elif options.resume:
        output.note("no import of this file was cut off; it begins at the first row")
    elif found is not None and found.done:
        output.note(f"an import of this file was cut off after row {found.done}; --resume goes on")
    journal.begin(mark)
    return journal, mark


def _account(client: InstaSell) -> str:
    from instasell_client import Forbidden

    try:
        return client.auth.me().id
    except Forbidden:
        # A token that may put goods up need not be one that may look at the account.
        return hashlib.sha256(str(client.token).encode()).hexdigest()


IMPORTED_AGAIN = (None, Format.CSV, Format.JSON, Format.JSONL)
EXPORTED = Shape(
    FIELDS,
    ("listing_id", "seller_sku", "title", "price", "stock", "condition", "category"),
    AMOUNTS,
    key="listing_id",
)


def export(ctx: typer.Context) -> None:
    """`listings export`."""
    call = invocation(ctx)
    with call.client() as client:
        run_export(client, call)


def run_export(client: InstaSell, call: Invocation) -> None:
    """Writes every listing of the seller; CSV is what a spreadsheet takes without harm."""
    rows = client.listings.export()
    stdout = call.output.stdout
    if call.transform is not None or call.form not in IMPORTED_AGAIN:
        call.output.many(EXPORTED, rows)
    elif call.form is Format.JSONL or call.form is Format.JSON:
        _write_json(stdout, rows, as_array=call.form is Format.JSON, fields=call.fields)
    else:
        _write_csv(stdout, rows, call.fields)


def _write_csv(stdout: TextIO, rows: Iterator[Mapping[str, object]], fields: Sequence[str]) -> None:
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise UsageProblem(f"--fields: there is no {unknown[0]!r}; there are: {', '.join(FIELDS)}")
    names = fields or FIELDS
    currency = default_currency()
    writer = csv.writer(stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(name, row.get(name), currency) for name in names])


def _cell(name: str, value: object, currency: str) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and name in AMOUNTS:
        return shown_amount(value, currency)
    return neutralised(cleaned(str(value), keep="\n\t"))


def _write_json(
    stdout: TextIO,
    rows: Iterator[Mapping[str, object]],
    *,
    as_array: bool,
    fields: Sequence[str],
) -> None:
    picked = ({name: row.get(name) for name in fields} if fields else row for row in rows)
    if as_array:
        Output(Format.JSON, stdout=stdout).many(VERDICT, picked)
        return
    for row in picked:
        stdout.write(json_text(row) + "\n")
