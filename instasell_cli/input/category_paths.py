"""Categories by their paths, written as "Toys > Trains"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from instasell_cli.exit_codes import CliError, ExitCode, UsageProblem

if TYPE_CHECKING:
    from instasell_client import InstaSell
    from instasell_client.models.listings import Category, CategoryNode

SEPARATOR = " > "
DEPTH_MAX = 10
ID_BEGINNING_MIN = 6
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def parts_of(path: str) -> tuple[str, ...]:
    """Return the names of a path from wide to narrow. Raises UsageProblem for none, or too many."""
    names = tuple(name.strip() for name in path.split(">"))
    if not all(names) or len(names) > DEPTH_MAX:
        raise UsageProblem(
            f'{path!r} is not a category; write "Toys > Trains", {DEPTH_MAX} names at most'
        )
    return names


def is_id(text: str) -> bool:
    """Return whether a text is an id and not a path."""
    return _ID.fullmatch(text) is not None


def flatten_tree(nodes: Iterable[CategoryNode]) -> Iterator[CategoryNode]:
    """Yield the nodes of a tree in the order in which it is read."""
    for node in nodes:
        yield node
        yield from flatten_tree(node.children)


def category_id(client: InstaSell, given: str) -> str:
    """Return the id of a category that was given by id, the beginning of one, path or name.

    Raises CliError (not found), UsageProblem for what could be several.
    """
    if is_id(given):
        return given
    wanted = _key(parts_of(given))
    nodes = [*flatten_tree(client.categories.tree().items)]
    for fits in (
        lambda node: _key(parts_of(node.path)) == wanted,
        lambda node: _key([node.name]) == wanted,
        lambda node: len(given) >= ID_BEGINNING_MIN and node.id.startswith(given.lower()),
    ):
        found = [node for node in nodes if fits(node)]
        if len(found) > 1:
            paths = "\n".join(f"  {node.id}  {node.path}" for node in found[:10])
            raise UsageProblem(f"{given!r} could be one of these; say which one:\n{paths}")
        if found:
            return found[0].id
    raise CliError(
        f"there is no category {given!r} (instasell categories list)", ExitCode.NOT_FOUND
    )


class CategoryMaker:
    """Makes the categories of paths that are missing, widest first; asks for the tree once."""

    def __init__(self, client: InstaSell) -> None:
        self._client = client
        self._ids: dict[tuple[str, ...], str] = {}
        for node in flatten_tree(client.categories.tree().items):
            self._ids[_key(parts_of(node.path))] = node.id

    def missing(self, paths: Iterable[str]) -> list[str]:
        """Return the paths that do not exist."""
        return [path for path in paths if _key(parts_of(path)) not in self._ids]

    def make(self, path: str) -> tuple[str, bool]:
        """Return the id of a path, and whether it was missing. Only admins may, else Forbidden."""
        names = parts_of(path)
        parent: str | None = None
        made = False
        for depth in range(1, len(names) + 1):
            key = _key(names[:depth])
            if key not in self._ids:
                self._ids[key] = self._create(names[depth - 1], parent)
                made = True
            parent = self._ids[key]
        return self._ids[_key(names)], made

    def _create(self, name: str, parent: str | None) -> str:
        created: Category = self._client.categories.create(name, parent_id=parent)
        return created.id


def _key(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)
