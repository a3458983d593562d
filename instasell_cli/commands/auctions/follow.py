"""`instasell auctions follow` and `unfollow`: keep the watchlist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from instasell_cli.commands.auctions.arguments import AuctionIds
from instasell_cli.context import open_client
from instasell_cli.options import command

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter


def add_to(app: typer.Typer) -> None:
    """Declare the commands in the group of auctions."""
    command(
        app,
        "follow",
        "Add auctions to your watchlist.",
        "auctions follow ID",
    )(follow)
    command(
        app,
        "unfollow",
        "Remove auctions from your watchlist.",
        "auctions unfollow ID",
    )(unfollow)


def follow(ctx: typer.Context, ids: AuctionIds) -> None:
    """Add one auction after the other, with a note for each."""
    with open_client(ctx) as (client, output):
        _each(ids, client.auctions.watch, output, "followed")


def unfollow(ctx: typer.Context, ids: AuctionIds) -> None:
    """Remove one auction after the other, with a note for each."""
    with open_client(ctx) as (client, output):
        _each(ids, client.auctions.unwatch, output, "no longer followed")


def _each(ids: Sequence[str], call: Callable[[str], None], output: OutputWriter, done: str) -> None:
    for auction_id in ids:
        call(auction_id)
        output.note(f"{done}: {auction_id}")
