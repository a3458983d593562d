"""The rules of the repository."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _all_are(unmeasured: None) -> None:
    """Measure no coverage of tests that read the repository and run little of the market."""
