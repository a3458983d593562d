"""`instasell auctions create` and `update`: the terms of an auction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
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
from instasell_cli.context import open_client
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.amounts import AmountReader
from instasell_cli.input.times import parse_instant, parse_seconds
from instasell_cli.options import command
from instasell_cli.output.error_hints import with_remedy
from instasell_cli.output.schemas import AUCTION, record_of

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell


class Increments(StrEnum):
    """Name the smallest step from one bid to the next; `none` is one minor unit."""

    EBAY = "ebay"
    NONE = "none"


@dataclass(frozen=True)
class AuctionTermOptions:
    """The terms of an auction as typed; what is None is not given."""

    min_bid: str | None = None
    reserve: str | None = None
    buy_now: str | None = None
    duration: str | None = None
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True)
class Rules:
    """Hold the terms that cannot change after the auction has been created."""

    increments: Increments = Increments.EBAY
    window: str = "5s"
    extension: str = "5s"


def add_to(app: typer.Typer) -> None:
    """Declare the commands in the group of auctions."""
    command(
        app,
        "create",
        "Create an auction for a listing of type auction. It costs gas; exit 6 if you have too"
        " little.",
        "auctions create LISTING --min-bid 9.99 --duration 3d",
        "auctions create LISTING --min-bid 50 --reserve 120 --buy-now 200 \\\n"
        "      --start 2030-01-31T18:00 --end 2030-02-07T18:00",
        records=AUCTION,
    )(create)
    command(
        app,
        "update",
        "Change the terms or times of an auction that has no bids.",
        "auctions update ID --min-bid 5.00 --end +2h",
        records=AUCTION,
    )(update)


def create(
    ctx: typer.Context,
    listing_id: Annotated[str, typer.Argument(help="The id of the listing.", metavar="LISTING")],
    min_bid: Annotated[str, typer.Option("--min-bid", help="As 12.50.", metavar="AMOUNT")],
    duration: Duration = None,
    end: When = None,
    start: When = None,
    reserve: Reserve = None,
    buy_now: BuyNow = None,
    increments: Annotated[
        Increments,
        typer.Option(
            "--increments", help="How far a bid goes over the one before; none is a cent."
        ),
    ] = Increments.EBAY,
    window: Annotated[
        str, typer.Option("--extension-window", help="A bid this late extends.", metavar="SPAN")
    ] = "5s",
    extension: Annotated[
        str, typer.Option("--extension", help="By how much it extends.", metavar="SPAN")
    ] = "5s",
) -> None:
    """Read the terms of a new auction, and create it."""
    terms = AuctionTermOptions(min_bid, reserve, buy_now, duration, start, end)
    with open_client(ctx) as (client, output):
        run_create(client, output, listing_id, terms, Rules(increments, window, extension))


def run_create(
    client: InstaSell,
    output: OutputWriter,
    listing_id: str,
    terms: AuctionTermOptions,
    rules: Rules,
) -> None:
    """Create an auction of a listing, and print it. Raises ListingHasAuction, Invalid.

    It costs gas: where that is too little, CliError tells how much is missing.
    """
    if terms.min_bid is None or (terms.duration is None) == (terms.end is None):
        raise UsageProblem("give --min-bid, and either --duration or --end")
    duration = None if terms.duration is None else parse_seconds(terms.duration, "--duration")
    amounts = AmountReader(client)
    try:
        made = client.auctions.create(
            listing_id,
            min_bid=amounts.read(terms.min_bid, "--min-bid") or 0,
            duration_seconds=duration,
            end_at=parse_instant(terms.end, "--end") if terms.end else None,
            start_at=parse_instant(terms.start, "--start") if terms.start else None,
            reserve=amounts.read(terms.reserve, "--reserve"),
            buy_now=amounts.read(terms.buy_now, "--buy-now"),
            increments=rules.increments.value,
            extension_window_seconds=parse_seconds(rules.window, "--extension-window"),
            extension_seconds=parse_seconds(rules.extension, "--extension"),
        )
    except Exception as error:
        raise with_remedy(error) from error
    output.one(AUCTION, record_of(made.state))


def update(
    ctx: typer.Context,
    auction_id: AuctionId,
    min_bid: MinBid = None,
    reserve: Reserve = None,
    buy_now: BuyNow = None,
    start: When = None,
    end: When = None,
) -> None:
    """Read the terms that change, and change them."""
    terms = AuctionTermOptions(min_bid, reserve, buy_now, None, start, end)
    with open_client(ctx) as (client, output):
        run_update(client, output, auction_id, terms)


def run_update(
    client: InstaSell, output: OutputWriter, auction_id: str, terms: AuctionTermOptions
) -> None:
    """Change what is given, and print the auction. Raises AuctionHasBids."""
    if terms == AuctionTermOptions():
        raise UsageProblem("there is nothing to change; give --min-bid, --end or another option")
    amounts = AmountReader(client)
    changed = client.auctions.update(
        auction_id,
        start_at=parse_instant(terms.start, "--start") if terms.start else None,
        end_at=parse_instant(terms.end, "--end") if terms.end else None,
        min_bid=amounts.read(terms.min_bid, "--min-bid"),
        reserve=amounts.read(terms.reserve, "--reserve"),
        buy_now=amounts.read(terms.buy_now, "--buy-now"),
    )
    output.one(AUCTION, record_of(changed.state))
