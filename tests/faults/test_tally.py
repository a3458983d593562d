"""A run of faults counts only if the faults bit."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Plan
from tests.faults.market_under_fault import BACK_SECONDS, Tally

pytestmark = pytest.mark.faults


def test_the_faults_bit(plan: Plan, tally: Tally) -> None:
    """C9 of the history checker, asked of the long form after all other tests of faults."""
    print(f"faults: {tally}")
    if not plan.is_long:
        pytest.skip("the counts are asked for with --fault-rounds")
    assert tally.unknown > 0
    assert tally.unknown_but_committed > 0
    assert tally.extensions > 0
    assert tally.lost_locks > 0
    assert tally.slowest_return_seconds <= BACK_SECONDS
