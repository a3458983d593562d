"""Resolve what people type for an id: its beginning, a SKU, a title; list what could be several."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from instasell_client.models.accounts import Role
from tests.cli import forked
from tests.cli.conftest import Result, Shell
from tests.support.market import Market

Shells = Callable[[Any], Shell]
Sql = Callable[..., list[tuple[Any, ...]]]


async def run_all(calls: Sequence[tuple[Shell, str]]) -> list[Result]:
    """The results of command lines, one after the other in one process."""
    given = [(shlex.split(line), shell.environment, b"") for shell, line in calls]
    found = await asyncio.to_thread(forked.run_all, given, calls[0][0].home)
    return [Result(code, out.decode(), err.decode()) for code, out, err in found]


async def test_a_short_id_a_sku_and_a_title_stand_for_an_id(
    market: Market, shell: Shell, shell_of: Shells, sql: Sql
) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    admin = await market.person(Role.ADMIN)
    lamp = await market.auction(seller, title="A red lamp")
    watch = await market.auction(seller, title="A steel watch")
    [(listing,)] = sql(
        "UPDATE listings SET seller_sku = 'LAMP-1' WHERE title = 'A red lamp' RETURNING id"
    )
    order = await bought(seller, buyer, sql)
    buyer_id = (await buyer.auth.me()).id
    mine, theirs, desk = shell_of(seller), shell_of(buyer), shell_of(admin)
    cases: tuple[tuple[Shell, str, str], ...] = (
        (shell, f"auctions show {lamp[:6]} -o name", lamp),
        (shell, f"auctions show {lamp.upper()} -o name", lamp),
        (shell, "auctions show lamp -o name", lamp),
        (shell, "auctions bids lamp -o name", ""),
        (mine, "auctions update LAMP-1 --min-bid 3 -o name", lamp),
        (mine, "listings update LAMP-1 --description x -o name", listing),
        (mine, "listings show LAMP-1 -o name", listing),
        (theirs, f"orders show {order[:8]} -o name", order),
        (theirs, "orders show kettle -o name", order),
        (mine, "orders list --fields id -o name --limit 1", order),
        (theirs, "auctions bid 'A red lamp' 5 --yes -o name", lamp),
        (desk, f"admin orders show {order[:8]} -o name", order),
        (desk, f"admin users verify {buyer_id[:8]} --reason x --yes -o name", buyer_id),
        (theirs, f"auctions live --seller {seller_name(sql)} -o jsonl --jq .auction_id", lamp),
    )
    found = await run_all([(each, line) for each, line, _ in cases])
    for (_, line, wanted), done in zip(cases, found, strict=True):
        assert (done.code, wanted in done.out.split() or not wanted) == (0, True), (line, done)
    assert watch not in found[0].out
    # What was meant is said, unless it was an id.
    assert f"lamp: A red lamp ({lamp})" in found[2].err
    assert found[0].err == ""


def seller_name(sql: Sql) -> str:
    sql("UPDATE users SET display_name = 'lampshop' WHERE id IN (SELECT seller_id FROM auctions)")
    return "lampshop"


async def bought(seller: Any, buyer: Any, sql: Sql) -> str:
    [(listing,)] = sql(
        "INSERT INTO listings (seller_id, title, category_id, type, condition, stock, price)"
        " SELECT %s, 'A kettle', id, 'direct', 'new', 5, 900 FROM categories RETURNING id",
        (await seller.auth.me()).id,
    )
    return str((await buyer.orders.buy(str(listing))).order.id)


async def test_what_could_be_several_is_listed_and_nothing_happens(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    small = await market.auction(seller, title="A red lamp")
    large = await market.auction(seller, title="A red lamp, large")
    mine, theirs = shell_of(seller), shell_of(buyer)
    lines = ("auctions show lam", "auctions cancel lamp --yes")
    for done in await run_all([(mine, line) for line in lines]):
        assert (done.code, done.out) == (2, ""), done
        assert small in done.err
        assert large in done.err
    # Off a terminal money moves for a whole title only: another seller may use its words, too.
    await seller.auctions.cancel(small)
    # Nobody finds by words what they may not see, either.
    cases = {
        "auctions bid large 5 --yes": 2,
        "auctions bid 'a red lamp, large' 5 --yes": 0,
        "auctions cancel lamp --yes": 5,
        "auctions show nothing-like-it": 5,
        "orders show lamp": 5,
        "admin users suspend person --reason x --yes": 4,
    }
    refused, *others = found = await run_all([(theirs, line) for line in cases])
    assert [done.code for done in found] == [*cases.values()], found
    assert large in refused.err
    assert "whole title" in refused.err
    assert others[0].out


async def test_ids_of_short_lists_are_found_in_the_lists(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    admin = await market.person(Role.ADMIN)
    [(alert,)] = sql(
        "INSERT INTO alerts (kind, subject, details) VALUES"
        " ('payment_amount_mismatch', 'a payment', '{}'::jsonb) RETURNING id"
    )
    done = await shell_of(admin).run("admin", "alerts", "close", str(alert)[:8], "--reason", "x")
    assert done.code == 0, done
    wrong = await shell_of(admin).run("admin", "alerts", "close", "000000aa", "--reason", "x")
    assert wrong.code == 5


async def test_too_much_to_look_up_is_refused_before_anything_is_asked(shell: Shell) -> None:
    done = await shell.run("auctions", "follow", *(f"watch {n}" for n in range(101)))
    assert done.code == 2
    assert "100" in done.err
