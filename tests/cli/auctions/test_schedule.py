"""Many auctions from a file: created once, whatever happens in between."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from instasell_client import AsyncInstaSell
from tests.cli.conftest import Result, Shell
from tests.support.market import Market

Sql = Callable[..., list[tuple[Any, ...]]]
HEADER = "sku,opening price,reserve,buy now,starts at,ends at,duration\n"


def verdicts(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.out.splitlines()]


def outcomes(done: Result) -> list[str]:
    return [each["outcome"] for each in verdicts(done)]


@pytest.fixture
async def seller(market: Market, sql: Sql) -> AsyncInstaSell:
    """A seller with 20 things for auction, A-1 to A-20, and one at a price, D-1."""
    seller = await market.seller()
    seller_id = (await seller.auth.me()).id
    sql(
        "INSERT INTO listings (seller_id, title, category_id, type, condition, stock, price,"
        " seller_sku) SELECT %s, 'Watch ' || n, %s, CASE n WHEN 0 THEN 'direct' ELSE 'auction'"
        " END, 'new', 1, CASE n WHEN 0 THEN 100 END, CASE n WHEN 0 THEN 'D-1' ELSE 'A-' || n END"
        " FROM generate_series(0, 20) AS n",
        seller_id,
        market.category(),
    )
    return seller


@pytest.fixture
def shop(seller: AsyncInstaSell, shell_of: Callable[..., Shell]) -> Shell:
    """The seller's shell, in Tokyo."""
    shell = shell_of(seller)
    shell.extra = {"TZ": "Asia/Tokyo"}
    return shell


async def test_the_auctions_of_a_file_are_created_once(
    shop: Shell, seller: AsyncInstaSell, sql: Sql
) -> None:
    start = datetime.now(timezone(timedelta(hours=9))).replace(microsecond=0) + timedelta(days=2)
    end, written = start + timedelta(days=3), "%Y-%m-%d %H:%M:%S"
    rows = (
        f'A-1,"$1,234.00",2000,3000,{start:{written}},{end:{written}},\n'
        "A-2,12.50,,,+1d,,7d\n"
        "A-3,5,,,,,\n"
        "A-2,12.50,,,+1d,,7d\n"
    )
    bad = (
        "D-1,1,,,,,1d\n"
        "Z-9,1,,,,,1d\n"
        "A-4,free,,,soon,,1d\n"
        "A-5,10,5,3,,,1d\n"
        f"A-6,1,,,,{end:{written}},1d\n"
        ",,,,,,\n"
        "A-7,,,,,,1d\n"
        f"A-8,1,,,,{start.replace(year=2040):{written}},\n"
    )
    name = str(shop.home / "a.csv")
    Path(name).write_text(HEADER + rows + bad)
    schedule = ("auctions", "schedule", name, "--set", "duration=90m", "-o", "jsonl")
    wanted = ["created", "created", "created", "unchanged", *["rejected"] * 7]
    rehearsed = await shop.run(*schedule, "--dry-run")
    assert (rehearsed.code, outcomes(rehearsed)) == (7, wanted), rehearsed.err
    assert "dry run, nothing was written" in rehearsed.err
    assert "3 auctions cost 150 gas; the wallet has " in rehearsed.err
    assert sql("SELECT count(*) FROM auctions") == [(0,)]

    done = await shop.run(*schedule, "--errors", "rejects.csv")
    assert (done.code, outcomes(done)) == (7, wanted), done.err
    fields = [[error["field"] for error in each["errors"]] for each in verdicts(done)[4:]]
    assert fields == [
        *(["seller_sku"], ["seller_sku"], ["min_bid", "start_at"], ["reserve", "buy_now"]),
        *(["duration"], ["min_bid"], ["end_at"]),
    ]
    same = [[error["field"] for error in each["errors"]] for each in verdicts(rehearsed)[4:]]
    assert same == fields
    [first] = [each async for each in seller.auctions.selling() if each.state.title == "Watch 1"]
    assert (first.state.min_bid, first.reserve, first.state.buy_now) == (123_400, 200_000, 300_000)
    assert (first.state.start_at, first.state.end_at) == (start, end)
    rejects = csv.DictReader(io.StringIO((shop.home / "rejects.csv").read_text()))
    assert [(each["row"], each["sku"]) for each in rejects][:2] == [("5", "D-1"), ("6", "Z-9")]

    # The same rows from another kind of file, after one was cancelled and one has a bid.
    ids = [each["auction_id"] for each in verdicts(done)[:4]]
    assert ids[1] == ids[3]
    await seller.auctions.cancel(ids[1])
    lines: list[dict[str, object]] = [
        {"seller_sku": "A-1", "min_bid": 123_400, "reserve": "2000", "buy_now": "3,000.00"},
        {"sku": "A-2", "min_bid": "12.5", "start_at": "+1d", "duration": 7 * 86400},
        {"listing_id": first.state.listing_id, "min_bid": "1", "duration": "1d"},
    ]
    lines[0] |= {"start_at": start.isoformat(), "end_at": end.astimezone(UTC).isoformat()}
    text = "".join(json.dumps(line) + "\n" for line in lines)
    again = await shop.run("auctions", "schedule", "-", "-o", "jsonl", stdin=text)
    assert again.code == 7
    assert outcomes(again) == ["unchanged", "unchanged", "rejected"]
    assert [each["auction_id"] for each in verdicts(again)[:2]] == ids[:2]
    assert verdicts(again)[1]["status"] == "cancelled"
    assert f"1 of the unchanged are over, as {ids[1]}" in again.err
    assert "open with other terms" in verdicts(again)[2]["errors"][0]["message"]
    assert sql("SELECT count(*) FROM auctions") == [(3,)]


async def test_two_runs_at_once_create_each_row_once(shop: Shell, sql: Sql) -> None:
    name = str(shop.home / "a.csv")
    Path(name).write_text(HEADER + "".join(f"A-{n},{n},,,,,1d\n" for n in range(1, 21)))
    schedule = ("auctions", "schedule", name, "-o", "jsonl", "--concurrency", "4")
    runs = await asyncio.gather(shop.run(*schedule), shop.run(*schedule))
    assert [run.code for run in runs] == [0, 0], runs
    assert sql("SELECT count(*), count(DISTINCT listing_id) FROM auctions") == [(20, 20)]
    for run in runs:
        assert [each["row"] for each in verdicts(run)] == [*range(1, 21)]
    told = [{each["auction_id"] for each in verdicts(run)} for run in runs]
    assert told[0] == told[1]
    sql("UPDATE wallets SET gas_balance = 0")
    sql("DELETE FROM idempotency_replies")
    poor = await shop.run(*schedule)
    assert (poor.code, outcomes(poor)) == (0, ["unchanged"] * 20)
    more = await shop.run("auctions", "schedule", "-", stdin="id,min_bid,duration\nx,1,1d\n")
    assert (more.code, more.out) == (7, "")
    assert "row 1: listing_id: " in more.err


async def test_a_dry_run_is_judged_by_the_market_and_tells_the_gas(shop: Shell, sql: Sql) -> None:
    """Rows that the command itself finds nothing wrong with."""
    sql("UPDATE wallets SET gas_balance = 120")
    sql("UPDATE listings SET status = 'removed' WHERE seller_sku = 'A-9'")
    [(sold,)] = sql("UPDATE listings SET stock = 0 WHERE seller_sku = 'A-10' RETURNING id")
    text = (
        "sku,id,min_bid,duration\nA-1,,1,1d\n"
        f"A-9,,1,1d\n,{sold},1,1d\nA-11,,1,800d\nA-2,,0,1d\nA-2,,2,1d\nA-3,,3,1d\nA-4,,4,1d\n"
    )
    name = str(shop.home / "a.csv")
    Path(name).write_text(text)
    done = await shop.run("auctions", "schedule", name, "--dry-run", "-o", "jsonl")
    assert (done.code, outcomes(done)) == (
        7,
        ["created", *["rejected"] * 4, "created", *["rejected"] * 2],
    ), done.out
    said = [each["errors"][0] for each in verdicts(done) if each["errors"]]
    assert [each["field"] for each in said] == [
        *("seller_sku", "listing_id", "duration", "min_bid", "row", "row"),
    ]
    assert "sold out" in said[1]["message"]
    assert said[2]["message"] == "send 7776000 or less"
    assert said[4]["message"] == "the gas is used up by then; 30 more is needed"
    assert "4 auctions cost 200 gas; the wallet has 120, 80 too little" in done.err
    assert "(instasell wallet topup 0.80 --gas)" in done.err
    assert "2 rows, as row 7: row: the gas is used up by then\n" in done.err
    assert sql("SELECT count(*) FROM auctions") == [(0,)]
