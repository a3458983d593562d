"""`instasell admin auctions`, `listings` and `orders`: supervise the market."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.admin.users import Reason, found_user
from instasell_cli.commands.orders.app import OrderStatusFilter as OrderStatusName
from instasell_cli.commands.orders.app import print_orders
from instasell_cli.commands.orders.records import order_record
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Limit, Yes, command, group, page_size
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.schemas import ADMIN_ORDER, AUCTION, LISTING, ORDER, record_of
from instasell_cli.output.times import local_text
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_client.models.admin import AdminOrder

auctions = group(
    "Cancel auctions of any user.",
    'admin auctions cancel ID --reason "The item does not exist"',
)
listings = group(
    "Remove listings of any user.",
    'admin listings remove ID --reason "Counterfeit"',
)
orders = group(
    "List and show orders of all users.",
    "admin orders list --status disputed",
    "admin orders show ID",
)

Id = Annotated[str, typer.Argument(help="The id.", metavar="ID")]


@command(
    auctions,
    "cancel",
    "Cancel an open auction, with bids or without; the bidders read the reason.",
    'admin auctions cancel ID --reason "The item does not exist"',
    records=AUCTION,
)
def cancel_auction(ctx: typer.Context, auction_id: Id, reason: Reason, yes: Yes = False) -> None:
    """Ask with the number of bids, cancel the auction, and print it."""
    with open_client(ctx) as (client, output):
        state = client.auctions.get(auction_id).state
        bids = f"{state.bid_count:,} bid" + ("" if state.bid_count == 1 else "s")
        question = f'Cancel the auction "{clean(state.title)}" with {bids}? This cannot be undone.'
        if not confirm(question, assume_yes=yes):
            raise CliError("nothing was cancelled")
        output.one(AUCTION, record_of(client.admin.cancel_auction(auction_id, reason).state))


@command(
    listings,
    "remove",
    "Remove a listing from every list; its orders go on. Exit 6 while an auction of it is open.",
    'admin listings remove ID --reason "Counterfeit"',
    records=LISTING,
)
def remove_listing(ctx: typer.Context, listing_id: Id, reason: Reason, yes: Yes = False) -> None:
    """Ask with the name of the seller, remove the listing, and print it."""
    with open_client(ctx) as (client, output):
        listing = client.listings.get(listing_id)
        question = f'Remove "{clean(listing.title)}" of {clean(listing.seller_name)}?'
        if not confirm(question, assume_yes=yes):
            raise CliError("nothing was removed")
        output.one(LISTING, record_of(client.admin.remove_listing(listing_id, reason)))


@command(
    orders,
    "list",
    "List the orders of all users, the newest first.",
    "admin orders list --status disputed",
    "admin orders list --seller ID --limit 0 -o csv",
    records=ORDER,
)
def list_orders(
    ctx: typer.Context,
    status: Annotated[
        OrderStatusName | None, typer.Option("--status", help="Filter by status.")
    ] = None,
    buyer: Annotated[
        str | None, typer.Option("--buyer", help="The id or the e-mail address of a buyer.")
    ] = None,
    seller: Annotated[
        str | None, typer.Option("--seller", help="The id or the e-mail address of a seller.")
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print orders; a buyer or seller is found by id or e-mail address."""
    with open_client(ctx) as (client, output):
        found = client.admin.orders(
            status=status.value if status else None,
            buyer=found_user(client, buyer) if buyer else None,
            seller=found_user(client, seller) if seller else None,
            page_size=page_size(limit),
        )
        print_orders(output, itertools.islice(found, limit or None))


@command(
    orders,
    "show",
    "Show an order with its history and every movement of its money.",
    "admin orders show ID",
    "admin orders show ID -o json --fields status,events,ledger",
    records=ADMIN_ORDER,
)
def show_order(ctx: typer.Context, order_id: Id) -> None:
    """Print an order, with its ledger as lines for people and as records else."""
    with open_client(ctx) as (client, output):
        found = client.admin.order(order_id)
        for_people = output.for_people
        record = {
            **order_record(found, for_people=for_people),
            "ledger": "\n".join(_ledger_lines(found)) or None
            if for_people
            else [record_of(row) for row in found.ledger],
        }
        output.one(ADMIN_ORDER, record, found.order.currency)


def _ledger_lines(found: AdminOrder) -> Iterator[str]:
    order = found.order
    sides = {order.buyer_id: "the buyer", order.seller_id: "the seller"}
    amounts = [shown_amount(row.amount, found.order.currency) for row in found.ledger]
    width = max(map(len, amounts), default=0)
    for row, amount in zip(found.ledger, amounts, strict=True):
        whose = f" of {sides.get(row.user_id, row.user_id)}" if row.user_id else ""
        at = local_text(row.created_at.isoformat())
        yield f"{at}  {amount:>{width}}  {row.type}: {row.account}{whose}"
