"""Test what an import makes of prices, broken rows and rows of the same listing."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import Any

import pytest

from instasell_cli.input.rows.row_results import reason_of
from instasell_server.config.settings import Settings
from tests.cli.conftest import Result, Shell
from tests.support.market import Market
from tests.support.servers import settings_for_tests

Sql = Callable[..., list[tuple[Any, ...]]]
COLUMNS = "sku,title,price\n"
REST = ("--set", "type=direct", "--set", "condition=new", "--set", "category=Watches")


@pytest.fixture
def server_settings(request: pytest.FixtureRequest, database_url: str, redis_url: str) -> Settings:
    """The settings of the tests, in another currency where a test names one."""
    settings = settings_for_tests(database_url, redis_url)
    return settings.model_copy(update={"currency": getattr(request, "param", "USD")})


@pytest.fixture
async def shop(market: Market, shell_of: Callable[..., Shell]) -> Shell:
    """A seller's shell, in a market with one category."""
    market.category()
    return shell_of(await market.seller())


def verdicts(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def outcomes(done: Result) -> list[str]:
    return [each["outcome"] for each in verdicts(done)]


async def bring(shop: Shell, text: str | bytes, *options: str, name: str = "a.csv") -> Result:
    path = shop.home / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return await shop.run("listings", "import", str(path), "-o", "jsonl", *REST, *options)


async def test_prices_are_the_market_s_or_refused(shop: Shell, sql: Sql) -> None:
    prices = ["\N{EURO SIGN}12", "CHF 5", "\N{YEN SIGN}100", "1.250", '"1,250"', "0", "12 USD"]
    prices += ["USD 12", "$12", '"$1,234.00"', '"12,50"']
    rows = "".join(f"S-{n},A,{price}\n" for n, price in enumerate(prices))
    done = await bring(shop, COLUMNS + rows)
    assert outcomes(done) == [*["rejected"] * 6, *["created"] * 4, "rejected"]
    said = [each["errors"][0]["message"] for each in verdicts(done)[:6]]
    assert "is in EUR, and amounts of this market are in USD; convert it" in said[0]
    assert "is in CHF" in said[1]
    assert "is in another currency" in said[2]
    assert "two ways; write 1250 or 1.25, or give --decimal-comma or --decimal-point" in said[3]
    assert "two ways" in said[4]
    assert said[5] == "'0' is too little; write 0.01 or more"
    assert "2 rows, as row 4: price: can be read in two ways\n" in done.err
    assert sql("SELECT price FROM listings ORDER BY seller_sku") == [
        *((1200,), (1200,), (1200,), (123400,)),
    ]
    german = "sku;title;price\nG-1;A;1.250\nG-2;B;1.234,56\nG-3;C;12.50\n"
    done = await bring(shop, german, "--decimal-comma")
    assert outcomes(done) == ["created", "created", "rejected"]
    prices_now = "SELECT price FROM listings WHERE seller_sku LIKE 'G-%%' ORDER BY seller_sku"
    assert sql(prices_now) == [(125000,), (123456,)]
    both = await bring(shop, german, "--decimal-comma", "--decimal-point")
    assert (both.code, both.out) == (2, "")
    exact = await bring(shop, "sku,title,price\nE-1,A,1.250\n", "--decimal-point")
    assert outcomes(exact) == ["created"]
    assert sql("SELECT price FROM listings WHERE seller_sku = 'E-1'") == [(125,)]


async def test_options_refuse_what_files_refuse(shop: Shell, sql: Sql) -> None:
    create = ("listings", "create", "--title", "A", "--category", "Watches", "--condition", "new")
    for price, said in [
        ("\N{EURO SIGN}12", "--price: '\N{EURO SIGN}12' is in EUR"),
        ("1,250", "--price: '1,250' can be read in two ways; write 1250 or 1.25"),
        ("0", "--price: '0' is too little; write 0.01 or more"),
    ]:
        done = await shop.run(*create, "--price", price)
        assert (done.code, done.out) == (2, ""), done.err
        assert said in done.err
    assert sql("SELECT count(*) FROM listings") == [(0,)]
    assert (await shop.run(*create, "--price", "12 USD")).code == 0
    assert sql("SELECT price FROM listings") == [(1200,)]


@pytest.mark.parametrize("server_settings", ["JPY"], indirect=True)
async def test_the_market_says_its_currency(shop: Shell, sql: Sql) -> None:
    done = await bring(shop, COLUMNS + "S-1,A,1250\nS-2,B,\N{YEN SIGN}800\nS-3,C,$5\n")
    assert outcomes(done) == ["created", "created", "rejected"]
    assert sql("SELECT price FROM listings ORDER BY seller_sku") == [(1250,), (800,)]
    create = ("listings", "create", "--title", "A", "--category", "Watches", "--condition", "new")
    assert (await shop.run(*create, "--price", "1,250")).code == 0
    assert (await shop.run(*create, "--price", "12.50")).code == 2
    exported = (await shop.run("listings", "export")).out
    assert [row["price"] for row in csv.DictReader(exported.splitlines())] == [
        "1250",
        "800",
        "1250",
    ]


async def test_a_broken_row_costs_itself_also_when_resumed(shop: Shell, sql: Sql) -> None:
    rows = [f'S-{n},"A, {n}",{n}.00\n' for n in range(1, 7)]
    rows[1] = 'S-2,"A,2.00\n'
    rows[3] = f"S-4,{'x' * 140_000},4.00\n"
    text = COLUMNS + "".join(rows)
    wanted = ["created", "rejected", "created", "rejected", "created", "created"]
    assert outcomes(await bring(shop, text, "--dry-run")) == wanted
    done = await bring(shop, text, "--errors", str(shop.home / "rejects.csv"))
    assert (done.code, outcomes(done)) == (7, wanted)
    rejects = (shop.home / "rejects.csv").read_text().replace("x" * 140_000, "x")
    assert [row["sku"] for row in csv.DictReader(rejects.splitlines())] == ["S-2", "S-4"]
    again = await bring(shop, text, "--resume")
    assert outcomes(again) == ["unchanged" if each == "created" else each for each in wanted]
    assert sql("SELECT count(*) FROM listings") == [(4,)]


async def test_people_see_the_reasons_also_beside_a_file_of_rejects(shop: Shell) -> None:
    text = COLUMNS + "S-1,A,free\nS-2,B,2.00\n"
    rejects = str(shop.home / "rejects.csv")
    done = await bring(shop, text, "--errors", rejects, "-o", "table")
    assert done.code == 7
    assert "row 1: price: is not an amount\n" in done.err


async def test_rows_of_the_same_listing_are_named_and_count_once(shop: Shell, sql: Sql) -> None:
    text = COLUMNS + "S-1,A,1.00\nS-2,B,2.00\nS-1,A,3.00\n,C,4.00\n,C,4.00\nS-1,A,5.00\n"
    first = await bring(shop, text)
    ended = ["created", "created", "rejected", "created", "rejected", "rejected"]
    assert (first.code, outcomes(first)) == (7, ended)
    told = [each["errors"] for each in verdicts(first) if each["errors"]]
    assert [(each[0]["field"], each[0]["message"].partition(";")[0]) for each in told] == [
        ("seller_sku", "row 1 has the same seller_sku"),
        ("row", "row 4 is the same"),
        ("seller_sku", "row 1 has the same seller_sku"),
    ]
    assert "2 rows, as row 3: seller_sku: another row has the same seller_sku" in first.err
    again = await bring(shop, text, "--duplicates", "first")
    left = ["unchanged", "unchanged", "duplicate", "unchanged", "duplicate", "duplicate"]
    assert (again.code, outcomes(again)) == (0, left)
    assert "3 unchanged, 0 rejected, 3 duplicate" in again.err
    last = ["duplicate", "unchanged", "duplicate", "duplicate", "unchanged", "updated"]
    for _ in range(2):
        done = await bring(shop, text, "--duplicates", "last")
        assert (done.code, outcomes(done)) == (0, last)
        last[-1] = "unchanged"
    assert sql("SELECT price FROM listings WHERE seller_sku = 'S-1'") == [(500,)]
    assert sql("SELECT count(*) FROM listings") == [(3,)]
    piped = await shop.run("listings", "import", "-", "--duplicates", "last", stdin=text)
    assert (piped.code, piped.out) == (2, "")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("'\N{EURO SIGN}12' is in EUR, and so on; write 12", "price: is in EUR, and so on"),
        ("'it''s' \"x\" is bad; y", "price: is bad"),
        (
            "row 17 has the same seller_sku; leave one out",
            "price: another row has the same seller_sku",
        ),
        ("send 1 or more", "price: send 1 or more"),
    ],
)
def test_reasons_are_what_rows_have_in_common(message: str, reason: str) -> None:
    assert reason_of("price", message) == reason
