"""Choose the first theme, and remember the one that was chosen. Pure, but for its file.

An explicit preference (an option, INSTASELL_THEME) comes first. A terminal of sixteen colours gets
the theme that was made for it; elsewhere the theme that was chosen last comes back.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

AUTO = "auto"
CHOICES = (AUTO, "dark", "light", "16")
FILE_BYTES_MAX = 4096
_NAME = re.compile(r"[a-z0-9-]{1,40}")


def requested_theme(option: str | None, environment: Mapping[str, str]) -> str:
    """Return one of CHOICES. Raises ValueError for a setting that is none of them."""
    requested = option or environment.get("INSTASELL_THEME") or AUTO
    if requested not in CHOICES:
        raise ValueError(f"INSTASELL_THEME is {requested!r}; set it to one of {', '.join(CHOICES)}")
    return requested


def first_theme(requested: str, *, few_colours: bool, remembered: str | None) -> str:
    """Return the theme at the start: one of CHOICES but "auto", or a remembered name."""
    if requested != AUTO:
        return requested
    return "16" if few_colours else remembered or "dark"


def few_colours(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal has sixteen colours, which COLORTERM and TERM decide in Rich.

    In a browser there are all colours, which TEXTUAL_COLOR_SYSTEM tells.
    """
    system = environment.get("TEXTUAL_COLOR_SYSTEM", "auto")
    if system != "auto":
        return system == "standard"
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return False
    ending = environment.get("TERM", "").strip().lower().rpartition("-")[2]
    return sys.platform != "win32" and ending not in ("256color", "kitty")


class ThemePreference:
    """The name of the theme that was chosen last, in `theme.toml` of the settings' folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "theme.toml"

    def read(self) -> str | None:
        """Return the name; None when there is none, or the file cannot be used."""
        try:
            with self._path.open("rb") as file:
                name = tomllib.loads(file.read(FILE_BYTES_MAX).decode()).get("theme")
        except (OSError, ValueError):
            return None
        return name if isinstance(name, str) and _NAME.fullmatch(name) else None

    def write(self, name: str) -> None:
        """Keep a name, whole or not at all. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=self._path.parent, prefix=".theme-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f'theme = "{name}"\n')
            os.replace(made, self._path)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
