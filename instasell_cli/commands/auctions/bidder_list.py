"""`instasell auctions bidding`: where one bids, and what is to be done there."""

from __future__ import annotations

import itertools
from enum import StrEnum
from typing import Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.options import Limit, command, page_size
from instasell_cli.output.schemas import BIDDING, own_record


class BiddingFilter(StrEnum):
    """Select auctions by the position of the bidder."""

    TO_PAY = "to_pay"
    OUTBID = "outbid"
    LEADING = "leading"
    WON = "won"
    LOST = "lost"
    CANCELLED = "cancelled"


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "bidding",
        "List auctions that you bid on, those that need you first. The order is: to pay, outbid,"
        " leading, then those that are over. Each shows your maximum.",
        "auctions bidding",
        "auctions bidding --part outbid -o csv --fields auction_id,title,minimum_bid,end_at",
        records=BIDDING,
    )(bidding)


def bidding(
    ctx: typer.Context,
    part: Annotated[BiddingFilter | None, typer.Option("--part", help="Those of one part.")] = None,
    limit: Limit = 50,
) -> None:
    """Print the auctions of the bidder with their own maximum."""
    with open_client(ctx) as (client, output):
        currency = client.auctions.bidding_page(limit=1).currency
        found = client.auctions.bidding(
            part=part.value if part else None, page_size=page_size(limit)
        )
        shown = itertools.islice(found, limit or None)
        output.many(BIDDING, (own_record(each) for each in shown), currency)
