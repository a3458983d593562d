"""The audit finds what was changed behind the ledger's back, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from tests.server.money.conftest import Bazaar

Fund = Callable[[str, int], None]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE wallets SET balance = balance + 1 WHERE balance > 0", ("wallet", "balance")),
        ("UPDATE wallets SET gas_balance = gas_balance - 1", ("wallet", "gas_balance")),
        ("UPDATE orders SET held_amount = held_amount - 1", ("order", "held_amount")),
        (
            "UPDATE orders SET held_amount = 0, refunded_amount = 250",
            ("order", "refunded_amount"),
        ),
        ("UPDATE payments SET amount = amount + 1", ("payment", "booked")),
        (
            "INSERT INTO withdrawals (user_id, amount) SELECT buyer_id, 5 FROM orders",
            ("account", "sum"),
        ),
    ],
)
async def test_what_was_changed_by_hand_is_found(
    bazaar: Bazaar, fund: Fund, database: Database, statement: str, found: tuple[str, str]
) -> None:
    fund(bazaar.seller.id, 100)
    order_id = await bazaar.order()
    await bazaar.pay_by_card(order_id)
    await bazaar.check()
    bazaar.sql(statement)
    findings = (await audit(database, auctions=True)).findings
    assert found in {(each.kind, each.field) for each in findings}
    bazaar.is_tampered = True
