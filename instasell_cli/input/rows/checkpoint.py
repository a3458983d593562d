"""Record the progress of an import in a file, so that it can go on after the process was killed.

A checkpoint belongs to the content of a file, the server, the account and the options that say
what the rows mean: another file, or the same one read otherwise, is another import. It first
replaces the checkpoint before it as a whole, then gets a line for each batch of rows that the
server has answered; a line that was cut off is ignored. Rows without a line are sent again, which
changes nothing where they had arrived.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

KEPT_SECONDS = 30 * 86400
BLOCK_BYTES = 1024 * 1024
SUFFIX = ".jsonl"


@dataclass(frozen=True)
class CheckpointEntry:
    """The rows up to `done` have their verdicts; those of `rejected` are to be judged again."""

    done: int = 0
    rejected: frozenset[int] = field(default_factory=frozenset)

    def wants(self, number: int) -> bool:
        """Return whether a row has yet to be sent."""
        return number > self.done or number in self.rejected


class Checkpoint:
    """Write the checkpoint of one import. A failure is reported once, and the import goes on."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self._path = path
        self._tell = tell
        self._file: BinaryIO | None = None

    def read(self) -> CheckpointEntry | None:
        """Return the progress of an earlier run of the same import, or None."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return None
        done, rejected = 0, set[int]()
        # What follows the last line end was cut off.
        for line in lines[:-1]:
            try:
                entry = json.loads(line)
                found = {int(number) for number in entry["rejected"]}
                # Rejected rows that are judged again come before those which follow the mark.
                done = max(done, int(entry["done"]))
            except (ValueError, KeyError, TypeError):
                break
            rejected |= found
        return CheckpointEntry(done, frozenset(rejected))

    def begin(self, mark: CheckpointEntry) -> None:
        """Start a journal from `mark`, in the place of an earlier one."""
        with self._told():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _forget_old(self._path.parent)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".")
            self._file = open(handle, "wb", buffering=0)  # noqa: SIM115 - closed by `close`
            self._file.write(_line(mark.done, sorted(mark.rejected)))
            os.replace(name, self._path)

    def add(self, done: int, rejected: Iterable[int]) -> None:
        """Note that the rows up to `done` are decided, those of `rejected` without success."""
        if self._file is not None:
            with self._told():
                self._file.write(_line(done, [*rejected]))

    def remove(self) -> None:
        """Remove the checkpoint: the import is at its end."""
        self.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """End the writing; what is written stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.close()
            self._tell(
                f"{self._path.parent}: {error.strerror}; if this import is cut off, it has to"
                " begin at the first row (which changes nothing twice)"
            )


def journal_path(folder: Path, source: str, meaning: Sequence[str]) -> Path:
    """Return the path of a checkpoint; `meaning` is the server, the account and the options.

    Raises OSError for a file that cannot be read.
    """
    digest = hashlib.sha256(json.dumps([*meaning]).encode())
    with open(source, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return folder / (digest.hexdigest()[:40] + SUFFIX)


def journals_folder() -> Path:
    """Return where checkpoints are: in INSTASELL_CONFIG_DIR, else where the system keeps state."""
    named = os.environ.get("INSTASELL_CONFIG_DIR")
    if named:
        return Path(named) / "imports"
    import platformdirs

    return Path(platformdirs.user_state_dir("instasell", appauthor=False)) / "imports"


def _line(done: int, rejected: Sequence[int]) -> bytes:
    return json.dumps({"done": done, "rejected": rejected}).encode() + b"\n"


def _forget_old(folder: Path) -> None:
    oldest = time.time() - KEPT_SECONDS
    for path in folder.glob("*" + SUFFIX):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
