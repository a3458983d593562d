"""Each attack runs beside honest bidders, who must not notice."""

from __future__ import annotations

import pytest

from tests.attack.conftest import Besieged, Outcome, Plan

pytestmark = pytest.mark.attack

MEMORY_GROWTH_MAX_BYTES = 50 * 2**20
SLOWDOWN_MAX = 3.0

REFUSALS = {
    "compressed-bodies": ("415",),
    "nested-bodies": ("400",),
    "joins-in-a-loop": ("error",),
    "search-flood": ("429",),
    "stalled-uploads": ("announced 409", "announced 429"),
}
"""What each attack has to be answered with, one of them at least, once it has lasted a while."""

NOBODY_IS_LEFT = {
    "slow-bodies": "still open",
    "stalled-uploads": "still open",
    "stalled-readers": "open at the end",
}
"""What must not be there once an attack has lasted longer than the server's patience."""


def _violations(outcome: Outcome, plan: Plan, name: str) -> list[str]:
    """Return what an attack did that it must not do."""
    found, counts = [], outcome.report.counts
    if set(outcome.during.answers) != {"ok"}:
        found.append(f"{name}: honest bids were answered {dict(outcome.during.answers)}")
    if failed := [each for each in counts if each.startswith("5") and each != "503"]:
        found.append(f"{name}: the server failed with {', '.join(failed)}")
    if outcome.memory_growth_bytes > MEMORY_GROWTH_MAX_BYTES:
        found.append(f"{name}: the server grew by {outcome.memory_growth_bytes} bytes")
    if plan.is_long and name in REFUSALS and not any(counts[each] for each in REFUSALS[name]):
        found.append(f"{name}: never answered {REFUSALS[name]}, but {dict(counts)}")
    if plan.is_long and counts[NOBODY_IS_LEFT.get(name, "")]:
        found.append(f"{name}: connections were left open: {dict(counts)}")
    if plan.is_long and outcome.slowdown > SLOWDOWN_MAX:
        found.append(f"{name}: p99 of honest bids was {outcome.slowdown:.1f} times the quiet one")
    return found


async def test_honest_bidders_do_not_notice_attacks(besieged: Besieged, plan: Plan) -> None:
    found = []
    for name in plan.names:
        seconds = plan.patient_seconds if name in NOBODY_IS_LEFT else plan.seconds
        found += _violations(await besieged.attack(name, seconds), plan, name)
    assert not found, "\n".join(found)
