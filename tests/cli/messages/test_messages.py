"""Messages, notifications and subscriptions from the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from instasell_cli.output.notification_text import notification_sentence
from instasell_client.models.notifications import Notification, NotificationKind
from tests.cli.conftest import Shell
from tests.cli.orders.test_money import fixed_price_listing
from tests.support.market import Market
from tests.support.waiting import until

MISSING = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
Shells = Callable[..., Shell]
Sql = Callable[..., list[tuple[Any, ...]]]


async def test_a_question_is_asked_and_answered(market: Market, shell_of: Shells) -> None:
    owner, customer = await market.seller(), await market.bidder()
    seller, buyer = shell_of(owner), shell_of(customer)
    listing_id = await fixed_price_listing(market, owner)
    asked = await buyer.run("messages", "send", "--listing", listing_id, "Is it new?", "-o", "json")
    conversation_id = json.loads(asked.out)["conversation_id"]
    listed = await seller.run(
        "messages", "list", "-o", "csv", "--fields", "id,unread_count,last_text"
    )
    assert listed.out == f"id,unread_count,last_text\n{conversation_id},1,Is it new?\n"
    answer = await seller.run(
        "messages", "send", "--conversation", conversation_id, "-", stdin="Yes.\nQuite.\n"
    )
    assert (answer.code, "text\tYes. Quite.\n" in answer.out) == (0, True)
    kept = await seller.run("messages", "show", conversation_id, "--keep-unread")
    assert [line.split("\t")[2] for line in kept.out.splitlines()] == [
        "text", "Is it new?", "Yes. Quite.",
    ]  # fmt: skip
    counts = ("messages", "list", "-o", "csv", "--fields", "unread_count")
    assert (await seller.run(*counts)).out == "unread_count\n1\n"
    shown = await seller.run("messages", "show", "--listing", listing_id, "-o", "jsonl")
    assert [json.loads(line)["author"] for line in shown.out.splitlines()] == ["buyer", "seller"]
    assert (await seller.run(*counts)).out == "unread_count\n0\n"


async def test_an_order_is_written_about_once_for_a_key(
    market: Market, shell_of: Shells, sql: Sql
) -> None:
    owner, customer = await market.seller(), await market.bidder()
    bought = await customer.orders.buy(await fixed_price_listing(market, owner))
    order = ("--order", bought.order.id)
    for _ in range(2):
        sent = await shell_of(owner).run("messages", "send", *order, "Thank you", "--key", "k")
        assert sent.code == 0, sent.err
    assert sql("SELECT count(*) FROM messages") == [(1,)]
    shown = await shell_of(customer).run("messages", "show", *order, "-o", "json")
    assert [each["text"] for each in json.loads(shown.out)] == ["Thank you"]


async def test_how_messages_are_refused(market: Market, shell_of: Shells) -> None:
    owner, customer = await market.seller(), await market.bidder()
    buyer = shell_of(customer)
    listing_id = await fixed_price_listing(market, owner)
    for wrong, code in (
        (("send", "Hello"), 2),
        (("send", "Hello", "--listing", listing_id, "--order", MISSING), 2),
        (("send", "", "--listing", listing_id), 2),
        (("send", "Hello", "--listing", MISSING), 5),
        (("send", "Hello", "--conversation", MISSING), 5),
        (("show", MISSING), 5),
        (("show", "--listing", listing_id), 5),
        (("show",), 2),
    ):
        result = await buyer.run("messages", *wrong)
        assert (result.code, result.out) == (code, ""), (wrong, result.err)
    refused = await shell_of(owner).run("messages", "send", "Hello", "--listing", listing_id)
    assert refused.code == 4
    for _ in range(2):
        asking = await market.bidder()
        await asking.messages.ask(listing_id, "Is it new?")
    several = await shell_of(owner).run("messages", "show", "--listing", listing_id)
    assert (several.code, "several people ask" in several.err) == (2, True)


async def test_notices_are_listed_and_read(market: Market, shell_of: Shells, sql: Sql) -> None:
    owner, customer = await market.seller(), await market.bidder()
    listing_id = await fixed_price_listing(market, owner)
    for text in ("Is it new?", "Hello?"):
        await customer.messages.ask(listing_id, text)
    await until(lambda: sql("SELECT count(*) FROM notifications") == [(2,)])
    sql(
        "UPDATE notifications SET payload = payload || %s WHERE payload->>'text' = 'Hello?'",
        '{"text": "[b]\\u001b[2J"}',
    )
    seller = shell_of(owner)
    table = await seller.run("notifications", "list")
    assert "\x1b" not in table.out
    assert "writes: [b]\N{REPLACEMENT CHARACTER}[2J" in table.out
    listed = await seller.run("notifications", "list", "--unread", "-o", "json")
    newest, oldest = json.loads(listed.out)
    assert newest["payload"]["listing_id"] == listing_id
    marked = await seller.run("notifications", "read", oldest["id"], "-o", "json")
    assert json.loads(marked.out) == {"marked": 1, "unread_count": 1}
    left = await seller.run("notifications", "list", "--unread", "-o", "csv", "--fields", "id")
    assert left.out == f"id\n{newest['id']}\n"
    done = await seller.run("notifications", "read", "--up-to", newest["id"])
    assert done.out == "marked\t1\nunread_count\t0\n"
    assert (await seller.run("notifications", "read", "--all")).code == 0
    for wrong in ((), ("--all", "--up-to", MISSING), ("no-id",)):
        assert (await seller.run("notifications", "read", *wrong)).code == 2


async def test_preferences(market: Market, shell_of: Shells) -> None:
    shell = shell_of(await market.bidder())
    shown = await shell.run("notifications", "preferences", "-o", "csv")
    assert shown.out.splitlines()[:2] == ["kind,in_app,email", "outbid,yes,no"]
    assert len(shown.out.splitlines()) == 1 + len(NotificationKind)
    changed = await shell.run(
        "notifications", "preferences", "outbid", "--email", "--no-in-app", "-o", "csv"
    )
    assert changed.out == "kind,in_app,email\noutbid,no,yes\n"
    for wrong in (("outbid",), ("--email",), ("no_such_kind", "--email")):
        result = await shell.run("notifications", "preferences", *wrong)
        assert (result.code, result.out) == (2, "")


async def test_following(market: Market, shell_of: Shells) -> None:
    owner = await market.seller()
    seller_id = (await owner.auth.me()).id
    auction_id = await market.auction(owner)
    shell = shell_of(await market.bidder())
    for kind, subject_id in (("seller", seller_id), ("auction", auction_id)):
        added = await shell.run("subscriptions", "add", kind, subject_id)
        assert (added.code, added.out) == (0, "")
    listed = ("subscriptions", "list", "-o", "csv", "--fields", "kind,subject_id,name")
    name = (await owner.auth.me()).display_name
    assert (await shell.run(*listed)).out == (
        f"kind,subject_id,name\nauction,{auction_id},A steel watch\nseller,{seller_id},{name}\n"
    )
    assert (await shell.run("subscriptions", "remove", "auction", auction_id)).code == 0
    assert len((await shell.run(*listed)).out.splitlines()) == 2
    assert (await shell.run("subscriptions", "add", "auction", MISSING)).code == 5
    assert (await shell.run("subscriptions", "add", "market", MISSING)).code == 2


def test_every_kind_has_a_sentence() -> None:
    facts = {"title": "A {lamp}", "price": 1250, "currency": "USD", "reason": None}
    for kind in (*NotificationKind, "of_a_newer_server"):
        notice = Notification.model_validate(
            {
                "id": MISSING,
                "kind": str(kind),
                "payload": facts,
                "read_at": None,
                "created_at": "2026-03-01T12:00:00Z",
            }
        )
        assert notification_sentence(notice)
    lost = notice.model_copy(update={"kind": "lost"})
    assert notification_sentence(lost).startswith("A {lamp}: ")
    assert "12.50 USD" in notification_sentence(lost)
    unsold = lost.model_copy(update={"payload": {**facts, "winner": None}})
    assert notification_sentence(unsold) == "A {lamp}: Ended below the reserve: no sale"
    assert notification_sentence(notice) == "of a newer server"
