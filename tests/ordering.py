"""Which tests of a run come first.

Those that take half a minute and more begin it: at its end one worker would still be busy with one
of them while the others have nothing left to take over.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

LONG = (
    "tests/e2e/",
    "tests/server/money/test_machine.py::test_the_books",
    "tests/tui/test_pictures.py::test_every_screen",
    "tests/cli/test_demo.py::test_the_demo",
)


def is_long(node_id: str) -> bool:
    """Whether a test is among those that a run begins with."""
    return node_id.startswith(LONG)


def workers() -> int:
    """How many processes share this run."""
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def dealt(long: Sequence[Item], others: Sequence[Item], hands: int) -> list[Item]:
    """All of them, so that each of `hands` equal parts begins with its share of the long ones."""
    size, rest = divmod(len(long) + len(others), hands)
    left, found = list(others), list[Item]()
    for hand in range(hands):
        share = list(long[hand::hands])
        fill = size + (hand < rest) - len(share)
        found += [*share, *left[:fill]]
        del left[:fill]
    return found + left
