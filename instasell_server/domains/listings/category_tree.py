"""Check how categories nest: pure rules, without I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from instasell_client.models.listings import CategoryNode

SEPARATOR = " > "
DEPTH_MAX = 10
PATH_LENGTH_MAX = 500


def normal_path(typed: str) -> str:
    """Return a path as categories have it: one space on each side of a `>`."""
    return SEPARATOR.join(part.strip() for part in typed.split(">"))


def find_name_problem(name: str) -> str | None:
    """Return what to change in a name that cannot be part of a path."""
    if ">" in name:
        return "leave the > out; it separates the names in a path"
    return None


def find_position_problem(path: str, depth: int) -> str | None:
    """Return what to change in a position that the tree does not allow."""
    if depth > DEPTH_MAX:
        return f"choose a parent higher up; {DEPTH_MAX} levels are allowed at most"
    if len(path) > PATH_LENGTH_MAX:
        return f"choose shorter names; the whole path has {PATH_LENGTH_MAX} characters at most"
    return None


def nest(rows: Sequence[Mapping[str, Any]]) -> list[CategoryNode]:
    """Return the tree of rows that have a `depth`; siblings stay in the order of the rows."""
    below: dict[str | None, list[CategoryNode]] = {}
    for row in sorted(rows, key=lambda each: -int(each["depth"])):
        children = below.pop(row["id"], [])
        node = CategoryNode.model_validate({**row, "children": children})
        below.setdefault(row["parent_id"], []).append(node)
    return below.get(None, [])
