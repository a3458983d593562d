"""The version of this program."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer


def _show(is_wanted: bool) -> None:
    """Print the version and end the program, for `--version`."""
    if not is_wanted:
        return
    try:
        found = version("instasell")
    except PackageNotFoundError:
        found = "of a source tree that is not installed"
    print(f"instasell-server {found}")
    raise typer.Exit


def begin(
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show, is_eager=True)
    ] = False,
) -> None:
    """Run before every command; the options of the program itself."""
