"""Out of whose pocket a chargeback comes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from instasell_client.models.orders import OrderStatus
from instasell_server.domains.chargebacks import rules
from instasell_server.domains.chargebacks.rules import ChargebackShares, ClaimedAmounts
from instasell_server.domains.ledger import claims as movements
from instasell_server.domains.ledger.postings import LedgerAccount, Transfer
from instasell_server.domains.orders.rules import OrderState

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def order(status: OrderStatus, held: int, refunded: int) -> OrderState:
    """An order of 1000."""
    return OrderState(status, 1000, held, NOW, NOW, None, None, 0, refunded)


@pytest.mark.parametrize(
    ("status", "held", "refunded", "amount", "balance", "shares"),
    [
        # What is still held covers it.
        (OrderStatus.SHIPPED, 1000, 0, 1000, 500, ChargebackShares(escrow=1000)),
        # A refund first, whether the buyer still has it or not.
        (OrderStatus.SHIPPED, 700, 300, 1000, 0, ChargebackShares(refunded=300, escrow=700)),
        (OrderStatus.SHIPPED, 700, 300, 400, 300, ChargebackShares(refunded=300, escrow=100)),
        (OrderStatus.CANCELLED, 0, 1000, 1000, 0, ChargebackShares(refunded=1000)),
        # Then what the buyer has besides, then the seller, up to what the sale brought.
        (
            OrderStatus.DELIVERED,
            0,
            300,
            1000,
            350,
            ChargebackShares(refunded=300, buyer=50, seller=650),
        ),
        (OrderStatus.DELIVERED, 0, 0, 1000, 0, ChargebackShares(seller=1000)),
        (OrderStatus.DELIVERED, 0, 0, 1200, 0, ChargebackShares(seller=1000, platform=200)),
        (OrderStatus.PROCESSING, 1000, 0, 1200, 0, ChargebackShares(escrow=1000, platform=200)),
    ],
)
def test_who_has_the_money_owes_it(
    status: OrderStatus,
    held: int,
    refunded: int,
    amount: int,
    balance: int,
    shares: ChargebackShares,
) -> None:
    found = rules.share_of_order(
        amount, order(status, held, refunded), ClaimedAmounts(), buyer_balance=balance
    )
    assert found == shares
    assert sum(found) == amount


def test_a_second_chargeback_takes_nothing_twice() -> None:
    sold = order(OrderStatus.DELIVERED, 0, 300)
    first = rules.share_of_order(600, sold, ClaimedAmounts(), buyer_balance=0)
    assert first == ChargebackShares(refunded=300, seller=300)
    taken = ClaimedAmounts(refunded_amount=300, seller_amount=300)
    second = rules.share_of_order(600, sold, taken, buyer_balance=0)
    assert second == ChargebackShares(seller=400, platform=200)


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
        from_escrow = min(held, amount)
        owed = amount - from_escrow
        recovered = min(paid, owed)
        moved: dict[LedgerAccount, int] = {}
        steps: list[Transfer] = [movements.chargeback("c", "o", {"o": from_escrow}, owed)]
        if recovered:
            steps.append(movements.recovered("c", "o", "p", "u", recovered, owed))
        rest = owed - recovered
        steps.append(
            movements.chargeback_won(
                "c", "o", to_escrow={"o": from_escrow}, owed=rest, recovered={"u": recovered}
            )
        )
        for posting in itertools.chain.from_iterable(each.postings for each in steps):
            moved[posting.account] = moved.get(posting.account, 0) + posting.amount
        assert set(moved.values()) == {0}
