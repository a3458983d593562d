"""Fixtures for all tests."""

from __future__ import annotations

import os

import pytest

from instasell_server.embedded import EngineUrls
from tests.engines import shared_urls


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> EngineUrls:
    """Real PostgreSQL and Valkey, one set per run, shared by the workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    # Each worker has a folder of its own inside the run's.
    return shared_urls(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
