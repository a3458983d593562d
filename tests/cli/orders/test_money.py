"""Orders and the wallet from the shell: buying, paying, shipping, and money that goes back."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from instasell_client import AsyncInstaSell
from tests.cli.auctions.test_auctions import OnTerminal
from tests.cli.conftest import Shell
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer

MISSING = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
HOME = {
    "name": "Bob Lee",
    "line1": "5 Mill Lane",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}
Shells = Callable[..., Shell]
Sql = Callable[..., list[tuple[Any, ...]]]
Fund = Callable[[str, int], None]
PayPage = Callable[..., Awaitable[None]]


@pytest.fixture
async def paying_market(paying_server: RunningServer, sql: Sql) -> AsyncIterator[Market]:
    """A market on a server whose payments go to a provider."""
    async with open_market(paying_server.base_url, sql) as opened:
        yield opened


async def fixed_price_listing(market: Market, seller: AsyncInstaSell, title: str = "A lamp") -> str:
    """Five lamps at 10.00 each, 2.50 shipping."""
    made = await seller.listings.create(
        type="direct", title=title, category_id=market.category(), condition="new",
        price=1000, stock=5, shipping_amount=250,
    )  # fmt: skip
    return made.id


async def ordered(market: Market, fund: Fund, *, money: int = 5000) -> tuple[Any, Any, str]:
    """The seller, a buyer with money, and an order of a lamp."""
    seller, buyer = await market.seller(), await market.bidder()
    fund((await buyer.auth.me()).id, money)
    bought = await buyer.orders.buy(await fixed_price_listing(market, seller))
    return seller, buyer, bought.order.id


async def test_from_a_purchase_to_the_sellers_money(
    market: Market, shell_of: Shells, fund: Fund, tmp_path: Path
) -> None:
    owner, customer = await market.seller(), await market.bidder()
    fund((await customer.auth.me()).id, 5000)
    seller, buyer = shell_of(owner), shell_of(customer)
    (tmp_path / "home.json").write_text(json.dumps(HOME))
    listing_id = await fixed_price_listing(market, owner)
    bought = await buyer.run(
        *("orders", "buy", listing_id, "-n", "2", "--ship-to", "home.json", "--yes"),
        *("-o", "json"),
    )
    order = json.loads(bought.out)
    assert (bought.code, order["status"], order["total_amount"]) == (0, "pending", 2250)
    assert order["address"]["city"] == "Berlin"
    order_id = order["id"]
    assert "the buyer pays 22.50 USD by 20" in order["due"]
    paid = await buyer.run("orders", "pay", order_id, "--method", "wallet", "--yes", "-o", "json")
    assert json.loads(paid.out)["payment_method"] == "wallet"
    listed = await seller.run(
        *("orders", "list", "--role", "seller", "--status", "processing"),
        *("-o", "csv", "--fields", "id,total_amount,quantity"),
    )
    assert listed.out == f"id,total_amount,quantity\n{order_id},22.50,2\n"
    shipped = await seller.run(
        *("orders", "ship", order_id, "--carrier", "DHL", "--tracking", "00340"),
    )
    assert "tracking\t00340\n" in shipped.out
    assert "due\tthe buyer confirms that it has come" in shipped.out
    assert "address\tBob Lee 5 Mill Lane 10115 Berlin DE\n" in shipped.out
    done = await buyer.run("orders", "confirm", order_id, "--yes")
    assert (done.code, "status\tdelivered\n" in done.out) == (0, True)
    assert "processing: paid by wallet (buyer)" in done.out
    assert "due\t" not in done.out
    purse = await seller.run("wallet", "show", "--fields", "balance,gas_balance,currency")
    assert purse.out == "balance\t22.50\ngas_balance\t100000\ncurrency\tUSD\n"


async def test_the_history_of_a_wallet(market: Market, shell_of: Shells, fund: Fund) -> None:
    seller, buyer, order_id = await ordered(market, fund)
    await buyer.orders.pay(order_id, "wallet")
    await market.auction(seller)
    shell = shell_of(buyer)
    written = await shell.run("wallet", "history", "--account", "balance", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(written.out)))
    assert [(row["type"], row["amount"], row["balance_after"]) for row in rows] == [
        ("hold", "-12.50", "37.50"),
        ("topup", "50.00", "50.00"),
    ]
    assert rows[0]["order_id"] == order_id
    lines = (await shell.run("wallet", "history", "-o", "jsonl", "--limit", "1")).out.splitlines()
    assert [json.loads(line)["amount"] for line in lines] == [-1250]
    gas = await shell_of(seller).run("wallet", "history", "--fields", "account,type,amount")
    assert gas.out == "account\ttype\tamount\ngas\tgas\t-50\ngas\ttopup\t100000\n"


async def test_money_goes_back(market: Market, shell_of: Shells, fund: Fund) -> None:
    owner, buyer, order_id = await ordered(market, fund)
    await buyer.orders.pay(order_id, "wallet")
    seller = shell_of(owner)
    part = ("orders", "refund", order_id, "--amount", "2.50", "--key", "once", "--yes")
    for _ in range(2):
        done = await seller.run(*part, "--reason", "no box", "-o", "json")
        assert (done.code, json.loads(done.out)["held_amount"]) == (0, 1000)
    much = await seller.run("orders", "refund", order_id, "--amount", "10.01", "--yes")
    assert (much.code, much.out) == (2, "")
    rest = await seller.run("orders", "refund", order_id, "--to", "wallet", "--yes", "-o", "json")
    assert json.loads(rest.out)["status"] == "cancelled"
    assert (await buyer.wallet.get()).balance == 5000


async def test_an_order_is_cancelled(market: Market, shell_of: Shells, fund: Fund) -> None:
    _, customer, order_id = await ordered(market, fund)
    done = await shell_of(customer).run("orders", "cancel", order_id, "--reason", "no", "--yes")
    assert (done.code, "status\tcancelled\n" in done.out) == (0, True)
    assert "cancelled: no (buyer)" in done.out


async def test_an_address_is_typed_or_read(market: Market, shell_of: Shells, fund: Fund) -> None:
    _, customer, order_id = await ordered(market, fund)
    shell = shell_of(customer)
    typed = [part for name, value in HOME.items() for part in (_option(name), value)]
    said = await shell.run("orders", "address", order_id, *typed, "--region", "Mitte", "-o", "json")
    assert json.loads(said.out)["address"] == {**HOME, "line2": "", "region": "Mitte"}
    piped = await shell.run(
        *("orders", "address", order_id, "--ship-to", "-", "-o", "json"), stdin=json.dumps(HOME)
    )
    assert json.loads(piped.out)["address"]["region"] == ""
    bad = {**HOME, "country": "Germany", "model": "T"}
    cases = (
        (typed[:-2], "", "--country"),
        ((*typed, "--ship-to", "-"), json.dumps(HOME), "either --ship-to or"),
        (("--ship-to", "-"), "[1, 2]", "it is not an address"),
        (("--ship-to", "-"), "{", "it is not an address"),
        (("--ship-to", "nowhere.json"), "", "nowhere.json"),
        (("--ship-to", "-"), json.dumps(bad), "country: "),
        (("--ship-to", "-"), json.dumps(bad), "model: "),
    )
    for words, stdin, message in cases:
        done = await shell.run("orders", "address", order_id, *words, stdin=stdin)
        assert (done.code, done.out) == (2, ""), (words, done.err)
        assert message in done.err, words


async def test_an_address_is_asked_for_on_a_terminal(
    market: Market, shell_of: Shells, fund: Fund
) -> None:
    _, customer, order_id = await ordered(market, fund)
    terminal = OnTerminal(shell_of(customer), "orders", "address", order_id, "--region", "Mitte")
    answers = "".join(f"{value}\n" for value in {**HOME, "country": "de"}.values())
    code, shown = await terminal.run(answers, "Name: ")
    assert code == 0, shown
    found = (await customer.orders.get(order_id)).order.address
    assert found is not None
    assert found.model_dump() == {**HOME, "line2": "", "region": "Mitte"}


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


async def test_refusals_have_exit_codes_and_say_what_helps(
    market: Market, shell_of: Shells, shell: Shell, fund: Fund
) -> None:
    owner, customer, order_id = await ordered(market, fund, money=1000)
    seller, buyer, stranger = shell_of(owner), shell_of(customer), shell_of(await market.bidder())
    listing_id, hammer = await fixed_price_listing(market, owner), await market.listing(owner)
    ship = ("orders", "ship", order_id, "--carrier", "DHL", "--tracking", "1")
    wallet = ("--method", "wallet", "--yes")
    pay = ("orders", "pay", order_id)
    cases = (
        (buyer, (*pay, *wallet), 6, "2.50 USD more is needed (instasell wallet topup 2.50)"),
        (seller, (*pay, *wallet), 4, "only the buyer"),
        (buyer, (*pay, *wallet, "--wait"), 2, "--method card"),
        (buyer, (*pay, "--wait", "--timeout", "soon"), 2, "--timeout"),
        (stranger, (*pay, *wallet), 5, "no such order"),
        (stranger, ("orders", "show", order_id), 5, ""),
        (shell, ("orders", "list"), 4, "auth login"),
        (shell, ("wallet", "show"), 4, "auth login"),
        (seller, ship, 6, "it is not paid yet"),
        (buyer, ("orders", "confirm", order_id, "--yes"), 6, "it is not paid yet"),
        (buyer, ("orders", "refund", order_id, "--yes"), 4, "only the seller can refund"),
        (seller, ("orders", "cancel", order_id, "--yes"), 4, ""),
        (buyer, ("orders", "buy", listing_id, "-n", "6", "--yes"), 6, "5 are left"),
        (buyer, ("orders", "buy", MISSING, "--yes"), 5, ""),
        (buyer, ("orders", "buy", hammer, "--yes"), 2, "auctions bid"),
        (buyer, ("orders", "buy", listing_id, "-n", "0", "--yes"), 2, ""),
        (seller, ("orders", "buy", listing_id, "--yes"), 4, "own listing"),
        (buyer, ("wallet", "topup", "50,00"), 2, "AMOUNT"),
        (buyer, ("wallet", "topup", "5", "--wait", "--timeout", "soon"), 2, "--timeout"),
        (seller, ("wallet", "feature", MISSING, "--yes"), 5, ""),
        (buyer, ("orders", "list", "--fields", "prize"), 2, "total_amount"),
    )
    ended = await asyncio.gather(*(each.run(*words) for each, words, _, _ in cases))
    for (_, words, code, said), done in zip(cases, ended, strict=True):
        assert (done.code, done.out) == (code, ""), (words, done.err)
        assert said in done.err, (words, done.err)
        assert "Traceback" not in done.err
    asked = await buyer.run("orders", "confirm-payment", order_id)
    assert (asked.code, "status\tpending\n" in asked.out) == (1, True)
    assert "not paid" in asked.err


async def test_too_little_gas_is_reported_with_what_is_missing(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    owner = await market.seller()
    listing_id, auction_id = await market.listing(owner), await market.auction(owner)
    shell = shell_of(owner)
    sql("UPDATE wallets SET gas_balance = 30")
    featured = await shell.run("wallet", "feature", auction_id, "--yes", "-o", "json")
    assert (featured.code, json.loads(featured.out)["gas_balance"]) == (0, 10)
    for words, missing, price in (
        (("auctions", "create", listing_id, "--min-bid", "1", "--duration", "1h"), 40, "0.40"),
        (("wallet", "feature", auction_id, "--yes"), 10, "0.10"),
    ):
        done = await shell.run(*words)
        assert (done.code, done.out) == (6, "")
        assert f"{missing} gas more is needed (instasell wallet topup {price} --gas)" in done.err


async def test_off_a_terminal_money_needs_yes(market: Market, shell_of: Shells, fund: Fund) -> None:
    owner, customer, order_id = await ordered(market, fund)
    auction_id = await market.auction(owner)
    seller, buyer = shell_of(owner), shell_of(customer)
    listing_id = await fixed_price_listing(market, owner)
    cases = (
        (buyer, ("orders", "buy", listing_id)),
        (buyer, ("orders", "pay", order_id, "--method", "wallet")),
        (buyer, ("orders", "confirm", order_id)),
        (buyer, ("orders", "cancel", order_id)),
        (seller, ("orders", "refund", order_id)),
        (seller, ("wallet", "feature", auction_id)),
    )
    ended = await asyncio.gather(*(each.run(*words) for each, words in cases))
    for (_, words), done in zip(cases, ended, strict=True):
        assert (done.code, done.out) == (2, ""), words
        assert "--yes" in done.err, words
    assert [each.id async for each in customer.orders.list()] == [order_id]
    assert (await customer.orders.get(order_id)).order.status == "pending"


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
async def test_a_payment_is_confirmed_on_a_terminal(
    market: Market, shell_of: Shells, fund: Fund, answer: str, code: int
) -> None:
    _, customer, order_id = await ordered(market, fund)
    terminal = OnTerminal(shell_of(customer), "orders", "pay", order_id, "--method", "wallet")
    ended, shown = await terminal.run(answer, "[y/N]")
    assert 'Pay 12.50 USD for "A lamp" from the wallet?' in shown
    assert ended == code
    assert (await customer.wallet.get()).balance == (5000 if code else 3750)


async def test_what_others_wrote_steers_no_terminal(
    market: Market, shell_of: Shells, fund: Fund, sql: Sql
) -> None:
    _, customer, order_id = await ordered(market, fund)
    hostile = "a\x1b[2J\u202eb\n2030-01-01 00:00:00  delivered: all is well"
    sql(
        "INSERT INTO order_events (order_id, to_status, reason) VALUES (%s, 'pending', %s)",
        order_id,
        hostile,
    )
    sql("UPDATE listings SET title = %s", "A \x1b]0;lamp\x07 [b]")
    sql("UPDATE users SET display_name = %s WHERE role = 'seller'", "Sue\x9b2J")
    shell = shell_of(customer)
    for form in ("table", "json", "jsonl", "csv"):
        for words in (("orders", "show", order_id), ("orders", "list")):
            done = await shell.run(*words, "-o", form)
            assert done.code == 0, done.err
            assert not any(char in done.out for char in "\x1b\x9b\u202e\x07"), (form, words)
    _, shown = await OnTerminal(shell, "orders", "show", order_id).run("", "never asked")
    assert "\u202e" not in shown
    assert "\x1b[2J" not in shown
    # A line break in a reason makes no line of its own, which would pass for an event.
    assert not any("2030-01-01" in line and "pending" not in line for line in shown.splitlines())


async def test_a_card_pays_on_the_providers_page(
    paying_market: Market, fund: Fund, tmp_path: Path, pay_page: PayPage
) -> None:
    market = paying_market
    _, customer, order_id = await ordered(market, fund)
    shell = Shell(market.base_url, tmp_path, customer.token)
    begun = await shell.run("orders", "pay", order_id)
    assert begun.code == 0, begun.err
    assert begun.out.startswith("http://")
    assert begun.out.count("\n") == 1
    assert "12.50 USD is paid there" in begun.err
    as_json = await shell.run("orders", "pay", order_id, "--open", "-o", "json")
    assert json.loads(as_json.out)["checkout_url"] == begun.out.strip()
    assert "not opened" in as_json.err
    asked = await shell.run("orders", "confirm-payment", order_id, "--fields", "status")
    assert (asked.code, asked.out) == (1, "status\tpending\n")
    late = await shell.run("orders", "pay", order_id, "--wait", "--timeout", "0")
    assert (late.code, late.out) == (1, begun.out)
    assert "it was not paid within 0s" in late.err
    await pay_page(begun.out.strip())
    asked = await shell.run("orders", "confirm-payment", order_id, "--fields", "status")
    assert (asked.code, asked.out) == (0, "status\tprocessing\n")
    again = await shell.run("orders", "pay", order_id)
    assert (again.code, again.out) == (6, "")


@pytest.mark.parametrize("form", ["table", "json"])
async def test_waiting_until_an_order_is_paid(
    paying_market: Market, fund: Fund, tmp_path: Path, pay_page: PayPage, form: str
) -> None:
    market = paying_market
    _, customer, order_id = await ordered(market, fund)
    shell = Shell(market.base_url, tmp_path, customer.token)
    process = await shell.start("orders", "pay", order_id, "--wait", "-o", form)
    assert process.stdout is not None
    assert process.stderr is not None
    stream = process.stdout if form == "table" else process.stderr
    line = (await stream.readline()).decode()
    await pay_page(line.removeprefix("pay here: ").strip())
    out, err = await process.communicate()
    assert process.returncode == 0, err
    assert 'paid: 12.50 USD for "A lamp"' in err.decode()
    assert (json.loads(out)["status"] if out else None) == (
        "processing" if form == "json" else None
    )


async def test_waiting_ends_when_the_order_is_cancelled(
    paying_market: Market, fund: Fund, tmp_path: Path
) -> None:
    market = paying_market
    _, customer, order_id = await ordered(market, fund)
    shell = Shell(market.base_url, tmp_path, customer.token)
    process = await shell.start("orders", "pay", order_id, "--wait")
    assert process.stdout is not None
    await process.stdout.readline()
    await customer.orders.cancel(order_id)
    _, err = await process.communicate()
    assert process.returncode == 6
    assert b"the order is cancelled" in err


@pytest.mark.parametrize(("words", "money", "gas"), [((), 5000, 100_000), (("--gas",), 0, 105_000)])
async def test_a_wallet_is_topped_up(
    paying_market: Market,
    tmp_path: Path,
    pay_page: PayPage,
    words: tuple[str, ...],
    money: int,
    gas: int,
) -> None:
    customer = await paying_market.bidder()
    shell = Shell(paying_market.base_url, tmp_path, customer.token)
    arguments = ("wallet", "topup", "50.00", *words, "--key", "once")
    begun = await shell.run(*arguments)
    assert begun.code == 0, begun.err
    assert "50.00 USD" in begun.err
    assert ("for 5000 gas" in begun.err) is bool(words)
    process = await shell.start(*arguments, "--wait")
    assert process.stdout is not None
    assert (await process.stdout.readline()).decode() == begun.out
    await pay_page(begun.out.strip())
    _, err = await process.communicate()
    assert process.returncode == 0, err
    assert f"the wallet has {money // 100}.00 USD and {gas} gas" in err.decode()
    again = await shell.run(*arguments, "-o", "json")
    assert (again.code, json.loads(again.out)["status"]) == (0, "succeeded")
    found = await customer.wallet.get()
    assert (found.balance, found.gas_balance) == (money, gas)


async def test_no_provider_is_a_failure(market: Market, shell_of: Shells) -> None:
    done = await shell_of(await market.bidder()).run("wallet", "topup", "5")
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err
