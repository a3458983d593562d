"""Finds connections whose other end is gone without a word, for all sockets with one timer.

A timer for each socket, as aiohttp has it, costs half a KiB and is set again with every frame.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

PULSE_SECONDS = 20.0
"""How often each connection is looked at: one that is gone is found within twice that time."""

GROUPS = 97
"""So that of 10,000 connections a hundred have their turn together, and not 500. A prime, because
objects of one size lie at even distances: with 20 groups all fell into every second one."""


class HeartbeatTarget(Protocol):
    """A connection that is looked at."""

    def check_alive(self) -> None:
        """Ping the other end, or hang up if it said nothing since the last time."""
        ...


class Heartbeat:
    """All open connections, in groups that take turns, so that no moment has all the work."""

    def __init__(self) -> None:
        self._groups: list[set[HeartbeatTarget]] = [set() for _ in range(GROUPS)]

    def __iter__(self) -> Iterator[HeartbeatTarget]:
        for group in self._groups:
            yield from group

    def add(self, connection: HeartbeatTarget) -> None:
        """Add a connection that has opened."""
        self._group_of(connection).add(connection)

    def discard(self, connection: HeartbeatTarget) -> None:
        """Remove a connection that is gone."""
        self._group_of(connection).discard(connection)

    def _group_of(self, connection: HeartbeatTarget) -> set[HeartbeatTarget]:
        # Objects lie at multiples of 16 bytes.
        return self._groups[id(connection) // 16 % GROUPS]

    async def run(self) -> None:
        """Look at every connection in turn until it is cancelled."""
        while True:
            for group in self._groups:
                await asyncio.sleep(PULSE_SECONDS / GROUPS)
                for connection in list(group):
                    connection.check_alive()
