"""The admin's desk from the shell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instasell_cli.output.bar_chart import bars
from instasell_client import AsyncInstaSell
from instasell_client.models.accounts import Role
from tests.cli.auctions.test_auctions import OnTerminal
from tests.cli.conftest import Shell
from tests.cli.disputes.test_disputes import paid
from tests.cli.orders.test_money import MISSING, Fund
from tests.support.market import PASSWORD, Market

Shells = Callable[..., Shell]
Sql = Callable[..., list[tuple[Any, ...]]]
WHY = ("--reason", "as agreed")


@pytest.fixture
async def admin(market: Market) -> AsyncInstaSell:
    """The shell of an admin of the market."""
    return await market.person(Role.ADMIN)


@pytest.fixture
def desk(admin: AsyncInstaSell, shell_of: Shells) -> Shell:
    """An admin's shell."""
    return shell_of(admin)


async def status_of(person: AsyncInstaSell) -> str:
    return (await person.auth.me()).status.value


async def test_people_are_found(market: Market, desk: Shell) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    one, other = await seller.auth.me(), await buyer.auth.me()
    listed = await desk.run("admin", "users", "list", "--role", "seller", "-o", "json")
    assert [each["id"] for each in json.loads(listed.out)] == [one.id]
    found = await desk.run("admin", "users", "list", "--q", other.email, "--fields", "email,role")
    assert found.out == f"email\trole\n{other.email}\tbuyer\n"
    by_id = await desk.run("admin", "users", "list", "--q", other.id.upper(), "-o", "json")
    assert [each["id"] for each in json.loads(by_id.out)] == [other.id]
    lines = (await desk.run("admin", "users", "list", "--limit", "2", "-o", "jsonl")).out
    assert len(lines.splitlines()) == 2
    nobody = await desk.run("admin", "users", "list", "--status", "suspended", "-o", "csv")
    assert (nobody.code, nobody.out.count("\n")) == (0, 1)


async def test_an_account_is_suspended_and_let_in_again(market: Market, desk: Shell) -> None:
    person = await market.bidder()
    me = await person.auth.me()
    command = ("admin", "users", "suspend", me.email, *WHY)
    unasked = await desk.run(*command)
    assert (unasked.code, unasked.out, "--yes" in unasked.err) == (2, "", True)
    assert await status_of(person) == "active"
    done = await desk.run(*command, "--yes", "-o", "json")
    assert (done.code, json.loads(done.out)["status"]) == (0, "suspended")
    back = await desk.run("admin", "users", "unsuspend", me.id, *WHY, "--yes")
    assert (back.code, "status\tactive\n" in back.out) == (0, True)
    log = await desk.run("admin", "audit-log", "--subject", me.email, "-o", "json")
    assert [(each["action"], each["reason"]) for each in json.loads(log.out)] == [
        ("unsuspend_user", "as agreed"),
        ("suspend_user", "as agreed"),
    ]


@pytest.mark.parametrize(
    ("way", "answer", "status"), [("id", "n\n", "active"), ("email", "y\n", "suspended")]
)
async def test_nobody_is_suspended_without_an_answer(
    market: Market, desk: Shell, sql: Sql, way: str, answer: str, status: str
) -> None:
    me = await (await market.bidder()).auth.me()
    typed = OnTerminal(desk, "admin", "users", "suspend", getattr(me, way).upper(), *WHY)
    code, shown = await typed.run(answer, "[y/N] ")
    assert f"Suspend {me.display_name} <{me.email}>?" in shown
    assert code == (0 if status == "suspended" else 1), shown
    assert sql("SELECT status FROM users WHERE id = %s", me.id) == [(status,)]


async def test_a_part_of_an_address_is_nobody(market: Market, desk: Shell) -> None:
    person = await market.bidder()
    part = (await person.auth.me()).email[:-4]
    for text, code, words in ((part, 2, "like"), ("none@example.org", 5, "nobody has")):
        done = await desk.run("admin", "users", "suspend", text, *WHY, "--yes")
        assert (done.code, done.out, words in done.err) == (code, "", True)
    unknown = await desk.run("admin", "users", "verify", MISSING, *WHY, "--yes")
    assert (unknown.code, unknown.out) == (5, "")
    assert await status_of(person) == "active"


async def test_an_address_that_looks_alike_is_of_another_user(
    market: Market, desk: Shell, sql: Sql
) -> None:
    # As one was stored before such addresses were refused.
    look_alike = "\u017fam@example.org"
    for email in ("sam@example.org", "other@example.org"):
        async with AsyncInstaSell(market.base_url) as person:
            await person.auth.signup(email, PASSWORD)
    sql("UPDATE users SET email = %s WHERE email = 'other@example.org'", look_alike)
    command = ("admin", "users", "role", "SAM@example.org", "admin", *WHY, "--yes")
    done = await desk.run(*command, "-o", "json")
    assert (done.code, json.loads(done.out)["email"]) == (0, "sam@example.org")
    listed = await desk.run("admin", "users", "list", "--q", "sam@", "-o", "json")
    roles = {each["email"]: each["role"] for each in json.loads(listed.out)}
    assert roles == {"sam@example.org": "admin", look_alike: "buyer"}


async def test_many_like_it_do_not_hide_an_address(market: Market, desk: Shell, sql: Sql) -> None:
    me = await (await market.bidder()).auth.me()
    like_it = (
        "INSERT INTO users SELECT (jsonb_populate_record(u, jsonb_build_object("
        "'id', gen_random_uuid(), 'email', n || u.email, 'created_at', now()))).*"
        " FROM users u, generate_series(%s, %s) n WHERE u.id = %s"
    )
    sql(like_it, 1, 120, me.id)
    command = ("admin", "users", "suspend", me.email, *WHY, "--yes", "-o", "json")
    done = await desk.run(*command)
    assert (done.code, json.loads(done.out)["id"]) == (0, me.id)
    sql(like_it, 121, 1000, me.id)
    done = await desk.run(*command)
    assert (done.code, done.out, "give the id" in done.err) == (2, "", True)


async def test_a_role_and_a_proof_are_given(market: Market, desk: Shell) -> None:
    person = await market.bidder()
    email = (await person.auth.me()).email
    command = ("admin", "users", "role", email, "seller", *WHY)
    assert (await desk.run(*command)).code == 2
    done = await desk.run(*command, "--yes", "-o", "csv", "--fields", "email,role")
    assert done.out == f"email,role\n{email},seller\n"
    proved = await desk.run("admin", "users", "verify", email, *WHY, "--yes", "-o", "json")
    assert json.loads(proved.out)["verification_status"] == "verified"


async def test_the_desk_is_for_admins(market: Market, shell_of: Shells) -> None:
    stranger = shell_of(await market.bidder())
    for command in (("users", "list"), ("alerts", "list"), ("audit-log",), ("analytics",)):
        done = await stranger.run("admin", *command, "-o", "json")
        assert (done.code, done.out) == (4, ""), command
    done = await stranger.run("admin", "users", "suspend", MISSING, *WHY, "--yes")
    assert (done.code, done.out) == (4, "")


async def test_alerts_are_read_and_closed(desk: Shell, sql: Sql) -> None:
    [(alert_id,)] = sql(
        "INSERT INTO alerts (kind, subject, details) VALUES"
        " ('payment_amount_mismatch', 'a payment', '{\"amount\": 7}'::jsonb) RETURNING id"
    )
    listed = await desk.run("admin", "alerts", "list", "--open", "-o", "csv")
    [row] = csv.DictReader(io.StringIO(listed.out))
    assert (row["id"], row["details"]) == (str(alert_id), '{"amount": 7}')
    closed = await desk.run("admin", "alerts", "close", str(alert_id), *WHY, "-o", "json")
    assert json.loads(closed.out)["closed_at"] is not None
    assert json.loads((await desk.run("admin", "alerts", "list", "--open", "-o", "json")).out) == []
    assert str(alert_id) in (await desk.run("admin", "alerts", "list", "--closed")).out
    missing = await desk.run("admin", "alerts", "close", MISSING, *WHY)
    assert (missing.code, missing.out) == (5, "")


async def test_auctions_and_listings_are_taken_down(market: Market, desk: Shell, sql: Sql) -> None:
    seller = await market.seller()
    auction_id = await market.auction(seller)
    [(listing_id,)] = sql("SELECT listing_id FROM auctions WHERE id = %s", auction_id)
    remove = ("admin", "listings", "remove", str(listing_id), *WHY)
    cancel = ("admin", "auctions", "cancel", auction_id, *WHY)
    for command in (remove, cancel):
        assert (await desk.run(*command)).code == 2
    assert (await desk.run(*remove, "--yes")).code == 6
    cancelled = await desk.run(*cancel, "--yes", "-o", "json", "--fields", "auction_id,status")
    assert json.loads(cancelled.out) == {"auction_id": auction_id, "status": "cancelled"}
    assert (await desk.run(*cancel, "--yes")).code == 6
    removed = await desk.run(*remove, "--yes", "-o", "json")
    assert (removed.code, json.loads(removed.out)["id"]) == (0, str(listing_id))
    log = await desk.run("admin", "audit-log", "--action", "remove_listing", "-o", "json")
    assert [each["subject_id"] for each in json.loads(log.out)] == [str(listing_id)]


async def test_an_order_with_its_money(market: Market, desk: Shell, fund: Fund) -> None:
    seller, _, order_id = await paid(market, fund)
    await seller.orders.refund(order_id, 250, to="wallet", reason="a scratch")
    shown = await desk.run("admin", "orders", "show", order_id)
    assert (shown.code, "held_amount\t10.00\n" in shown.out) == (0, True)
    assert "a scratch" in shown.out
    assert "-12.50  hold: balance of the buyer" in shown.out
    whole = json.loads((await desk.run("admin", "orders", "show", order_id, "-o", "json")).out)
    assert sum(row["amount"] for row in whole["ledger"]) == 0
    assert {row["type"] for row in whole["ledger"]} == {"hold", "refund"}
    assert (await desk.run("admin", "orders", "show", MISSING)).code == 5


async def test_a_dispute_is_decided(market: Market, desk: Shell, fund: Fund) -> None:
    seller, buyer, order_id = await paid(market, fund)
    made = await buyer.disputes.open(order_id, "damaged", "Broken\nin two")
    dispute_id = made.dispute.id
    await seller.disputes.reply(dispute_id, "It left whole")
    listed = await desk.run(
        "admin", "disputes", "list", "--status", "open", "-o", "csv", "--fields", "id,held_amount"
    )
    assert listed.out == f"id,held_amount\n{dispute_id},12.50\n"
    assert (
        "(seller): It left whole" in (await desk.run("admin", "disputes", "show", dispute_id)).out
    )
    resolve = ("admin", "disputes", "resolve", dispute_id, *WHY, "--refund")
    much = await desk.run(*resolve, "12.51", "--yes")
    assert (much.code, much.out, "12.50 USD is held" in much.err) == (2, "", True)
    assert (await desk.run(*resolve, "5.00")).code == 2
    code, shown = await OnTerminal(desk, *resolve, "5.00").run("n\n", "[y/N] ")
    assert code == 1
    buyers, sellers = (await buyer.auth.me()).display_name, (await seller.auth.me()).display_name
    assert f"5.00 USD to the buyer {buyers}, 7.50 USD to the seller {sellers}?" in shown
    assert (await buyer.wallet.get()).balance == 3750
    for _ in range(2):
        done = await desk.run(*resolve, "5.00", "--yes", "--key", "once", "-o", "json")
        assert (done.code, json.loads(done.out)["refund_amount"]) == (0, 500)
    assert (await buyer.wallet.get()).balance == 4250
    assert (await seller.wallet.get()).balance == 750
    assert (await desk.run(*resolve, "1.00", "--yes")).code == 6


async def test_figures_as_records_and_as_bars(market: Market, desk: Shell, fund: Fund) -> None:
    await paid(market, fund)
    found = await desk.run("admin", "analytics", "-o", "json")
    figures = json.loads(found.out)
    assert (found.code, len(figures)) == (0, 31)
    assert (figures[-1]["gross_amount"], figures[-1]["currency"]) == (1250, "USD")
    rows = [*csv.DictReader(io.StringIO((await desk.run("admin", "analytics", "-o", "csv")).out))]
    assert rows[-1]["gross_amount"] == "12.50"
    desk.extra = {"COLUMNS": "80"}
    drawn = await desk.run("admin", "analytics", "--bucket", "hour", "--plot", "orders")
    lines = drawn.out.splitlines()
    assert lines[0] == "orders, by hour in UTC"
    # The hour may have ended since.
    assert "█" in lines[-1] + lines[-2]
    assert max(map(len, lines)) == 80
    assert "\x1b" not in drawn.out
    money = await desk.run("admin", "analytics", "--plot")
    assert "gross amount, USD, by day in UTC" in money.out
    assert "  12.50  " in money.out
    both = await desk.run("admin", "analytics", "--plot", "-o", "json")
    assert (both.code, both.out) == (2, "")
    long = await desk.run("admin", "analytics", "--from", "2000-01-01", "--bucket", "hour")
    assert (long.code, long.out) == (2, "")


async def test_bars_on_a_terminal_have_no_control_sequences(desk: Shell) -> None:
    desk.extra = {"COLUMNS": "80"}
    code, shown = await OnTerminal(desk, "admin", "analytics", "--plot").run("", "never")
    assert (code, "\x1b" in shown) == (0, False)


def test_bars_keep_their_width_and_show_the_smallest() -> None:
    lines = bars(["one", "three"], [1000.0, 0.001], ["1,000", "0"], width=40)
    assert lines == ["one    1,000  " + "█" * 26, "three      0  ▏"]
    assert bars(["a", "b"], [0, None], ["0", "-"], width=40) == ["a  0", "b  -"]
    assert bars([], [], []) == []


async def test_nothing_of_other_people_steers_the_terminal(
    market: Market, desk: Shell, sql: Sql, tmp_path: Path
) -> None:
    me = await (await market.bidder()).auth.me()
    hostile = "[red]Bob\x1b[2J\u202e\x07"
    sql("UPDATE users SET display_name = %s WHERE id = %s", hostile, me.id)
    sql("INSERT INTO alerts (kind, subject, details) VALUES ('odd', %s, '{}')", hostile)
    await desk.run("admin", "users", "verify", me.id, "--reason", "[b]x[/b]", "--yes")
    for command in (
        ("users", "list"),
        ("users", "list", "--fields", "display_name"),
        ("users", "list", "-o", "json"),
        ("users", "list", "-o", "csv"),
        ("alerts", "list"),
        ("audit-log",),
    ):
        done = await desk.run("admin", *command)
        assert done.code == 0
        assert not set(done.out) & set("\x1b\u202e\x07"), command
    names = await desk.run("admin", "users", "list", "--q", me.email, "--fields", "display_name")
    assert "[red]Bob" in names.out
    assert "[b]x[/b]" in (await desk.run("admin", "audit-log")).out
