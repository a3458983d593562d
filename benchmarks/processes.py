"""The CPU seconds of the processes under measurement."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Cpu:
    """CPU seconds (user and system) that each part used."""

    server: float
    postgres: float
    redis: float

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(
            self.server - other.server,
            self.postgres - other.postgres,
            self.redis - other.redis,
        )

    def __str__(self) -> str:
        return f"server {self.server:.2f}, postgres {self.postgres:.2f}, redis {self.redis:.2f}"


def tree_seconds(pid: int | None) -> float:
    """CPU seconds of a process, of its children and of those that it has waited for."""
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


def resident_bytes(pid: int) -> int:
    """The unique memory of a process, in bytes."""
    return int(psutil.Process(pid).memory_full_info().uss)


def wait_for_exit(process: psutil.Popen, seconds: float) -> None:
    """Waits, then kills."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.poll() is None:
        process.kill()
        process.wait()
