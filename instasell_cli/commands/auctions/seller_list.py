"""`instasell auctions selling`: the auctions of the seller, and their results."""

from __future__ import annotations

import itertools
from enum import StrEnum
from typing import Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.options import Limit, command, page_size
from instasell_cli.output.schemas import SELLING, own_record


class SellingFilter(StrEnum):
    """Select auctions of the seller by their state."""

    RUNNING = "running"
    SOLD = "sold"
    UNSOLD = "unsold"
    CANCELLED = "cancelled"
    RELISTED = "relisted"


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "selling",
        "List your auctions and their results, the newest first. Unsold are those without a"
        " buyer, or whose order was cancelled, that you have not relisted.",
        "auctions selling",
        "auctions selling --part unsold -o csv --fields auction_id,title,current_bid,reserve",
        records=SELLING,
    )(selling)


def selling(
    ctx: typer.Context,
    part: Annotated[SellingFilter | None, typer.Option("--part", help="Those of one part.")] = None,
    limit: Limit = 50,
) -> None:
    """Print the auctions of the seller and their results."""
    with open_client(ctx) as (client, output):
        currency = client.auctions.selling_page(limit=1).currency
        found = client.auctions.selling(
            part=part.value if part else None, page_size=page_size(limit)
        )
        shown = itertools.islice(found, limit or None)
        output.many(SELLING, (own_record(each) for each in shown), currency)
