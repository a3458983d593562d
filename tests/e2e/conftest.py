"""Places for whole markets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import OFF, command
from tests.e2e.terminals import environment_of


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short place of our own, through which the engines of a root may pass."""
    made = Path(tempfile.mkdtemp(prefix="is-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(autouse=True)
def _all_are(unmeasured: None) -> None:
    """Measure no coverage of tests that take processes and seconds."""


@pytest.fixture
def quiet(folder: Path) -> dict[str, str]:
    """The environment of a market that is made and does not run."""
    environment = environment_of(folder, **OFF)
    assert command(environment, "migrate").returncode == 0
    return environment
