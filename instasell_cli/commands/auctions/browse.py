"""`instasell auctions live`, `list`, `show` and `bids`: find auctions and read them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.auctions.arguments import AuctionId
from instasell_cli.context import open_client
from instasell_cli.input.amounts import AmountReader
from instasell_cli.input.category_paths import category_id
from instasell_cli.options import Limit, command, page_size
from instasell_cli.output.schemas import AUCTION, AUCTION_LISTED, AUCTION_VIEW, BID, record_of
from instasell_cli.output.seller_text import print_auction

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell


class AuctionSort(StrEnum):
    """The order of running auctions."""

    ENDING = "ending"
    PRICE = "price"
    PRICE_DOWN = "-price"
    BIDS = "bids"


class AuctionStatusFilter(StrEnum):
    """Select auctions by their status."""

    PENDING = "pending"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class AuctionFilters:
    """Hold the filters of the list of auctions, as typed; `limit` 0 is all."""

    query: str | None = None
    category: str | None = None
    seller: str | None = None
    price_min: str | None = None
    price_max: str | None = None
    sort: AuctionSort = AuctionSort.ENDING
    followed: bool = False
    limit: int = 50


def add_to(app: typer.Typer) -> None:
    """Declare the commands in the group of auctions."""
    command(
        app,
        "live",
        "List open auctions, those that end soonest first.",
        "auctions live",
        'auctions live "steel watch" --price-max 100 --sort bids',
        "auctions live -o jsonl --fields auction_id,minimum_bid,end_at",
        records=AUCTION,
    )(live)
    command(
        app,
        "list",
        "List auctions of every status, the newest first. For open ones, see `auctions live`.",
        "auctions list --status ended",
        "auctions list --seller ID --status cancelled -o csv",
        records=AUCTION_LISTED,
    )(list_auctions)
    command(
        app,
        "show",
        "Show an auction.",
        "auctions show ID",
        "auctions show ID -o json",
        records=AUCTION_VIEW,
    )(show)
    command(
        app,
        "bids",
        "List the bids of an auction.",
        "auctions bids ID",
        "auctions bids ID -o csv",
        records=BID,
    )(bids)


def live(
    ctx: typer.Context,
    query: Annotated[str | None, typer.Argument(help="Words to search for.")] = None,
    category: Annotated[
        str | None, typer.Option("--category", help='A path as "Toys > Trains", or an id.')
    ] = None,
    seller: Annotated[str | None, typer.Option("--seller", help="The id of a seller.")] = None,
    price_min: Annotated[
        str | None, typer.Option("--price-min", help="Lowest price.", metavar="AMOUNT")
    ] = None,
    price_max: Annotated[
        str | None, typer.Option("--price-max", help="Highest price.", metavar="AMOUNT")
    ] = None,
    sort: Annotated[
        AuctionSort, typer.Option("--sort", help="The order; - turns it around.")
    ] = AuctionSort.ENDING,
    followed: Annotated[
        bool, typer.Option("--followed", help="List your watchlist instead, ended ones too.")
    ] = False,
    limit: Limit = 50,
) -> None:
    """Print open auctions that match the filters, or the watchlist."""
    wanted = AuctionFilters(query, category, seller, price_min, price_max, sort, followed, limit)
    with open_client(ctx) as (client, output):
        run_live(client, output, wanted)


def run_live(client: InstaSell, output: OutputWriter, wanted: AuctionFilters) -> None:
    """Print open auctions; pages are fetched as they are needed."""
    amounts = AmountReader(client)
    if wanted.followed:
        found = client.auctions.watched()
    else:
        found = client.auctions.live(
            q=wanted.query,
            category=category_id(client, wanted.category) if wanted.category else None,
            seller=wanted.seller,
            price_min=amounts.read(wanted.price_min, "--price-min", least=0),
            price_max=amounts.read(wanted.price_max, "--price-max", least=0),
            sort=wanted.sort.value,
            page_size=page_size(wanted.limit),
        )
    shown = itertools.islice(found, wanted.limit or None)
    output.many(AUCTION, (record_of(state) for state in shown))


def list_auctions(
    ctx: typer.Context,
    status: Annotated[
        AuctionStatusFilter | None, typer.Option("--status", help="Filter by status.")
    ] = None,
    seller: Annotated[str | None, typer.Option("--seller", help="The id of a seller.")] = None,
    limit: Limit = 50,
) -> None:
    """Print auctions of all statuses that match the filters."""
    with open_client(ctx) as (client, output):
        found = client.auctions.list(
            status=status.value if status else None,
            seller=seller,
            page_size=page_size(limit),
        )
        output.many(AUCTION_LISTED, map(record_of, itertools.islice(found, limit or None)))


def show(ctx: typer.Context, auction_id: AuctionId) -> None:
    """Print an auction with its listing and seller."""
    with open_client(ctx) as (client, output):
        print_auction(output, client.auctions.get(auction_id))


def bids(
    ctx: typer.Context,
    auction_id: AuctionId,
    after_seq: Annotated[
        int, typer.Option("--after-seq", min=0, help="Only bids after this number.")
    ] = 0,
) -> None:
    """Print the bids after a number, page by page."""
    with open_client(ctx) as (client, output):
        found = client.auctions.bids(auction_id, after_seq=after_seq)
        output.many(BID, (record_of(bid) for bid in found))
