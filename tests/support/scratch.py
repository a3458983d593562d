"""Name the folder for what tests throw away afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile

MEMORY = "/dev/shm"
NEEDED_BYTES = 4 << 30


def scratch() -> str:
    """A folder in memory where there is room for a run, or else the system's for such files.

    A database for each test is a thousand files written and removed again: on a disk that takes
    five times as long.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= NEEDED_BYTES:
        return MEMORY
    return tempfile.gettempdir()
