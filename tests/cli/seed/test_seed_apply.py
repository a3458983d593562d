"""A market file: checked as a whole, carried out once, and the same ids every time."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instasell_cli.seed.market_file import FIELDS, InvalidMarketFile
from instasell_cli.seed.market_file_reader import read_sheet
from instasell_cli.seed.yaml_document import CHARACTERS_MAX, SECTIONS_MAX
from instasell_client.models.accounts import Role
from tests.cli.conftest import Shell
from tests.support.market import Market

EXAMPLE = Path(__file__).parents[3] / "examples" / "market.yaml"
EVERYTHING = (
    "SELECT id, version FROM users ORDER BY id",
    "SELECT id, version, stock FROM listings ORDER BY id",
    "SELECT id, version, current_bid, seq FROM auctions ORDER BY id",
    "SELECT auction_id, seq, amount FROM bids ORDER BY auction_id, seq",
    "SELECT id FROM categories ORDER BY id",
    "SELECT count(*) FROM transactions",
)
FAULTY = """\
users:
  - name: anna
    role: seller
  - name: bob
  - name: bob
    password: short
  - {name: "b d", email: nonsense}
categories:
  - Home > Lamps
  - {name: x, path: "a > "}
listings:
  - name: lamp
    seller: anna
    title: no
    category: Home > Lamps
    condition: new
    price: 1e5
    colour: red
  - name: sextant
    seller: carl
    type: auction
    title: Sextant
    category: x
    condition: worn
    price: 5
    stock: 2
  - name: third
    seller: bob
    title: [a]
    title: b
    stock: 1.5
    seller_sku: seed-lamp
auctions:
  - name: a1
    listing: lamp
    min_bid: 5.00
    reserve: 4
    duration: soon
  - name: a2
    listing: sextant
    min_bid: 10
    extension: 3s
  - {name: a3, listing: sextant, min_bid: 0, start: +2h, end: +1h, increments: huge}
bids:
  - {auction: a2, bidder: bob, amount: 5}
  - {auction: zz, bidder: anna}
  - {auction: a2, bidder: bob, amount: 30, max: 20}
  - {auction: a1, bidder: anna, max: 20}
things: []
"""
FAULTS = [
    (5, "users[2].name", "another bob"),
    (6, "users[2].password", "at least 8 characters"),
    (7, "users[3].name", "letters, digits"),
    (7, "users[3].email", "anna@example.test"),
    (10, "categories[1].path", "is not a category"),
    (17, "listings[0].price", "is not an amount"),
    (18, "listings[0].colour", "there is no such field"),
    (20, "listings[1].seller", "there is no 'carl' among the users"),
    (24, "listings[1].condition", "'new', 'refurbished', 'used-like-new'"),
    (25, "listings[1].price", "leave the price out"),
    (26, "listings[1].stock", "leave it out"),
    (27, "listings[2].category", "give the name of one of the categories"),
    (27, "listings[2].condition", "give this field"),
    (27, "listings[2].price", "give a price"),
    (28, "listings[2].seller", "bob is no seller"),
    (29, "listings[2].title", "plain value"),
    (30, "listings[2].title", "given twice"),
    (31, "listings[2].stock", "not a whole number"),
    (35, "auctions[0].listing", "not of type: auction"),
    (37, "auctions[0].reserve", "less than"),
    (38, "auctions[0].duration", "not a span"),
    (39, "auctions[1]", "either end or duration"),
    (42, "auctions[1].extension", "at least extension_window"),
    (43, "auctions[2].increments", "ebay"),
    (43, "auctions[2].min_bid", "is too little; write 0.01 or more"),
    (43, "auctions[2].end", "after start"),
    (43, "auctions[2].listing", "another auction"),
    (45, "bids[0].amount", "less than the min_bid"),
    (46, "bids[1].auction", "there is no 'zz'"),
    (46, "bids[1]", "give amount, max or both"),
    (47, "bids[2]", "more than max"),
    (48, "bids[3].bidder", "anna sells it"),
    (49, "things", "there is no such section"),
]


def faults_of(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(InvalidMarketFile) as caught:
        read_sheet(text)
    return [(each.line, each.path, each.message) for each in caught.value.faults]


def test_every_fault_is_reported_with_its_place() -> None:
    found = faults_of(FAULTY)
    assert {(line, path) for line, path, _ in found} == {(line, path) for line, path, _ in FAULTS}
    for line, path, said in FAULTS:
        assert any(said in each for at, where, each in found if (at, where) == (line, path)), path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "give sections"),
        ("- users", "give sections"),
        ("users: 5", "give a list"),
        ("a: b: c", "it is not YAML: mapping values"),
        ("users:\n- *nobody", "it is not YAML: found undefined alias"),
        ("--- {}\n--- {}\n", "it is not YAML"),
        ("\x00", "it is not YAML"),
        ("[" * 500, "nested too deeply"),
        ("users: [{name: !!python/object/apply:os.system [ls]}]", "plain value"),
        ("users: [{name: !!python/name:os.system x}]", "plain value"),
        ("x" * (CHARACTERS_MAX + 1), "larger than 1 MiB"),
        ("categories: [" + "a, " * 501 + "]", "500 entries at most"),
        ("users: [{name: a, <<: {role: seller}}]", "no such field"),
        ("users: [{name: a}, {name: A}]", "another account has A@example.test"),
    ],
)
def test_what_is_no_market_file(text: str, said: str) -> None:
    assert any(said in message for _, _, message in faults_of(text))


def test_every_field_is_documented() -> None:
    text = (EXAMPLE.parents[1] / "docs" / "scripting.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    assert [*rows] == [*SECTIONS_MAX] == [*FIELDS]
    for section, fields in FIELDS.items():
        assert fields <= set(re.findall(r"`(\w+)`", rows[section])), section


def test_texts_stay_as_they_were_typed() -> None:
    sheet = read_sheet(
        "users: [{name: a, role: seller, display_name: no}]\n"
        "categories: [2024]\n"
        "listings: [{name: x, seller: a, category: 2024, title: 1_000, condition: new,"
        " price: 1234.10, description: }]\n"
    )
    assert sheet.people[0].display_name == "no"
    assert sheet.categories == {"2024": "2024"}
    assert sheet.pieces[0].row["title"] == "1_000"
    assert sheet.pieces[0].row["price"] == 123410


async def test_the_example_twice_is_the_same_market(
    market: Market, shell_of: Callable[..., Shell], sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    shell = shell_of(await market.bidder())
    refused = await shell.run("seed", "apply", str(EXAMPLE))
    assert (refused.code, refused.out) == (4, "")
    admin = await market.person(Role.ADMIN)
    shell.extra["INSTASELL_ADMIN_TOKEN"] = str(admin.token)
    faulty = await shell.run("seed", "apply", "-", stdin=FAULTY)
    assert (faulty.code, faulty.out) == (2, "")
    assert "stdin:17: listings[0].price: '1e5' is not an amount" in faulty.err
    assert "nothing was written" in faulty.err
    assert sql("SELECT count(*) FROM listings") == [(0,)]

    # Two at once on an empty market make one market.
    apply = ("seed", "apply", str(EXAMPLE))
    first, other = await asyncio.gather(shell.run(*apply), shell.run(*apply))
    assert (first.code, other.code) == (0, 0), first.err + other.err
    assert first.out == other.out
    created = re.findall(r"(\w+): [^;]*?(\d+) created", f"{first.err}; {other.err}")
    sums = Counter[str]()
    for section, count in created:
        sums[section] += int(count)
    assert sums == {"users": 4, "categories": 3, "listings": 4, "auctions": 2, "bids": 3}
    ids = json.loads(first.out)
    assert {section: [*names] for section, names in ids.items()} == {
        "users": ["anna", "sam", "bea", "ron"],
        "categories": ["Watches", "lamps", "instruments"],
        "listings": ["lamp", "alarm-clock", "sextant", "wristwatch"],
        "auctions": ["sextant", "wristwatch"],
    }
    sextant = await (await market.anybody()).auctions.get(ids["auctions"]["sextant"])
    assert (sextant.state.current_bid, sextant.state.leader) == (10000, "bidder-2")
    assert sextant.state.listing_id == ids["listings"]["sextant"]
    assert sextant.seller_name == "Anna's Attic"

    # A purchase in between, which is not undone; an auction that is over keeps its place.
    bea = await market.anybody()
    await bea.auth.login("bea@example.test", "seed apply password")
    await bea.orders.buy(ids["listings"]["lamp"])
    await bea.auctions.bid(ids["auctions"]["wristwatch"], amount=5000)
    before = [sql(query) for query in EVERYTHING]
    del shell.extra["INSTASELL_ADMIN_TOKEN"]
    again = await shell.run("seed", "apply", str(EXAMPLE))
    assert (again.code, again.out) == (0, first.out), again.err
    assert [sql(query) for query in EVERYTHING] == before
    assert "created" not in again.err
    assert "bids: 3 unchanged" in again.err
    await admin.auctions.cancel(ids["auctions"]["sextant"])
    over = await shell.run("seed", "apply", str(EXAMPLE), "-o", "jsonl")
    assert (over.code, json.loads(over.out)) == (0, ids), over.err
    assert len(over.out.splitlines()) == 1


async def test_a_refusal_of_the_market_is_reported_with_its_place(
    market: Market, shell_of: Callable[..., Shell]
) -> None:
    taken = await market.anybody()
    await taken.auth.signup("carl@example.test", "another password")
    shell = shell_of(await market.person(Role.ADMIN))
    text = """\
        users: [{name: anna, role: seller}, {name: bob}, {name: carl}]
        categories: [Lamps]
        listings:
          - {name: lamp, seller: anna, type: auction, title: L, category: Lamps, condition: new}
          - {name: two, seller: anna, type: auction, title: T, category: Lamps, condition: new}
        auctions:
          - {name: lamp, listing: lamp, min_bid: 10.00, duration: 1h}
          - {name: two, listing: two, min_bid: 10.00, end: 2020-01-01T00:00}
        bids:
          - {auction: lamp, bidder: bob, amount: 20.00}
          - {auction: lamp, bidder: bob, amount: 15.00}
          - {auction: lamp, bidder: carl, amount: 30.00}
          - {auction: two, bidder: bob, amount: 30.00}
        """
    done = await shell.run("seed", "apply", "-", "-o", "csv", "--fields", "name", stdin=text)
    assert (done.code, done.out) == (7, "name\nanna\nbob\nLamps\nlamp\ntwo\nlamp\n"), done.err
    assert "stdin:1: users[2].email: the account is there, with another password" in done.err
    assert "stdin:8: auctions[1].end: lies in the past" in done.err
    assert "stdin:11: bids[1]: " in done.err
    assert "3 rejected by the market" in done.err


async def test_a_known_password_stays_on_this_machine(shell: Shell) -> None:
    far = ("seed", "apply", "-", "--url", "https://market.example")
    done = await shell.run(*far, stdin="users: [{name: anna}]")
    assert (done.code, done.out) == (2, "")
    assert "INSTASELL_SEED_PASSWORD" in done.err
    wrong = await shell.run("seed", "--users", "3", "apply", "-")
    assert (wrong.code, "--users is not for seed apply" in wrong.err) == (2, True)
