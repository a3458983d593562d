"""`--show-completion SHELL` and `--install-completion SHELL`: for a shell that is named."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from instasell_cli.command_tree import COMPLETION_ASKED, PROGRAM
from instasell_cli.exit_codes import UsageProblem

SHELLS = ("bash", "zsh", "fish")
SHOW = "--show-completion"
INSTALL = "--install-completion"


def is_asked(arguments: Sequence[str]) -> bool:
    """Return whether one of the options names a shell; without one, typer finds out which it is."""
    option, given = _parted(arguments)
    return option in (SHOW, INSTALL) and given is not None and not given.startswith("-")


def carry_out(arguments: Sequence[str]) -> None:
    """Print or install the script of the shell. Raises UsageProblem for one that has none."""
    from typer._completion_shared import get_completion_script, install

    option, shell = _parted(arguments)
    if shell not in SHELLS:
        raise UsageProblem(f"{option}: there is none for {shell!r}; there is {', '.join(SHELLS)}")
    if option == SHOW:
        script = get_completion_script(
            prog_name=PROGRAM, complete_var=COMPLETION_ASKED, shell=shell
        )
        sys.stdout.write(script.rstrip("\n") + "\n")
        return
    _, path = install(shell=shell, prog_name=PROGRAM, complete_var=COMPLETION_ASKED)
    print(f"{shell} completion installed in {path}; it is there in the next shell", file=sys.stderr)


def _parted(arguments: Sequence[str]) -> tuple[str, str | None]:
    if len(arguments) == 1 and "=" in arguments[0]:
        option, _, given = arguments[0].partition("=")
        return option, given
    return (arguments[0], arguments[1]) if len(arguments) == 2 else ("", None)
