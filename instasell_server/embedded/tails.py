"""Ends of log files, for messages about engines that did not start."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_TAIL_BYTES: Final = 1500


def tail(*paths: Path) -> str:
    """Return the last 1,500 bytes of each file without control characters or following links."""
    parts = []
    for path in paths:
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(handle, "rb") as file:
                file.seek(max(0, os.fstat(handle).st_size - _TAIL_BYTES))
                parts.append(file.read(_TAIL_BYTES).decode(errors="replace"))
    text = "\n".join(parts)
    return "".join(c for c in text if c.isprintable() or c == "\n").strip()


def newest_first(folder: Path, pattern: str) -> list[Path]:
    """Return the files of `folder` that match, by the time in their names, the latest first."""
    return sorted(folder.glob(pattern), reverse=True)
