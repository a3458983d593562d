"""`instasell wallet`: money to pay with, gas to list with, and the ledger of both."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
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
from instasell_cli.commands.orders.pay import Open, Timeout, Wait
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError
from instasell_cli.input.amounts import typed_amount
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Key, Limit, Yes, command, group, page_size
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.error_hints import with_remedy
from instasell_cli.output.schemas import FEATURED, TOP_UP, WALLET, WALLET_ENTRY, record_of
from instasell_cli.output.times import local_text
from instasell_cli.output.writer import Format, clean

if TYPE_CHECKING:
    from instasell_cli.output.writer import OutputWriter
    from instasell_client import InstaSell
    from instasell_client.models.wallets import TopUpReply, UseGasReply, Wallet, WalletEntry

app = group(
    "Show balance, gas and transactions; top up and withdraw.",
    "wallet show",
    "wallet topup 50.00 --open --wait",
    "wallet history --account balance",
    "wallet withdraw 20.00",
)

ENTRIES_LOOKED_AT = 100


class WalletAccountOption(StrEnum):
    """The two accounts of a wallet."""

    BALANCE = "balance"
    GAS = "gas"


@dataclass(frozen=True)
class TopUpOptions:
    """A top-up as typed; `key` makes a repeat of the command have its effect once."""

    amount: str
    target: WalletAccountOption
    page: PageOptions
    key: str | None = None


@command(
    app,
    "show",
    "Show your balance and gas, and what you can withdraw now. Money is shown as 12.50,"
    " gas as a whole number. Money of card payments is spent at once and withdrawn later.",
    "wallet show",
    "wallet show -o json --fields balance,gas_balance",
    records=WALLET,
)
def show(ctx: typer.Context) -> None:
    """Print the wallet, and say what cannot be withdrawn yet."""
    with open_client(ctx) as (client, output):
        found = client.wallet.get()
        output.one(WALLET, record_of(found), found.currency)
        for line in _what_stays(found):
            output.note(line)


def _what_stays(wallet: Wallet) -> Iterator[str]:
    """Say why not all of a balance can be withdrawn, and until when."""
    for each in wallet.held:
        amount = f"{shown_amount(each.amount, wallet.currency)} {wallet.currency}"
        since = local_text(each.free_at.isoformat())
        yield f"{amount} can be spent now, and withdrawn from {since} on"
    if wallet.owed_amount:
        amount = f"{shown_amount(wallet.owed_amount, wallet.currency)} {wallet.currency}"
        yield f"{amount} is kept for a payment that a bank has taken back"
    if wallet.payouts_stopped:
        yield "nothing can be withdrawn: a bank has taken a payment back; write to the market"


@command(
    app,
    "history",
    "List transactions of your money and gas. The newest first, each with the balance after it.",
    "wallet history",
    "wallet history --account balance --limit 0 -o csv",
    records=WALLET_ENTRY,
)
def history(
    ctx: typer.Context,
    account: Annotated[
        WalletAccountOption | None,
        typer.Option("--account", help="Filter by account: money or gas."),
    ] = None,
    limit: Limit = 50,
) -> None:
    """Print the ledger entries of the wallet, page by page."""
    with open_client(ctx) as (client, output):
        found = client.wallet.entries(
            account=account.value if account else None, page_size=page_size(limit)
        )
        shown = itertools.islice(found, limit or None)
        currency = client.wallet.get().currency
        records = (_entry_record(entry, output) for entry in shown)
        output.many(WALLET_ENTRY, records, currency)


def _entry_record(entry: WalletEntry, output: OutputWriter) -> Mapping[str, object]:
    record = record_of(entry)
    if entry.account.value == WalletAccountOption.GAS and (
        output.for_people or output.form is Format.CSV
    ):
        # Gas has no decimals; as text it is not taken for money.
        texts = {"amount": str(entry.amount), "balance_after": str(entry.balance_after)}
        return {**record, **texts}
    return record


@command(
    app,
    "topup",
    "Put money into your wallet, or buy gas for it. The link to the payment provider's page is"
    " printed; nothing is paid before you pay there. A minor unit of money, as a cent, buys"
    " one unit of gas.",
    "wallet topup 50.00",
    "wallet topup 50.00 --open --wait",
    "wallet topup 5.00 --gas",
    records=TOP_UP,
)
def topup(
    ctx: typer.Context,
    amount: Annotated[str, typer.Argument(help="How much to pay, as 50.00.", metavar="AMOUNT")],
    gas: Annotated[bool, typer.Option("--gas", help="Buy gas with it.")] = False,
    opens: Open = False,
    waits: Wait = False,
    timeout: Timeout = "15m",
    key: Key = None,
) -> None:
    """Read the options of a payment, and begin it."""
    target = WalletAccountOption.GAS if gas else WalletAccountOption.BALANCE
    options = TopUpOptions(amount, target, PageOptions(opens, waits, timeout), key)
    with open_client(ctx) as (client, output):
        run_topup(client, output, options)


def run_topup(client: InstaSell, output: OutputWriter, options: TopUpOptions) -> TopUpReply:
    """Begin a payment, and show where it is paid. Raises PaymentFailed, Unavailable."""
    # A wrong span is reported before anything is begun.
    options.page.timeout_seconds()
    currency = client.wallet.get().currency
    amount = typed_amount(options.amount, "AMOUNT", currency, least=1)
    begun = client.wallet.top_up(amount, options.target.value, idempotency_key=options.key)
    # The same key again, after it was paid, has no page any more.
    paid = begun.checkout_url is None and _booked(client, begun)
    if not paid:
        show_page(output, begun.checkout_url, options.page)
        if options.page.waits:
            paid = wait_until_paid(lambda: _booked(client, begun) or None, options.page)
    if paid:
        output.note(f"paid: the wallet has {_has(client.wallet.get())}")
    elif prints_link_alone(output):
        bought = f" for {amount} gas" if options.target is WalletAccountOption.GAS else ""
        output.note(f"{shown_amount(amount, currency)} {currency}{bought} is paid there")
    if not prints_link_alone(output):
        status = "succeeded" if paid else begun.status.value
        output.one(TOP_UP, {**record_of(begun), "status": status}, currency)
    return begun


def _booked(client: InstaSell, begun: TopUpReply) -> bool:
    page = client.wallet.entries_page(account=begun.target.value, limit=ENTRIES_LOOKED_AT)
    return any(entry.reference == begun.payment_id for entry in page.items)


def _has(wallet: Wallet) -> str:
    money = f"{shown_amount(wallet.balance, wallet.currency)} {wallet.currency}"
    return f"{money} and {wallet.gas_balance} gas"


@command(
    app,
    "feature",
    "Spend gas to show an auction of yours before others. Each time adds 24 hours. Exit 6 if"
    " you have too little, or the auction is over.",
    "wallet feature AUCTION",
    "wallet feature AUCTION --yes",
    records=FEATURED,
)
def feature(
    ctx: typer.Context,
    auction_id: Annotated[str, typer.Argument(help="The id of the auction.", metavar="AUCTION")],
    key: Key = None,
    yes: Yes = False,
) -> None:
    """Spend gas on an auction after a question."""
    with open_client(ctx) as (client, output):
        run_feature(client, output, auction_id, key, assume_yes=yes)


def run_feature(
    client: InstaSell, output: OutputWriter, auction_id: str, key: str | None, *, assume_yes: bool
) -> UseGasReply:
    """Feature an auction. Raises InsufficientGas, AuctionNotFound, AuctionNotOpen."""
    view = client.auctions.get(auction_id)
    before = client.wallet.get()
    question = (
        f'Spend gas to show "{clean(view.state.title)}" before others for 24 hours?'
        f" You have {before.gas_balance}."
    )
    if not confirm(question, assume_yes=assume_yes):
        raise CliError("no gas was spent")
    try:
        reply = client.wallet.use_gas(auction_id, idempotency_key=key)
    except Exception as error:
        raise with_remedy(error, before.currency) from error
    record = record_of(reply)
    left = reply.wallet.gas_balance
    output.one(FEATURED, {**record, "gas_balance": left}, before.currency)
    return reply
