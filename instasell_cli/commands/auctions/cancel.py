"""`instasell auctions cancel`: one auction, or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.auctions.bulk import (
    DryRun,
    FromFile,
    Ids,
    change_many,
    chosen_ids,
    counted,
)
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Yes, command
from instasell_cli.output.schemas import AUCTION_VERDICT, record_of
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_client import InstaSell
    from instasell_client.models.seller_auctions import SellingAuction


def add_to(app: typer.Typer) -> None:
    """Declare the command in the group of auctions."""
    command(
        app,
        "cancel",
        "Cancel your auctions that have no bids. An admin cancels any. For several, print a"
        " result for each; exit 7 if some were refused.",
        'auctions cancel ID --reason "The watch is broken"',
        "auctions cancel --all --dry-run",
        "auctions cancel --from ids.txt --yes -o jsonl",
        "$ instasell auctions selling -o name | instasell auctions cancel - --yes",
        records=AUCTION_VERDICT,
    )(cancel)


def cancel(
    ctx: typer.Context,
    ids: Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="All of yours that are open.")] = False,
    from_file: FromFile = None,
    reason: Annotated[str | None, typer.Option("--reason", help="For bidders to read.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Cancel one auction and print it, or several and print a result for each."""
    with open_client(ctx) as (client, output):
        wanted, known = chosen_ids(client, ids or (), everything=everything, part="running")
        if ids and len(wanted) == 1 and from_file is None and not dry_run:
            if not confirm(lambda: _question(client, wanted[0]), assume_yes=yes):
                raise CliError("nothing was cancelled")
            output.one(AUCTION_VERDICT, record_of(client.auctions.cancel(wanted[0], reason).state))
            return
        change_many(
            output,
            wanted,
            lambda auction_id: client.auctions.cancel(auction_id, reason, dry_run=dry_run).state,
            "cancelled",
            f"Cancel {counted(len(wanted))}?{_with_bids(known)}",
            yes=yes,
            dry_run=dry_run,
        )


def _question(client: InstaSell, auction_id: str) -> str:
    return f'Cancel "{clean(client.auctions.get(auction_id).state.title)}"?'


def _with_bids(known: list[SellingAuction]) -> str:
    number = sum(1 for each in known if each.state.bid_count)
    return f" {number:,} with bids will be refused." if number else ""
