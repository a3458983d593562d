"""The same seed is the same market, and the second time nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from instasell_cli.seed.plan import make_plan
from instasell_cli.seed.word_lists import items, words
from instasell_client.models.accounts import Role
from instasell_client.models.auctions import CreateAuction
from instasell_client.models.listings import BulkListing
from tests.cli.conftest import Shell
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer

ROWS = "SELECT title, price, stock, seller_sku FROM listings ORDER BY seller_sku"
PRICES = """
    SELECT l.seller_sku, a.current_bid, a.version FROM auctions a JOIN listings l
    ON l.id = a.listing_id ORDER BY l.seller_sku
"""


def test_a_plan_is_the_same_for_the_same_seed() -> None:
    first = make_plan(7, users=20, listings=60, auctions=20, bids=50)
    assert first == make_plan(7, users=20, listings=60, auctions=20, bids=50)
    assert first != make_plan(8, users=20, listings=60, auctions=20, bids=50)
    assert len({piece.sku for piece in first.pieces}) == 60
    assert len(first.sellers) == 6


def test_asking_for_more_leaves_what_was_there() -> None:
    small = make_plan(7, users=20, listings=30, auctions=10, bids=0)
    large = make_plan(7, users=20, listings=90, auctions=30, bids=0)
    assert {each.sku: each for each in small.pieces}.items() <= {
        each.sku: each for each in large.pieces
    }.items()


def test_every_made_up_thing_fits_the_contract() -> None:
    plan = make_plan(7, users=20, listings=600, auctions=200, bids=0)
    for piece in plan.pieces:
        BulkListing.model_validate(piece.row)
    for sale in plan.sales:
        terms = (sale.min_bid, sale.reserve or sale.min_bid, sale.buy_now or 10**9)
        assert list(terms) == sorted(terms)
        CreateAuction(
            listing_id="0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11",
            min_bid=sale.min_bid,
            reserve=sale.reserve,
            buy_now=sale.buy_now,
            duration_seconds=sale.duration_seconds,
        )


def test_the_word_lists_are_clean() -> None:
    for name in ("items", "qualities", "makers", "people", "remarks"):
        lines = words(name)
        assert len(lines) == len(set(lines)) > 10
        assert all(line == line.strip() and line.isprintable() for line in lines)
    assert all(items().values())


async def test_seeding_twice_changes_nothing(
    market: Market,
    shell_of: Callable[..., Shell],
    shell: Shell,
    sql: Callable[..., list[tuple[Any, ...]]],
) -> None:
    numbers = ("--users", "6", "--listings", "30", "--auctions", "8", "--bids", "30", "-o", "json")
    refused = await shell.run("seed", *numbers)
    assert (refused.code, refused.out) == (4, "")
    assert "INSTASELL_ADMIN_TOKEN" in refused.err
    first = await shell_of(await market.person(Role.ADMIN)).run("seed", *numbers)
    assert first.code == 0, first.err
    made = {each["noun"]: each for each in json.loads(first.out)}
    assert made["users"] == {"noun": "users", "created": 6, "existing": 0}
    assert made["listings"]["created"] == 30
    assert made["auctions"]["created"] == 8
    assert made["bids"]["created"] > 0
    rows, prices = sql(ROWS), sql(PRICES)
    again = await shell.run("seed", *numbers)
    assert again.code == 0, again.err
    told = {each["noun"]: each for each in json.loads(again.out)}
    assert {each["created"] for each in told.values()} == {0}
    assert told["bids"]["existing"] == made["bids"]["created"]
    assert (sql(ROWS), sql(PRICES)) == (rows, prices)


async def test_only_a_market_on_this_machine_is_seeded(shell: Shell) -> None:
    done = await shell.run("seed", "--url", "https://market.example")
    assert (done.code, done.out) == (2, "")
    assert "not on this machine" in done.err


async def test_an_admin_seeds_past_the_limits_of_an_address(
    start_server: Callable[..., Any],
    sql: Callable[..., list[tuple[Any, ...]]],
    tmp_path: Path,
) -> None:
    server = await start_server(rate_limit_anonymous=40, rate_limit_sign_in=10)
    async with open_market(server.base_url, sql) as market:
        admin = await market.person(Role.ADMIN)
        shell = Shell(server.base_url, tmp_path, admin.token)
        numbers = ("--users", "60", "--listings", "2", "--auctions", "1", "--bids", "2")
        for expected in ("created", "existing"):
            done = await shell.run("seed", *numbers, "-o", "json")
            assert done.code == 0, done.err
            [users] = [each for each in json.loads(done.out) if each["noun"] == "users"]
            assert users[expected] == 60
        # Without an admin each signs in by themselves, and the message says how to go on.
        stopped = await Shell(server.base_url, tmp_path).run("seed", *numbers)
        assert (stopped.code, stopped.out) == (1, "")
        for part in ("the limit is 10 in 15 minutes", "--create-admin", "INSTASELL_ADMIN_TOKEN"):
            assert part in stopped.err


async def test_an_admin_of_the_moment_has_no_rights_later(
    server: RunningServer,
    sql: Callable[..., list[tuple[Any, ...]]],
    tmp_path: Path,
) -> None:
    given = {
        "INSTASELL_DATABASE_URL": server.database_url,
        "INSTASELL_REDIS_URL": server.settings.redis_url,
        "INSTASELL_JWT_SECRET": server.settings.jwt_secret,
    }
    extra = {
        name: each if isinstance(each, str) else each.get_secret_value()
        for name, each in given.items()
        if each is not None
    }
    # Its profile has a token of a market that was here before.
    shell = Shell(server.base_url, tmp_path, "of.another.market", extra=extra)
    numbers = ("--users", "2", "--listings", "1", "--auctions", "0", "--bids", "0")
    done = await shell.run("seed", "--create-admin", *numbers)
    assert done.code == 0, done.err
    assert sql("SELECT role, count(*) FROM users GROUP BY role ORDER BY role") == [
        ("buyer", 2),
        ("seller", 1),
    ]
    assert sql(
        "SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id"
        " WHERE u.email LIKE 'seeder-%%' AND s.revoked_at IS NULL"
    ) == [(0,)]
