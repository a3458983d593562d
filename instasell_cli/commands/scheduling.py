"""`instasell auctions schedule`: many auctions, a row each."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from instasell_cli.commands import bulk
from instasell_cli.context import Invocation, invocation
from instasell_cli.exits import ExitCode
from instasell_cli.options import command
from instasell_cli.rows.crew import Crew
from instasell_cli.rows.scheduling import Scheduler
from instasell_cli.rows.verdicts import REJECTED, Tally, Verdict
from instasell_cli.rows.wishes import AUCTIONS, OUTCOMES, OVER
from instasell_cli.shapes import SCHEDULED


def add_to(app: typer.Typer) -> None:
    """Declares the command."""
    command(
        app,
        "schedule",
        "Put many auctions up from a CSV, JSON lines or Excel file. A row has seller_sku or"
        " listing_id, min_bid, and duration (7d) or end_at; also start_at, reserve, buy_now,"
        " increments, extension_window and extension. Times are local unless they have a zone."
        " The same file again puts nothing up twice: a listing that has, or had, an auction of"
        " the same terms is unchanged. What found no buyer is put up again with"
        " `auctions relist`. Each auction costs gas. Exit 7 when rows were rejected.",
        "auctions schedule auctions.csv --dry-run",
        "auctions schedule auctions.csv --errors rejects.csv",
        "auctions schedule goods.xlsx --map Start=min_bid --set duration=7d",
    )(schedule)


def schedule(
    ctx: typer.Context,
    file: bulk.File,
    kind: bulk.Kind = None,
    maps: bulk.Maps = None,
    sets: bulk.Sets = None,
    dry_run: bulk.DryRun = False,
    errors: bulk.Errors = None,
    concurrency: bulk.Concurrency = bulk.CONCURRENCY,
) -> None:
    """`auctions schedule`."""
    options = bulk.BulkOptions(file, kind, maps or (), sets or (), dry_run, errors, concurrency)
    if run_schedule(invocation(ctx), options).counts[REJECTED]:
        raise typer.Exit(ExitCode.PARTLY)


def run_schedule(call: Invocation, options: bulk.BulkOptions) -> Tally:
    """Puts the rows up, prints verdicts and the summary. Raises UsageProblem for a bad file."""
    columns, tally, output = options.columns(AUCTIONS), Tally(OUTCOMES), call.output
    over: list[str] = []

    def after(verdicts: Sequence[Verdict]) -> None:
        over.extend(str(each.ids["auction_id"]) for each in verdicts if each.ids["status"] in OVER)

    with Crew(call.async_client(), options.concurrency, output.note) as crew:
        scheduler = Scheduler(crew, columns, dry_run=options.dry_run)
        try:
            bulk.run_rows(
                output, options, columns, SCHEDULED, bulk.Work(scheduler.judged, after, tally)
            )
        except BaseException as error:
            if not options.dry_run and (tally.rows or isinstance(error, KeyboardInterrupt)):
                output.note("what is up stays up; the same command again puts up the rest")
            raise
    if over:
        output.note(
            f"{len(over)} of the unchanged are over, as {over[0]}; where there was no buyer,"
            " `instasell auctions relist ID` puts it up again"
        )
    return tally
