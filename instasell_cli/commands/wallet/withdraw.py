"""`instasell wallet withdraw`, and the account that the money goes to."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_cli.commands.wallet.app import app
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError
from instasell_cli.input.amounts import typed_amount
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Key, Limit, Yes, command, page_size
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.error_hints import with_remedy
from instasell_cli.output.schemas import PAYOUT_ACCOUNT, WITHDRAWAL, record_of

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.wallets import Withdrawal


@command(
    app,
    "payout-account",
    "Show your account at the payment provider. Withdrawals go to it. The page that is"
    " still to be filled in is shown, too. The account is created when you first ask for it.",
    "wallet payout-account",
    "wallet payout-account -o json --fields onboarding_url",
    records=PAYOUT_ACCOUNT,
)
def payout_account(ctx: typer.Context) -> None:
    """Print the account, and say when its page is not filled in yet."""
    with open_client(ctx) as (client, output):
        found = client.wallet.payout_account()
        output.one(PAYOUT_ACCOUNT, record_of(found))
        if not found.ready:
            output.note("open the page and fill it in; then money can be sent to you")


@command(
    app,
    "withdraw",
    "Withdraw money to your account at the payment provider. What it refuses comes"
    " back. Money that you paid in by card can be spent at once, and leaves after some days:"
    " `wallet show` says when. Exit 4 when your address is not verified, 6 when you have too"
    " little, when it cannot leave yet, or without an account.",
    "wallet withdraw 20.00",
    "wallet withdraw 20.00 --yes",
    records=WITHDRAWAL,
)
def withdraw(
    ctx: typer.Context,
    amount: Annotated[str, typer.Argument(help="How much, as 20.00.", metavar="AMOUNT")],
    key: Key = None,
    yes: Yes = False,
) -> None:
    """Withdraw an amount after a question."""
    with open_client(ctx) as (client, output):
        run_withdraw(client, output, amount, key, assume_yes=yes)


def run_withdraw(
    client: InstaSell, output: OutputWriter, typed: str, key: str | None, *, assume_yes: bool
) -> Withdrawal:
    """Withdraw. Raises NotVerified, NoPayoutAccount, InsufficientFunds, FundsHeld."""
    wallet = client.wallet.get()
    amount = typed_amount(typed, "AMOUNT", wallet.currency, least=1)
    shown = f"{shown_amount(amount, wallet.currency)} {wallet.currency}"
    free = wallet.balance if wallet.withdrawable_amount is None else wallet.withdrawable_amount
    has = f"{shown_amount(free, wallet.currency)} {wallet.currency}"
    question = f"Send {shown} to your account at the payment provider? You can withdraw {has}."
    if not confirm(question, assume_yes=assume_yes):
        raise CliError("nothing was withdrawn")
    try:
        made = client.wallet.withdraw(amount, idempotency_key=key)
    except Exception as error:
        raise with_remedy(error, wallet.currency) from error
    output.one(WITHDRAWAL, record_of(made), wallet.currency)
    return made


@command(
    app,
    "withdrawals",
    "List your withdrawals and their status, the newest first.",
    "wallet withdrawals",
    "wallet withdrawals -o csv --fields created_at,amount,status",
    records=WITHDRAWAL,
)
def withdrawals(
    ctx: typer.Context,
    limit: Limit = 50,
) -> None:
    """Print the withdrawals of the account."""
    with open_client(ctx) as (client, output):
        found = client.wallet.withdrawals(page_size=page_size(limit))
        currency = client.wallet.get().currency
        records = (record_of(each) for each in itertools.islice(found, limit or None))
        output.many(WITHDRAWAL, records, currency)


__all__ = ["app"]
