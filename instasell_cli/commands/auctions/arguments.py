"""Arguments and options that several commands of auctions take."""

from __future__ import annotations

from typing import Annotated

import typer

AuctionId = Annotated[str, typer.Argument(help="The id of the auction.", metavar="ID")]
AuctionIds = Annotated[list[str], typer.Argument(help="The ids of auctions.", metavar="ID...")]
MinBid = Annotated[str | None, typer.Option(help="The lowest first bid.", metavar="AMOUNT")]
Reserve = Annotated[
    str | None, typer.Option(help="Sell nothing below it; nobody sees it.", metavar="AMOUNT")
]
BuyNow = Annotated[
    str | None, typer.Option(help="The price that ends it at once.", metavar="AMOUNT")
]
Duration = Annotated[
    str | None, typer.Option("--duration", help="As 90s, 10m or 1d12h.", metavar="SPAN")
]
When = Annotated[
    str | None, typer.Option(help="As 2030-01-31T18:00 (local) or +10m.", metavar="TIME")
]
