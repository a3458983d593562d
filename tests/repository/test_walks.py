"""The walks through the code in docs/architecture.md name functions that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/architecture.md").read_text()
HOP = re.compile(
    r"^\| (?P<number>\d+) \| (?P<functions>[^|]+) \| `(?P<file>[^`]+)` \|", re.MULTILINE
)
NAME = re.compile(r"`(?:\w+\.)?(\w+)`")


def section(title: str) -> str:
    """Return the text below a heading of the second or third level."""
    return re.split(r"^#{2,3} ", TEXT.split(f" {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


WALKS = (
    "From frame to commit",
    "From commit to broadcast",
    "From broadcast to screen",
    "From command to page: nothing is paid yet",
    "From webhook to ledger rows",
)
HOPS = [(title, hop) for title in WALKS for hop in HOP.finditer(section(title))]


@pytest.mark.parametrize(("title", "hop"), HOPS, ids=lambda each: str(each)[:40])
def test_each_hop_is_a_function_of_its_file(title: str, hop: re.Match[str]) -> None:
    text = (ROOT / hop["file"]).read_text()
    names = NAME.findall(hop["functions"])
    assert names
    assert [name for name in names if not re.search(rf"\b(?:def|class) {name}\b", text)] == []


def test_the_hops_of_each_walk_are_counted() -> None:
    numbers: dict[str, list[int]] = {title: [] for title in WALKS}
    for title, hop in HOPS:
        numbers[title].append(int(hop["number"]))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
    assert 0 < len(numbers["From frame to commit"]) <= 14
    assert len(numbers["From webhook to ledger rows"]) <= 14
