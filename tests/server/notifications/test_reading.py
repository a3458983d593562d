"""Reading notices, marking them as read, preferences, subscriptions, and who sees whose."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from instasell_client import AsyncInstaSell
from instasell_client.errors import Conflict, Invalid, NotFound
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction
from instasell_server.domains.notifications.dispatch import NotificationDispatcher
from instasell_server.domains.notifications.service import NotificationService
from tests.server.notifications.conftest import Sql, Told
from tests.server.notifications.test_auctions import id_of
from tests.support.market import Market

MISSING = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


def write(sql: Sql, user_id: str, count: int, kind: str = "paid") -> list[str]:
    """Return the notices of a user; their ids, the newest first."""
    rows = sql(
        "INSERT INTO notifications (user_id, kind, payload, cause)"
        " SELECT %s, %s, '{}', gen_random_uuid()::text FROM generate_series(1, %s)"
        " RETURNING id::text, created_at",
        user_id, kind, count,
    )  # fmt: skip
    return [row[0] for row in sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)]


async def pages(person: AsyncInstaSell, path: str, **query: object) -> list[dict[str, Any]]:
    """All items of a list, three at a time."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {**query, "limit": 3, **({"cursor": cursor} if cursor else {})}
        page = await person.api("GET", path, query=asked)
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


async def test_pages_hold_still_while_new_ones_come(market: Market, sql: Sql) -> None:
    person = await market.bidder()
    user_id = await id_of(person)
    ids = write(sql, user_id, 8)
    first = await person.api("GET", "/notifications", query={"limit": 3})
    assert first["unread_count"] == 8
    write(sql, user_id, 5)
    shown = [each["id"] for each in first["items"]]
    cursor = first["next"]
    while cursor:
        page = await person.api("GET", "/notifications", query={"limit": 3, "cursor": cursor})
        shown += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert shown == ids
    assert page["unread_count"] == 13
    with pytest.raises(Invalid):
        await person.api("GET", "/notifications", query={"cursor": "x"})


async def test_marking_some_one_with_all_older_ones_or_all(market: Market, sql: Sql) -> None:
    person, other = await market.bidder(), await market.bidder()
    ids = write(sql, await id_of(person), 9)
    foreign = write(sql, await id_of(other), 2)

    async def mark(**wish: object) -> tuple[int, int]:
        done = await person.api("POST", "/notifications/read", body=wish)
        return done["marked"], done["unread_count"]

    assert await mark(ids=[ids[0], ids[1], foreign[0]]) == (2, 7)
    assert await mark(ids=[ids[0]]) == (0, 7)
    assert await mark(up_to=ids[5]) == (4, 3)
    # The id of another user's notification marks none of yours.
    assert await mark(up_to=foreign[0]) == (0, 3)
    unread = await pages(person, "/notifications", unread=True)
    assert [each["id"] for each in unread] == ids[2:5]
    read = await pages(person, "/notifications", unread=False)
    assert [each["id"] for each in read] == [*ids[:2], *ids[5:]]
    assert all(each["read_at"] for each in read)
    assert await mark(all=True) == (3, 0)
    assert (await other.api("GET", "/notifications"))["unread_count"] == 2
    refused: list[dict[str, Any]] = [
        {},
        {"all": False},
        {"all": True, "up_to": ids[0]},
        {"ids": []},
    ]
    for wrong in refused:
        with pytest.raises(Invalid):
            await mark(**wrong)


async def test_read_all_while_new_ones_come(market: Market, sql: Sql, database: Database) -> None:
    person = await market.bidder()
    user_id = await id_of(person)
    write(sql, user_id, 20)

    async def add() -> None:
        async with database.connection() as connection:
            await connection.execute(
                "INSERT INTO notifications (user_id, kind, payload, cause)"
                " SELECT %(user)s, 'paid', '{}', gen_random_uuid()::text"
                " FROM generate_series(1, 5)",
                {"user": user_id},
            )

    marking = [person.api("POST", "/notifications/read", body={"all": True}) for _ in range(20)]
    *marked, _ = await asyncio.gather(*marking, asyncio.gather(*(add() for _ in range(10))))
    total = sum(each["marked"] for each in marked)
    left = (await person.api("GET", "/notifications"))["unread_count"]
    # Each was marked by one of them, or is still there.
    assert total + left == 70
    assert sql("SELECT count(*) FROM notifications WHERE read_at IS NULL") == [(left,)]


async def test_preferences_begin_with_defaults(market: Market) -> None:
    person = await market.bidder()
    found = (await person.api("GET", "/notifications/preferences"))["items"]
    assert all(each["in_app"] for each in found)
    assert {each["kind"] for each in found if not each["email"]} == {
        "outbid", "ending_soon", "new_auction", "new_listing",
    }  # fmt: skip
    wish = {"items": [{"kind": "outbid", "email": True}, {"kind": "won", "in_app": False}]}
    await person.api("PUT", "/notifications/preferences", body=wish)
    wish = {"items": [{"kind": "won", "email": False}]}
    changed = (await person.api("PUT", "/notifications/preferences", body=wish))["items"]
    by_kind = {each["kind"]: (each["in_app"], each["email"]) for each in changed}
    assert by_kind["outbid"] == (True, True)
    assert by_kind["won"] == (False, False)
    for wrong in ([], [{"kind": "x"}], [{"kind": "won"}, {"kind": "won"}]):
        with pytest.raises(Invalid):
            await person.api("PUT", "/notifications/preferences", body={"items": wrong})


class Letterbox:
    """Keeps letters, each once, in the table that a test made for it."""

    async def queue(
        self,
        tx: Transaction,
        *,
        user_id: str,
        kind: str,
        facts: Mapping[str, Any],
        cause: str,
        send_at: datetime | None = None,
    ) -> None:
        assert send_at is None
        await tx.execute(
            "INSERT INTO letters VALUES (%(u)s, %(k)s, %(c)s) ON CONFLICT DO NOTHING",
            {"u": user_id, "k": kind, "c": cause},
        )
        assert facts["title"]


async def test_preferences_are_obeyed(
    market: Market, told: Told, sql: Sql, telling: NotificationDispatcher
) -> None:
    sql("CREATE TABLE letters (u uuid, kind text, cause text, PRIMARY KEY (u, kind, cause))")
    telling.mails = Letterbox()
    seller, silent, lettered = (
        await market.seller(),
        await market.bidder(),
        await market.bidder(),
    )
    path = "/notifications/preferences"
    wish = [{"kind": "auction_cancelled", "in_app": True, "email": False}]
    await silent.api("PUT", path, body={"items": [*wish, {"kind": "outbid", "in_app": False}]})
    wish = [{"kind": "auction_cancelled", "in_app": False}, {"kind": "outbid", "email": True}]
    await lettered.api("PUT", path, body={"items": wish})
    auction_id = await market.auction(seller)
    for person, amount in ((silent, 100), (lettered, 500), (silent, 1000)):
        await person.auctions.bid(auction_id, amount=amount)
        await told.quiet()
    sql(
        "INSERT INTO notice_causes (kind, payload) SELECT 'auction_cancelled',"
        " jsonb_build_object('auction_id', %s, 'reason', NULL, 'by_seller', true)"
        " FROM generate_series(1, 3)",
        auction_id,
    )
    await told.quiet()
    assert told.kinds(await id_of(silent)) == ["auction_cancelled"]
    assert told.kinds(await id_of(lettered)) == ["outbid"]
    letters = sql("SELECT u::text, kind FROM letters ORDER BY kind")
    mine = await id_of(lettered)
    assert letters == [(mine, "auction_cancelled"), (mine, "outbid")]


async def test_following_and_leaving(market: Market) -> None:
    seller, person, other = await market.seller(), await market.bidder(), await market.bidder()
    auction_id = await market.auction(seller)
    followed = [
        ("auction", auction_id), ("category", market.category()), ("seller", await id_of(seller)),
    ]  # fmt: skip
    for kind, subject_id in [*followed, *followed]:
        await person.api("PUT", f"/subscriptions/{kind}/{subject_id}")
    found = await pages(person, "/subscriptions")
    assert [(each["kind"], each["subject_id"]) for each in found] == followed[::-1]
    assert [each["name"] for each in found][1:] == ["Watches", "A steel watch"]
    # An auction is followed by watching it, and the other way round.
    [watched] = [each async for each in person.auctions.watched()]
    assert watched.auction_id == auction_id
    assert await pages(other, "/subscriptions") == []
    for kind, subject_id in followed:
        await other.api("DELETE", f"/subscriptions/{kind}/{subject_id}")
        await person.api("DELETE", f"/subscriptions/{kind}/{subject_id}")
    assert await pages(person, "/subscriptions") == []
    buyer_id = await id_of(other)
    missing = [("auction", MISSING), ("category", MISSING), ("seller", buyer_id), ("x", MISSING)]
    for kind, subject_id in missing:
        with pytest.raises(NotFound):
            await person.api("PUT", f"/subscriptions/{kind}/{subject_id}")


async def test_subscriptions_have_an_end(market: Market, sql: Sql) -> None:
    seller, person = await market.seller(), await market.bidder()
    sql(
        "INSERT INTO subscriptions (user_id, kind, subject_id)"
        " SELECT %s, 'category', gen_random_uuid() FROM generate_series(1, 995)",
        await id_of(person),
    )
    auctions = [await market.auction(seller) for _ in range(10)]
    answers = await asyncio.gather(
        *(person.api("PUT", f"/subscriptions/auction/{each}") for each in auctions),
        return_exceptions=True,
    )
    assert [type(each) for each in answers].count(Conflict) == 5


async def test_what_was_read_long_ago_is_swept(
    market: Market, sql: Sql, database: Database
) -> None:
    person = await market.bidder()
    old, read, *fresh = write(sql, await id_of(person), 4)
    age = "UPDATE notifications SET read_at = market_now() - %s * interval '1 day' WHERE id = %s"
    sql(age, 90.1, old)
    sql(age, 89.9, read)
    assert await NotificationService(database).delete_old() == 1
    left = {each["id"] for each in await pages(person, "/notifications")}
    assert left == {read, *fresh}


class Torn(Letterbox):
    """A letterbox that breaks down the first times, after the notices were written or before."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    async def queue(self, tx: Transaction, **letter: Any) -> None:
        await super().queue(tx, **letter)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("torn")


async def test_what_breaks_down_on_the_way_comes_whole_and_once(
    market: Market, told: Told, sql: Sql, telling: NotificationDispatcher
) -> None:
    sql("CREATE TABLE letters (u uuid, kind text, cause text, PRIMARY KEY (u, kind, cause))")
    telling.mails = Torn(3)
    seller, bidder = await market.seller(), await market.bidder()
    auction_id = await market.auction(seller)
    await bidder.auctions.bid(auction_id, amount=100)
    sql(
        "INSERT INTO notice_causes (kind, payload) VALUES ('auction_cancelled',"
        " jsonb_build_object('auction_id', %s, 'reason', 'x', 'by_seller', false))",
        auction_id,
    )
    await asyncio.gather(*(telling.work() for _ in range(4)))
    await told.quiet()
    for person in (seller, bidder):
        assert told.kinds(await id_of(person)) == ["auction_cancelled"]
    assert sql("SELECT count(*) FROM letters") == [(2,)]
