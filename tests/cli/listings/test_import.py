"""Large imports: several requests at once, killed half-way, resumed, and the rows that are bad."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import pty
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples import ebay_listings
from tests.cli.conftest import Shell
from tests.support.market import Market
from tests.support.measurements import unmeasured

Sql = Callable[..., list[tuple[Any, ...]]]
GOOD, BAD = 3000, 200
SPACING = GOOD // BAD
REAL_DATA = os.environ.get("INSTASELL_REAL_DATA")


@pytest.fixture
async def shop(market: Market, shell_of: Callable[..., Shell]) -> Shell:
    """A seller's shell, in a market with one category."""
    market.category()
    return shell_of(await market.seller())


def good_rows() -> list[dict[str, str]]:
    """Rows of CSV: real ones where there are, or else ones as long as those."""
    if REAL_DATA is None:
        texts = [
            (f"Watch {n}", f"Number {n}. " + "It runs, and has a chain. " * 40) for n in range(GOOD)
        ]
    else:
        items = ebay_listings.read(Path(REAL_DATA) / "ebay-listings.jsonl.gz")
        found = (ebay_listings.convert(item, Counter()) for item in items)
        texts = [
            (row.title or "", row.description or "")
            for row, _ in zip(found, range(GOOD), strict=False)
        ]
    return [
        {
            "sku": f"W-{number}",
            "title": title,
            "description": description,
            "type": "direct",
            "category": "Watches",
            "condition": "refurbished",
            "price": f"${number + 1:,}.50",
            "stock": "1",
        }
        for number, (title, description) in enumerate(texts)
    ]


def mixed_file(shop: Shell, rows: list[dict[str, str]]) -> tuple[Path, dict[int, dict[str, str]]]:
    """Good rows with a bad one after each `SPACING`; the bad ones by their number."""
    path, bad = shop.home / "listings.csv", {}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        number = 0
        for at, row in enumerate(rows, 1):
            writer.writerow(row)
            number += 1
            if at % SPACING == 0:
                number += 1
                broken = {"price": "free"} if at % 2 else {"category": "Attic"}
                bad[number] = {**row, **broken, "sku": f"B-{number}"}
                writer.writerow(bad[number])
    return path, bad


async def until(process: asyncio.subprocess.Process, is_so: Callable[[], bool]) -> None:
    """Wait for something that happens while a process runs."""
    async with asyncio.timeout(60):
        while not is_so():
            assert process.returncode is None, "it ended before"
            await asyncio.sleep(0.01)


async def test_an_import_survives_whatever_ends_it(
    shop: Shell, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    rows = good_rows()
    path, bad = mixed_file(shop, rows)
    command = ("listings", "import", str(path))

    def arrived() -> int:
        [(count,)] = sql("SELECT count(*) FROM listings")
        return int(count)

    # At a terminal it shows how far it is, until it is killed.
    screen, stderr = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "instasell_cli", *command),
        env={**shop.environment, "TERM": "xterm"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
    )
    os.close(stderr)
    os.set_blocking(screen, False)
    shown = b""

    def saw_progress() -> bool:
        nonlocal shown
        shown += _read(screen)
        return b"rows/s" in shown and b"left" in shown and arrived() >= GOOD // 4 and is_noted()

    def is_noted() -> bool:
        # Rows arrive a moment before the journal says so.
        journals = (shop.home / "config/imports").glob("*")
        return any(each.read_bytes().count(b"\n") > 1 for each in journals)

    await until(process, saw_progress)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    os.close(screen)
    assert b"row 16: price: " in shown
    assert arrived() < GOOD
    [journal] = (shop.home / "config/imports").iterdir()

    # Resumed off a terminal, and interrupted.
    of_the_killed = journal.stat().st_ino
    # An interrupt inside the lock of what measures coverage would leave it locked for ever.
    with unmeasured():
        process = await shop.start(*command, "--resume")

    def is_under_way() -> bool:
        is_new = journal.stat().st_ino != of_the_killed
        return is_new and journal.read_bytes().count(b"\n") > 1

    await until(process, is_under_way)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, out) == (130, b""), err
    assert b"the same command with --resume goes on" in err
    assert b"rows were done before" in err
    assert b"\x1b" not in err

    rejects = shop.home / "rejects.csv"
    done = await shop.run(*command, "--resume", "--errors", str(rejects), "--concurrency", "4")
    assert done.code == 7, done.err
    assert f"{BAD} rejected" in done.err
    assert "100 rows, as row 16: price: is not an amount\n" in done.err
    assert "100 rows, as row 32: category: there is no such category\n" in done.err
    assert done.err.count("\n") == 3
    assert not journal.exists()
    assert arrived() == GOOD
    exported = await shop.run("listings", "export", "-o", "jsonl")
    found = {row["seller_sku"]: row for row in map(json.loads, exported.out.splitlines())}
    assert found.keys() == {row["sku"] for row in rows}
    for number, row in enumerate(rows):
        kept = found[row["sku"]]
        assert (kept["title"], kept["description"]) == (row["title"], row["description"])
        assert (kept["price"], kept["stock"]) == (number * 100 + 150, 1)
    # A client that is gone is no failure of the server's.
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []
    # No row was written a second time either.
    assert sql("SELECT max(version) FROM listings") == [(1,)]

    with rejects.open(encoding="utf-8", newline="") as file:
        lines = [*csv.DictReader(file)]
    assert {int(line["row"]): {name: line[name] for name in rows[0]} for line in lines} == bad
    assert len(lines) == BAD
    assert {line["field"] for line in lines} == {"price", "category"}
    assert all(line["message"] for line in lines)
    text = (
        rejects.read_text(encoding="utf-8").replace(",free,", ",5,").replace(",Attic,", ",Watches,")
    )
    rejects.write_text(text, encoding="utf-8")
    mended = await shop.run("listings", "import", str(rejects))
    assert mended.code == 0, mended.err
    assert f"{BAD} created" in mended.err


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except BlockingIOError:
        return b""


async def test_rejected_json_comes_back_in_columns(shop: Shell) -> None:
    rows = [
        {"title": "A", "type": "direct", "category": "Watches", "price": 1250, "seller_sku": "J-1"},
        {
            "title": "B",
            "type": "direct",
            "category": "Watches",
            "price": "1,5",
            "seller_sku": "J-2",
        },
        {"title": "C\ud800", "type": "direct", "category": "Watches", "condition": "new"},
        {"title": "D", "type": "direct", "category": "Watches", "price": [1], "extra": {"x": 1}},
        {"title": "=E", "type": "direct", "category": "Watches", "price": 1, "condition": "new"},
    ]
    lines = [*(json.dumps(row) for row in rows), '{"title": "F", "price": 2', '{"a": 1e999}']
    rejects, again = shop.home / "rejects.csv", shop.home / "again.csv"
    first = await shop.run(
        *("listings", "import", "-", "--errors", str(rejects)), stdin="\n".join(lines)
    )
    assert first.code == 7
    assert "1 created, 0 updated, 0 unchanged, 6 rejected" in first.err
    with rejects.open(encoding="utf-8", newline="") as file:
        found = [*csv.DictReader(file)]
    assert [line["row"] for line in found] == ["1", "2", "3", "4", "6", "7"]
    assert [(line["title"], line["price"], line["record"]) for line in found[:2]] == [
        ("A", "12.50", ""),
        ("B", "1,5", ""),
    ]
    assert [line["record"] for line in found[2:]] == lines[2:4] + lines[5:]

    over = await shop.run("listings", "import", str(rejects), "--errors", str(rejects))
    assert (over.code, "is the file of rows itself" in over.err) == (2, True)
    text = rejects.read_text().replace("1,5", "1.5").replace('""price"": 2', '""price"": 2}')
    rejects.write_text(text)
    mended = await shop.run(
        *("listings", "import", str(rejects), "--errors", str(again)),
        *("--set", "condition=new", "--set", "type=direct", "--set", "category=Watches"),
    )
    assert "3 created, 0 updated, 0 unchanged, 3 rejected" in mended.err, again.read_text()
    assert again.read_text().splitlines()[0] == rejects.read_text().splitlines()[0]
    exported = await shop.run("listings", "export", "-o", "csv", "--fields", "title,price")
    assert set(exported.out.splitlines()[1:]) == {"A,12.50", "B,1.50", "F,0.02", "'=E,0.01"}


@pytest.mark.parametrize(
    "arguments", [("-", "--resume"), ("listings.csv", "--resume", "--dry-run")]
)
async def test_what_cannot_be_resumed_says_so(shop: Shell, arguments: tuple[str, ...]) -> None:
    (shop.home / "listings.csv").write_text("title\n")
    done = await shop.run("listings", "import", *arguments)
    assert (done.code, "--resume: name a file" in done.err) == (2, True)
