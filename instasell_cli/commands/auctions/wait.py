"""`instasell auctions wait`: silent until it has happened, for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import CliError
from instasell_cli.input.times import parse_seconds
from instasell_cli.live.auction_events import (
    FollowedAuctions,
    WaitCondition,
    connections,
    each_once,
    follow,
)
from instasell_cli.options import command
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.schemas import AUCTION, record_of
from instasell_cli.output.times import local_text, span_text

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client.live import AuctionEvent
    from instasell_client.models.auctions import AuctionState

PHRASES = {
    WaitCondition.STARTED: "start",
    WaitCondition.BID: "get a bid",
    WaitCondition.ENDED: "end",
}


@dataclass(frozen=True)
class WaitOptions:
    """Hold the condition to wait for, and the longest wait; 0 looks once, None is until it is
    decided.
    """

    ids: Sequence[str]
    until: WaitCondition
    timeout_seconds: int | None = None
    after_seq: int = 0


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "wait",
        "Wait until auctions start, get a bid or end; print them then. Exit 1 on a timeout, or"
        " as soon as it can no longer happen.",
        "auctions wait ID --for ended",
        "auctions wait ID ID --for started --timeout 10m -o json",
        "auctions wait ID --for bid --after-seq 12 --timeout 1h30m",
        records=AUCTION,
    )(wait)


def wait(
    ctx: typer.Context,
    ids: Annotated[
        list[str],
        typer.Argument(help="The ids of auctions; - reads them from stdin.", metavar="ID..."),
    ],
    until: Annotated[WaitCondition, typer.Option("--for", help="What to wait for.")],
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout",
            help="How long at most, as 90s, 10m or 1h30m; 0 only looks. Without it, until it has"
            " happened or no longer can.",
            metavar="SPAN",
        ),
    ] = None,
    after_seq: Annotated[
        int, typer.Option("--after-seq", min=0, help="With --for bid: a bid above this number.")
    ] = 0,
) -> None:
    """Print the auctions when all have met the condition, one as a single record."""
    import asyncio

    call = invocation(ctx)
    seconds = None if timeout is None else parse_seconds(timeout, "--timeout")
    options = WaitOptions(each_once(ids), until, seconds, after_seq)
    states = asyncio.run(run_wait(call, options))
    records = [record_of(state) for state in states]
    if len(records) == 1:
        call.output.one(AUCTION, records[0])
    else:
        call.output.many(AUCTION, records)
    if call.output.for_people:
        _note_unsold(call.output, states)


def _note_unsold(output: OutputWriter, states: Sequence[AuctionState]) -> None:
    """Say which auctions sold nothing although there were bids: a row shows a price all the same.

    In the other formats the fields `status` and `winner` say it.
    """
    from instasell_client.models.auctions import BELOW_RESERVE

    for state in states:
        if state.ended_below_reserve:
            named = f"{state.title}: " if len(states) > 1 else ""
            output.note(f"{named}{BELOW_RESERVE}")


async def run_wait(call: Invocation, options: WaitOptions) -> Sequence[AuctionState]:
    """Return the auctions as they were when each met the condition, in the order given.

    Raises CliError when the time is out or it can no longer happen, AuctionNotFound, and what
    ends the live session for good.
    """
    import asyncio

    auctions = {
        auction_id: FollowedAuctions(options.until, options.after_seq) for auction_id in options.ids
    }
    unseen = set(options.ids)
    # To look once still takes one answer for each auction.
    limit = asyncio.timeout(options.timeout_seconds or None)

    def seen(auction_id: str, _: AuctionEvent, verdict: bool | None) -> None:
        if verdict is False:
            raise CliError(_cannot(auction_id, auctions[auction_id], options.until))
        if verdict:
            done.add(auction_id)
        unseen.discard(auction_id)
        if options.timeout_seconds == 0 and not unseen and len(done) < len(auctions):
            raise TimeoutError

    done: set[str] = set()
    try:
        async with (
            limit,
            call.async_client() as client,
            connections(client, len(auctions)) as lives,
        ):
            await follow(lives, auctions, seen)
    except TimeoutError:
        if options.timeout_seconds is None:
            raise
        left = {key: each for key, each in auctions.items() if key not in done}
        raise CliError(_too_late(left, options)) from None
    return [each.state for each in auctions.values() if each.state is not None]


def _cannot(auction_id: str, followed: FollowedAuctions, until: WaitCondition) -> str:
    state = followed.state
    status = "over" if state is None else state.status.value
    return f"auction {auction_id} is {status}: it can no longer {PHRASES[until]}"


def _too_late(left: Mapping[str, FollowedAuctions], options: WaitOptions) -> str:
    seconds = options.timeout_seconds or 0
    head = f"timed out after {span_text(seconds)}" if seconds else "it has not happened yet"
    said = [
        f"auction {auction_id} did not {PHRASES[options.until]}: {_standing(each.state)}"
        for auction_id, each in left.items()
    ]
    return "\n".join([head, *said])


def _standing(state: AuctionState | None) -> str:
    if state is None:
        return "the server has not told of it"
    price = "no bids" if state.current_bid is None else shown_amount(state.current_bid)
    start, end = local_text(state.start_at.isoformat()), local_text(state.end_at.isoformat())
    when = f"starts {start}" if state.status == "pending" else f"ends {end}"
    return f"{state.status.value}, {price}, {when}"
