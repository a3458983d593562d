"""Any order of bids, purchases, payments, refunds, disputes, withdrawals and time keeps the books.

100 runs of 50 steps, in parts that the processes of a test run share. INSTASELL_MACHINE_RUNS and
INSTASELL_MACHINE_STEPS change that; `make machine` runs 1,000.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from instasell_client.models.errors import InstaSellError, Invalid
from instasell_client.models.orders import OrderStatus
from instasell_server.domains.chargebacks import store as chargeback_store
from instasell_server.domains.ledger import store as ledger_store
from instasell_server.domains.ledger.postings import Hold
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.orders import rules
from instasell_server.domains.wallets import store as wallet_store
from instasell_server.domains.wallets.withdrawals import WithdrawalService
from instasell_server.embedded import EngineUrls
from tests.server.money.banks import Banks
from tests.server.money.machine import Machine
from tests.server.money.money_harness import Arena, open_arena
from tests.support.databases import cloned, with_redis_number

pytestmark = pytest.mark.usefixtures("unmeasured")

RUNS = int(os.environ.get("INSTASELL_MACHINE_RUNS", "100"))
PARTS = 5
WANTED = (
    "create", "pay", "ship", "confirm_delivery", "cancel", "refund", "open", "resolve",
    "withdraw", "bid", "buy_now", "use_gas", "charge_back", "won", "lost",
    "freeze",
)  # fmt: skip
ENOUGH = 3
STEPS = int(os.environ.get("INSTASELL_MACHINE_STEPS", "50"))
MUTANT_RUNS = 100
# A failure is reported as it was found; to shrink it takes minutes.
SHRINKS = (Phase.shrink,) if "INSTASELL_MACHINE_SHRINK" in os.environ else ()


@pytest.fixture(scope="module")
def arena(
    engines: EngineUrls, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Arena]:
    """One server and one database for all runs of a process."""
    folder: Path = tmp_path_factory.mktemp("arena")
    # From the end: the other tests of a process empty the number that they have from the start.
    number = 15 - int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 7
    with (
        cloned(engines.database_url, template) as url,
        open_arena(folder, url, with_redis_number(engines.redis_url, number)) as opened,
    ):
        yield opened


def run(arena: Arena, runs: int, steps: int, number: int = 0, kind: type[Banks] = Machine) -> None:
    """Run the machine; the same number makes the same runs."""
    machine: Any = seed(number)(type("Run", (kind,), {"arena": arena}))
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=(Phase.generate, *SHRINKS),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_books_hold_whatever_happens(arena: Arena, shared_folder: Path, part: int) -> None:
    arena.seen.clear()
    run(arena, RUNS // PARTS, STEPS, number=part)
    (shared_folder / f"machine-{part}.json").write_text(json.dumps(arena.seen))
    ended = list(shared_folder.glob("machine-*.json"))
    if len(ended) == PARTS:
        # Runs in which everything was refused would prove nothing.
        seen = sum((Counter(json.loads(each.read_text())) for each in ended), Counter[str]())
        assert min(seen[kind] for kind in WANTED) >= ENOUGH, seen


def _releases_twice(state: Any) -> None:
    if state.status not in (OrderStatus.SHIPPED, OrderStatus.DELIVERED):
        raise rules.not_ready(state)


def _forgets_refunds(state: Any, wanted: int | None) -> int:
    if state.status not in rules._HOLDING:
        raise rules.not_ready(state)
    amount = int(state.total_amount if wanted is None else wanted)
    if amount > state.total_amount:
        raise Invalid.one("amount", "is more than was paid")
    return amount


async def _keeps_what_failed(self: Any, tx: Any, sending: Any, reason: str) -> None:
    if await wallet_store.lock_pending(tx, sending.id):
        await wallet_store.update_failed(tx, sending.id, reason)


async def _does_nothing(*_: object) -> None:
    pass


async def _finds_nothing(*_: object) -> dict[str, int]:
    return {}


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "an order can be released twice": (rules, "check_confirmable", _releases_twice),
    "a refund forgets those before it": (rules, "refund_amount", _forgets_refunds),
    "stock never comes back": (rules, "returns_stock", lambda state: False),
    "a withdrawal that failed stays away": (
        WithdrawalService, "_give_back", _keeps_what_failed,
    ),
    "an unpaid order is forgotten": (rules, "is_overdue", lambda state, now: False),
    "a disputed order can be cancelled": (
        rules, "check_cancellable", lambda state, actor, now: None,
    ),
    "all of a disputed order goes to the seller": (
        rules, "remaining_amount", lambda state, refund_amount: state.held_amount,
    ),
    "a refund to the wallet is free at once": (
        Ledger, "hold_of_refund", lambda self, payment_id, paid_at: Hold(payment_id, 0),
    ),
    "an order that is cancelled frees held money": (ledger_store, "return_held", _does_nothing),
    "money that may leave is spent first": (ledger_store, "spend_held", _does_nothing),
    "a chargeback stops no withdrawal": (ledger_store, "stop_payouts", _does_nothing),
    "a top-up that is taken back freezes no order": (
        chargeback_store, "list_paid_parts", _finds_nothing,
    ),
}  # fmt: skip

OF_BANKS = (
    "a refund to the wallet is free at once",
    "an order that is cancelled frees held money",
    "money that may leave is spent first",
    "a chargeback stops no withdrawal",
    "a top-up that is taken back freezes no order",
)
"""Found soonest by the part of the machine that has no auctions and no time."""

SOON = {
    "an order can be released twice": 6,
    "a refund forgets those before it": 1,
    "a withdrawal that failed stays away": 11,
    "an unpaid order is forgotten": 1,
    "all of a disputed order goes to the seller": 11,
}
"""Runs that find it among their first; any others would, too, in minutes."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_found(arena: Arena, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target, attribute, broken = MUTANTS[name]
    monkeypatch.setattr(target, attribute, broken)
    # A broken rule shows as wrong sums, as something taken that should be refused, or as a
    # constraint of the database that holds where the rule did not.
    kind = Banks if name in OF_BANKS else Machine
    with pytest.raises((AssertionError, InstaSellError, psycopg2.Error)):
        run(arena, MUTANT_RUNS, STEPS, SOON.get(name, 0), kind)
