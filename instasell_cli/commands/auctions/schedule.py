"""`instasell auctions schedule`: many auctions, a row each."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import ExitCode
from instasell_cli.input.rows import run_rows as bulk
from instasell_cli.input.rows.auction_rows import AUCTIONS, OUTCOMES, OVER
from instasell_cli.input.rows.auction_schedule import AuctionScheduler
from instasell_cli.input.rows.field_guide import AMOUNTS_TEXT, AUCTION_FIELDS, guide_text
from instasell_cli.input.rows.gas_estimate import GasPlan
from instasell_cli.input.rows.row_results import REJECTED, ResultTotals, RowResult
from instasell_cli.input.rows.worker_pool import WorkerPool
from instasell_cli.options import command
from instasell_cli.output.amounts import market_currency, shown_amount
from instasell_cli.output.schemas import SCHEDULED
from instasell_cli.output.writer import OutputWriter


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "schedule",
        "Create many auctions from a CSV, JSON, YAML or Excel file. A row has seller_sku or"
        " listing_id, min_bid, and duration or end_at. Times are local unless they have a zone."
        " The same file again creates nothing twice: a listing that has, or had, an auction of"
        " the same terms is unchanged. Relist what found no buyer with"
        " `auctions relist`. Each auction costs gas. Exit 7 when rows were rejected.\n\n"
        f"{AMOUNTS_TEXT}\n\n{guide_text(AUCTION_FIELDS)}",
        "auctions schedule auctions.csv --dry-run",
        "auctions schedule auctions.csv --errors rejects.csv",
        "auctions schedule listings.xlsx --map Start=min_bid --set duration=7d",
        records=SCHEDULED,
    )(schedule)


def schedule(
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
    dry_run: bulk.DryRun = False,
    errors: bulk.Errors = None,
    concurrency: bulk.Concurrency = bulk.CONCURRENCY,
) -> None:
    """Create the auctions of a file; end with PARTLY when rows were rejected."""
    options = bulk.BulkOptions(
        file,
        bulk.form_of(kind, encoding, delimiter, sheet, no_header=no_header),
        bulk.mark_of(comma=decimal_comma, point=decimal_point),
        *(maps or (), sets or (), dry_run, errors, concurrency),
    )
    if run_schedule(invocation(ctx), options).counts[REJECTED]:
        raise typer.Exit(ExitCode.PARTLY)


def run_schedule(call: Invocation, options: bulk.BulkOptions) -> ResultTotals:
    """Create an auction for each row, and print results and the summary.

    Raises UsageProblem for a file that cannot be read.
    """
    with call.client() as client:
        columns = options.columns(market_currency(client), AUCTIONS)
    tally, output = ResultTotals(OUTCOMES), call.output
    over: list[str] = []

    def after(verdicts: Sequence[RowResult]) -> None:
        over.extend(str(each.ids["auction_id"]) for each in verdicts if each.ids["status"] in OVER)

    with WorkerPool(call.async_client(), options.concurrency, output.note) as crew:
        scheduler = AuctionScheduler(crew, columns, dry_run=options.dry_run)
        try:
            bulk.run_rows(
                output, options, columns, SCHEDULED, bulk.RowWork(scheduler.judged, after, tally)
            )
        except BaseException as error:
            if not options.dry_run and (tally.rows or isinstance(error, KeyboardInterrupt)):
                output.note("created auctions stay; run the same command again to create the rest")
            raise
    if scheduler.gas.is_known:
        _tell_gas(output, scheduler.gas, columns.notation.currency)
    if over:
        output.note(
            f"{len(over)} of the unchanged are over, as {over[0]}; where there was no buyer,"
            " `instasell auctions relist ID` sells it again"
        )
    return tally


def _tell_gas(output: OutputWriter, gas: GasPlan, currency: str) -> None:
    # A minor unit of money buys one unit of gas.
    topped = f"instasell wallet topup {shown_amount(gas.missing, currency)} --gas"
    output.note(gas.summary() + (f" ({topped})" if gas.missing else ""))
