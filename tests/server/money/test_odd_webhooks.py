"""Signed messages that are odd: taken or refused, never an error of the server's, never twice."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.money.conftest import Bazaar
from tests.server.money.test_chargebacks import intent_of, paid
from tests.server.money.test_payments import say

TAKEN_OR_REFUSED = {200, 400}
ROUNDS = 150

_numbers = itertools.count(1)

kinds = st.sampled_from(
    [
        "payment_intent.succeeded", "checkout.session.expired", "refund.created",
        "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.closed",
        "charge.refunded", "transfer.reversed", "payout.failed", "customer.created",
    ]
)  # fmt: skip
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 10**12, 10**12 + 1, 10**30, 1.5, 1e400]),
    st.sampled_from(
        ["", "\x00", "pi_\x00", "\ud800", "usd", "eur", "us$", "won", "lost", "x" * 300]
    ),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
FIELDS = (
    "id", "amount", "amount_received", "amount_refunded", "amount_reversed", "currency", "status",
    "payment_intent", "charge", "reason", "metadata", "balance_transactions", "destination",
)  # fmt: skip


def event(kind: str, found: object, **more: Any) -> bytes:
    """A message with an id of its own."""
    head = {"id": f"evt_odd_{next(_numbers)}", "type": kind, "data": {"object": found}}
    return json.dumps(head | more).encode()


def whole(**changes: Any) -> dict[str, Any]:
    """Something that could be a payment, a refund or a dispute, but for the changes."""
    found = {
        "id": f"x_{next(_numbers)}", "amount": 100, "amount_received": 100, "currency": "usd",
        "status": "succeeded", "payment_intent": "pi_x", "charge": "ch_x", "reason": "general",
        "metadata": {}, "balance_transactions": [], "amount_refunded": 100,
        "amount_reversed": 100, "destination": "acct_x",
    }  # fmt: skip
    return found | changes


async def test_odd_fields_are_never_an_error(bazaar: Bazaar) -> None:
    """Several hundred messages, each with one to three fields that no provider would send."""
    messages: list[bytes] = []

    @settings(
        max_examples=ROUNDS, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(kinds, st.dictionaries(st.sampled_from(FIELDS), odd, min_size=1, max_size=3), odd)
    def collect(kind: str, changes: dict[str, Any], instead: Any) -> None:
        messages.append(event(kind, whole(**changes)))
        messages.append(event(kind, instead))

    collect()
    for payload in messages:
        answer = await say(bazaar, payload)
        assert answer.status in TAKEN_OR_REFUSED, (payload, answer.body)
    # The server is well, and the books balance when the test is over.
    assert (await bazaar.buyer.ask("GET", "/auth/me")).status == 200


@pytest.mark.parametrize("value", [0, -5, 10**30, True, "100", 1.0, None])
async def test_an_amount_that_cannot_be_booked_is_an_alert(bazaar: Bazaar, value: Any) -> None:
    payload = event("payment_intent.succeeded", whole(amount_received=value))
    for _ in range(2):
        assert (await say(bazaar, payload)).status == 200
    [(kind, details)] = bazaar.sql("SELECT kind, details FROM alerts")
    assert kind == "webhook_not_understood"
    assert details["problem"].startswith("amount_received")
    assert bazaar.sql("SELECT count(*) FROM transactions WHERE account = 'stripe'") == [(0,)]


async def test_an_unknown_payment_told_twice_is_booked_once(bazaar: Bazaar) -> None:
    for _ in range(3):
        told = event("payment_intent.succeeded", whole(id="pi_stranger"))
        assert (await say(bazaar, told)).status == 200
    assert bazaar.accounts()["suspense"] == 100
    # One in another currency cannot be booked in the ledger.
    euros = event("payment_intent.succeeded", whole(id="pi_euros", currency="eur"))
    assert (await say(bazaar, euros)).status == 200
    assert bazaar.accounts()["suspense"] == 100
    assert bazaar.sql("SELECT count(*) FROM alerts") == [(2,)]


async def test_one_payment_of_the_providers_pays_one_of_ours(bazaar: Bazaar) -> None:
    first = await paid(bazaar)
    second = await bazaar.order()
    await bazaar.buyer.ask("POST", f"/orders/{second}/pay", {"method": "card"})
    [(payment_id,)] = bazaar.sql("SELECT id FROM payments WHERE order_id = %s", second)
    again = whole(
        id=intent_of(bazaar, first), amount_received=1250, metadata={"payment_id": payment_id}
    )
    assert (await say(bazaar, event("payment_intent.succeeded", again))).status == 200
    assert bazaar.sql("SELECT status FROM orders WHERE id = %s", second) == [("pending",)]
