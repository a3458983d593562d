"""Notifications of the two sides of an order: each once, however often it is worked on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.server.money.conftest import Bazaar
from tests.server.notifications.conftest import Repeats, Sql, Told
from tests.support.waiting import until

Fund = Callable[[str, int], None]

TOTAL = 1250
COMPLAINT = {"reason": "not_received", "text": "Nothing came."}


async def paid(bazaar: Bazaar, fund: Fund, *, shipped: bool = False) -> str:
    """An order of 12.50 that is paid from the wallet."""
    fund(bazaar.buyer.id, TOTAL)
    order_id = await bazaar.order()
    body = {"method": "wallet"}
    assert (await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", body)).status == 200
    if shipped:
        assert (await bazaar.ship(order_id)).status == 200
    return order_id


async def test_a_sale_from_payment_to_release(bazaar: Bazaar, fund: Fund, told: Told) -> None:
    order_id = await paid(bazaar, fund, shipped=True)
    done = await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    assert done.status == 200
    await told.quiet()
    assert told.kinds(bazaar.buyer.id) == ["shipped"]
    assert told.kinds(bazaar.seller.id) == ["delivered", "paid", "release"]
    assert told.kinds(bazaar.stranger.id) == []
    about = {"order_id": order_id, "title": "A lamp"}
    [sold] = told.to(bazaar.seller.id, "paid")
    assert sold.pop("buyer_name")
    assert sold == {**about, "total_amount": TOTAL, "currency": "USD"}
    [sent] = told.to(bazaar.buyer.id, "shipped")
    assert sent.pop("escrow_release_at")
    assert sent == {**about, "carrier": "Post", "tracking": "A 1"}
    assert told.to(bazaar.seller.id, "delivered") == [about]
    money = {**about, "amount": TOTAL, "currency": "USD"}
    assert told.to(bazaar.seller.id, "release") == [money]


async def test_a_user_who_cancels_an_order_is_not_notified(
    bazaar: Bazaar, fund: Fund, told: Told
) -> None:
    order_id = await paid(bazaar, fund)
    body = {"reason": "It broke"}
    assert (await bazaar.seller.ask("POST", f"/orders/{order_id}/cancel", body)).status == 200
    await told.quiet()
    assert told.kinds(bazaar.seller.id) == ["paid"]
    assert told.kinds(bazaar.buyer.id) == ["order_cancelled", "refund"]
    [cancelled] = told.to(bazaar.buyer.id, "order_cancelled")
    assert cancelled == {"order_id": order_id, "title": "A lamp", "reason": "It broke"}
    [refund] = told.to(bazaar.buyer.id, "refund")
    assert (refund["amount"], refund["currency"]) == (TOTAL, "USD")


async def test_a_partial_refund_notifies_of_money_only(
    bazaar: Bazaar, fund: Fund, told: Told
) -> None:
    order_id = await paid(bazaar, fund)
    for amount in (100, 250):
        body = {"amount": amount, "to": "wallet"}
        assert (await bazaar.seller.ask("POST", f"/orders/{order_id}/refund", body)).status == 200
    await told.quiet()
    assert [each["amount"] for each in told.to(bazaar.buyer.id)] == [100, 250]
    assert told.kinds(bazaar.buyer.id) == ["refund", "refund"]


async def test_a_dispute_from_its_opening_to_the_decision(
    bazaar: Bazaar, fund: Fund, told: Told
) -> None:
    order_id = await paid(bazaar, fund, shipped=True)
    opened = await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", COMPLAINT)
    dispute_id = opened.body["dispute"]["id"]
    for person in (bazaar.seller, bazaar.buyer):
        answer = await person.ask("POST", f"/disputes/{dispute_id}/reply", {"text": "Well."})
        assert answer.status == 200
    admin = await bazaar.admin()
    verdict = {"refund_amount": 500, "reason": "half of it is lost"}
    path = f"/admin/disputes/{dispute_id}/resolve"
    assert (await admin.ask("POST", path, verdict)).status == 200
    await told.quiet()
    about = {"dispute_id": dispute_id, "order_id": order_id, "title": "A lamp"}
    assert told.to(bazaar.seller.id, "dispute_opened") == [{**about, "reason": "not_received"}]
    decided = {
        **about, "refund_amount": 500, "resolution": "half of it is lost", "currency": "USD",
    }  # fmt: skip
    for side in (bazaar.buyer, bazaar.seller):
        assert told.to(side.id, "dispute_answered") == [about]
        assert told.to(side.id, "dispute_resolved") == [decided]
    assert told.kinds(admin.id) == []
    assert [each["amount"] for each in told.to(bazaar.buyer.id, "refund")] == [500]
    assert [each["amount"] for each in told.to(bazaar.seller.id, "release")] == [750]


async def test_a_cause_that_comes_again_tells_nobody_twice(
    bazaar: Bazaar, fund: Fund, told: Told, repeats: Repeats
) -> None:
    """As after a crash that forgot the mark, or a backup that came back."""
    order_id = await paid(bazaar, fund, shipped=True)
    opened = await bazaar.buyer.ask("POST", f"/orders/{order_id}/dispute", COMPLAINT)
    assert opened.status == 201
    full = await bazaar.seller.ask("POST", f"/orders/{order_id}/refund", {"to": "wallet"})
    assert full.status == 200
    await told.quiet()
    before = told.kinds(bazaar.buyer.id), told.kinds(bazaar.seller.id)
    assert before == (
        ["dispute_resolved", "order_cancelled", "refund", "shipped"],
        ["dispute_opened", "dispute_resolved", "paid"],
    )
    assert repeats.kinds() == {"order_event", "refund", "dispute_opened", "dispute_resolved"}
    for _ in range(2):
        repeats.again()
        await told.quiet()
    assert (told.kinds(bazaar.buyer.id), told.kinds(bazaar.seller.id)) == before


async def test_a_cause_that_fails_holds_up_no_other(
    bazaar: Bazaar, fund: Fund, told: Told, sql: Sql
) -> None:
    sql("""INSERT INTO notice_causes (kind, payload) VALUES ('unheard_of', '{"id": 1}')""")
    await paid(bazaar, fund)
    await until(lambda: told.kinds(bazaar.seller.id) == ["paid"])
    waiting: Any = sql("SELECT kind, attempts > 0 FROM notice_causes")
    assert waiting == [("unheard_of", True)]
