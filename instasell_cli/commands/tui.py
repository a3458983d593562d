"""`instasell tui`: the screen."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.exit_codes import UsageProblem
from instasell_cli.options import command
from instasell_cli.processes import become, command_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "tui",
        "Open the full-screen interface.",
        "tui",
        "tui --profile work --read-only",
        "tui --record evening.jsonl",
        "tui --replay evening.jsonl --speed 4",
        "tui --web",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )(tui)


def tui(
    ctx: typer.Context,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Show everything, change nothing.")
    ] = False,
    light: Annotated[bool, typer.Option("--light", help="Begin with the light theme.")] = False,
    theme: Annotated[
        str | None, typer.Option(metavar="NAME", help="auto, dark, light, or 16 for few colours.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record the auctions in a new file.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show a recording; needs no server.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(metavar="N", help="Replay this many times faster.")
    ] = None,
    web: Annotated[
        bool, typer.Option("--web", help="Serve the screen to a browser on this computer.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Loopback address for --web.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port for --web; any that is free by default.")
    ] = None,
) -> None:
    """Become the process of the screen, with server and token in its environment."""
    call = invocation(ctx)
    wishes = {
        "read-only": read_only,
        "light": light,
        "theme": theme,
        "record": record,
        "replay": replay,
        "speed": speed,
        "web": web,
        "host": host,
        "port": port,
    }
    program = command_of("instasell_tui", *_arguments(wishes), *ctx.args)
    if not web and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageProblem("the screen needs a terminal; off it, use instasell auctions watch")
    become(program, {} if replay is not None else screen_environment(call))


def _arguments(wishes: Mapping[str, object]) -> list[str]:
    """Return the options as arguments for the TUI, which checks them."""
    flags = [f"--{name}" for name, value in wishes.items() if value is True]
    values = [
        f"--{name}={value}"
        for name, value in wishes.items()
        if value is not None and not isinstance(value, bool)
    ]
    return flags + values


def screen_environment(call: Invocation) -> dict[str, str | None]:
    """Return the environment for the TUI; the token travels in it, never in argv."""
    return {"INSTASELL_URL": call.target.url, "INSTASELL_TOKEN": call.target.token}
