"""`instasell demo`: a whole market for a look, and nothing left of it afterwards."""

from __future__ import annotations

import signal
import sys
from time import monotonic
from types import FrameType
from typing import Annotated

import typer

from instasell_cli.context import Invocation, invocation
from instasell_cli.options import command
from instasell_cli.processes import command_of


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "demo",
        "Start a market with simulated bidders, and open its board. Off a terminal, or with"
        " --text, print the same as text and audit it, in under a minute. Nothing of it stays.",
        "demo",
        "demo --text",
    )(demo)


def demo(
    ctx: typer.Context,
    text: Annotated[bool, typer.Option("--text", help="Print text, also on a terminal.")] = False,
    number: Annotated[
        int,
        typer.Option(
            "--seed", help="The same number makes up the same listings.", min=0, max=10**9
        ),
    ] = 1,
) -> None:
    """Run the demo on the screen, or as text."""
    run_demo(invocation(ctx), as_text=text, seed=number)


def run_demo(call: Invocation, *, as_text: bool, seed: int) -> None:
    """Run it to its end. Raises CliError when it fails; the market is removed in any case."""
    from instasell_cli.demo.market import DemoMarket

    on_screen = not as_text and sys.stdin.isatty() and sys.stdout.isatty()
    if on_screen:
        command_of("instasell_tui")
    # An end by the system's hand has to clean up as well.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    if on_screen:
        call.output.note("starting a market ...")
    began = monotonic()
    with DemoMarket() as market:
        if on_screen:
            from instasell_cli.demo.board import open_board

            open_board(market, call.output, seed)
        else:
            from instasell_cli.demo.story import tell_story

            tell_story(market, seed)
    call.output.note(f"the market is removed; all of it took {monotonic() - began:.0f} s")


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
