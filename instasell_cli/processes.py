"""The other programs of the house, started with this Python: the server and the screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from instasell_cli.exit_codes import CliError

_EXTRAS = {
    "instasell_server": ("server", ("aiohttp", "aiopg", "redis")),
    "instasell_tui": ("tui", ("textual",)),
}


def command_of(package: str, *arguments: str) -> list[str]:
    """Return the command line of a package. Raises CliError with the pip line of its extra.

    `-P` keeps the current folder out of the path of modules: what lies there is not ours.
    """
    extra, needed = _EXTRAS[package]
    missing = [name for name in (package, *needed) if find_spec(name) is None]
    if missing:
        pip = f'{sys.executable} -m pip install "instasell[{extra}]"'
        raise CliError(f"{missing[0]} is not installed; run: {pip}")
    return [sys.executable, "-P", "-m", package, *arguments]


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return our environment with changes; None takes a variable away.

    From a source tree that is not installed, the programs find the same tree.
    """
    root = Path(__file__).resolve().parent.parent
    found = dict(os.environ)
    if (root / "pyproject.toml").exists():
        found["PYTHONPATH"] = os.pathsep.join(
            part for part in (str(root), found.get("PYTHONPATH")) if part
        )
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value
    return found


def become(command: Sequence[str], changes: Mapping[str, str | None]) -> NoReturn:
    """Replace this process, so that signals and the exit code are the program's own."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], [*command], environment(changes))
