"""Disputes: who opens them, what they freeze, how they end, and whom they race with."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from instasell_server.domains.orders.handlers import FULFILMENT
from tests.server.accounts_support import Answer, Person
from tests.server.money.conftest import Bazaar
from tests.support.databases import MarketClock
from tests.support.servers import RunningServer
from tests.support.waiting import until

Fund = Callable[[str, int], None]

DAY = 86_400
TOTAL = 1250
COMPLAINT = {"reason": "not_received", "text": "Nothing came.\nI have waited for a month."}
MISSING = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


async def paid(bazaar: Bazaar, fund: Fund, *, shipped: bool = True, listing: str = "") -> str:
    """An order of 12.50 that is paid from the wallet."""
    fund(bazaar.buyer.id, TOTAL)
    order_id = await bazaar.order(listing or None)
    body = {"method": "wallet"}
    assert (await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", body)).status == 200
    if shipped:
        assert (await bazaar.ship(order_id)).status == 200
    return order_id


async def opened(bazaar: Bazaar, order_id: str, **more: Any) -> str:
    """The id of a dispute that the buyer opens."""
    body = {**COMPLAINT, **more}
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", body)
    assert answer.status == 201, answer.body
    return str(answer.body["dispute"]["id"])


async def resolve(admin: Person, dispute_id: str, amount: int, **options: Any) -> Answer:
    """An admin decides."""
    body = {"refund_amount": amount, "reason": "the parcel is lost"}
    return await admin.ask("POST", f"/admin/disputes/{dispute_id}/resolve", body, **options)


async def order_of(bazaar: Bazaar, order_id: str) -> Any:
    """An order as its buyer sees it."""
    return (await bazaar.buyer.ask("GET", f"/orders/{order_id}")).body["order"]


def steps_of(bazaar: Bazaar, order_id: str) -> list[tuple[str | None, str, str]]:
    """Return what happened to an order since it was paid."""
    rows = bazaar.sql(
        "SELECT from_status, to_status, reason FROM order_events WHERE order_id = %s ORDER BY id",
        order_id,
    )
    return [(before, after, reason) for before, after, reason in rows][2:]


@pytest.mark.parametrize("shipped", [True, False])
@pytest.mark.parametrize(
    ("refund", "status", "reason"),
    [
        (0, "delivered", "the parcel is lost: 0.00 refunded"),
        (1, "delivered", "the parcel is lost: 0.01 refunded"),
        (500, "delivered", "the parcel is lost: 5.00 refunded"),
        (TOTAL - 1, "delivered", "the parcel is lost: 12.49 refunded"),
        (TOTAL, "cancelled", "the parcel is lost"),
    ],
)
async def test_an_admin_splits_what_is_held(
    bazaar: Bazaar, fund: Fund, refund: int, status: str, reason: str, shipped: bool
) -> None:
    listing_id = bazaar.listing(stock=5)
    order_id = await paid(bazaar, fund, shipped=shipped, listing=listing_id)
    dispute_id = await opened(bazaar, order_id)
    frozen = await order_of(bazaar, order_id)
    assert (frozen["status"], frozen["held_amount"]) == ("disputed", TOTAL)
    admin = await bazaar.admin()
    done = await resolve(admin, dispute_id, refund)
    assert done.status == 200, done.body
    dispute = done.body["dispute"]
    assert (dispute["status"], dispute["refund_amount"], dispute["resolution"]) == (
        "resolved", refund, "the parcel is lost",
    )  # fmt: skip
    assert (dispute["resolved_by"], dispute["order_status"]) == ("admin", status)
    # The refund goes to the wallet, whatever paid; the rest is the seller's.
    assert bazaar.balance(bazaar.buyer) == refund
    assert bazaar.balance(bazaar.seller) == TOTAL - refund
    order = await order_of(bazaar, order_id)
    assert (order["status"], order["held_amount"], order["refunded_amount"]) == (status, 0, refund)
    assert (order["delivered_at"] is not None) == (status == "delivered")
    before = "shipped" if shipped else "processing"
    assert steps_of(bazaar, order_id)[-2:] == [
        (before, "disputed", "dispute opened: not received"), ("disputed", status, reason),
    ]  # fmt: skip
    # Items that never left are there to be sold again.
    back = refund == TOTAL and not shipped
    stock = bazaar.sql("SELECT stock FROM listings WHERE id = %s", listing_id)
    assert stock == [(5 if back else 4,)]
    kinds = "SELECT type FROM transactions WHERE account = 'escrow' AND order_id = %s ORDER BY 1"
    moved = {kind for (kind,) in bazaar.sql(kinds, order_id)}
    wanted = (
        {"hold"} | ({"refund"} if refund else set()) | ({"release"} if refund < TOTAL else set())
    )
    assert moved == wanted
    log = "SELECT admin_id::text, reason, details->>'refund_amount' FROM admin_actions"
    assert bazaar.sql(log) == [(admin.id, "the parcel is lost", str(refund))]


async def test_what_a_card_paid_is_refunded_to_the_wallet(bazaar: Bazaar) -> None:
    order_id = await bazaar.order()
    await bazaar.pay_by_card(order_id)
    dispute_id = await opened(bazaar, order_id)
    assert (await resolve(await bazaar.admin(), dispute_id, TOTAL)).status == 200
    assert bazaar.balance(bazaar.buyer) == TOTAL
    assert bazaar.sql("SELECT count(*) FROM provider_refunds") == [(0,)]
    assert bazaar.accounts()["stripe"] == -TOTAL


async def test_both_sides_are_heard_until_it_is_resolved(bazaar: Bazaar, fund: Fund) -> None:
    order_id = await paid(bazaar, fund)
    dispute_id = await opened(bazaar, order_id, reason="damaged")
    path = f"/disputes/{dispute_id}"
    for who, text in ((bazaar.seller, "  It was whole.\n\tLook: "), (bazaar.buyer, "It was not.")):
        answer = await who.ask("POST", f"{path}/reply", {"text": text})
        assert answer.status == 200, answer.body
    admin = await bazaar.admin()
    for who in (bazaar.seller, bazaar.buyer, admin):
        shown = (await who.ask("GET", path)).body
        said = [(each["author"], each["text"]) for each in shown["messages"]]
        assert said == [("seller", "It was whole.\n\tLook:"), ("buyer", "It was not.")]
        dispute = shown["dispute"]
        assert (dispute["text"], dispute["reason"]) == (COMPLAINT["text"], "damaged")
        assert (dispute["order_id"], dispute["held_amount"]) == (order_id, TOTAL)
        assert (dispute["buyer_id"], dispute["seller_id"]) == (bazaar.buyer.id, bazaar.seller.id)
        assert (dispute["status"], dispute["resolved_at"]) == ("open", None)
    assert (await resolve(admin, dispute_id, 0)).status == 200
    for who in (bazaar.seller, bazaar.buyer):
        late = await who.ask("POST", f"{path}/reply", {"text": "Wait"})
        assert (late.status, late.code) == (409, "dispute_closed")
    again = await resolve(admin, dispute_id, 0)
    assert (again.status, again.code) == (409, "dispute_closed")
    shown = (await bazaar.buyer.ask("GET", path)).body
    assert len(shown["messages"]) == 2


async def test_who_may_what(bazaar: Bazaar, fund: Fund) -> None:
    order_id = await paid(bazaar, fund)
    path = f"/orders/{order_id}/dispute"
    admin = await bazaar.admin()
    for who, status, code in (
        (bazaar.stranger, 404, "order_not_found"),
        (bazaar.seller, 403, "forbidden"),
        (admin, 403, "forbidden"),
    ):
        answer = await who.ask("POST", path, COMPLAINT)
        assert (answer.status, answer.code) == (status, code)
    dispute_id = await opened(bazaar, order_id)
    for method, at, body in (
        ("GET", f"/disputes/{dispute_id}", None),
        ("POST", f"/disputes/{dispute_id}/reply", {"text": "me too"}),
        ("GET", f"/disputes/{MISSING}", None),
        ("POST", f"/disputes/{MISSING}/reply", {"text": "me too"}),
        ("GET", "/disputes/none", None),
    ):
        answer = await bazaar.stranger.ask(method, at, body)
        assert (answer.status, answer.code) == (404, "dispute_not_found"), (method, at)
    nobody = await resolve(admin, MISSING, 0)
    assert (nobody.status, nobody.code) == (404, "dispute_not_found")
    for who in (bazaar.buyer, bazaar.seller, bazaar.stranger):
        assert (await resolve(who, dispute_id, 0)).code == "forbidden"
        assert (await who.ask("GET", "/admin/disputes")).code == "forbidden"


async def test_an_admin_does_not_decide_their_own_dispute(bazaar: Bazaar, fund: Fund) -> None:
    dispute_id = await opened(bazaar, await paid(bazaar, fund))
    bazaar.sql("UPDATE users SET role = 'admin', version = version + 1 WHERE id = %s",
               bazaar.seller.id)  # fmt: skip
    login = {"email": bazaar.seller.email, "password": "correct horse battery"}
    token = (await bazaar.seller.ask("POST", "/auth/login", login)).body["token"]
    promoted = Person(bazaar.http, bazaar.seller.id, bazaar.seller.email, token)
    answer = await resolve(promoted, dispute_id, 0)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert bazaar.sql("SELECT status FROM disputes") == [("open",)]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({**COMPLAINT, "reason": "bored"}, ["reason"]),
        ({**COMPLAINT, "text": " \n "}, ["text"]),
        ({**COMPLAINT, "text": "x" * 2001}, ["text"]),
        ({**COMPLAINT, "text": "\x1b[2J"}, ["text"]),
        ({"reason": "other"}, ["text"]),
        ({**COMPLAINT, "refund_amount": 5}, ["refund_amount"]),
    ],
)
async def test_what_a_complaint_is_made_of(
    bazaar: Bazaar, body: dict[str, Any], fields: list[str]
) -> None:
    answer = await bazaar.buyer.ask("POST", f"/orders/{MISSING}/dispute", body)
    assert (answer.status, answer.fields) == (422, fields)


@pytest.mark.parametrize("amount", [-1, 1.5, True, "5", None, TOTAL + 1, 10**12 + 1])
async def test_a_refund_is_what_is_held_at_most(bazaar: Bazaar, fund: Fund, amount: Any) -> None:
    dispute_id = await opened(bazaar, await paid(bazaar, fund))
    answer = await resolve(await bazaar.admin(), dispute_id, amount)
    assert (answer.status, answer.fields) == (422, ["refund_amount"])
    assert bazaar.sql("SELECT status FROM disputes") == [("open",)]
    assert bazaar.sql("SELECT count(*) FROM admin_actions") == [(0,)]


async def test_a_dispute_wants_money_that_is_held(bazaar: Bazaar, fund: Fund) -> None:
    async def refused(order_id: str) -> tuple[int, str, str]:
        answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", COMPLAINT)
        return answer.status, answer.code, answer.body["order_status"]

    unpaid = await bazaar.order()
    assert await refused(unpaid) == (409, "order_not_ready", "pending")
    await bazaar.buyer.ask("POST", f"/orders/{unpaid}/cancel")
    assert await refused(unpaid) == (409, "order_not_ready", "cancelled")
    released = await paid(bazaar, fund)
    await bazaar.buyer.ask("POST", f"/orders/{released}/confirm-delivery")
    assert await refused(released) == (409, "order_not_ready", "delivered")
    disputed = await paid(bazaar, fund)
    await opened(bazaar, disputed)
    assert await refused(disputed) == (409, "order_not_ready", "disputed")


@pytest.mark.parametrize("shipped", [True, False])
async def test_time_does_not_move_a_disputed_order(
    paying_server: RunningServer,
    bazaar: Bazaar,
    fund: Fund,
    market_clock: MarketClock,
    shipped: bool,
) -> None:
    order_id = await paid(bazaar, fund, shipped=shipped)
    await opened(bazaar, order_id)
    market_clock.shift(40 * DAY)
    assert await paying_server.app[FULFILMENT].carry_out_due() == 0
    order = await order_of(bazaar, order_id)
    assert (order["status"], order["held_amount"]) == ("disputed", TOTAL)
    for who, step, body in (
        (bazaar.buyer, "confirm-delivery", None),
        (bazaar.buyer, "cancel", None),
        (bazaar.seller, "cancel", None),
        (bazaar.seller, "ship", {"carrier": "Post", "tracking": "2"}),
    ):
        answer = await who.ask("POST", f"/orders/{order_id}/{step}", body)
        assert (answer.status, answer.code) == (409, "order_not_ready"), step
        assert answer.body["order_status"] == "disputed"


@pytest.mark.parametrize("part", [0, 400])
async def test_the_seller_ends_it_by_giving_everything_back(
    bazaar: Bazaar, fund: Fund, part: int
) -> None:
    order_id = await paid(bazaar, fund)
    dispute_id = await opened(bazaar, order_id)
    refund = f"/orders/{order_id}/refund"
    if part:
        done = await bazaar.seller.ask("POST", refund, {"amount": part})
        assert (done.body["order"]["status"], done.status) == ("disputed", 200)
        # What has gone back is held no more, and cannot be decided on.
        much = await resolve(await bazaar.admin(), dispute_id, TOTAL - part + 1)
        assert (much.status, much.fields) == (422, ["refund_amount"])
    done = await bazaar.seller.ask("POST", refund, {"reason": "my mistake"})
    assert done.body["order"]["status"] == "cancelled"
    dispute = (await bazaar.buyer.ask("GET", f"/disputes/{dispute_id}")).body["dispute"]
    assert (dispute["status"], dispute["refund_amount"]) == ("resolved", TOTAL - part)
    assert (dispute["resolved_by"], dispute["resolution"]) == ("seller", "my mistake")
    assert bazaar.balance(bazaar.buyer) == TOTAL
    late = await resolve(await bazaar.admin(), dispute_id, 0)
    assert (late.status, late.code) == (409, "dispute_closed")


async def test_lists_page_by_key_and_filter(bazaar: Bazaar, fund: Fund) -> None:
    listing_id = bazaar.listing(stock=10)
    orders = [await paid(bazaar, fund, listing=listing_id) for _ in range(5)]
    ids = [await opened(bazaar, each) for each in orders]
    admin = await bazaar.admin()
    await resolve(admin, ids[1], 0)

    async def walked(who: Person, path: str) -> list[str]:
        seen, cursor = [], ""
        while cursor is not None:
            page = (await who.ask("GET", f"{path}limit=2{cursor}")).body
            seen += [each["id"] for each in page["items"]]
            cursor = f"&cursor={page['next']}" if page["next"] else None
        return seen

    for who in (bazaar.buyer, bazaar.seller):
        assert await walked(who, "/disputes?") == ids[::-1]
    waiting = [each for each in ids if each != ids[1]]
    assert await walked(bazaar.buyer, "/disputes?status=open&") == waiting[::-1]
    assert await walked(bazaar.stranger, "/disputes?") == []
    # Who has waited longest comes first.
    assert await walked(admin, "/admin/disputes?") == ids
    assert await walked(admin, "/admin/disputes?status=open&") == waiting
    assert await walked(admin, "/admin/disputes?status=resolved&") == [ids[1]]
    assert await walked(admin, f"/admin/disputes?order_id={orders[3]}&") == [ids[3]]
    assert await walked(admin, "/disputes?") == []
    for path in ("/disputes", "/admin/disputes"):
        broken = await admin.ask("GET", f"{path}?cursor=WyJkIiwxLCJ4Il0")
        assert (broken.status, broken.fields) == (422, ["cursor"])


async def test_repeats_with_their_keys_are_done_once(bazaar: Bazaar, fund: Fund) -> None:
    order_id = await paid(bazaar, fund)
    admin = await bazaar.admin()
    key = {"Idempotency-Key": "one"}
    path = f"/orders/{order_id}/dispute"
    made = await asyncio.gather(
        *(bazaar.buyer.ask("POST", path, COMPLAINT, headers=key) for _ in range(10))
    )
    assert {each.status for each in made} == {201}
    [dispute_id] = {each.body["dispute"]["id"] for each in made}
    told = await asyncio.gather(
        *(
            bazaar.seller.ask(
                "POST", f"/disputes/{dispute_id}/reply", {"text": "Once."}, headers=key
            )
            for _ in range(10)
        )
    )
    assert {each.status for each in told} == {200}
    assert bazaar.sql("SELECT text FROM dispute_messages") == [("Once.",)]
    done = await asyncio.gather(*(resolve(admin, dispute_id, 500, headers=key) for _ in range(10)))
    assert {each.status for each in done} == {200}
    assert len({str(each.body) for each in done}) == 1
    assert bazaar.balance(bazaar.buyer) == 500


async def test_what_was_said_is_never_changed(bazaar: Bazaar, fund: Fund) -> None:
    dispute_id = await opened(bazaar, await paid(bazaar, fund))
    await bazaar.buyer.ask("POST", f"/disputes/{dispute_id}/reply", {"text": "I said so."})
    for change in ("UPDATE dispute_messages SET text = 'no'", "DELETE FROM dispute_messages"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            bazaar.sql(change)


# Races ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def order_held(database_url: str, order_id: str) -> Iterator[None]:
    """Another transaction that has the row of an order; who comes waits in a queue."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM orders WHERE id = %s FOR UPDATE", (order_id,))
            yield
    finally:
        connection.rollback()
        connection.close()


WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def in_turn(
    bazaar: Bazaar,
    database_url: str,
    order_id: str,
    first: Callable[[], Any],
    second: Callable[[], Any],
) -> tuple[Any, Any]:
    """Two who want the same order at once, the first of them first in the queue for its row."""
    with order_held(database_url, order_id):
        one = asyncio.create_task(first())
        await until(lambda: bazaar.sql(WAITING)[0][0] >= 1)
        two = asyncio.create_task(second())
        await until(lambda: bazaar.sql(WAITING)[0][0] >= 2)
    return await one, await two


@pytest.mark.parametrize("dispute_first", [True, False])
async def test_a_dispute_and_the_release_by_itself(
    paying_server: RunningServer,
    bazaar: Bazaar,
    fund: Fund,
    market_clock: MarketClock,
    database_url: str,
    dispute_first: bool,
) -> None:
    order_id = await paid(bazaar, fund)
    path = f"/orders/{order_id}/dispute"

    async def complain() -> Answer:
        return await bazaar.buyer.ask("POST", path, COMPLAINT)

    async def release() -> None:
        # It is due from here on, for this and for the worker of the server.
        market_clock.shift(7 * DAY + 1)
        await paying_server.app[FULFILMENT].carry_out_due()

    if dispute_first:
        answer, _ = await in_turn(bazaar, database_url, order_id, complain, release)
        assert answer.status == 201
    else:
        _, answer = await in_turn(bazaar, database_url, order_id, release, complain)
        assert (answer.status, answer.code) == (409, "order_not_ready")
    check_one_won(bazaar, order_id, disputed=dispute_first)


@pytest.mark.parametrize("dispute_first", [True, False])
async def test_a_dispute_and_a_delivery_that_is_confirmed(
    bazaar: Bazaar, fund: Fund, database_url: str, dispute_first: bool
) -> None:
    order_id = await paid(bazaar, fund)

    async def complain() -> Answer:
        return await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", COMPLAINT)

    async def confirm() -> Answer:
        return await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")

    steps = (complain, confirm) if dispute_first else (confirm, complain)
    won, lost = await in_turn(bazaar, database_url, order_id, *steps)
    assert (won.status, lost.status, lost.code) == (
        201 if dispute_first else 200, 409, "order_not_ready",
    )  # fmt: skip
    check_one_won(bazaar, order_id, disputed=dispute_first)


@pytest.mark.parametrize("rival", ["release", "confirm", "refund", "cancel"])
async def test_a_dispute_at_the_same_instant_as_something_else(
    paying_server: RunningServer,
    bazaar: Bazaar,
    fund: Fund,
    market_clock: MarketClock,
    rival: str,
) -> None:
    listing_id = bazaar.listing(stock=50)
    orders = [await paid(bazaar, fund, listing=listing_id) for _ in range(10)]
    if rival == "release":
        # Nobody looks before all are due: the clock moves when the race begins.
        market_clock.shift(7 * DAY + 1)

    async def other(order_id: str) -> Any:
        if rival == "release":
            return await paying_server.app[FULFILMENT].carry_out_due()
        if rival == "confirm":
            return await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
        return await bazaar.seller.ask("POST", f"/orders/{order_id}/{rival}")

    async def complain(order_id: str) -> Answer:
        return await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", COMPLAINT)

    for order_id in orders:
        answer, theirs = await asyncio.gather(complain(order_id), other(order_id))
        won = answer.status == 201
        assert won or (answer.status, answer.code) == (409, "order_not_ready")
        if rival in ("confirm", "cancel"):
            assert theirs.status == (409 if won else 200)
        if rival == "refund":
            # All of it may go back before the dispute or end it, and is given back once.
            assert theirs.status == 200
            assert bazaar.sql("SELECT count(*) FROM disputes WHERE status = 'open'") == [(0,)]
        else:
            check_one_won(bazaar, order_id, disputed=won)


def check_one_won(bazaar: Bazaar, order_id: str, *, disputed: bool) -> None:
    """Either the order is frozen with its money, or it is over and nobody disputes it."""
    [(status, held)] = bazaar.sql("SELECT status, held_amount FROM orders WHERE id = %s", order_id)
    disputes = bazaar.sql("SELECT status FROM disputes WHERE order_id = %s", order_id)
    released = bazaar.sql(
        "SELECT count(*) FROM transactions WHERE order_id = %s AND account = 'escrow'"
        " AND type <> 'hold'",
        order_id,
    )
    if disputed:
        assert (status, held, disputes, released) == ("disputed", TOTAL, [("open",)], [(0,)])
    else:
        assert status in ("delivered", "cancelled")
        assert (held, disputes, released) == (0, [], [(1,)])


async def test_two_admins_decide_at_once(bazaar: Bazaar, fund: Fund, database_url: str) -> None:
    order_id = await paid(bazaar, fund)
    dispute_id = await opened(bazaar, order_id)
    one, two = await bazaar.admin(), await bazaar.admin()
    won, lost = await in_turn(
        bazaar,
        database_url,
        order_id,
        lambda: resolve(one, dispute_id, 500),
        lambda: resolve(two, dispute_id, TOTAL),
    )
    assert (won.status, lost.status, lost.code) == (200, 409, "dispute_closed")
    assert (bazaar.balance(bazaar.buyer), bazaar.balance(bazaar.seller)) == (500, TOTAL - 500)
    assert bazaar.sql("SELECT count(*) FROM admin_actions") == [(1,)]


async def test_twenty_decisions_at_once_are_one(bazaar: Bazaar, fund: Fund) -> None:
    dispute_id = await opened(bazaar, await paid(bazaar, fund))
    admin = await bazaar.admin()
    answers = await asyncio.gather(*(resolve(admin, dispute_id, 100 + n) for n in range(20)))
    assert sorted(each.status for each in answers) == [200] + [409] * 19
    [amount] = [each.body["dispute"]["refund_amount"] for each in answers if each.status == 200]
    assert bazaar.balance(bazaar.buyer) == amount


async def test_two_disputes_of_one_order_at_once_are_one(bazaar: Bazaar, fund: Fund) -> None:
    order_id = await paid(bazaar, fund)
    path = f"/orders/{order_id}/dispute"
    answers = await asyncio.gather(*(bazaar.buyer.ask("POST", path, COMPLAINT) for _ in range(20)))
    assert sorted(each.status for each in answers) == [201] + [409] * 19
    assert bazaar.sql("SELECT count(*) FROM disputes") == [(1,)]


async def test_decisions_that_pay_the_same_two_people_do_not_wait_for_each_other(
    bazaar: Bazaar, fund: Fund
) -> None:
    # Two sellers who buy of each other: each decision moves both wallets.
    bazaar.sql("UPDATE users SET role = 'seller' WHERE id = %s", bazaar.buyer.id)
    there = [await opened(bazaar, await paid(bazaar, fund)) for _ in range(5)]
    bazaar.seller, bazaar.buyer = bazaar.buyer, bazaar.seller
    back = [await opened(bazaar, await paid(bazaar, fund)) for _ in range(5)]
    admin = await bazaar.admin()
    answers = await asyncio.gather(*(resolve(admin, each, 500) for each in there + back))
    assert {each.status for each in answers} == {200}
    assert bazaar.balance(bazaar.buyer) == bazaar.balance(bazaar.seller) == 5 * TOTAL


# The audit --------------------------------------------------------------------------------------


async def test_the_audit_sees_a_dispute_that_contradicts_its_order(
    bazaar: Bazaar, fund: Fund, database: Database
) -> None:
    order_id = await paid(bazaar, fund)
    dispute_id = await opened(bazaar, order_id)

    async def found() -> list[str]:
        return [str(each) for each in (await audit(database, auctions=False)).findings]

    assert await found() == []
    bazaar.sql("UPDATE orders SET status = 'shipped' WHERE id = %s", order_id)
    wrong = f"order {order_id}: has_open_dispute is True, expected False"
    assert await found() == [wrong]
    bazaar.sql("UPDATE orders SET status = 'disputed' WHERE id = %s", order_id)
    bazaar.sql(
        "UPDATE disputes SET status = 'resolved', refund_amount = 5, resolution = 'x',"
        " resolved_at = market_now()"
    )
    assert await found() == [
        f"order {order_id}: has_open_dispute is False, expected True",
        f"dispute {dispute_id}: refund_amount is 5, expected 0",
    ]
    bazaar.sql(
        "UPDATE disputes SET status = 'open', refund_amount = NULL, resolution = NULL,"
        " resolved_at = NULL"
    )
