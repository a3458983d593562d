"""`instasell listings import` and `export`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from instasell_cli.amounts import default_currency, shown_amount
from instasell_cli.cells import neutralised
from instasell_cli.context import Invocation, invocation
from instasell_cli.exits import ExitCode, UsageProblem
from instasell_cli.options import command
from instasell_cli.output import Format, Output, json_text
from instasell_cli.rows.columns import AMOUNTS, FIELDS, Columns, parse_pairs
from instasell_cli.rows.importing import Rejects, Tally, complaint, verdicts
from instasell_cli.rows.progress import shown_progress
from instasell_cli.rows.reading import FileKind, opened_rows
from instasell_cli.shapes import VERDICT, record_of

if TYPE_CHECKING:
    from instasell_client import InstaSell

COMPLAINTS_SHOWN_MAX = 20


@dataclass(frozen=True)
class ImportOptions:
    """An import as typed; `maps` has theirs=ours, `sets` has ours=value."""

    file: str
    kind: FileKind | None = None
    maps: Sequence[str] = ()
    sets: Sequence[str] = ()
    dry_run: bool = False
    errors: str | None = None


def add_to(app: typer.Typer) -> None:
    """Declares both commands."""
    command(
        app,
        "import",
        "Create and update listings from a CSV, JSON lines or Excel file. The same file again"
        " changes nothing. A row is known by its seller_sku, or else by what it holds; an empty"
        " cell changes nothing. Amounts are written as 12.50 or $1,234.00; a JSON integer is in"
        " minor units. Exit 7 when rows were rejected.",
        "listings import goods.csv --dry-run",
        "listings import goods.xlsx --map Name=title --map Cost=price --set condition=new",
        "listings import goods.csv --errors rejects.csv",
        "listings export -o csv | instasell listings import -",
    )(import_)
    command(
        app,
        "export",
        "Write your own listings as rows that `listings import` takes back; CSV unless -o says"
        " json or jsonl.",
        "listings export > goods.csv",
        "listings export -o jsonl > goods.jsonl",
    )(export)


def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(help="A file, or - for stdin.")],
    kind: Annotated[
        FileKind | None, typer.Option("--format", help="If the name does not tell.")
    ] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="A column of theirs for a field of ours.", metavar="THEIRS=OURS"
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field for rows that leave it empty.", metavar="OURS=VALUE"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Have every row judged, and write nothing.")
    ] = False,
    errors: Annotated[
        str | None, typer.Option("--errors", help="Write rejected rows to this CSV file.")
    ] = None,
) -> None:
    """`listings import`."""
    options = ImportOptions(file, kind, maps or (), sets or (), dry_run, errors)
    call = invocation(ctx)
    with call.client() as client:
        tally = run_import(client, call.output, options)
    if tally.counts["rejected"]:
        raise typer.Exit(ExitCode.PARTLY)


def run_import(client: InstaSell, output: Output, options: ImportOptions) -> Tally:
    """Imports a file, prints verdicts and the summary. Raises UsageProblem for an unusable file."""
    columns = Columns(
        parse_pairs(options.maps, "--map", value_is_field=True),
        parse_pairs(options.sets, "--set", value_is_field=False),
        default_currency(),
    )
    tally = Tally()
    with ExitStack() as stack:
        file = stack.enter_context(opened_rows(options.file, options.kind))
        rejects = _rejects(stack, options.errors, file.header)
        report = stack.enter_context(shown_progress(file))

        def judged() -> Iterator[Mapping[str, object]]:
            for verdict, row in verdicts(client, file, columns, dry_run=options.dry_run):
                tally.counts[verdict.outcome.value] += 1
                if verdict.errors:
                    _tell(output, complaint(verdict), tally, told=rejects is not None)
                    if rejects is not None:
                        rejects.write(verdict, row)
                report(tally.rows)
                yield record_of(verdict)

        try:
            if output.form is Format.TABLE:
                for _ in judged():
                    pass
            else:
                output.many(VERDICT, judged())
        finally:
            stack.close()
            _sum_up(output, tally, columns, dry_run=options.dry_run)
    return tally


def _rejects(stack: ExitStack, path: str | None, header: Sequence[str]) -> Rejects | None:
    if path is None:
        return None
    try:
        # What is not UTF-8 in a rejected row goes back byte for byte.
        file: TextIO = open(path, "w", encoding="utf-8", errors="surrogateescape", newline="")  # noqa: SIM115
    except OSError as error:
        raise UsageProblem(f"--errors: {path}: {error.strerror}") from error
    return Rejects(stack.enter_context(file), header)


def _tell(output: Output, message: str, tally: Tally, *, told: bool) -> None:
    """Complaints on stderr, unless stdout or a file has them; more than a screen is too many."""
    if told or output.form is not Format.TABLE:
        return
    count = tally.counts["rejected"]
    if count <= COMPLAINTS_SHOWN_MAX:
        output.note(message)
    elif count == COMPLAINTS_SHOWN_MAX + 1:
        output.note("... more rows were rejected; --errors FILE has them all")


def _sum_up(output: Output, tally: Tally, columns: Columns, *, dry_run: bool) -> None:
    if columns.ignored:
        names = ", ".join(sorted(columns.ignored)[:20])
        output.note(f"columns that mean nothing here: {names} (--map THEIRS=OURS)")
    output.note(tally.summary(dry_run=dry_run))


def export(ctx: typer.Context) -> None:
    """`listings export`."""
    call = invocation(ctx)
    with call.client() as client:
        run_export(client, call)


def run_export(client: InstaSell, call: Invocation) -> None:
    """Writes every listing of the seller; CSV is what a spreadsheet takes without harm."""
    rows = client.listings.export()
    stdout = call.output.stdout
    if call.form is Format.JSONL or call.form is Format.JSON:
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
    return neutralised(str(value))


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
