"""The rules of the repository."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _all_are(unmeasured: None) -> None:
    """What reads the repository runs little of the market."""
