"""Collections that mostly hold one item, of which there are as many as sockets.

A set takes 216 bytes, a tuple of one 48: a socket is one of its session, one of its account and
mostly in one room. From `FEW` on it is a set, so that the thousandth costs what the first did.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import TypeVar

FEW = 4

Item = TypeVar("Item", bound=Hashable)


def with_item(items: Collection[Item], item: Item) -> Collection[Item]:
    """Return the collection to keep after an item has come in; the one given is used up."""
    if isinstance(items, set):
        items.add(item)
        return items
    if item in items:
        return items
    return (*items, item) if len(items) < FEW else {*items, item}


def without_item(items: Collection[Item], item: Item) -> Collection[Item]:
    """Return the collection to keep after an item has gone; the one given is used up."""
    if isinstance(items, set):
        items.discard(item)
        return items
    return tuple(each for each in items if each != item)
