"""`instasell auctions watch`: events as they happen."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem
from instasell_cli.live.auction_events import (
    AUCTIONS_MAX,
    FollowedAuctions,
    WaitCondition,
    connections,
    each_once,
    follow,
)
from instasell_cli.live.event_printer import EventPrinter
from instasell_cli.options import command


@dataclass(frozen=True)
class WatchOptions:
    """Hold the auctions to watch and the form of the output."""

    ids: Sequence[str]
    until: WaitCondition = WaitCondition.ENDED
    as_json_lines: bool = False


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "watch",
        "Print events of auctions as they happen, until all end. After a lost connection it"
        " prints what it missed, and nothing twice. With --until, exit 1 if an auction is over"
        " before that has happened.",
        "auctions watch ID",
        "auctions watch ID ID --jsonl",
        "auctions watch ID --until bid",
        "auctions watch --mine",
        "$ instasell auctions live -o name --limit 0 | instasell auctions watch - --jsonl",
    )(watch)


def watch(
    ctx: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="The ids of auctions; - reads them from stdin.", metavar="[ID...]"),
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="All that you sell, bid in or watch, while they run.")
    ] = False,
    until: Annotated[
        WaitCondition, typer.Option("--until", help="When to stop.")
    ] = WaitCondition.ENDED,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="The same as -o jsonl.")] = False,
) -> None:
    """Print events, and end with FAILURE when the condition was not met."""
    import asyncio

    call = invocation(ctx)
    if bool(ids) == mine:
        raise UsageProblem("name auctions by their ids, or give --mine")
    options = WatchOptions(each_once(ids or own_ids(call)), until, call.as_event_lines(jsonl))
    if not asyncio.run(run_watch(call, options)):
        raise typer.Exit(ExitCode.FAILURE)


def own_ids(call: Invocation) -> list[str]:
    """Return the running auctions that the account sells, bids in or watches.

    Raises CliError where there is none, Unauthenticated.
    """
    with call.client() as client:
        sells = client.auth.me().role == "seller"
        found = [each.state for each in client.auctions.selling(part="running")] if sells else []
        found += [each.state for each in client.auctions.bidding(part="leading")]
        found += [each.state for each in client.auctions.bidding(part="outbid")]
        watched = itertools.islice(client.auctions.watched(), AUCTIONS_MAX)
        found += [state for state in watched if state.status in ("pending", "live")]
    if not found:
        raise CliError("no auction that you sell, bid in or watch is running")
    return [state.auction_id for state in found]


async def run_watch(call: Invocation, options: WatchOptions) -> bool:
    """Print events, and return whether all auctions have met the condition.

    An auction that was cancelled is over, too. Raises AuctionNotFound, and what ends the session
    for good.
    """

    teller = EventPrinter(call.output, as_json_lines=options.as_json_lines)
    auctions = {auction_id: FollowedAuctions(options.until) for auction_id in options.ids}
    count = len(auctions)
    async with (
        call.async_client() as client,
        connections(client, count, teller.connection) as lives,
    ):
        done = await follow(lives, auctions, lambda _, event, __: teller.event(event))
    return options.until is WaitCondition.ENDED or all(done.values())
