"""`instasell listings import` and `export`."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import ExitCode, UsageProblem
from instasell_cli.input.rows import run_rows as bulk
from instasell_cli.input.rows.columns import AMOUNTS, FIELDS
from instasell_cli.input.rows.duplicates import Duplicates
from instasell_cli.input.rows.field_guide import AMOUNTS_TEXT, LISTING_FIELDS, guide_text
from instasell_cli.input.rows.run_import import ImportOptions, run_import
from instasell_cli.options import command
from instasell_cli.output.amounts import market_currency, shown_amount
from instasell_cli.output.csv_cells import neutralize
from instasell_cli.output.schema import RecordSchema
from instasell_cli.output.schemas import VERDICT
from instasell_cli.output.writer import Format, OutputWriter, clean, json_text

if TYPE_CHECKING:
    from instasell_client import InstaSell


def add_to(app: typer.Typer) -> None:
    """Declare both commands."""
    command(
        app,
        "import",
        "Create and update listings from a CSV, JSON, YAML or Excel file. The same file again"
        " changes nothing. A row is known by its seller_sku, or else by what it holds; an empty"
        " cell changes nothing. Every row gets a verdict, whatever the rows before it are. Of rows"
        " about the same listing all but the first are rejected, unless --duplicates says which"
        " one counts. Pictures are files below the folder of the file, or addresses, which are"
        " fetched from this machine; each is added once. An import that was cut off, with Ctrl-C"
        " or kill -9, goes on with --resume. Exit 7 when rows or pictures were rejected.\n\n"
        f"{AMOUNTS_TEXT}\n\n{guide_text(LISTING_FIELDS)}",
        "listings import listings.csv --dry-run",
        "listings import listings.xlsx --map Name=title --map Cost=price --set condition=new",
        "listings import listings.csv --errors rejects.csv",
        "listings import listings.csv --encoding cp1252 --decimal-comma",
        "listings import listings.csv --images-from photos",
        "listings import listings.csv --resume",
        "listings export -o csv | instasell listings import -",
        records=VERDICT,
    )(import_)
    command(
        app,
        "export",
        "Write your listings as rows that `listings import` takes back. CSV, or with -o json,"
        " jsonl or yaml.",
        "listings export > listings.csv",
        "listings export -o jsonl > listings.jsonl",
    )(export)


def import_(
    ctx: typer.Context,
    file: bulk.File,
    kind: bulk.Kind = None,
    encoding: bulk.Encoding = None,
    delimiter: bulk.Delimiter = None,
    no_header: bulk.NoHeader = False,
    sheet: bulk.Sheet = None,
    decimal_comma: bulk.DecimalComma = False,
    decimal_point: bulk.DecimalPoint = False,
    maps: bulk.Maps = None,
    sets: bulk.Sets = None,
    duplicates: Annotated[
        Duplicates,
        typer.Option("--duplicates", help="Of rows about the same listing: refuse, or count one."),
    ] = Duplicates.REFUSE,
    images_from: Annotated[
        str | None,
        typer.Option("--images-from", help="The folder of the pictures.", metavar="FOLDER"),
    ] = None,
    dry_run: bulk.DryRun = False,
    errors: bulk.Errors = None,
    concurrency: bulk.Concurrency = bulk.CONCURRENCY,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the last import of this was cut off.")
    ] = False,
) -> None:
    """Import the rows of a file; end with PARTLY when rows or pictures failed."""
    options = ImportOptions(
        file,
        bulk.form_of(kind, encoding, delimiter, sheet, no_header=no_header),
        bulk.mark_of(comma=decimal_comma, point=decimal_point),
        *(maps or (), sets or (), dry_run, errors, concurrency, resume),
        # Reading a pipe for its content would leave nothing to import.
        keeps=os.path.isfile(file) and not dry_run,
        duplicates=duplicates,
        images_from=images_from,
    )
    call = invocation(ctx)
    with call.client() as client:
        tally = run_import(client, call.output, options)
    if tally.faulty:
        raise typer.Exit(ExitCode.PARTLY)


IMPORTED_AGAIN = (None, Format.CSV, Format.JSON, Format.JSONL)
EXPORTED = RecordSchema(
    FIELDS,
    ("listing_id", "seller_sku", "title", "price", "stock", "condition", "category"),
    AMOUNTS,
    key="listing_id",
)


def export(ctx: typer.Context) -> None:
    """Write all listings of the seller in the format that was asked for."""
    call = invocation(ctx)
    with call.client() as client:
        run_export(client, call)


def run_export(client: InstaSell, call: Invocation) -> None:
    """Write every listing of the seller; CSV is what a spreadsheet takes without harm."""
    rows = client.listings.export()
    stdout = call.output.stdout
    if call.transform is not None or call.form not in IMPORTED_AGAIN:
        call.output.many(EXPORTED, rows)
    elif call.form is Format.JSONL or call.form is Format.JSON:
        _write_json(stdout, rows, as_array=call.form is Format.JSON, fields=call.fields)
    else:
        _write_csv(stdout, rows, call.fields, market_currency(client))


def _write_csv(
    stdout: TextIO, rows: Iterator[Mapping[str, object]], fields: Sequence[str], currency: str
) -> None:
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise UsageProblem(f"--fields: there is no {unknown[0]!r}; there are: {', '.join(FIELDS)}")
    names = fields or FIELDS
    writer = csv.writer(stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(name, row.get(name), currency) for name in names])


def _cell(name: str, value: object, currency: str) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and name in AMOUNTS:
        return shown_amount(value, currency)
    return neutralize(clean(str(value), keep="\n\t"))


def _write_json(
    stdout: TextIO,
    rows: Iterator[Mapping[str, object]],
    *,
    as_array: bool,
    fields: Sequence[str],
) -> None:
    picked = ({name: row.get(name) for name in fields} if fields else row for row in rows)
    if as_array:
        OutputWriter(Format.JSON, stdout=stdout).many(VERDICT, picked)
        return
    for row in picked:
        stdout.write(json_text(row) + "\n")
