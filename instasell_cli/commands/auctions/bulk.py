"""Cancelling and relisting many auctions: a verdict for each, and one question before all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem, message_of
from instasell_cli.input.prompts import confirm
from instasell_cli.input.rows.row_results import DRY_RUN_HEAD
from instasell_cli.output.schemas import AUCTION_VERDICT, record_of

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.auctions import AuctionState
    from instasell_client.models.seller_auctions import SellingAuction

Ids = Annotated[
    list[str] | None,
    typer.Argument(help="The ids of auctions; - reads them from stdin.", metavar="[ID...]"),
]
FromFile = Annotated[
    str | None, typer.Option("--from", help="A file with an id in each line.", metavar="FILE")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Have every auction judged, and change nothing.")
]

Change = Callable[[str], "AuctionState"]


def chosen_ids(
    client: InstaSell, ids: Sequence[str], *, everything: bool, part: str
) -> tuple[list[str], list[SellingAuction]]:
    """Return which auctions are meant; for `everything`, also what is known of them.

    Raises UsageProblem for none, or for ids beside `everything`.
    """
    if everything and ids:
        raise UsageProblem("give ids or --all, not both")
    if not everything:
        if not ids:
            raise UsageProblem("name auctions by their ids, or give --all")
        return [*dict.fromkeys(ids)], []
    known = [*client.auctions.selling(part=part)]  # type: ignore[arg-type]
    if not known:
        raise CliError("you have no such auction", ExitCode.NOT_FOUND)
    return [each.state.auction_id for each in known], known


def change_many(
    output: OutputWriter,
    ids: Sequence[str],
    change: Change,
    done: str,
    question: str,
    *,
    yes: bool,
    dry_run: bool,
) -> None:
    """Change auctions one after the other, and print a verdict for each.

    In a `dry_run`, which `change` has to know, nothing is asked, and the verdicts are those that
    the auctions would get.

    Raises UsageProblem where nobody can be asked, CliError with the code of partly failed bulk
    commands when at least one was refused, and what ends the session or the connection.
    """
    if not confirm(question, assume_yes=yes or dry_run):
        raise CliError(f"nothing was {done}")
    refused = 0

    def verdicts() -> Iterator[Mapping[str, object]]:
        nonlocal refused
        for auction_id in ids:
            record = _verdict(auction_id, change, done, dry_run=dry_run)
            refused += record["outcome"] == "refused"
            yield record

    output.many(AUCTION_VERDICT, verdicts())
    head = DRY_RUN_HEAD if dry_run else ""
    output.note(f"{head}{len(ids) - refused:,} {done}, {refused:,} refused")
    if refused:
        raise CliError(f"{refused:,} of {len(ids):,} were refused", ExitCode.PARTLY)


def _verdict(auction_id: str, change: Change, done: str, *, dry_run: bool) -> Mapping[str, object]:
    from instasell_client import Conflict, Forbidden, Invalid, NotFound

    try:
        state = change(auction_id)
    except (Conflict, Invalid, NotFound, Forbidden) as error:
        return {
            **dict.fromkeys(AUCTION_VERDICT.fields),
            "auction_id": auction_id,
            "outcome": "refused",
            "code": error.code,
            "message": message_of(error),
        }
    # The auction that a dry run would relist has an id that is never given again.
    record = {**record_of(state), "auction_id": auction_id} if dry_run else record_of(state)
    return {**record, "outcome": done, "code": None, "message": None}


def counted(number: int) -> str:
    """Return the number with its noun."""
    return "1 auction" if number == 1 else f"{number:,} auctions"
