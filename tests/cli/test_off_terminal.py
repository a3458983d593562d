"""Every command off a terminal, in a market full of other people's hostile text.

The table below has a row for each command; a command without one fails. All of it runs in one
market and one process: data on stdout in the format that was asked for, messages on stderr, no
question, no character that steers a terminal, an exit code that is documented.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from instasell_cli.command_tree import CommandEntry
from instasell_cli.exit_codes import ExitCode
from instasell_cli.main import all_entries
from instasell_cli.output.schema import records_of
from instasell_cli.reference.exit_code_docs import exit_codes_of
from instasell_client.models.accounts import Role
from instasell_client.models.text import is_refused
from instasell_server.config.settings import Settings
from tests.cli import forked
from tests.cli.conftest import PASSWORD, Shell
from tests.cli.orders.test_money import Fund, fixed_price_listing
from tests.support.market import Market
from tests.support.pictures import picture
from tests.support.servers import settings_for_tests
from tests.support.waiting import until

Shells = Callable[..., Shell]
Sql = Callable[..., list[tuple[Any, ...]]]

HOSTILE = "A \x1b[31mred\x1b]0;pwned\x07 \x9b2J \u202egnp.exe\u2066 [/b][link=x] =cmd\r\n\tend"
NONE = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
WHY = "--reason=as agreed"


@dataclass(frozen=True)
class Row:
    """Hold how a command is called, by whom, and how it ends.

    `words` name things of the market as `{order}`. A command that changes something is run a second
    time without `-o`, and may be refused then; the others are run in every format. `writes` is
    "records", "json" whatever the format, "text" or "nothing".
    """

    who: str
    words: tuple[str, ...] = ()
    code: int = 0
    changes: bool = False
    writes: str = "records"
    stdin: str = ""


def reads(who: str, *words: str, code: int = 0, writes: str = "records") -> Row:
    return Row(who, words, code, writes=writes)


def changes(who: str, *words: str, code: int = 0, writes: str = "records", stdin: str = "") -> Row:
    return Row(who, words, code, True, writes, stdin)


ROWS: Mapping[str, Row] = {
    "seed": reads("admin", "--auctions", "2", "--listings", "1", code=2),
    "seed apply": changes("admin", "market.yaml", writes="json"),
    "listen": reads("buyer", "--events=none", code=2),
    "tui": reads("buyer", code=2),
    "demo": reads("buyer", "--seed", "x", code=2),
    "serve": reads("buyer", "--help", writes="text"),
    "api": reads("buyer", "GET", "/listings", "-f", "limit=5", writes="json"),
    "doctor": reads("buyer"),
    "help": reads("buyer", "questions", writes="text"),
    "auth login": changes(
        "nobody", "--email={email}", "--password-stdin", writes="nothing", stdin=PASSWORD
    ),
    "auth signup": changes(
        "nobody", "--email=n@example.org", "--password-stdin", writes="nothing", stdin=PASSWORD
    ),
    "auth status": reads("buyer"),
    "auth switch": reads("buyer"),
    "auth token": reads("buyer", writes="text"),
    "auth tokens list": reads("buyer"),
    "auth tokens create": changes("buyer", "ci", "--scope=read"),
    "auth tokens revoke": changes("buyer", "{token}", "--yes", writes="nothing"),
    "auth become-seller": changes("bidder"),
    "auth verify": changes("buyer", "-", code=2, stdin="wrong"),
    "auth forgot": changes("nobody", "--email=none@example.org", writes="nothing"),
    "auth reset": changes("nobody", "--stdin", code=2, stdin="wrong\nlong enough to be one\n"),
    "auth logout": changes("leaver", writes="nothing"),
    "listings list": reads("buyer"),
    "listings show": reads("buyer", "{listing}"),
    "listings create": changes(
        "seller", "--title=A cup", "--category={category}", "--condition=new", "--price=5"
    ),
    "listings update": changes("seller", "{spare}", "--stock=4"),
    "listings delete": changes("seller", "{unwanted}", "--yes", writes="nothing"),
    "listings import": changes("seller", "listings.csv", code=7),
    "listings export": reads("seller", writes="export"),
    "listings images list": reads("seller", "{listing}"),
    "listings images add": changes("seller", "{listing}", "good.png"),
    "listings images order": changes("seller", "{listing}", "{image}", code=2),
    "listings images remove": changes("seller", "{spare}", NONE, "--yes", code=5),
    "categories list": reads("nobody"),
    "categories create": changes("admin", "Toys > Trains"),
    "categories import": changes("admin", "-", stdin="Toys > Cars\n"),
    "auctions live": reads("nobody"),
    "auctions list": reads("nobody", "--status=live"),
    "auctions show": reads("buyer", "{auction}"),
    "auctions wait": reads("buyer", "{auction}", "--for=bid"),
    "auctions bidding": reads("buyer"),
    "auctions bids": reads("seller", "{auction}"),
    "auctions create": changes("seller", "{hammer}", "--min-bid=5", "--duration=1h"),
    "auctions schedule": changes("seller", "auctions.csv", code=7),
    "auctions update": changes("seller", "{quiet}", "--min-bid=6"),
    "auctions cancel": changes("seller", "{quiet}", "--yes"),
    "auctions follow": changes("buyer", "{auction}", writes="nothing"),
    "auctions unfollow": changes("buyer", "{auction}", writes="nothing"),
    "auctions bid": changes("bidder", "{auction}", "--max=90", "--yes"),
    "auctions buy-now": changes("buyer", "{sudden}", "--yes"),
    "auctions selling": reads("seller"),
    "auctions offer-runner-up": changes("seller", "{auction}", code=6),
    "auctions relist": changes("seller", "--from=over.txt", "--duration=1h", "--yes", code=7),
    "auctions watch": reads("buyer", "{over}", writes="lines"),
    "orders list": reads("buyer"),
    "orders show": reads("buyer", "{pending}"),
    "orders buy": changes("buyer", "{listing}", "--yes"),
    "orders address": changes("buyer", "{pending}", "--ship-to=home.json"),
    "orders pay": changes("buyer", "{pending}", "--method=wallet", "--yes"),
    "orders confirm-payment": changes("buyer", "{pending}"),
    "orders ship": changes("seller", "{paid}", "--carrier=DHL", "--tracking=7"),
    "orders confirm": changes("buyer", "{paid}", "--yes"),
    "orders cancel": changes("buyer", "{unpaid}", "--yes"),
    "orders refund": changes("seller", "{regretted}", "--yes"),
    "orders dispute": changes("buyer", "{bad}", "--reason=other", "--text=It hums"),
    "disputes open": changes("buyer", "{worse}", "--reason=other", "--text=It hums"),
    "disputes list": reads("seller"),
    "disputes show": reads("buyer", "{dispute}"),
    "disputes reply": changes("seller", "{dispute}", "--text=It did not"),
    "disputes evidence": changes("buyer", "{dispute}", "good.png"),
    "disputes evidence download": changes("seller", "{dispute}", "--dir=evidence"),
    "wallet show": reads("buyer"),
    "wallet history": reads("buyer"),
    "wallet topup": changes("buyer", "50.00", code=1),
    "wallet feature": changes("seller", "{auction}", "--yes"),
    "wallet payout-account": changes("buyer", code=1),
    "wallet withdraw": changes("buyer", "5", "--yes", code=6),
    "wallet withdrawals": reads("buyer"),
    "messages list": reads("seller"),
    "messages show": reads("seller", "{conversation}", "--keep-unread"),
    "messages send": changes("seller", "It is", "--conversation={conversation}"),
    "notifications list": reads("buyer"),
    "notifications read": changes("buyer", "--all"),
    "notifications preferences": reads("buyer"),
    "subscriptions add": changes("buyer", "seller", "{seller_id}", writes="nothing"),
    "subscriptions list": reads("buyer"),
    "subscriptions remove": changes("buyer", "seller", "{seller_id}", writes="nothing"),
    "admin users list": reads("admin"),
    "admin users suspend": changes("admin", "{stranger}", WHY, "--yes"),
    "admin users unsuspend": changes("admin", "{stranger}", WHY, "--yes"),
    "admin users verify": changes("admin", "{stranger}", WHY, "--yes"),
    "admin users allow-payouts": changes("admin", "{stranger}", WHY, "--yes"),
    "admin users role": changes("admin", "{stranger}", "seller", WHY, "--yes"),
    "admin alerts list": reads("admin"),
    "admin alerts close": changes("admin", "{alert}", WHY),
    "admin alerts refund": changes("admin", "{alert}", WHY, "--yes"),
    "admin alerts charge": changes("admin", "{alert}", WHY, "--yes"),
    "admin alerts correct": changes("admin", "{alert}", WHY, "--yes"),
    "admin disputes list": reads("admin"),
    "admin disputes show": reads("admin", "{dispute}"),
    "admin disputes resolve": changes("admin", "{dispute}", "--refund=1", WHY, "--yes"),
    "admin auctions cancel": changes("admin", "{auction}", WHY, "--yes"),
    "admin listings remove": changes("admin", "{spare}", WHY, "--yes"),
    "admin orders list": reads("admin"),
    "admin orders show": reads("admin", "{dispute_order}"),
    "admin audit-log": reads("admin"),
    "admin analytics": reads("admin"),
}
"""In the order in which they run; a command comes after those that it needs."""

MAY_BE_EMPTY = ("auth switch", "auth status", "wallet withdrawals", "listings images list")
ENTRIES = {entry.path: entry for entry in all_entries() if entry.is_command}
SCHEMAS = {
    path: schema
    for path, entry in ENTRIES.items()
    if (schema := records_of(entry.command)) is not None
}
FORMATS = (None, "json", "jsonl", "csv", "yaml", "name", "jq", "template")
REFUSED = {"json": ("csv", "name"), "lines": ("json", "csv", "yaml", "name")}
"""Formats that a command cannot have, by what it writes."""


@dataclass(frozen=True)
class Run:
    """One call of a command."""

    path: str
    row: Row
    form: str | None
    words: tuple[str, ...]
    code: int | None


def runs() -> Iterator[Run]:
    """Every call: first what must be refused without --yes, then what the table says."""
    for path, row in ROWS.items():
        if "--yes" in row.words:
            kept = tuple(word for word in row.words if word != "--yes")
            yield Run(path, row, "json", kept, ExitCode.USAGE)
        if row.changes:
            yield Run(path, row, "json", row.words, row.code)
            yield Run(path, row, None, row.words, None)
            continue
        for form in FORMATS:
            refuses = (
                form in REFUSED.get(row.writes, ())
                or (form == "name" and path in SCHEMAS and SCHEMAS[path].key is None)
                or (form in ("jq", "template") and path == "auth token")
            )
            yield Run(path, row, form, row.words, 2 if refuses else row.code)


@pytest.fixture
def server_settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """A server that keeps files in a folder of the test's own."""
    return settings_for_tests(database_url, redis_url, data_dir=tmp_path / "data")


def test_every_command_has_a_row() -> None:
    assert set(ROWS) == set(ENTRIES)
    for path, row in ROWS.items():
        has_yes = "--yes" in _options(ENTRIES[path])
        assert has_yes == ("--yes" in row.words), f"{path}: a row gives --yes where there is one"
        if row.writes == "records" and row.code in (0, 7):
            assert path in SCHEMAS, f"{path}: name its records where it is declared"


def _options(entry: CommandEntry) -> set[str]:
    return {name for param in entry.command.params for name in param.opts}


async def test_off_a_terminal(
    market: Market, shell_of: Shells, shell: Shell, fund: Fund, sql: Sql
) -> None:
    people, things = await furnish(market, fund, sql)
    write_files(shell.home, things)
    poison(sql)
    shells = {name: shell_of(client) for name, client in people.items()} | {"nobody": shell}
    planned = [*runs()]
    calls = [
        (
            [*run.path.split(), *(word.format(**things) for word in run.words), *_format(run.form)],
            shells[run.row.who].environment,
            run.row.stdin.encode(),
        )
        for run in planned
    ]
    results = await asyncio.to_thread(forked.run_all, calls, shell.home)
    faults = []
    for run, (code, out, err) in zip(planned, results, strict=True):
        faults += [
            f"{run.path} -o {run.form}: {fault}\n  stdout: {out[:300]!r}\n  stderr: {err[:300]!r}"
            for fault in faults_of(run, code, out.decode(), err.decode())
        ]
    assert not faults, "\n".join(faults)


def faults_of(run: Run, code: int, out: str, err: str) -> Iterator[str]:
    """Return what is wrong with how a call ended."""
    if code not in exit_codes_of(ENTRIES[run.path]):
        yield f"exit code {code} is not documented"
    if run.code is not None and code != run.code:
        yield f"exit code {code} instead of {run.code}"
    for name, text in (("stdout", out), ("stderr", err)):
        bad = {char for char in text if is_refused(char) and char not in "\n\t"}
        if bad:
            yield f"{name} has {bad}"
    for word in ("Traceback", "this should not happen", "[y/N]"):
        if word in out + err:
            yield f"it says {word!r}"
    if code not in (0, 7) and not err and not out:
        yield "it says nothing"
    if run.code == ExitCode.USAGE and "--yes" in run.row.words and "--yes" not in err:
        yield "it does not name --yes"
    yield from _data_faults(run, code, out)


def _data_faults(run: Run, code: int, out: str) -> Iterator[str]:
    writes = run.row.writes
    if writes == "nothing" or code == ExitCode.USAGE:
        if out:
            yield "there is something on stdout"
        return
    if not out:
        if code == 0 and run.path not in MAY_BE_EMPTY:
            yield "there is nothing on stdout"
        return
    if writes == "text" or (run.form is None and writes != "json"):
        return
    try:
        records = [*_records(run.form or "json", out)]
    except ValueError as error:
        yield f"stdout is not {run.form}: {error}"
        return
    if writes == "records" and run.form not in ("name", "jq", "template"):
        wanted = [*SCHEMAS[run.path].fields]
        for record in records:
            if run.form == "csv" and [*record] != wanted:
                yield f"the header is {[*record]}"
            elif run.form != "csv" and not set(record) & set(wanted):
                yield f"its fields are {[*record]}"
        if not records and run.path not in MAY_BE_EMPTY:
            yield "there are no records; the market should have some"


def _records(form: str, out: str) -> Sequence[Mapping[str, object]]:
    if form == "json":
        found = json.loads(out)
        return found if isinstance(found, list) else [found]
    if form in ("jsonl", "jq"):
        return [json.loads(line) for line in out.splitlines()]
    if form == "yaml":
        found = yaml.safe_load(out)
        return found if isinstance(found, list) else [found]
    if form in ("name", "template"):
        return [{"text": line} for line in out.splitlines()]
    header, *rows = csv.reader(io.StringIO(out), strict=True)
    if any(len(row) != len(header) for row in rows):
        raise ValueError("rows of different lengths")
    return [dict(zip(header, row, strict=True)) for row in rows] or [dict.fromkeys(header, "")]


def _format(form: str | None) -> tuple[str, ...]:
    if form == "jq":
        return ("--jq", ".")
    if form == "template":
        return ("--template", "{{ records }} {{ record }}")
    return () if form is None else ("-o", form)


def write_files(folder: Path, things: Mapping[str, str]) -> None:
    """Write what commands read: an address, a picture, and files of which one row is rejected."""
    address = {"name": "Bob Lee", "line1": "5 Mill Lane", "postal_code": "10115"}
    (folder / "home.json").write_text(json.dumps({**address, "city": "Berlin", "country": "DE"}))
    (folder / "good.png").write_bytes(picture())
    rows = "title,category,condition,price\nA pot,Watches,new,5\n\x1b[31mA pan,Watches,new,-1\n"
    (folder / "listings.csv").write_text(rows)
    market = "users:\n  - {name: anna, role: seller}\n"
    (folder / "market.yaml").write_text(market)
    planned = f"listing_id,min_bid,duration\n{things['planned']},5,7d\n\x1b[31m{NONE},5,7d\n"
    (folder / "over.txt").write_text(f"{things['over']}\n# none\n{NONE}\n")
    (folder / "auctions.csv").write_text(planned)


async def furnish(market: Market, fund: Fund, sql: Sql) -> tuple[dict[str, Any], dict[str, str]]:
    """Everybody and everything that the rows speak of."""
    seller, buyer, bidder, leaver, stranger = (
        await market.seller(), *[await market.bidder() for _ in range(4)]
    )  # fmt: skip
    admin = await market.person(Role.ADMIN)
    me, they = await buyer.auth.me(), await seller.auth.me()
    fund(me.id, 50_000)
    sql("UPDATE wallets SET gas_balance = 10000")
    listing, spare, unwanted = [
        await fixed_price_listing(market, seller, name) for name in ("A", "B", "C")
    ]
    sql("UPDATE listings SET stock = 50")
    image = await seller.media.add_image(listing, picture())
    auction = await market.auction(seller)
    await buyer.auctions.bid(auction, amount=500, max_amount=900)
    await bidder.subscriptions.add("auction", auction)
    await buyer.subscriptions.add("auction", auction)
    over = await market.auction(seller)
    await seller.auctions.cancel(over)
    orders = {}
    names = ("pending", "unpaid", "paid", "regretted", "bad", "worse", "dispute_order")
    for name in names:
        orders[name] = (await buyer.orders.buy(listing)).order.id
    for name in names[2:]:
        await buyer.orders.pay(orders[name], "wallet")
    dispute = await buyer.disputes.open(orders["dispute_order"], "other", "It hums")
    asked = await buyer.messages.ask(listing, "Is it new?")
    [(alert,)] = sql(
        "INSERT INTO alerts (kind, subject, details) VALUES"
        " ('payment_amount_mismatch', 'a payment', '{\"amount\": 7}'::jsonb) RETURNING id"
    )
    await until(lambda: sql("SELECT count(*) > 0 FROM notifications WHERE user_id = %s", me.id))
    things = {
        **orders,
        "token": (await buyer.auth.tokens.create("\u2665 cron", ["read"])).id,
        "email": (await stranger.auth.me()).email,
        "stranger": (await stranger.auth.me()).id,
        "seller_id": they.id,
        "category": market.category(),
        "listing": listing,
        "spare": spare,
        "unwanted": unwanted,
        "image": image.id,
        "hammer": await market.listing(seller),
        "planned": await market.listing(seller),
        "auction": auction,
        "over": over,
        "quiet": await market.auction(seller),
        "sudden": await market.auction(seller, buy_now=900),
        "dispute": dispute.dispute.id,
        "conversation": asked.message.conversation_id,
        "alert": str(alert),
    }
    people = {"seller": seller, "buyer": buyer, "bidder": bidder, "leaver": leaver, "admin": admin}
    return people, things


def poison(sql: Sql) -> None:
    """Put text into the market that the door would have refused."""
    for table, column in (
        ("listings", "title"),
        ("listings", "description"),
        ("users", "display_name"),
        ("messages", "text"),
        ("dispute_messages", "text"),
        ("alerts", "subject"),
    ):
        # What people said is never changed, but here.
        sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        sql(f"UPDATE {table} SET {column} = %s", HOSTILE)
        sql(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    sql(
        "UPDATE notifications SET payload = payload || jsonb_build_object('title', %s::text)",
        HOSTILE,
    )
