"""`instasell tui`: the screen."""

from __future__ import annotations

import sys

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exits import UsageProblem
from instasell_cli.options import command
from instasell_cli.processes import become, command_of


def add_to(app: typer.Typer) -> None:
    """Declares the command."""
    command(
        app,
        "tui",
        "Open the screen: live auctions, bidding, everything at a glance.",
        "tui",
        "tui --profile work",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )(tui)


def tui(ctx: typer.Context) -> None:
    """`tui`."""
    call = invocation(ctx)
    program = command_of("instasell_tui", *ctx.args)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageProblem("the screen needs a terminal; off it, use instasell auctions watch")
    become(program, screen_environment(call))


def screen_environment(call: Invocation) -> dict[str, str | None]:
    """What the screen has to know; the token travels in the environment, never in argv."""
    return {"INSTASELL_URL": call.target.url, "INSTASELL_TOKEN": call.target.token}
