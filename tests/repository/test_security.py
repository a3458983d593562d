"""docs/security.md names each promise once, with tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.repository.source_tree import ROOT

PROMISES = 103
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
_TEXT = (ROOT / "docs/security.md").read_text(encoding="utf-8")


def test_every_promise_is_there_once() -> None:
    assert [int(number) for number, _, _ in _ROW.findall(_TEXT)] == list(range(1, PROMISES + 1))


@pytest.mark.parametrize("row", _ROW.findall(_TEXT), ids=lambda row: row[0])
def test_the_tests_of_a_promise_exist(row: tuple[str, str, str]) -> None:
    _, _, named = row
    tests = _TEST.findall(named)
    assert tests, "a promise without a test"
    assert _TEST.sub("", named).strip(", ") == "", "something beside names of tests"
    for path, name in tests:
        source = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), f"{path}::{name}"
