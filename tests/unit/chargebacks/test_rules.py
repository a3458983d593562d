"""Out of whose pocket a chargeback comes."""

from __future__ import annotations

import itertools

import pytest

from instasell_client.models.orders import OrderStatus
from instasell_server.domains.chargebacks import rules
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.rules import Account, Transfer


@pytest.mark.parametrize("status", OrderStatus)
def test_who_has_the_money_owes_it(status: OrderStatus) -> None:
    debtor_id, is_due = rules.debt_of_order(status, "buyer", "seller")
    # Only who has been given it back already pays before the bank has decided.
    expected = ("buyer", True) if status is OrderStatus.CANCELLED else ("seller", False)
    assert (debtor_id, is_due) == expected


@pytest.mark.parametrize(
    ("booked", "told", "decided", "change"),
    [
        (0, 1500, False, 1500),
        (1500, 1500, True, 0),
        # An old message that comes late takes nothing back; a verdict may.
        (1500, 0, False, 0),
        (1500, 0, True, -1500),
    ],
)
def test_a_fee_follows_the_newest_word(booked: int, told: int, decided: bool, change: int) -> None:
    assert rules.fee_to_book(booked, told, decided=decided) == change


def test_taken_and_won_moves_everything_back() -> None:
    """For every split of what was held, owed and recovered the two ways sum to nothing."""
    for held, amount, paid in itertools.product((0, 1, 700, 1000), (1, 700, 2000), (0, 1, 5000)):
        from_escrow = rules.from_escrow(held, amount)
        owed = amount - from_escrow
        recovered = min(paid, owed)
        moved: dict[Account, int] = {}
        steps: list[Transfer] = [movements.chargeback("c", "o", from_escrow, owed)]
        if recovered:
            steps.append(movements.recovered("c", "o", "u", recovered, owed))
        rest = owed - recovered
        steps.append(
            movements.chargeback_won(
                "c", "o", to_escrow=from_escrow, owed=rest, debtor_id="u", recovered=recovered
            )
        )
        for posting in itertools.chain.from_iterable(each.postings for each in steps):
            moved[posting.account] = moved.get(posting.account, 0) + posting.amount
        assert set(moved.values()) == {0}
        assert 0 <= from_escrow <= held
