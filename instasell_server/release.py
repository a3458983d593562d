"""The version of this program."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import typer


def show_version(is_wanted: bool) -> None:
    """Print the version and end the program, for `--version`."""
    if not is_wanted:
        return
    try:
        found = version("instasell")
    except PackageNotFoundError:
        found = "of a source tree that is not installed"
    print(f"instasell-server {found}")
    raise typer.Exit
