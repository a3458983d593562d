"""Times at which e-mail about messages is sent: pure."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from instasell_server.domains.notifications.message_mails import (
    GAP_MAX_SECONDS,
    GAP_SECONDS,
    Window,
    decide,
)

START = datetime(2026, 11, 30, 12, tzinfo=UTC)


def sent(minutes: list[float]) -> list[float]:
    """Return when e-mail goes about messages of these minutes, in minutes."""
    window, found = Window(START, None, GAP_SECONDS), []
    for minute in minutes:
        decision = decide(window, START + timedelta(minutes=minute))
        window = decision.window
        if decision.send_at is not None:
            found.append((decision.send_at - START).total_seconds() / 60)
    return found


@pytest.mark.parametrize(
    ("messages", "mails"),
    [
        ([0], [0]),
        ([0, 1], [0, 30]),
        ([0] * 41, [0, 30]),
        ([*range(41)], [0, 30, 90]),
        ([*range(0, 600, 5)], [0, 30, 90, 210, 450, 930]),
        # Who writes once in a while is not made to wait.
        ([0, 31, 62], [0, 31, 62]),
        ([0, 10, 95, 200], [0, 30, 95, 200]),
    ],
)
def test_the_first_goes_at_once_and_what_follows_is_gathered(
    messages: list[float], mails: list[float]
) -> None:
    assert sent(messages) == mails


def test_the_gap_is_bounded() -> None:
    times = sent([*range(0, 20 * 24 * 60, 7)])
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert max(gaps) == GAP_MAX_SECONDS / 60
    assert len(times) < 70
