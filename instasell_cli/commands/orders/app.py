"""`instasell orders`: buying, and what both sides do until the seller has the money."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.orders import pay as paying
from instasell_cli.commands.orders.records import print_order
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError, UsageProblem
from instasell_cli.input.addresses import complete_address, read_address
from instasell_cli.input.amounts import optional_amount
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Key, Limit, Yes, command, group, page_size
from instasell_cli.output.amounts import market_currency, shown_amount
from instasell_cli.output.schemas import ORDER, ORDER_VIEW, record_of
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.listings import Listing
    from instasell_client.models.orders import Order, OrderView

app = group(
    "Buy, pay, ship, confirm and cancel orders.",
    "orders list",
    "orders show ID",
    "orders pay ID --open --wait",
    "orders ship ID --carrier DHL --tracking 00340434",
    sections={
        "See": ("list", "show"),
        "Buy and pay": ("buy", "address", "pay", "confirm-payment"),
        "Sell and ship": ("ship", "refund"),
        "Finish": ("confirm", "cancel", "dispute"),
    },
)

OrderId = Annotated[str, typer.Argument(help="The id of the order.", metavar="ID")]
Part = Annotated[str | None, typer.Option(help="A part of the address.", metavar="TEXT")]
ShipTo = Annotated[
    str | None,
    typer.Option("--ship-to", help="A JSON file with the address, or -.", metavar="FILE"),
]
Reason = Annotated[str | None, typer.Option("--reason", help="For the other side to read.")]


class OrderRole(StrEnum):
    """Name the side of an order."""

    BUYER = "buyer"
    SELLER = "seller"


class OrderStatusFilter(StrEnum):
    """Select orders by their status."""

    PENDING = "pending"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"


class RefundTarget(StrEnum):
    """Name the destination of a refund."""

    ORIGINAL = "original"
    WALLET = "wallet"


@dataclass(frozen=True)
class BuyOptions:
    """A purchase as typed; `key` makes a repeat of the command have its effect once."""

    quantity: int = 1
    ship_to: str | None = None
    key: str | None = None
    yes: bool = False


@dataclass(frozen=True)
class RefundOptions:
    """A refund as typed; without an amount it is all that is held."""

    amount: str | None = None
    to: RefundTarget = RefundTarget.ORIGINAL
    reason: str | None = None
    key: str | None = None
    yes: bool = False


@command(
    app,
    "list",
    "List your orders as buyer and seller, the newest first.",
    "orders list",
    "orders list --role seller --status processing",
    "orders list -o csv --fields id,title,total_amount,status",
    records=ORDER,
)
def list_orders(
    ctx: typer.Context,
    role: Annotated[
        OrderRole | None, typer.Option("--role", help="Filter by your side: bought or sold.")
    ] = None,
    status: Annotated[
        OrderStatusFilter | None, typer.Option("--status", help="Filter by status.")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print the orders that match the filters."""
    with open_client(ctx) as (client, output):
        found = client.orders.list(
            role=role.value if role else None,
            status=status.value if status else None,
            page_size=page_size(limit),
        )
        print_orders(output, itertools.islice(found, limit or None))


def print_orders(output: OutputWriter, orders: itertools.islice[Order]) -> None:
    """Print orders as they come."""
    # A market has one currency, and the first order tells it.
    first = [*itertools.islice(orders, 1)]
    currency = first[0].currency if first else None
    shown = itertools.chain(first, orders)
    output.many(ORDER, (record_of(order) for order in shown), currency)


@command(
    app,
    "show",
    "Show an order, its history, and what is due next.",
    "orders show ID",
    "orders show ID -o json --fields status,due,events",
    records=ORDER_VIEW,
)
def show(ctx: typer.Context, order_id: OrderId) -> None:
    """Print an order with its history and next steps."""
    with open_client(ctx) as (client, output):
        print_order(output, client.orders.get(order_id))


@command(
    app,
    "buy",
    "Buy items that are sold at a price. They are held for you until the payment is due."
    " Exit 6 if fewer are left.",
    "orders buy LISTING",
    "orders buy LISTING -n 2 --ship-to home.json",
    "orders buy LISTING --yes -o json --fields id",
    records=ORDER_VIEW,
)
def buy(
    ctx: typer.Context,
    listing_id: Annotated[str, typer.Argument(help="The id of the listing.", metavar="LISTING")],
    quantity: Annotated[int, typer.Option("-n", "--quantity", min=1, help="How many.")] = 1,
    ship_to: ShipTo = None,
    key: Key = None,
    yes: Yes = False,
) -> None:
    """Read the options of a purchase, and buy."""
    with open_client(ctx) as (client, output):
        run_buy(client, output, listing_id, BuyOptions(quantity, ship_to, key, yes))


def run_buy(
    client: InstaSell, output: OutputWriter, listing_id: str, options: BuyOptions
) -> OrderView:
    """Buy, and print the order. Raises OutOfStock, SellerCannotBuy, ListingNotFound."""
    address = read_address(options.ship_to) if options.ship_to else None
    listing = client.listings.get(listing_id)
    if not confirm(
        _question(listing, options.quantity, market_currency(client)), assume_yes=options.yes
    ):
        raise CliError("nothing was bought")
    bought = client.orders.buy(
        listing_id, quantity=options.quantity, address=address, idempotency_key=options.key
    )
    print_order(output, bought)
    return bought


def _question(listing: Listing, quantity: int, currency: str) -> str:
    if listing.price is None:
        raise UsageProblem("it is sold by auction; bid on it with instasell auctions bid")
    total = listing.price * quantity + listing.shipping_amount
    shipping = ""
    if listing.shipping_amount:
        shipping = f" ({shown_amount(listing.shipping_amount, currency)} of it shipping)"
    many = f"{quantity} of " if quantity > 1 else ""
    price = f"{shown_amount(total, currency)} {currency}"
    return f'Buy {many}"{clean(listing.title)}" for {price}{shipping}?'


@command(
    app,
    "address",
    "Set the delivery address of an order, until it is shipped. What is not given is asked for"
    " on a terminal.",
    "orders address ID --ship-to home.json",
    'orders address ID --name "Bob Lee" --line1 "5 Mill Lane" --postal-code 10115 \\\n'
    "      --city Berlin --country DE",
    records=ORDER_VIEW,
)
def address(
    ctx: typer.Context,
    order_id: OrderId,
    ship_to: ShipTo = None,
    name: Part = None,
    line1: Part = None,
    line2: Part = None,
    postal_code: Part = None,
    city: Part = None,
    region: Part = None,
    country: Part = None,
) -> None:
    """Read the address from a file or the options, and set it."""
    typed = {
        "name": name,
        "line1": line1,
        "line2": line2,
        "postal_code": postal_code,
        "city": city,
        "region": region,
        "country": country,
    }
    if ship_to is not None and any(value is not None for value in typed.values()):
        raise UsageProblem("give either --ship-to or the parts of the address")
    whole = complete_address(typed) if ship_to is None else read_address(ship_to)
    with open_client(ctx) as (client, output):
        print_order(output, client.orders.set_address(order_id, whole))


@command(
    app,
    "ship",
    "Mark a paid order as shipped; for the seller.",
    "orders ship ID --carrier DHL --tracking 00340434",
    records=ORDER_VIEW,
)
def ship(
    ctx: typer.Context,
    order_id: OrderId,
    carrier: Annotated[str, typer.Option("--carrier", help="Name of the carrier.")],
    tracking: Annotated[str, typer.Option("--tracking", help="Tracking number of the carrier.")],
) -> None:
    """Store carrier and tracking number, and print the order."""
    with open_client(ctx) as (client, output):
        print_order(output, client.orders.ship(order_id, carrier=carrier, tracking=tracking))


@command(
    app,
    "confirm",
    "Confirm the delivery; the seller gets the money. This cannot be undone.",
    "orders confirm ID",
    "orders confirm ID --yes",
    records=ORDER_VIEW,
)
def confirm_delivery(ctx: typer.Context, order_id: OrderId, yes: Yes = False) -> None:
    """Ask with the amount that the seller gets, then confirm."""
    with open_client(ctx) as (client, output):
        order = client.orders.get(order_id).order
        question = f"Has {_named(order)} come? {_held(order)} goes to the seller."
        if not confirm(question, assume_yes=yes):
            raise CliError("nothing was confirmed")
        print_order(output, client.orders.confirm_delivery(order_id))


@command(
    app,
    "cancel",
    "Cancel an order; what was paid goes back. The buyer may while it is not paid, and when"
    " the seller has not shipped it for a week; the seller of a paid order may.",
    "orders cancel ID",
    'orders cancel ID --reason "It broke" --yes',
    records=ORDER_VIEW,
)
def cancel(ctx: typer.Context, order_id: OrderId, reason: Reason = None, yes: Yes = False) -> None:
    """Ask with the amount that the buyer gets back, then cancel."""
    with open_client(ctx) as (client, output):
        order = client.orders.get(order_id).order
        back = f" {_held(order)} goes back to the buyer." if order.held_amount else ""
        if not confirm(f"Cancel the order of {_named(order)}?{back}", assume_yes=yes):
            raise CliError("nothing was cancelled")
        print_order(output, client.orders.cancel(order_id, reason))


@command(
    app,
    "refund",
    "Refund the buyer, in full or in part; for the seller. In full, it cancels the order. The"
    " money goes to where it was paid from, or with --to wallet to the buyer's wallet.",
    "orders refund ID",
    'orders refund ID --amount 5.00 --reason "A scratch" --yes',
    records=ORDER_VIEW,
)
def refund(
    ctx: typer.Context,
    order_id: OrderId,
    amount: Annotated[
        str | None, typer.Option("--amount", help="A part, as 5.00.", metavar="AMOUNT")
    ] = None,
    to: Annotated[
        RefundTarget, typer.Option("--to", help="Destination of the money.")
    ] = RefundTarget.ORIGINAL,
    reason: Reason = None,
    key: Key = None,
    yes: Yes = False,
) -> None:
    """Read the options of a refund, and make it."""
    with open_client(ctx) as (client, output):
        run_refund(client, output, order_id, RefundOptions(amount, to, reason, key, yes))


def run_refund(
    client: InstaSell, output: OutputWriter, order_id: str, options: RefundOptions
) -> OrderView:
    """Give money back, and print the order. Raises OrderNotReady, Forbidden, Invalid."""
    order = client.orders.get(order_id).order
    part = optional_amount(options.amount, "--amount", order.currency, least=1)
    money = _money(order, part) if part is not None else f"all of {_held(order)}"
    question = f"Refund {money} of {_named(order)} to {clean(order.buyer_name)}?"
    if not confirm(question, assume_yes=options.yes):
        raise CliError("nothing was refunded")
    done = client.orders.refund(
        order_id, part, to=options.to.value, reason=options.reason, idempotency_key=options.key
    )
    print_order(output, done)
    return done


def _named(order: Order) -> str:
    return f'"{clean(order.title)}"'


def _held(order: Order) -> str:
    return _money(order, order.held_amount)


def _money(order: Order, amount: int) -> str:
    return f"{shown_amount(amount, order.currency)} {order.currency}"


paying.add_to(app)
