"""Listings from the shell: one by one, imported, exported."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from instasell_client.models.accounts import Role
from instasell_server.http.connections import CONNECTIONS
from tests.cli.conftest import Shell
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.waiting import until

COLUMNS = "sku,type,title,description,category,condition,price,stock,shipping\n"
LISTINGS = COLUMNS + (
    'W-1,direct,"Watch, steel","two\nlines",Watches,new,"$1,234.00",3,4.90\n'
    "W-2,direct,'=cmd(),,Watches,refurbished,12.5,1,\n"
    "W-3,auction,Train,,Toys > Trains,refurbished,,,\n"
)
BAD = (
    "B-1,direct,No price,,Watches,new,free,1,\n"
    "B-2,direct,No place,,Attic,new,5,1,\n"
    "B-3,direct,No condition,,Watches,,5,1,\n"
)


@pytest.fixture
async def shop(market: Market, shell_of: Callable[..., Shell]) -> Shell:
    """A seller's shell, in a market with two categories."""
    admin = await market.person(Role.ADMIN)
    market.category()
    toys = await admin.categories.create("Toys")
    await admin.categories.create("Trains", parent_id=toys.id)
    return shell_of(await market.seller())


def file_of(shop: Shell, text: str, name: str = "listings.csv") -> str:
    path = shop.home / name
    path.write_text(text, encoding="utf-8")
    return str(path)


async def test_import_says_what_became_of_every_row(shop: Shell) -> None:
    done = await shop.run("listings", "import", file_of(shop, LISTINGS + BAD), "-o", "jsonl")
    verdicts = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 7
    assert [(each["row"], each["outcome"]) for each in verdicts] == [
        *((row, "created") for row in (1, 2, 3)),
        *((row, "rejected") for row in (4, 5, 6)),
    ]
    fields = [[error["field"] for error in each["errors"]] for each in verdicts[3:]]
    assert fields == [["price"], ["category"], ["condition"]]
    assert "3 created, 0 updated, 0 unchanged, 3 rejected" in done.err
    assert "rows/s" in done.err


async def test_the_same_file_again_changes_nothing(shop: Shell) -> None:
    name = file_of(shop, LISTINGS)
    assert (await shop.run("listings", "import", name)).code == 0
    again = await shop.run("listings", "import", name)
    assert (again.code, again.out) == (0, "")
    assert "0 created, 0 updated, 3 unchanged, 0 rejected" in again.err
    changed = await shop.run("listings", "import", "-", stdin="sku,price\nW-2,13.00\n")
    assert "0 created, 1 updated, 0 unchanged, 0 rejected" in changed.err


async def test_a_dry_run_judges_and_writes_nothing(shop: Shell) -> None:
    name = file_of(shop, LISTINGS + BAD)
    done = await shop.run("listings", "import", name, "--dry-run")
    assert done.code == 7
    assert "nothing was written" in done.err
    assert "3 created" in done.err
    assert (await shop.run("listings", "list", "-o", "jsonl")).out == ""


async def test_an_export_into_a_pager_that_pauses_is_whole(
    market: Market,
    start_server: Callable[..., Any],
    shell_of: Callable[..., Shell],
    sql: Callable[..., Any],
) -> None:
    seller = await market.seller()
    await market.listing(seller)
    # 20 MB, more than the pipe and the buffers of the kernel hold.
    sql(
        "INSERT INTO listings (seller_id, title, category_id, type, condition, stock, description)"
        " SELECT seller_id, 'Lamp ' || n, category_id, type, condition, 1, repeat('x', 20000)"
        " FROM listings, generate_series(1, 1000) n"
    )
    server = await start_server(stall_seconds=1, bytes_per_second_min=1000)
    shell = replace(shell_of(seller), url=server.base_url)
    pager = await shell.start("listings", "export", "-o", "jsonl")
    assert pager.stdout is not None
    first = await pager.stdout.readexactly(1)
    await until(lambda: server.app[CONNECTIONS].total == 0)
    out, err = await pager.communicate()
    assert (pager.returncode, err) == (0, b"")
    rows = [json.loads(line) for line in (first + out).splitlines()]
    assert (len(rows), len({row["listing_id"] for row in rows})) == (1001, 1001)


async def test_rejects_can_be_mended_and_imported(shop: Shell) -> None:
    name, rejects = file_of(shop, LISTINGS + BAD), shop.home / "rejects.csv"
    done = await shop.run("listings", "import", name, "--errors", str(rejects))
    assert done.code == 7
    assert "row 4: price: is not an amount\n" in done.err
    rows = list(csv.DictReader(io.StringIO(rejects.read_text(encoding="utf-8"))))
    assert [(row["row"], row["field"], row["sku"]) for row in rows] == [
        ("4", "price", "B-1"),
        ("5", "category", "B-2"),
        ("6", "condition", "B-3"),
    ]
    assert all(row["message"] for row in rows)
    text = rejects.read_text().replace("free", "5").replace("Attic", "Watches")
    rejects.write_text(text)
    mended = await shop.run("listings", "import", str(rejects), "--set", "condition=new")
    assert mended.code == 0, mended.err
    assert "3 created" in mended.err
    assert "mean nothing" not in mended.err


async def test_columns_by_other_names(shop: Shell) -> None:
    text = "Artikel;Preis;Farbe\nUhr;12,5;rot\nKette;12.50;blau\n"
    done = await shop.run(
        *("listings", "import", file_of(shop, text), "--map", "Artikel=title"),
        *("--map", "Preis=price", "--set", "type=direct", "--set", "condition=new"),
        *("--set", "category=Watches"),
    )
    assert done.code == 7
    assert "row 1: price: '12,5' has a decimal comma; write it as 12.50" in done.err
    assert "1 created" in done.err
    assert "Farbe (--map THEIRS=OURS)" in done.err


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "yaml"])
async def test_an_export_comes_back_letter_for_letter(shop: Shell, form: str) -> None:
    titles = ["=1+1", "'=quoted", "'tis fine", "-5 degrees", "@home", '"q", x', "Ford [blue] ü 時"]
    lines = "".join(
        json.dumps(
            {
                "type": "direct",
                "title": title,
                "description": f"{title}\nsecond line",
                "category": "Watches",
                "condition": "new",
                "price": 1000 + number,
                "stock": number,
            }
        )
        + "\n"
        for number, title in enumerate(titles)
    )
    assert (await shop.run("listings", "import", "-", stdin=lines)).code == 0
    exported = await shop.run("listings", "export", "-o", form)
    again = await shop.run("listings", "import", "-", stdin=exported.out)
    assert again.code == 0, again.err
    assert f"0 created, 0 updated, {len(titles)} unchanged, 0 rejected" in again.err
    shown = json.loads((await shop.run("listings", "list", "-o", "json")).out)
    assert sorted(each["title"] for each in shown) == sorted(titles)
    assert {each["description"] for each in shown} == {f"{each}\nsecond line" for each in titles}
    if form == "csv":
        rows = list(csv.reader(io.StringIO(exported.out)))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


async def test_one_listing_from_its_birth_to_its_end(shop: Shell) -> None:
    made = await shop.run(
        *("listings", "create", "--title", "Desk lamp", "--category", "toys > trains"),
        *("--condition", "new", "--price", "$1,020.50", "--stock", "2", "-o", "json"),
    )
    listing = json.loads(made.out)
    assert (listing["price"], listing["category_path"]) == (102050, "Toys > Trains")
    text = file_of(shop, "All of it\nworks\n", "text.txt")
    changed = await shop.run(
        "listings", "update", listing["id"], "--description", f"@{text}", "-o", "json"
    )
    assert json.loads(changed.out)["description"] == "All of it\nworks"
    shown = await shop.run("listings", "show", listing["id"])
    assert "price\t1020.50\n" in shown.out
    found = await shop.run("listings", "list", "lamp", "--mine", "--price-max", "2000", "-o", "csv")
    assert [row["id"] for row in csv.DictReader(io.StringIO(found.out))] == [listing["id"]]
    assert (await shop.run("listings", "delete", listing["id"], "--yes")).code == 0
    assert (await shop.run("listings", "list", "lamp", "-o", "jsonl")).out == ""


async def test_each_error_has_its_exit_code(shop: Shell, server: RunningServer) -> None:
    missing = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
    category = ("--category", "Watches", "--condition", "new")
    cases = (
        (("listings", "show", missing), 5),
        (("listings", "create", "--title", "x", "--category", "Nowhere", "--condition", "new"), 5),
        (("listings", "create", "--title", "x", *category, "--price", "1.001"), 2),
        (("listings", "create", "--title", "x", *category), 2),
        (("listings", "update", missing), 2),
        (("listings", "import", "no-such-file.csv"), 2),
        (("listings", "list", "-o", "xml"), 2),
        (("listings", "list", "--fields", "colour"), 2),
        (("listings", "list", "--sort", "colour"), 2),
        (("categories", "create", "Books"), 4),
    )
    ended = await asyncio.gather(*(shop.run(*arguments) for arguments, _ in cases))
    for (arguments, code), done in zip(cases, ended, strict=True):
        assert (done.code, done.out) == (code, ""), (arguments, done.err)
        assert done.err
    nobody = Shell(server.base_url, shop.home)
    assert (await nobody.run("listings", "export")).code == 4
    assert (await Shell("http://127.0.0.1:9", shop.home).run("listings", "list")).code == 1


async def test_categories_are_imported_once(market: Market, shell_of: Callable[..., Shell]) -> None:
    admin = shell_of(await market.person(Role.ADMIN))
    text = "# the tree\nToys > Trains > Steam\nToys > Dolls\n\ntoys > trains\n"
    first = await admin.run("categories", "import", "-", "-o", "jsonl", stdin=text)
    outcomes = [json.loads(line)["outcome"] for line in first.out.splitlines()]
    assert outcomes == ["created", "created", "unchanged"]
    again = await admin.run("categories", "import", "-", "-o", "jsonl", stdin=text)
    assert {json.loads(line)["outcome"] for line in again.out.splitlines()} == {"unchanged"}
    listed = await admin.run("categories", "list", "-o", "jsonl", "--fields", "path")
    assert [json.loads(line)["path"] for line in listed.out.splitlines()] == [
        "Toys",
        "Toys > Dolls",
        "Toys > Trains",
        "Toys > Trains > Steam",
    ]
    assert (await admin.run("categories", "create", "Toys > > Trains")).code == 2


async def test_hostile_rows_of_the_database_print_harmlessly(
    market: Market, shop: Shell, sql: Callable[..., object]
) -> None:
    seller = await market.seller()
    listing_id = await market.listing(seller)
    title = "A\x1b[2J\x9b31m\u202egnp [/b]\x07 <x>"
    sql("UPDATE listings SET title = %s, description = %s WHERE id = %s", title, title, listing_id)
    for form in ("table", "json", "jsonl", "csv"):
        for arguments in (("listings", "list"), ("listings", "show", listing_id)):
            done = await shop.run(*arguments, "-o", form)
            assert done.code == 0, done.err
            assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(done.out + done.err), form
            assert "[/b]" in done.out
    whole = await shop.run("listings", "show", listing_id, "-o", "json")
    assert json.loads(whole.out)["title"] == title


async def test_a_reader_who_has_seen_enough(shop: Shell, tmp_path: Path) -> None:
    lines = "".join(
        f'{{"type": "direct", "title": "Watch {each}", "category": "Watches",'
        f' "condition": "new", "price": 100, "stock": 1}}\n'
        for each in range(300)
    )
    assert (await shop.run("listings", "import", "-", stdin=lines)).code == 0
    process = await shop.start("listings", "list", "--limit", "0", "-o", "jsonl")
    assert process.stdout is not None
    assert process.stderr is not None
    await process.stdout.readline()
    process.stdout._transport.close()  # type: ignore[attr-defined]
    assert await process.wait() in (0, 1)
    assert b"Traceback" not in await process.stderr.read()
