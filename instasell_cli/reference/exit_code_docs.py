"""List the exit codes of each command, for the documents and for the tests that check them."""

from __future__ import annotations

from instasell_cli.command_tree import CommandEntry
from instasell_cli.completion.parameters import offer_for
from instasell_cli.exit_codes import ExitCode

HERE = {"help", "serve", "tui", "demo", "auth switch"}
"""Commands that ask no server anything, or leave that to the program that they become."""

READING = {
    *("list", "show", "live", "bids", "selling", "history", "withdrawals", "status", "token"),
    *("export", "analytics", "audit-log", "watch", "wait", "listen", "doctor", "logout", "forgot"),
}
"""Last words of commands that change nothing which the state of the market could be against."""

BULK = {
    "listings import",
    "auctions schedule",
    "seed apply",
    "categories import",
    "auctions cancel",
    "auctions relist",
}
"""Commands of which a part may be rejected."""


def exit_codes_of(entry: CommandEntry) -> list[ExitCode]:
    """Return the codes that a command may end with, in order."""
    codes = [ExitCode.OK, ExitCode.FAILURE, ExitCode.USAGE]
    if entry.path not in HERE:
        codes.append(ExitCode.NOT_ALLOWED)
        if entry.path == "api" or _names_things(entry):
            codes.append(ExitCode.NOT_FOUND)
        if entry.words[-1] not in READING:
            codes.append(ExitCode.CONFLICT)
    if entry.path in BULK:
        codes.append(ExitCode.PARTLY)
    return [*codes, ExitCode.INTERRUPTED]


def _names_things(entry: CommandEntry) -> bool:
    own = (param.name for param in entry.command.params if not param.name.startswith("shared_"))
    return any(offer_for(entry.path, name) is not None for name in own)
