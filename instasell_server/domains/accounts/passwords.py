"""Password hashes: bcrypt in a few threads, so that the event loop never waits for one."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import bcrypt

from instasell_client.models.errors import Unavailable

T = TypeVar("T")

WAITING_MAX = 512
"""Sign-ins that may wait for a thread; at cost 10 on one core that is about half a minute."""

_PRIORITY = 10
"""Niceness of the threads that hash, 19 being the least urgent."""

_NOBODY = b"no account has this password"


class Passwords:
    """Hashes and checks with one cost. bcrypt frees the GIL, so a thread per core is enough."""

    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._threads = ThreadPoolExecutor(
            os.cpu_count() or 1, thread_name_prefix="bcrypt", initializer=_yield_to_the_loop
        )
        self._waiting = 0
        self._dummy = bcrypt.hashpw(secrets.token_hex(16).encode(), bcrypt.gensalt(rounds))

    async def hash(self, password: bytes) -> str:
        """Hash at most 72 bytes. Raises Unavailable when too many wait."""
        hashed = await self._run(lambda: bcrypt.hashpw(password, bcrypt.gensalt(self._rounds)))
        return hashed.decode()

    async def check(self, password: bytes | None, stored: str | None) -> bool:
        """Return whether the password has this hash. Raises Unavailable when too many wait.

        Without a hash, or without a password that could be anybody's, the work is the same and
        the answer is no.
        """
        if password is None or stored is None:
            await self._run(lambda: bcrypt.checkpw(_NOBODY, self._dummy))
            return False
        return await self._run(lambda: bcrypt.checkpw(password, stored.encode()))

    def is_outdated(self, stored: str) -> bool:
        """Return whether a hash has another cost than the settings ask for."""
        return int(stored.split("$")[2]) != self._rounds

    def close(self) -> None:
        """Let the threads end; nobody who waits is answered."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise Unavailable("too many sign-ins at once; try again")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _yield_to_the_loop() -> None:
    """Lower the priority of this thread, where a thread has one of its own, as on Linux.

    Hashing takes all cores for as long as many people sign in, and a bid would wait for a core:
    beside a flood of sign-ins on 2 cores the p99 of bids was 3.9 times the quiet one.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        least = max(_PRIORITY, os.getpriority(os.PRIO_PROCESS, thread))
        os.setpriority(os.PRIO_PROCESS, thread, least)
