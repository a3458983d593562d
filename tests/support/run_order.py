"""Order the tests of a run: those that wait come first.

Those that take long and wait most of the time stand together at its beginning. One worker has them
then, one after the other, while those beside it have work for both cores; and at the end nobody is
still busy with one of them when the others have nothing left to take over.
"""

from __future__ import annotations

WAITING = (
    "tests/e2e/",
    "tests/cli/demo/test_demo.py",
    "tests/cli/test_examples.py",
    "tests/server/process/",
)


def comes_first(node_id: str) -> bool:
    """Return whether a test is among those that a run begins with."""
    return node_id.startswith(WAITING)
