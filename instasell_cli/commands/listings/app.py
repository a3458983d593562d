"""`instasell listings`: what is for sale."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instasell_cli.commands.listings import images
from instasell_cli.commands.listings import transfer as listings_transfer
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError, UsageProblem
from instasell_cli.input.amounts import AmountReader
from instasell_cli.input.category_paths import category_id
from instasell_cli.input.files import opened_text
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Limit, Yes, command, group, page_size
from instasell_cli.output.schemas import LISTING, LISTING_VIEW, record_of
from instasell_cli.output.seller_text import print_listing
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell

app = group(
    "Find, create, import and export listings.",
    'listings list "steel watch" --price-max 100',
    "listings show ID",
    "listings import listings.csv --dry-run",
    "listings export > listings.csv",
    sections={
        "Find": ("list", "show"),
        "Manage": ("create", "update", "delete", "images"),
        "Many at once": ("import", "export"),
    },
)

DESCRIPTION_CHARACTERS_MAX = 20_000


class Type(StrEnum):
    """Sold at a price, or to the highest bidder."""

    DIRECT = "direct"
    AUCTION = "auction"


class ListingCondition(StrEnum):
    """The state of an item."""

    NEW = "new"
    REFURBISHED = "refurbished"
    USED_LIKE_NEW = "used-like-new"
    USED_GOOD = "used-good"
    USED_FAIR = "used-fair"
    FOR_PARTS = "for-parts"


class ListingSortOption(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    OLDEST = "oldest"
    PRICE = "price"
    PRICE_DOWN = "-price"
    RELEVANCE = "relevance"


CategoryOption = Annotated[
    str | None, typer.Option("--category", help='A path as "Toys > Trains", or an id.')
]
ConditionOption = Annotated[
    ListingCondition | None, typer.Option("--condition", help="State of the item.")
]
Price = Annotated[str | None, typer.Option("--price", help="As 12.50.", metavar="AMOUNT")]
Shipping = Annotated[str | None, typer.Option("--shipping", help="As 4.90.", metavar="AMOUNT")]
Sku = Annotated[str | None, typer.Option("--sku", help="Your own name for it.")]
Description = Annotated[
    str | None, typer.Option("--description", help="Text, or @FILE, or @- for stdin.")
]
ListingId = Annotated[str, typer.Argument(help="The id of the listing.", metavar="ID")]


@dataclass(frozen=True)
class ListingFilters:
    """Hold the filters of the list of listings, as typed; `limit` 0 is all."""

    query: str | None = None
    category: str | None = None
    type: Type | None = None
    condition: ListingCondition | None = None
    price_min: str | None = None
    price_max: str | None = None
    seller: str | None = None
    mine: bool = False
    sort: ListingSortOption | None = None
    limit: int = 50


@dataclass(frozen=True)
class ListingOptions:
    """The fields of a listing as typed; what is None is not given."""

    type: Type | None = None
    title: str | None = None
    description: str | None = None
    category: str | None = None
    condition: ListingCondition | None = None
    price: str | None = None
    stock: int | None = None
    shipping: str | None = None
    sku: str | None = None


@command(
    app,
    "list",
    "List what is for sale, the newest first.",
    "listings list",
    'listings list "pocket watch" --price-max 200 --sort price',
    "listings list --mine --limit 0 -o csv",
    records=LISTING,
)
def list_(
    ctx: typer.Context,
    query: Annotated[str | None, typer.Argument(help="Words to search for.")] = None,
    category: CategoryOption = None,
    type_: Annotated[
        Type | None, typer.Option("--type", help="Filter by type: at a price, or by auction.")
    ] = None,
    condition: ConditionOption = None,
    price_min: Annotated[
        str | None, typer.Option("--price-min", help="Lowest price.", metavar="AMOUNT")
    ] = None,
    price_max: Annotated[
        str | None, typer.Option("--price-max", help="Highest price.", metavar="AMOUNT")
    ] = None,
    seller: Annotated[str | None, typer.Option("--seller", help="The id of a seller.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only your own.")] = False,
    sort: Annotated[
        ListingSortOption | None, typer.Option("--sort", help="The order; - turns it around.")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print the listings that match the filters."""
    wanted = ListingFilters(
        query, category, type_, condition, price_min, price_max, seller, mine, sort, limit
    )
    with open_client(ctx) as (client, output):
        run_list(client, output, wanted)


def run_list(client: InstaSell, output: OutputWriter, wanted: ListingFilters) -> None:
    """Print listings; pages are fetched as they are needed."""
    if wanted.mine and wanted.seller:
        raise UsageProblem("give --mine or --seller, not both")
    amounts = AmountReader(client)
    found = client.listings.list(
        q=wanted.query,
        category=category_id(client, wanted.category) if wanted.category else None,
        type=wanted.type.value if wanted.type else None,
        condition=wanted.condition.value if wanted.condition else None,
        price_min=amounts.read(wanted.price_min, "--price-min", least=0),
        price_max=amounts.read(wanted.price_max, "--price-max", least=0),
        seller=client.auth.me().id if wanted.mine else wanted.seller,
        sort=wanted.sort.value if wanted.sort else None,
        page_size=page_size(wanted.limit),
    )
    shown = itertools.islice(found, wanted.limit or None)
    output.many(LISTING, (record_of(listing) for listing in shown))


@command(
    app,
    "show",
    "Show a listing.",
    "listings show ID",
    "listings show ID -o json",
    records=LISTING_VIEW,
)
def show(ctx: typer.Context, listing_id: ListingId) -> None:
    """Print a listing with its pictures and seller."""
    with open_client(ctx) as (client, output):
        print_listing(output, client.listings.get(listing_id))


@command(
    app,
    "create",
    "Create a listing. With --type auction it has no price; see `auctions create`.",
    'listings create --title "Pocket watch" --category "Watches > Pocket" \\\n'
    "      --condition refurbished --price 120.00",
    'listings create --type auction --title "Toy train" --category Toys --condition new',
    records=LISTING,
)
def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Option("--title", help="What is sold, in a line.")],
    category: Annotated[
        str, typer.Option("--category", help='A path as "Toys > Trains", or an id.')
    ],
    condition: Annotated[ListingCondition, typer.Option("--condition", help="State of the item.")],
    type_: Annotated[
        Type, typer.Option("--type", help="Sell at a price, or by auction.")
    ] = Type.DIRECT,
    description: Description = None,
    price: Price = None,
    stock: Annotated[int | None, typer.Option("--stock", help="How many there are.", min=0)] = None,
    shipping: Shipping = None,
    sku: Sku = None,
) -> None:
    """Read the fields of a new listing, and create it."""
    options = ListingOptions(
        type_, title, description, category, condition, price, stock, shipping, sku
    )
    with open_client(ctx) as (client, output):
        run_create(client, output, options)


def run_create(client: InstaSell, output: OutputWriter, options: ListingOptions) -> None:
    """Create a listing and print it. Raises Forbidden for a buyer."""
    values = _values(client, options)
    listing = client.listings.create(type=(options.type or Type.DIRECT).value, **values)
    output.one(LISTING, record_of(listing))


@command(
    app,
    "update",
    "Change a listing; what is not given stays as it is.",
    "listings update ID --price 99.00 --stock 3",
    "listings update ID --description @text.txt",
    records=LISTING,
)
def update(
    ctx: typer.Context,
    listing_id: ListingId,
    title: Annotated[str | None, typer.Option("--title", help="What is sold, in a line.")] = None,
    category: CategoryOption = None,
    condition: ConditionOption = None,
    description: Description = None,
    price: Price = None,
    stock: Annotated[int | None, typer.Option("--stock", help="How many there are.", min=0)] = None,
    shipping: Shipping = None,
    sku: Sku = None,
) -> None:
    """Read the fields that change, and change them."""
    options = ListingOptions(
        None, title, description, category, condition, price, stock, shipping, sku
    )
    with open_client(ctx) as (client, output):
        run_update(client, output, listing_id, options)


def run_update(
    client: InstaSell, output: OutputWriter, listing_id: str, options: ListingOptions
) -> None:
    """Change a listing and print it. Raises UsageProblem when there is nothing to change."""
    values = _values(client, options)
    if not values:
        raise UsageProblem("there is nothing to change; give --title, --price or another option")
    output.one(LISTING, record_of(client.listings.update(listing_id, **values)))


@command(
    app,
    "delete",
    "Delete listings; orders keep them.",
    "listings delete ID",
    "listings delete ID ID --yes",
)
def delete(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(help="The ids of the listings.", metavar="ID...")],
    yes: Yes = False,
) -> None:
    """Ask about each listing, and delete it."""
    with open_client(ctx) as (client, output):
        run_delete(client, output, ids, assume_yes=yes)


def run_delete(
    client: InstaSell, output: OutputWriter, ids: list[str], *, assume_yes: bool
) -> None:
    """Delete one after the other; the first refusal ends it."""
    for listing_id in ids:
        if not confirm(partial(_deleting, client, listing_id), assume_yes=assume_yes):
            raise CliError("it was not deleted")
        client.listings.delete(listing_id)
        output.note(f"deleted {listing_id}")


def _deleting(client: InstaSell, listing_id: str) -> str:
    return f'Delete "{clean(client.listings.get(listing_id).title)}"?'


def _values(client: InstaSell, options: ListingOptions) -> dict[str, Any]:
    amounts = AmountReader(client)
    given = {
        "title": options.title,
        "description": _described(options.description),
        "category_id": category_id(client, options.category) if options.category else None,
        "condition": options.condition.value if options.condition else None,
        "price": amounts.read(options.price, "--price"),
        "stock": options.stock,
        "shipping_amount": amounts.read(options.shipping, "--shipping", least=0),
        "seller_sku": options.sku,
    }
    return {name: value for name, value in given.items() if value is not None}


def _described(given: str | None) -> str | None:
    if given is None or not given.startswith("@"):
        return given
    with opened_text(given[1:]) as file:
        text = file.read(DESCRIPTION_CHARACTERS_MAX + 1)
    return text.replace("\r\n", "\n").rstrip("\n")


listings_transfer.add_to(app)
images.add_to(app)
