"""Places for whole markets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.measuring import unmeasured


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short place of our own, through which the engines of a root may pass."""
    made = Path(tempfile.mkdtemp(prefix="is-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(autouse=True)
def _unmeasured() -> Iterator[None]:
    with unmeasured():
        yield
