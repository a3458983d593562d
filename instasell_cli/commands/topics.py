"""`instasell help`: what belongs to no single command."""

from __future__ import annotations

from typing import Annotated

import typer

from instasell_cli.exits import MEANINGS, UsageProblem
from instasell_cli.options import command

ENVIRONMENT = {
    "INSTASELL_URL": "the server; wins over the profile",
    "INSTASELL_TOKEN": "the token; wins over the profile",
    "INSTASELL_CONFIG_DIR": "the folder of profiles, tokens, and imports that were cut off",
    "INSTASELL_CURRENCY": "the market's currency, for amounts that are typed (USD)",
    "INSTASELL_ADMIN_TOKEN": "an admin's token, for what `seed` needs an admin for",
    "INSTASELL_SEED_PASSWORD": "the password of the people that `seed` signs up",
    "INSTASELL_LISTEN_SECRET": "with what `listen --forward-to` signs",
    "NO_COLOR": "no colours, also on a terminal",
}
OUTPUT = """\
-o table   for people: times in the local zone, amounts as 12.50. Off a terminal the
           columns are separated by tabs, without colours and boxes.
-o json    one JSON document: amounts are integers in minor units, times are ISO 8601 in UTC.
-o jsonl   the same, one record a line.
-o csv     with a header; amounts as 12.50. Cells that a spreadsheet would take for a formula
           begin with an apostrophe; `listings import` takes it away again.
--fields   picks and orders fields: --fields auction_id,minimum_bid

Data goes to stdout, messages to stderr. Off a terminal nothing is ever asked."""


def add_to(app: typer.Typer) -> None:
    """Declares the command."""
    command(
        app,
        "help",
        "Help on exit-codes, environment or output.",
        "help exit-codes",
        "help output",
    )(show)


def show(
    ctx: typer.Context,
    topic: Annotated[str | None, typer.Argument(help="exit-codes, environment or output.")] = None,
) -> None:
    """`help`."""
    parent = ctx.parent
    if topic is None and parent is not None:
        typer.echo(parent.get_help())
        return
    typer.echo(text_of(topic or ""))


def text_of(topic: str) -> str:
    """The text of a topic. Raises UsageProblem for one that does not exist."""
    if topic == "exit-codes":
        return "\n".join(f"{code.value:>4}  {meaning}" for code, meaning in MEANINGS.items())
    if topic == "environment":
        width = max(map(len, ENVIRONMENT))
        return "\n".join(f"{name:<{width}}  {meaning}" for name, meaning in ENVIRONMENT.items())
    if topic == "output":
        return OUTPUT
    raise UsageProblem(f"there is no topic {topic!r}; there are: exit-codes, environment, output")
