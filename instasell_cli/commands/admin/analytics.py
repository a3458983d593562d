"""`instasell admin analytics`: what happened in the market, as records or as bars."""

from __future__ import annotations

from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.context import open_client
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.input.times import parse_instant
from instasell_cli.options import command
from instasell_cli.output.bar_chart import bars
from instasell_cli.output.schemas import FIGURES, record_of

if TYPE_CHECKING:
    from datetime import datetime

    from instasell_client.models.admin import Analytics


class BucketOption(StrEnum):
    """Name the span of time that is counted together."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class Figure(StrEnum):
    """Name the number that the bars show."""

    REGISTRATIONS = "registrations"
    LISTINGS = "listings"
    AUCTIONS_STARTED = "auctions_started"
    ACTIVE_AUCTIONS = "active_auctions"
    BIDS = "bids"
    BIDS_PER_AUCTION = "bids_per_auction"
    ORDERS = "orders"
    ORDERS_PAID = "orders_paid"
    GROSS_AMOUNT = "gross_amount"
    PAYMENTS_SUCCEEDED = "payments_succeeded"
    PAYMENTS_FAILED = "payments_failed"
    PAYMENT_SUCCESS_RATE = "payment_success_rate"
    REFUNDS = "refunds"
    REFUNDED_AMOUNT = "refunded_amount"
    ORDERS_DELIVERED = "orders_delivered"


def analytics(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option("--from", help="As 2030-01-31T18:00.", metavar="TIME")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="The same.", metavar="TIME")] = None,
    bucket: Annotated[
        BucketOption, typer.Option("--bucket", help="Counted together, in UTC; weeks from Monday.")
    ] = BucketOption.DAY,
    plot: Annotated[
        Figure | None,
        typer.Option(
            "--plot",
            help=f"Draw bars of one figure, {Figure.GROSS_AMOUNT.value} unless it is named:"
            f" {', '.join(Figure)}.",
            metavar="[FIGURE]",
        ),
    ] = None,
) -> None:
    """Print a record for each span of time, or draw one figure as bars."""
    with open_client(ctx) as (client, output):
        if plot is not None and (not output.for_people or output.fields):
            raise UsageProblem("--plot draws for people; leave -o and --fields out")
        found = client.admin.analytics(
            from_at=_instant(since, "--from"), to_at=_instant(until, "--to"), bucket=bucket.value
        )
        if plot is not None:
            for line in _plot(found, plot):
                output.text(line)
            return
        records = ({**record_of(each), "currency": found.currency} for each in found.items)
        output.many(FIGURES, records, found.currency)


def add_to(desk: typer.Typer) -> None:
    """Declare the command."""
    command(
        desk,
        "analytics",
        "Show market activity by hour, day or week. The default is the last 30 days. Hours, days"
        " and weeks begin in UTC, also with --plot.",
        "admin analytics",
        "admin analytics --bucket hour --plot bids",
        "admin analytics --from 2030-01-01 --bucket week -o csv",
        bare={"--plot": Figure.GROSS_AMOUNT.value},
        records=FIGURES,
    )(analytics)


def _instant(text: str | None, option: str) -> datetime | None:
    return None if text is None else parse_instant(text, option)


def _plot(found: Analytics, figure: Figure) -> list[str]:
    is_money = figure.value in FIGURES.amounts
    unit = f", {found.currency}" if is_money else ""
    head = f"{figure.value.replace('_', ' ')}{unit}, by {found.bucket.value} in UTC"
    form = "%Y-%m-%d %H:00" if found.bucket.value == "hour" else "%Y-%m-%d"
    labels = [f"{each.start_at.astimezone(UTC):{form}}" for each in found.items]
    values = [getattr(each, figure.value) for each in found.items]
    return [head, *bars(labels, values, [_text(value, figure, found) for value in values])]


def _text(value: float | None, figure: Figure, found: Analytics) -> str:
    from instasell_client.models.money import format_amount

    if value is None:
        return "-"
    if figure.value in FIGURES.amounts:
        return format_amount(int(value), found.currency, grouping=True)
    if figure is Figure.PAYMENT_SUCCESS_RATE:
        return f"{value:.0%}"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
