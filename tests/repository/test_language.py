"""The counts of idioms, unclear docstrings, shared names and cycles fall, and never rise."""

from __future__ import annotations

import json
import subprocess
import sys

from scripts import language_counts
from tests.repository.source_tree import ROOT


def test_no_count_is_above_its_limit() -> None:
    command = [sys.executable, "-m", "scripts.language_counts", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, (
        f"{result.stderr}\nPut it as docs/glossary.md does; "
        "`python -m scripts.language_counts --list` shows each place."
    )


def test_every_package_has_limits() -> None:
    limits = json.loads(language_counts.LIMITS.read_text(encoding="utf-8"))
    assert set(language_counts.PACKAGES) < set(limits)
    for package, columns in limits.items():
        assert set(columns) == set(language_counts.COLUMNS), package


def test_a_new_idiom_is_counted() -> None:
    text = "A buyer who is told of it,\n# whoever that is, stands there for want of goods."
    kinds = [kind for _, kind in language_counts.find_idioms("a.py", text)]
    assert sorted(kinds) == ["for want of", "goods", "is told", "stands", "whoever"]
    assert not language_counts.find_idioms("a.py", "`None` stands for no limit.")
