"""Processes of the engines: start them apart from our terminal, find them again, wait for them.

A server that was killed leaves its engines behind, and its pid files may by then name another
process. So an engine is recognised by the mark of its data folder in its command line, which
any user may read (the process's folder may not be read by root in a container), together with the
user id it runs under.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .privileges import Identity

_PROC: Final = Path("/proc")
_POLL_SECONDS: Final = 0.02
# A fixed, small environment: the engines need none of the server's secrets.
ENGINE_ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"}


@dataclass(frozen=True)
class ProcessInfo:
    """Hold a process as the operating system lists it."""

    pid: int
    uid: int
    command: str


class EngineProcess:
    """Follow a running engine, which may or may not be a child of this process."""

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self._child = child
        self._handle: int | None = None
        if child is None and hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self._handle = os.pidfd_open(pid)

    def alive(self) -> bool:
        """Return True until the process has ended; a zombie counts as ended."""
        return not self.wait(0)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for the end of the process; True once it has ended."""
        if self._child is not None:
            return self._wait_for_child(self._child, timeout_seconds)
        if self._handle is not None:
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            return bool(poll.poll(timeout_seconds * 1000))
        return self._wait_for_stranger(timeout_seconds)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that has ended is left alone."""
        with suppress(ProcessLookupError):
            if self._child is not None:
                self._child.send_signal(number)
            elif self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)
            else:
                os.kill(self.pid, number)

    def release(self) -> None:
        """Forget the process and let it run on."""
        if self._child is not None and self._child.poll() is None:
            # Popen warns about a child that nobody waited for; this one is left running on purpose.
            self._child.returncode = 0
        self._child = None
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _wait_for_child(self, child: subprocess.Popen[bytes], timeout_seconds: float) -> bool:
        if timeout_seconds <= 0:
            return child.poll() is not None
        try:
            child.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _wait_for_stranger(self, timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        while any(seen.pid == self.pid for seen in list_processes()):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def launch(
    program: Path, arguments: Sequence[str], identity: Identity, output: Path
) -> EngineProcess:
    """Start an engine in a session of its own, so that Ctrl-C in our terminal does not reach it.

    What it prints goes to the file `output`, which is truncated and private.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(output, flags, 0o600), "wb") as sink:
        child = subprocess.Popen(
            [program, *arguments],
            cwd="/",
            env=ENGINE_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            umask=0o077,
            **identity.rights(),
        )
    return EngineProcess(child.pid, child)


def find_marked(mark: str, uid: int) -> list[ProcessInfo]:
    """List the live processes of user `uid` whose command line carries `mark`."""
    return [seen for seen in list_processes() if seen.uid == uid and mark in seen.command]


def list_processes() -> Iterator[ProcessInfo]:
    """List the live processes; zombies have no command line and are left out."""
    if not (_PROC / "self" / "cmdline").exists():
        yield from _ask_ps()
        return
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").strip()
            uid = entry.stat().st_uid
        except OSError:
            continue
        if command:
            yield ProcessInfo(int(entry.name), uid, os.fsdecode(command))


def _ask_ps() -> Iterator[ProcessInfo]:
    listing = subprocess.run(
        ["ps", "-axo", "pid=,uid=,state=,command="], check=True, capture_output=True, text=True
    )
    for line in listing.stdout.splitlines():
        pid, uid, state, command = line.split(None, 3)
        if not state.startswith("Z"):
            yield ProcessInfo(int(pid), int(uid), command)


def end_all(processes: Sequence[EngineProcess], number: signal.Signals, seconds: float) -> bool:
    """Send one signal to all and wait for their end, `seconds` at most; True if all ended."""
    for process in processes:
        process.send(number)
    deadline = time.monotonic() + seconds
    return all(process.wait(max(0.0, deadline - time.monotonic())) for process in processes)
