"""One SQLite file, written by one thread, so that the event loop never waits for a disk.

A transaction is a function that runs in that thread between BEGIN and COMMIT. SQLite flushes each
commit to the disk before it returns: whatever was acknowledged is there after a crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from instasell_server.sandbox.records import SandboxRecords
from instasell_server.sandbox.schema import SCHEMA, SCHEMA_VERSION

BUSY_SECONDS = 5.0

_T = TypeVar("_T")


class StoreError(Exception):
    """Report a file that cannot be used; the message says why."""


class Store:
    """Keep the sandbox's file, between `open` and `close`. One process has it at a time."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self.clock = clock
        self.endpoints = 1
        self.on_event: Callable[[], None] = _nothing
        self.on_plan: Callable[[], None] = _nothing
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Open or make the file; raise `StoreError`."""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
        try:
            await self._loop.run_in_executor(self._thread, self._connect)
        except (sqlite3.Error, OSError) as error:
            self._thread.shutdown()
            self._thread = None
            raise StoreError(f"cannot use {self.path}: {error}") from error

    async def close(self) -> None:
        """Let what was begun finish, and close the file."""
        if self._thread is None or self._loop is None:
            return
        thread, self._thread = self._thread, None
        await self._loop.run_in_executor(thread, self._disconnect)
        thread.shutdown()

    async def transact(self, work: Callable[[SandboxRecords], _T]) -> _T:
        """Run `work` in a transaction. What it raises undoes everything it did."""
        if self._thread is None or self._loop is None:
            raise StoreError("the store is closed")
        return await self._loop.run_in_executor(self._thread, self._run, work)

    def _connect(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        self._take_lock()
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                # executescript would commit what is open, so the statements go one by one.
                for statement in _statements(SCHEMA):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise sqlite3.DatabaseError(f"it is of version {version}")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            self._give_lock_back()
            raise
        self._connection = connection

    def _take_lock(self) -> None:
        """Take the lock: two sandboxes on one file would each deliver the other's webhooks.

        The lock lies beside the file and not on it, so that a backup may read what is written.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.open(self.path.with_name(self.path.name + ".lock"), flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise sqlite3.OperationalError("it is locked by another sandbox") from error
        self._lock = lock

    def _give_lock_back(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._give_lock_back()

    def _run(self, work: Callable[[SandboxRecords], _T]) -> _T:
        connection = self._connection
        if connection is None:
            raise StoreError("the store is closed")
        connection.execute("BEGIN IMMEDIATE")
        try:
            records = SandboxRecords(connection, self.clock(), self.endpoints)
            result = work(records)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        # From this thread, because the waiter for the result may have given up.
        if records.emitted:
            self._tell(lambda: self.on_event())
        if records.planned:
            self._tell(lambda: self.on_plan())
        return result

    def _tell(self, listener: Callable[[], None]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(listener)


def _statements(script: str) -> list[str]:
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [each for each in "\n".join(lines).split(";") if each.strip()]


def _nothing() -> None:
    """Do nothing: the callback while nobody listens."""
