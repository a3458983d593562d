"""The word lists of the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files


@cache
def words(name: str) -> Sequence[str]:
    """Return the lines of a list, without comments."""
    text = (files("instasell_cli.seed.lists") / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@cache
def items() -> Mapping[str, Sequence[str]]:
    """Return the names of the items in each category, by its path."""
    found = {}
    for line in words("items"):
        path, _, names = line.partition(":")
        found[path.strip()] = [name.strip() for name in names.split(",")]
    return found
