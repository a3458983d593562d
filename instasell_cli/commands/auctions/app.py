"""`instasell auctions`: create, watch and bid."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.auctions import bid as bidding
from instasell_cli.commands.auctions import cancel as cancelling
from instasell_cli.commands.auctions import relist as reselling
from instasell_cli.commands.auctions import schedule as scheduling
from instasell_cli.commands.auctions import seller_list as selling
from instasell_cli.commands.auctions import wait as waiting
from instasell_cli.commands.auctions import watch as watching
from instasell_cli.context import open_client
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.amounts import AmountReader
from instasell_cli.input.category_paths import category_id
from instasell_cli.input.times import parse_instant, parse_seconds
from instasell_cli.options import command, group
from instasell_cli.output.error_hints import with_remedy
from instasell_cli.output.schemas import AUCTION, AUCTION_LISTED, AUCTION_VIEW, BID, record_of
from instasell_cli.output.seller_text import print_auction

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell

app = group(
    "Find, follow and bid on auctions, and create your own.",
    "auctions live",
    "auctions watch ID",
    "auctions bid ID 12.50",
    "auctions create LISTING --min-bid 9.99 --duration 3d",
    sections={
        "Find": ("live", "list", "show", "bids"),
        "Bid": ("bid", "buy-now", "bidding"),
        "Follow": ("follow", "unfollow", "watch", "wait"),
        "Sell": (
            *("create", "schedule", "update", "cancel"),
            *("selling", "relist", "offer-runner-up"),
        ),
    },
)

AuctionId = Annotated[str, typer.Argument(help="The id of the auction.", metavar="ID")]
Least = Annotated[str | None, typer.Option(help="The first bid at least.", metavar="AMOUNT")]
Reserve = Annotated[
    str | None, typer.Option(help="Below it, nothing is sold; nobody sees it.", metavar="AMOUNT")
]
BuyNow = Annotated[
    str | None, typer.Option(help="The price that ends it at once.", metavar="AMOUNT")
]
When = Annotated[
    str | None, typer.Option(help="As 2030-01-31T18:00 (local) or +10m.", metavar="TIME")
]


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


@command(
    app,
    "live",
    "List open auctions, those that end soonest first.",
    "auctions live",
    'auctions live "steel watch" --price-max 100 --sort bids',
    "auctions live -o jsonl --fields auction_id,minimum_bid,end_at",
    records=AUCTION,
)
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
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Limit the number of results; 0 is all.")
    ] = 50,
) -> None:
    """Run `auctions live`."""
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
            page_size=min(wanted.limit, 100) or 100,
        )
    shown = itertools.islice(found, wanted.limit or None)
    output.many(AUCTION, (record_of(state) for state in shown))


@command(
    app,
    "list",
    "List auctions of every status, the newest first. For open ones, see `auctions live`.",
    "auctions list --status ended",
    "auctions list --seller ID --status cancelled -o csv",
    records=AUCTION_LISTED,
)
def list_auctions(
    ctx: typer.Context,
    status: Annotated[
        AuctionStatusFilter | None, typer.Option("--status", help="Filter by status.")
    ] = None,
    seller: Annotated[str | None, typer.Option("--seller", help="The id of a seller.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Limit the number of results; 0 is all.")
    ] = 50,
) -> None:
    """Run `auctions list`."""
    with open_client(ctx) as (client, output):
        found = client.auctions.list(
            status=status.value if status else None,
            seller=seller,
            page_size=min(limit, 100) or 100,
        )
        output.many(AUCTION_LISTED, map(record_of, itertools.islice(found, limit or None)))


@command(
    app,
    "show",
    "Show an auction.",
    "auctions show ID",
    "auctions show ID -o json",
    records=AUCTION_VIEW,
)
def show(ctx: typer.Context, auction_id: AuctionId) -> None:
    """Run `auctions show`."""
    with open_client(ctx) as (client, output):
        print_auction(output, client.auctions.get(auction_id))


@command(
    app,
    "bids",
    "List the bids of an auction.",
    "auctions bids ID",
    "auctions bids ID -o csv",
    records=BID,
)
def bids(
    ctx: typer.Context,
    auction_id: AuctionId,
    after_seq: Annotated[
        int, typer.Option("--after-seq", min=0, help="Only bids after this number.")
    ] = 0,
) -> None:
    """Run `auctions bids`."""
    with open_client(ctx) as (client, output):
        found = client.auctions.bids(auction_id, after_seq=after_seq)
        output.many(BID, (record_of(bid) for bid in found))


@command(
    app,
    "create",
    "Create an auction for a listing of type auction. It costs gas; exit 6 if you have too little.",
    "auctions create LISTING --min-bid 9.99 --duration 3d",
    "auctions create LISTING --min-bid 50 --reserve 120 --buy-now 200 \\\n"
    "      --start 2030-01-31T18:00 --end 2030-02-07T18:00",
    records=AUCTION,
)
def create(
    ctx: typer.Context,
    listing_id: Annotated[str, typer.Argument(help="The id of the listing.", metavar="LISTING")],
    min_bid: Annotated[str, typer.Option("--min-bid", help="As 12.50.", metavar="AMOUNT")],
    duration: Annotated[
        str | None, typer.Option("--duration", help="As 90s, 10m or 1d12h.", metavar="SPAN")
    ] = None,
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
    """Run `auctions create`."""
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


@command(
    app,
    "update",
    "Change the terms or times of an auction that has no bids.",
    "auctions update ID --min-bid 5.00 --end +2h",
    records=AUCTION,
)
def update(
    ctx: typer.Context,
    auction_id: AuctionId,
    min_bid: Least = None,
    reserve: Reserve = None,
    buy_now: BuyNow = None,
    start: When = None,
    end: When = None,
) -> None:
    """Run `auctions update`."""
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


@command(app, "follow", "Add auctions to your watchlist.", "auctions follow ID")
def follow(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(help="The ids of auctions.", metavar="ID...")],
) -> None:
    """Run `auctions follow`."""
    with open_client(ctx) as (client, output):
        _each(ids, client.auctions.watch, output, "followed")


@command(app, "unfollow", "Remove auctions from your watchlist.", "auctions unfollow ID")
def unfollow(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(help="The ids of auctions.", metavar="ID...")],
) -> None:
    """Run `auctions unfollow`."""
    with open_client(ctx) as (client, output):
        _each(ids, client.auctions.unwatch, output, "no longer followed")


def _each(ids: Sequence[str], call: Callable[[str], None], output: OutputWriter, done: str) -> None:
    for auction_id in ids:
        call(auction_id)
        output.note(f"{done}: {auction_id}")


bidding.add_to(app)
scheduling.add_to(app)
cancelling.add_to(app)
selling.add_to(app)
reselling.add_to(app)
watching.add_to(app)
waiting.add_to(app)
