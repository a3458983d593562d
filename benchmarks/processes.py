"""The CPU seconds and the memory of the processes under measurement."""

from __future__ import annotations

import os
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Cpu:
    """CPU seconds (user and system) that each part used; `loader` is this process and its own."""

    server: float
    postgres: float
    redis: float
    loader: float

    @property
    def total(self) -> float:
        """Return all of it, which a machine that has other work changes least."""
        return self.server + self.postgres + self.redis + self.loader

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(
            self.server - other.server,
            self.postgres - other.postgres,
            self.redis - other.redis,
            self.loader - other.loader,
        )


def tree_seconds(pid: int | None) -> float:
    """Return CPU seconds of a process, of its children and of those that it has waited for."""
    if pid is None:
        return 0.0
    total = 0.0
    try:
        root = psutil.Process(pid)
        times = root.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
        for child in root.children(recursive=True):
            try:
                spent = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += spent.user + spent.system
    except psutil.NoSuchProcess:
        return total
    return total


def own_seconds() -> float:
    """Return CPU seconds of this process and of the children that it has waited for."""
    return sum(os.times()[:4])


def unique_bytes(pid: int) -> int:
    """Return the memory that would be free if the process ended."""
    return int(psutil.Process(pid).memory_full_info().uss)
