"""Disputes from the shell: a complaint, an answer, and what an admin decided."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instasell_client import AsyncInstaSell
from instasell_client.models.accounts import Role
from tests.cli.auctions.test_auctions import OnTerminal
from tests.cli.conftest import Shell
from tests.cli.orders.test_money import Fund, ordered
from tests.support.market import Market

Shells = Callable[..., Shell]
TEXT = "It came in two parts."


async def paid(market: Market, fund: Fund) -> tuple[AsyncInstaSell, AsyncInstaSell, str]:
    """The seller, the buyer, and an order of 12.50 that is paid."""
    seller, buyer, order_id = await ordered(market, fund)
    await buyer.orders.pay(order_id, "wallet")
    return seller, buyer, order_id


async def test_from_a_complaint_to_the_decision(
    market: Market, shell_of: Shells, fund: Fund
) -> None:
    owner, customer, order_id = await paid(market, fund)
    seller, buyer = shell_of(owner), shell_of(customer)
    opened = await buyer.run(
        "disputes", "open", order_id, "--reason", "damaged", "--text", TEXT, "-o", "json"
    )
    dispute = json.loads(opened.out)
    assert (opened.code, dispute["status"], dispute["held_amount"]) == (0, "open", 1250)
    assert "12.50 USD stays held" in opened.err
    order = await buyer.run("orders", "show", order_id)
    assert f"due\tan admin decides the dispute: instasell disputes list --order {order_id}" in (
        order.out
    )
    answered = await seller.run("disputes", "reply", dispute["id"], "--text", "It left\nwhole.")
    assert answered.code == 0
    assert "(seller): It left whole.\n" in answered.out
    shown = await buyer.run("disputes", "show", dispute["id"], "-o", "json")
    assert [each["text"] for each in json.loads(shown.out)["messages"]] == ["It left\nwhole."]
    admin = await market.person(Role.ADMIN)
    await admin.admin.resolve_dispute(dispute["id"], 500, "half of it")
    listed = await seller.run(
        *("disputes", "list", "--status", "resolved", "-o", "csv"),
        *("--fields", "order_id,reason,refund_amount,resolution,resolved_by"),
    )
    assert [*csv.reader(io.StringIO(listed.out))][1:] == [
        [order_id, "damaged", "5.00", "half of it", "admin"]
    ]
    late = await seller.run("disputes", "reply", dispute["id"], "--text", "But")
    assert (late.code, late.out) == (6, "")
    assert "the dispute is resolved" in late.err


async def test_a_dispute_is_found_where_orders_are(
    market: Market, shell_of: Shells, fund: Fund
) -> None:
    _, customer, order_id = await paid(market, fund)
    shell = shell_of(customer)
    complaint = ("orders", "dispute", order_id, "--reason", "not_received", "--text", "-")
    first = await shell.run(*complaint, "--key", "once", stdin=f"{TEXT}\n")
    again = await shell.run(*complaint, "--key", "once", stdin=f"{TEXT}\n")
    assert (first.code, first.out) == (again.code, again.out) == (0, again.out)
    assert f"text\t{TEXT}\n" in first.out
    other = await shell.run(*complaint, stdin=TEXT)
    assert (other.code, other.out) == (6, "")


async def test_what_happened_is_asked_for_on_a_terminal(
    market: Market, shell_of: Shells, fund: Fund
) -> None:
    _, customer, order_id = await paid(market, fund)
    shell = shell_of(customer)
    command = ("disputes", "open", order_id, "--reason", "other")
    silent = await shell.run(*command)
    assert (silent.code, silent.out, "--text" in silent.err) == (2, "", True)
    code, shown = await OnTerminal(shell, *command).run(f"{TEXT}\n", "What happened: ")
    assert (code, "12.50 USD stays held" in shown) == (0, True)
    assert [each.text async for each in customer.disputes.list()] == [TEXT]


@pytest.mark.parametrize("name", ["long", "empty", "hostile"])
async def test_bad_text_is_refused_by_name(
    market: Market, shell_of: Shells, fund: Fund, tmp_path: Path, name: str
) -> None:
    _, customer, order_id = await paid(market, fund)
    text = {"long": "x" * 2001, "empty": " \n", "hostile": "a \x1b[31m b"}[name]
    done = await shell_of(customer).run(
        *("disputes", "open", order_id, "--reason", "other", "--text", "-"), stdin=text
    )
    assert (done.code, done.out, "text" in done.err) == (2, "", True)
    assert "\x1b" not in done.err
    assert [item async for item in customer.disputes.list()] == []


async def test_a_strangers_dispute_is_not_found(
    market: Market, shell_of: Shells, fund: Fund
) -> None:
    _, customer, order_id = await paid(market, fund)
    made = await customer.disputes.open(order_id, "other", TEXT)
    stranger: Any = shell_of(await market.bidder())
    for command in (("show",), ("reply", "--text", "hm")):
        verb, *options = command
        done = await stranger.run("disputes", verb, made.dispute.id, *options)
        assert (done.code, done.out) == (5, "")
    assert json.loads((await stranger.run("disputes", "list", "-o", "json")).out) == []
