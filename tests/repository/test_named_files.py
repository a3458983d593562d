"""Files that the documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("CONTRIBUTING.md", "docs/architecture.md")
PATH = re.compile(r"`((?:instasell_(?:client|server|cli|tui)|tests|scripts|benchmarks)/[\w/.]+)`")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_file_that_is_named_exists(document: str) -> None:
    named = set(PATH.findall((ROOT / document).read_text()))
    assert len(named) > 10
    # A migration in an example has no number that is taken.
    assert sorted(each for each in named if not (ROOT / each).exists()) == []
