"""`instasell auctions bid` and `buy-now`: where money begins to move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.auctions.arguments import AuctionId
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem
from instasell_cli.input.amounts import optional_amount
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Yes, command
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.schemas import RECEIPT, record_of
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.auctions import AuctionView, BidReceipt


@dataclass(frozen=True)
class BidOptions:
    """A bid as typed; `key` makes a repeat of the command have its effect once."""

    amount: str | None = None
    maximum: str | None = None
    key: str | None = None
    yes: bool = False


def add_to(app: typer.Typer) -> None:
    """Declare the commands in the group of auctions."""
    command(
        app,
        "bid",
        "Bid an amount now, or up to a maximum. Up to a maximum, the market bids for you, never"
        " more than it takes. Exit 6 if the bid is too low or the auction is over.",
        "auctions bid ID 12.50",
        "auctions bid ID --max 20.00",
        "auctions bid ID 12.50 --max 20.00 --yes",
        records=RECEIPT,
    )(bid)
    command(
        app,
        "buy-now",
        "Buy at the buy-now price, which ends the auction.",
        "auctions buy-now ID",
        "auctions buy-now ID --amount 99.00 --yes",
        records=RECEIPT,
    )(buy_now)


def bid(
    ctx: typer.Context,
    auction_id: AuctionId,
    amount: Annotated[
        str | None, typer.Argument(help="What to offer now, as 12.50.", metavar="[AMOUNT]")
    ] = None,
    maximum: Annotated[
        str | None, typer.Option("--max", help="How far to go, as 20.00.", metavar="AMOUNT")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="Run again with the same key, the bid counts once."),
    ] = None,
    yes: Yes = False,
) -> None:
    """Read the options of a bid, and place it."""
    with open_client(ctx) as (client, output):
        run_bid(client, output, auction_id, BidOptions(amount, maximum, key, yes))


def run_bid(
    client: InstaSell, output: OutputWriter, auction_id: str, options: BidOptions
) -> BidReceipt:
    """Bid, and print the receipt. Raises BidTooLow, AlreadyLeading, AuctionNotOpen."""
    if options.amount is None and options.maximum is None:
        raise UsageProblem("give an amount, --max, or both")
    # The market's currency says what 12.50 is in minor units, so it is asked before every bid.
    view = client.auctions.get(auction_id)
    amount = optional_amount(options.amount, "AMOUNT", view.currency, least=1)
    maximum = optional_amount(options.maximum, "--max", view.currency, least=1)
    if not confirm(_question(view, amount, maximum), assume_yes=options.yes):
        raise CliError("no bid was placed")
    try:
        receipt = client.auctions.bid(
            auction_id, amount=amount, max_amount=maximum, idempotency_key=options.key
        )
    except Exception as error:
        raise _with_minimum(error, view.currency) from error
    output.one(RECEIPT, record_of(receipt), view.currency)
    output.note(_verdict(receipt, view.currency))
    return receipt


def buy_now(
    ctx: typer.Context,
    auction_id: AuctionId,
    amount: Annotated[
        str | None,
        typer.Option("--amount", help="Only at this price.", metavar="AMOUNT"),
    ] = None,
    yes: Yes = False,
) -> None:
    """Buy at the given price, or at the one that the auction has."""
    with open_client(ctx) as (client, output):
        run_buy_now(client, output, auction_id, amount, assume_yes=yes)


def run_buy_now(
    client: InstaSell,
    output: OutputWriter,
    auction_id: str,
    amount: str | None,
    *,
    assume_yes: bool,
) -> BidReceipt:
    """Buy, and print the receipt. Raises BuyNowUnavailable."""
    view = client.auctions.get(auction_id)
    price = optional_amount(amount, "--amount", view.currency, least=1) or view.state.buy_now
    if price is None:
        raise CliError("this auction has no buy-now price", ExitCode.CONFLICT)
    question = f"Buy {_title(view)} for {_money(price, view.currency)}{_shipping(view)}?"
    if not confirm(question, assume_yes=assume_yes):
        raise CliError("nothing was bought")
    receipt = client.auctions.buy_now(auction_id, price)
    output.one(RECEIPT, record_of(receipt), view.currency)
    return receipt


def _question(view: AuctionView, amount: int | None, maximum: int | None) -> str:
    currency = view.currency
    parts = [] if amount is None else [_money(amount, currency)]
    if maximum is not None:
        parts.append(f"up to {_money(maximum, currency)}")
    return f"Bid {' and '.join(parts)}{_shipping(view)} on {_title(view)}?"


def _shipping(view: AuctionView) -> str:
    amount = view.state.shipping_amount
    return f" (plus {_money(amount, view.currency)} shipping)" if amount else ""


def _title(view: AuctionView) -> str:
    return f'"{clean(view.state.title)}"'


def _money(amount: int, currency: str) -> str:
    return f"{shown_amount(amount, currency)} {currency}"


def _verdict(receipt: BidReceipt, currency: str) -> str:
    if receipt.outcome == "leading":
        late = "; the end moved" if receipt.auction_extended else ""
        return f"you lead at {shown_amount(receipt.current_bid, currency)}{late}"
    minimum = shown_amount(receipt.minimum_bid, currency)
    return f"outbid at once by a maximum; the minimum is {minimum} now"


def _with_minimum(error: Exception, currency: str) -> Exception:
    """Return the error with the minimum as an amount that can be typed."""
    from instasell_client import AlreadyLeading, BidTooLow

    if isinstance(error, BidTooLow | AlreadyLeading) and error.minimum is not None:
        told = f"{error.title}; the minimum is {shown_amount(error.minimum, currency)}"
        return CliError(told, ExitCode.CONFLICT)
    return error
