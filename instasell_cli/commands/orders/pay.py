"""`instasell orders pay` and `confirm-payment`: from the wallet, or on the provider's page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.orders.checkout_page import (
    PageOptions,
    prints_link_alone,
    show_page,
    wait_until_paid,
)
from instasell_cli.commands.orders.records import print_order
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Yes, command
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.error_hints import with_remedy
from instasell_cli.output.schemas import ORDER_VIEW
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.orders import OrderView

OrderId = Annotated[str, typer.Argument(help="The id of the order.", metavar="ID")]
Open = Annotated[bool, typer.Option("--open", help="Open the page, on a terminal.")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until it is paid.")]
Timeout = Annotated[
    str, typer.Option("--timeout", help="Longest time to wait, as 90s or 10m.", metavar="SPAN")
]


class Method(StrEnum):
    """Name the source of the money: the payment provider's page, or the buyer's wallet."""

    CARD = "card"
    WALLET = "wallet"


@dataclass(frozen=True)
class PayOptions:
    """Hold the options of a payment, as typed."""

    method: Method
    page: PageOptions
    yes: bool = False


def add_to(app: typer.Typer) -> None:
    """Declare both commands."""
    command(
        app,
        "pay",
        "Pay an order. By card, the link to the payment provider's page is printed; nothing is"
        " paid before you pay there. From the wallet, it is paid at once. Exit 6 when the"
        " wallet has too little, or the order does not wait to be paid; 1 when the provider"
        " refuses, or with --wait when the time is over.",
        "orders pay ID",
        "orders pay ID --open --wait --timeout 10m",
        "orders pay ID --method wallet --yes",
        records=ORDER_VIEW,
    )(pay)
    command(
        app,
        "confirm-payment",
        "Check with the payment provider that an order is paid. Exit 1 if it is not.",
        "orders confirm-payment ID",
        records=ORDER_VIEW,
    )(confirm_payment)


def pay(
    ctx: typer.Context,
    order_id: OrderId,
    method: Annotated[
        Method, typer.Option("--method", help="Pay by card, or from the wallet.")
    ] = Method.CARD,
    opens: Open = False,
    waits: Wait = False,
    timeout: Timeout = "15m",
    yes: Yes = False,
) -> None:
    """Read how to pay, and pay."""
    options = PayOptions(method, PageOptions(opens, waits, timeout), yes)
    with open_client(ctx) as (client, output):
        run_pay(client, output, order_id, options)


def run_pay(
    client: InstaSell, output: OutputWriter, order_id: str, options: PayOptions
) -> OrderView:
    """Pay, or show where to. Raises InsufficientFunds, OrderNotReady, PaymentFailed."""
    if options.method is Method.WALLET:
        if options.page.opens or options.page.waits:
            raise UsageProblem("--open and --wait go with --method card; a wallet pays at once")
        return _pay_from_wallet(client, output, order_id, assume_yes=options.yes)
    # A wrong span is reported before anything is begun.
    options.page.timeout_seconds()
    begun = client.orders.pay(order_id, "card")
    show_page(output, begun.checkout_url, options.page)
    if not options.page.waits:
        if prints_link_alone(output):
            output.note(f"{_money(begun)} is paid there; {_confirming(order_id)} tells when it is")
        else:
            print_order(output, begun)
        return begun
    paid = wait_until_paid(lambda: _paid(client, order_id), options.page)
    output.note(f"paid: {_money(paid)} for {_title(paid)}")
    if not prints_link_alone(output):
        print_order(output, paid)
    return paid


def _pay_from_wallet(
    client: InstaSell, output: OutputWriter, order_id: str, *, assume_yes: bool
) -> OrderView:
    view = client.orders.get(order_id)
    question = f"Pay {_money(view)} for {_title(view)} from the wallet?"
    if not confirm(question, assume_yes=assume_yes):
        raise CliError("nothing was paid")
    try:
        paid = client.orders.pay(order_id, "wallet")
    except Exception as error:
        raise with_remedy(error, view.order.currency) from error
    print_order(output, paid)
    return paid


def _paid(client: InstaSell, order_id: str) -> OrderView | None:
    view = client.orders.confirm_payment(order_id)
    if view.order.paid_at is None and view.order.status.value == "cancelled":
        raise CliError("the order is cancelled", ExitCode.CONFLICT)
    return view if view.order.paid_at is not None else None


def confirm_payment(ctx: typer.Context, order_id: OrderId) -> None:
    """Have the server ask the provider; raise CliError when it is not paid."""
    with open_client(ctx) as (client, output):
        view = client.orders.confirm_payment(order_id)
        print_order(output, view)
        if view.order.paid_at is None:
            raise CliError("the order is not paid")


def _confirming(order_id: str) -> str:
    return f"instasell orders confirm-payment {order_id}"


def _money(view: OrderView) -> str:
    order = view.order
    return f"{shown_amount(order.total_amount, order.currency)} {order.currency}"


def _title(view: OrderView) -> str:
    return f'"{clean(view.order.title)}"'
