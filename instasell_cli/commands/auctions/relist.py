"""`auctions offer-runner-up` and `auctions relist`: after an auction that came to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.auctions.arguments import (
    AuctionId,
    BuyNow,
    Duration,
    MinBid,
    Reserve,
    When,
)
from instasell_cli.commands.auctions.bulk import (
    DryRun,
    FromFile,
    Ids,
    change_many,
    chosen_ids,
    counted,
)
from instasell_cli.commands.orders.records import print_order
from instasell_cli.context import open_client
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.amounts import AmountReader
from instasell_cli.input.rows.gas_estimate import GasPlan
from instasell_cli.input.times import parse_instant, parse_seconds
from instasell_cli.options import Yes, command
from instasell_cli.output.error_hints import with_remedy
from instasell_cli.output.schemas import AUCTION_VERDICT, ORDER_VIEW, record_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from instasell_client import InstaSell
    from instasell_client.models.auctions import AuctionState
    from instasell_client.resources.auctions.sell import TermName


@dataclass(frozen=True)
class NewTerms:
    """Hold the terms that differ from the old auction, as typed."""

    duration: str | None = None
    start: str | None = None
    end: str | None = None
    min_bid: str | None = None
    reserve: str | None = None
    buy_now: str | None = None
    no_reserve: bool = False
    no_buy_now: bool = False


def add_to(app: typer.Typer) -> None:
    """Put the commands into the group `auctions`."""
    command(
        app,
        "offer-runner-up",
        "Offer the item of an unpaid order to the next bidder. They pay their last bid.",
        "auctions offer-runner-up ID",
        records=ORDER_VIEW,
    )(offer_runner_up)
    command(
        app,
        "relist",
        "Relist auctions that found no buyer. It costs gas as the first time. For several, or"
        " --all, print a result for each; exit 7 if some were refused.",
        "auctions relist ID",
        "auctions relist --all --duration 3d --dry-run",
        "auctions relist --from ids.txt --yes -o jsonl",
        "auctions relist ID --duration 3d --min-bid 5.00",
        "auctions relist ID --no-reserve",
        records=AUCTION_VERDICT,
    )(relist)


def offer_runner_up(ctx: typer.Context, auction_id: AuctionId) -> None:
    """Offer the item to the next bidder, and print their order."""
    with open_client(ctx) as (client, output):
        print_order(output, client.auctions.offer_runner_up(auction_id))


def relist(
    ctx: typer.Context,
    ids: Ids = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All of yours that ended without a sale.")
    ] = False,
    from_file: FromFile = None,
    duration: Duration = None,
    end: When = None,
    start: When = None,
    min_bid: MinBid = None,
    reserve: Reserve = None,
    buy_now: BuyNow = None,
    no_reserve: Annotated[
        bool, typer.Option("--no-reserve", help="Without the reserve of the last time.")
    ] = False,
    no_buy_now: Annotated[
        bool, typer.Option("--no-buy-now", help="Without the price to buy at once.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Relist one auction and print it, or several and print a result for each."""
    terms = NewTerms(duration, start, end, min_bid, reserve, buy_now, no_reserve, no_buy_now)
    with open_client(ctx) as (client, output):
        wanted, _ = chosen_ids(client, ids or (), everything=everything, part="unsold")
        gas = _gas_plan(client) if dry_run else None
        relist_one = relister(client, terms, gas)
        if ids and len(wanted) == 1 and from_file is None and not dry_run:
            try:
                output.one(AUCTION_VERDICT, record_of(relist_one(wanted[0])))
            except Exception as error:
                raise with_remedy(error) from error
            return
        question = f"Relist {counted(len(wanted))}? Each costs gas."
        try:
            change_many(output, wanted, relist_one, "relisted", question, yes=yes, dry_run=dry_run)
        finally:
            if gas is not None:
                output.note(gas.summary())


def _gas_plan(client: InstaSell) -> GasPlan:
    gas = GasPlan()
    gas.begin(
        client.auctions.selling_page(limit=1).auction_gas_fee, client.wallet.get().gas_balance
    )
    return gas


def relister(
    client: InstaSell, terms: NewTerms, gas: GasPlan | None = None
) -> Callable[[str], AuctionState]:
    """Return what relists an auction, or with `gas`, which it uses up, only has it judged.

    Raises UsageProblem for terms that contradict.
    """
    if terms.duration is not None and terms.end is not None:
        raise UsageProblem("give either --duration or --end")
    taken: dict[TermName, tuple[bool, str | None]] = {
        "reserve": (terms.no_reserve, terms.reserve),
        "buy_now": (terms.no_buy_now, terms.buy_now),
    }
    for name, (off, typed) in taken.items():
        if off and typed is not None:
            option = name.replace("_", "-")
            raise UsageProblem(f"give either --{option} or --no-{option}")
    duration = None if terms.duration is None else parse_seconds(terms.duration, "--duration")
    amounts = AmountReader(client)
    values = {
        "duration_seconds": duration,
        "end_at": parse_instant(terms.end, "--end") if terms.end else None,
        "start_at": parse_instant(terms.start, "--start") if terms.start else None,
        "min_bid": amounts.read(terms.min_bid, "--min-bid"),
        "reserve": amounts.read(terms.reserve, "--reserve"),
        "buy_now": amounts.read(terms.buy_now, "--buy-now"),
        "without": [name for name, (off, _) in taken.items() if off],
    }

    def relist_one(auction_id: str) -> AuctionState:
        dry_run = gas is not None
        reply = client.auctions.relist(auction_id, **values, dry_run=dry_run)  # type: ignore[arg-type]
        # The market judges each alone, as if the gas of those before it were still there.
        if gas is not None and (errors := gas.take()):
            from instasell_client import InsufficientGas

            raise InsufficientGas(errors[0][1], missing=gas.missing)
        return reply.state

    return relist_one
