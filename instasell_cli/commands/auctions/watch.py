"""`instasell auctions watch`: events as they happen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem
from instasell_cli.input.amounts import shown_amount
from instasell_cli.live.auction_events import (
    AUCTIONS_MAX,
    FollowedAuctions,
    WaitCondition,
    connections,
    each_once,
    follow,
)
from instasell_cli.options import command
from instasell_cli.output.writer import OutputWriter

if TYPE_CHECKING:
    from datetime import datetime

    from instasell_client.live import AuctionChange, AuctionEvent, ConnectionState
    from instasell_client.models.auctions import AuctionState, Bid


@dataclass(frozen=True)
class WatchOptions:
    """Hold the auctions to watch and the form of the output."""

    ids: Sequence[str]
    until: WaitCondition = WaitCondition.ENDED
    as_json_lines: bool = False


def add_to(app: typer.Typer) -> None:
    """Declares the command."""
    command(
        app,
        "watch",
        "Print what happens in auctions as it happens, until all of them are over. A lost"
        " connection is made good: nothing is left out, and nothing comes twice. With --until,"
        " exit 1 if an auction is over before that has happened.",
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
    """Run `auctions watch`."""
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
        raise CliError("nothing that you sell, bid in or watch is running")
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


class EventPrinter:
    """Prints events, as text for people or as the frames of the wire, one a line."""

    def __init__(self, output: OutputWriter, *, as_json_lines: bool) -> None:
        self._output = output
        self._as_json_lines = as_json_lines
        self._titles: dict[str, str] = {}
        self._was_live = False

    def connection(self, state: ConnectionState) -> None:
        """Tells on stderr when the connection is lost, and when it is back."""
        if self._was_live and state.value in ("reconnecting", "live"):
            self._output.note(f"connection: {state.value}")
        self._was_live = self._was_live or state.value == "live"

    def event(self, event: AuctionEvent) -> None:
        """Prints one event."""
        if self._as_json_lines:
            frame = {"event": event.event, "data": event.data.model_dump(mode="json")}
            self._output.event(frame)
            return
        auction_id = event.data.auction_id
        if event.event == "joined":
            self._titles[auction_id] = event.data.state.title
        title = self._titles.get(auction_id, auction_id)
        for at, text in _lines_of(event):
            self._output.text(f"{at.astimezone():%H:%M:%S}  {title}: {text}")


def _lines_of(event: AuctionEvent) -> Iterator[tuple[datetime, str]]:
    data = event.data
    if event.event == "joined":
        if not event.resumed:
            yield data.server_time, _standing(event.data.state)
        elif event.data.truncated:
            yield data.server_time, "more bids were missed than are told here"
        for bid in event.data.missed:
            yield bid.created_at, _bid_text(bid)
        if event.resumed:
            yield data.server_time, _standing(event.data.state)
        return
    if event.event == "bid_placed":
        for bid in event.data.bids:
            yield bid.created_at, _bid_text(bid)
        if not event.data.bids:
            yield data.server_time, _price_text(event.data.current_bid, event.data.leader)
        if event.data.auction_extended:
            yield data.server_time, f"extended, it ends {event.data.end_at.astimezone():%H:%M:%S}"
        return
    for bid in event.data.bids:
        yield bid.created_at, _bid_text(bid)
    yield data.server_time, _change_text(event)


def _standing(state: AuctionState) -> str:
    if state.status in ("ended", "cancelled"):
        return _outcome(state.status.value, state.winner, state.current_bid, state.bid_count)
    bids = f"{_price_text(state.current_bid, state.leader)} ({state.bid_count} bids)"
    shown = bids if state.bid_count else "no bids"
    return (
        f"{state.status.value}, {shown}, minimum {shown_amount(state.minimum_bid)},"
        f" ends {state.end_at.astimezone():%Y-%m-%d %H:%M:%S}"
    )


def _bid_text(bid: Bid) -> str:
    if bid.kind == "raise":
        return f"{bid.bidder} raises the own maximum"
    verb = "buys now for" if bid.kind == "buy_now" else "bids"
    return f"{bid.bidder} {verb} {shown_amount(bid.amount)}, {_price_text(bid.price, bid.leader)}"


def _price_text(price: int | None, leader: str | None) -> str:
    if price is None or leader is None:
        return "nobody leads"
    return f"{leader} leads at {shown_amount(price)}"


def _change_text(event: AuctionChange) -> str:
    change = event.data
    if event.event == "auction_ended":
        return _outcome("ended", change.winner, change.price, change.seq)
    if event.event == "auction_cancelled":
        return f"cancelled{f': {change.reason}' if change.reason else ''}"
    return event.event.removeprefix("auction_")


def _outcome(status: str, winner: str | None, price: int | None, bids: int) -> str:
    if status != "ended":
        return status
    if winner is None or price is None:
        from instasell_client.models.auctions import BELOW_RESERVE

        return BELOW_RESERVE if bids else "Ended without a bid"
    return f"ended, {winner} won at {shown_amount(price)}"
