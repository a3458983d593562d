"""An order to each of its sides: its state, the open steps, and the words. Pure."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest

from instasell_client import (
    ConnectionFailed,
    InsufficientFunds,
    OrderNotReady,
    OutcomeUnknown,
    PaymentFailed,
)
from instasell_client.models.orders import Order
from instasell_client.models.wallets import WalletAccount, WalletEntry
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.browser import is_page
from instasell_tui.orders.rules import OrderDue, OrderStep, due_of, sort_orders, steps_of
from tests.tui.samples import NOW, SELLER, auction_id

BUYER = "00000000-0000-4000-8000-00000000bbbb"


def order(number: int = 1, **changes: Any) -> Order:
    """An order of one lamp that is to be paid within two days."""
    values: dict[str, Any] = {
        "id": auction_id(number), "status": "pending", "buyer_id": BUYER, "buyer_name": "Ada",
        "seller_id": SELLER, "seller_name": "Mill Lane", "listing_id": auction_id(90),
        "title": "A lamp", "auction_id": None, "quantity": 2, "unit_amount": 1000,
        "shipping_amount": 250, "total_amount": 2250, "held_amount": 0, "refunded_amount": 0,
        "currency": "USD", "payment_method": None, "payment_due_at": NOW + timedelta(days=2),
        "paid_at": None, "shipped_at": None, "carrier": None, "tracking": None,
        "escrow_release_at": None, "delivered_at": None, "address": None, "version": 1,
        "created_at": NOW - timedelta(hours=number), "updated_at": NOW,
    }  # fmt: skip
    return Order.model_validate({**values, **changes})


def paid(number: int = 1, **changes: Any) -> Order:
    """An order whose money is held."""
    values = {"status": "processing", "held_amount": 2250, "paid_at": NOW - timedelta(hours=number)}
    return order(number, **{**values, "payment_method": "card", **changes})


def shipped(number: int = 1, **changes: Any) -> Order:
    """An order that is on its way for some days more."""
    release = NOW + timedelta(days=number)
    return paid(number, **{"status": "shipped", "escrow_release_at": release, **changes})


@pytest.mark.parametrize(
    ("made", "buyer", "seller"),
    [
        (order(), {"pay_wallet", "pay_card", "address", "cancel"}, set()),
        (order(payment_due_at=NOW), {"cancel"}, set()),
        (paid(), {"address", "cancel", "dispute"}, {"ship", "cancel", "refund"}),
        (shipped(), {"confirm", "dispute"}, {"cancel", "refund"}),
        (paid(status="delivered"), set(), set()),
        (paid(status="disputed"), {"answer", "attach"}, {"refund", "answer", "attach"}),
        (paid(status="cancelled"), set(), set()),
    ],
    ids=["pending", "overdue", "paid", "shipped", "delivered", "disputed", "cancelled"],
)
def test_each_side_has_its_steps(made: Order, buyer: set[str], seller: set[str]) -> None:
    assert steps_of(made, BUYER, NOW) == {OrderStep(each) for each in buyer}
    assert steps_of(made, SELLER, NOW) == {OrderStep(each) for each in seller}


def test_what_is_due_comes_first_and_then_the_newest() -> None:
    # Each is named by what it is to the buyer, who is the seller of three of them.
    sold = {"buyer_id": SELLER, "seller_id": BUYER}
    made = {
        "newest": paid(1),
        "older": paid(9, status="delivered"),
        "lapsed": order(5, payment_due_at=NOW - timedelta(hours=1)),
        "confirm later": shipped(6),
        "confirm sooner": shipped(2),
        "ship": paid(4, **sold),
        "ship first": paid(8, **sold),
        "waits for the buyer": order(7, **sold),
        "pay later": order(3),
        "pay sooner": order(10, payment_due_at=NOW + timedelta(hours=1)),
    }
    names = {each.id: name for name, each in made.items()}
    assert [names[each.id] for each in sort_orders(made.values(), BUYER, NOW)] == [
        "pay sooner", "pay later", "ship first", "ship", "confirm sooner", "confirm later",
        "newest", "lapsed", "waits for the buyer", "older",
    ]  # fmt: skip


def test_states_have_words_and_signs() -> None:
    def said(made: Order, person: str) -> tuple[str, str]:
        return (
            orders_text.mark(made, person, NOW)[0],
            orders_text.status(made, person, NOW),
        )

    assert said(order(), BUYER) == ("▶", "to pay")
    assert said(order(), SELLER) == ("·", "not paid yet")
    assert said(order(payment_due_at=NOW), BUYER) == ("■", "expired")
    assert said(paid(), SELLER) == ("▶", "to ship")
    assert said(shipped(), BUYER) == ("▶", "to confirm")
    assert said(shipped(), SELLER) == ("·", "on its way")
    assert said(paid(status="delivered"), BUYER) == ("✓", "delivered")
    assert said(paid(status="disputed"), BUYER) == ("!", "in dispute")
    assert said(order(status="cancelled"), BUYER) == ("■", "cancelled")
    assert due_of(order(), SELLER, NOW) is OrderDue.NOTHING


def test_the_time_that_counts_is_shown() -> None:
    def when(made: Order) -> str:
        return orders_text.when(made, BUYER, NOW, UTC)[0]

    assert when(order()) == "2d 00h left"
    assert when(order(payment_due_at=NOW + timedelta(minutes=5))) == "! 5m 00s left"
    assert when(shipped(3)) == "3d 00h left"
    assert when(paid(1)) == "11:00:00"
    assert when(paid(status="delivered", delivered_at=NOW - timedelta(days=1))) == "03 Mar 12:00"


def test_a_headline_for_every_state() -> None:
    def said(made: Order, person: str) -> str:
        return orders_text.headline(made, person, NOW)[0]

    assert "Pay 22.50 within 2d 00h" in said(order(), BUYER)
    assert "the buyer has 2d 00h left" in said(order(), SELLER)
    assert "cancels the order" in said(order(payment_due_at=NOW), BUYER)
    assert "the seller is to ship" in said(paid(), BUYER)
    assert "holds 22.50 for you" in said(paid(), SELLER)
    assert "confirm when it has come, or in 1d 00h" in said(shipped(), BUYER)
    assert "22.50 is yours once it is confirmed, or in 1d 00h" in said(shipped(), SELLER)
    assert "the seller has the money" in said(paid(status="delivered"), BUYER)
    assert "A dispute is open" in said(paid(status="disputed"), SELLER)
    cancelled = order(status="cancelled", refunded_amount=500)
    assert "5.00 went back to the buyer" in said(cancelled, BUYER)


def test_refusals_say_what_would_help() -> None:
    def said(error: Any) -> str:
        return orders_text.refusal(error, "USD")[0]

    assert "2.50 is missing" in said(InsufficientFunds(missing=250))
    assert "it is on its way" in said(OrderNotReady("it is on its way"))
    assert "Nothing was taken" in said(PaymentFailed("declined\x1b[2J"))
    assert "\x1b" not in said(PaymentFailed("declined\x1b[2J"))
    for error in (OutcomeUnknown("lost"), ConnectionFailed("lost")):
        assert "counts once" in said(error)


def test_gas_is_counted_in_whole_units() -> None:
    row = {
        "id": auction_id(1), "account": "gas", "type": "gas", "amount": -100,
        "balance_after": 99900, "created_at": NOW,
    }  # fmt: skip
    assert orders_text.entry(WalletEntry.model_validate(row)) == "Gas spent"
    gas, balance = WalletAccount.GAS, WalletAccount.BALANCE
    assert orders_text.in_account(1250, gas, "USD", 14, signed=True) == "+1,250 gas"
    assert orders_text.in_account(1250, balance, "USD", 14, signed=True) == "+12.50"
    assert orders_text.in_account(-(10**12), balance, "USD", 14) == "-10000000000"


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://pay.example/c/1", True),
        ("http://127.0.0.1:1/pay", True),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("--help", False),
        ("http://[", False),
    ],
)
def test_only_web_pages_are_opened(url: str, good: bool) -> None:
    assert is_page(url) is good
