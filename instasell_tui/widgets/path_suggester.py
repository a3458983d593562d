"""Completion of a path that is being typed, one folder at a time."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from textual.suggester import Suggester

NAMES_MAX = 10_000
"""How many names of a folder are looked through; the rest is not suggested."""


class PathSuggester(Suggester):
    """Suggests the first name, in order, that begins as what was typed; a folder ends in `/`.

    Hidden names are suggested to those who type the dot. Right takes a suggestion.
    """

    def __init__(self) -> None:
        # Files come and go while the user types.
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the whole path, or None."""
        return await asyncio.to_thread(complete_path, value)


def complete_path(value: str) -> str | None:
    """Return the path that begins as `value` and goes on to the end of an existing name."""
    folder, slash, begun = value.rpartition("/")
    try:
        names = _names(Path(folder + slash).expanduser() if folder or slash else Path())
    except (OSError, RuntimeError, ValueError):
        return None
    found = [name for name in names if name.startswith(begun) and name != begun]
    shown = [name for name in found if begun.startswith(".") or not name.startswith(".")]
    return f"{folder}{slash}{min(shown)}" if shown else None


def _names(folder: Path) -> list[str]:
    """Return names in a folder that can be typed."""
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.isprintable():
                names.append(entry.name + ("/" if entry.is_dir() else ""))
            if len(names) == NAMES_MAX:
                break
    return names
