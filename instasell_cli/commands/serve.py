"""`instasell serve`: a server on this machine."""

from __future__ import annotations

import typer

from instasell_cli.options import command
from instasell_cli.processes import become, command_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "serve",
        "Run a server with its own databases. It runs until Ctrl-C, and takes the options of"
        " `instasell-server run`.",
        "serve",
        "serve --port 9000 --data-dir ./market",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )(serve)


def serve(ctx: typer.Context) -> None:
    """Become a server process with the same arguments."""
    become(command_of("instasell_server", "run", *ctx.args), {})
