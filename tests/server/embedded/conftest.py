"""Data folders with short paths that an unprivileged user can reach."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.embedded.support import end_leftovers


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """An empty folder below the temporary folder; engines of `data` in it are ended afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="is-"))
    folder.chmod(0o755)
    yield folder
    end_leftovers(folder / "data")
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(short_folder: Path) -> Path:
    """A data folder that does not exist yet."""
    return short_folder / "data"
