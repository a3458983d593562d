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
    "INSTASELL_COMPLETION_SECONDS": "how long completion waits for the server (0.8)",
    "INSTASELL_SEED_PASSWORD": "the password of the people that `seed` signs up",
    "INSTASELL_LISTEN_SECRET": "with what `listen --forward-to` signs",
    "NO_COLOR": "no colours, also on a terminal",
}
OUTPUT = """\
-o table   for people: times in the local zone, amounts as 12.50. Off a terminal the
           columns are separated by tabs, without colours and boxes.
           On a narrow terminal long text is cut, ids and times are shortened, and columns that do
           not fit are named on stderr. A short id works wherever an id is asked for.
-o wide    the table with all columns and whole ids, however long the lines become; or --wide.
-o json    one JSON document: amounts are integers in minor units, times are ISO 8601 in UTC.
-o jsonl   the same, one record a line.
-o yaml    the same as YAML.
-o csv     with a header; amounts as 12.50. Cells that a spreadsheet would take for a formula
           begin with an apostrophe; `listings import` takes it away again.
-o name    the ids alone, one a line: instasell auctions live -o name | head -3
--fields   picks and orders fields: --fields auction_id,minimum_bid
--jq       filters the JSON with an expression of jq; texts are printed without quotes:
             instasell auctions live --jq '.[] | select(.bid_count > 3) | .title'
--template formats the JSON with a Jinja template. A list is `records`; a single record has its
           fields by name. Filters: amount (12.50), local (time), ago (2m 5s ago), json.
             instasell orders list -o jsonl --template '{{ title }}: {{ total_amount | amount }}'
           With -o jsonl, --jq and --template take each record by itself.

Data goes to stdout, messages to stderr. Off a terminal nothing is ever asked."""
QUESTIONS = """\
On a terminal, whatever moves money, hits somebody else or cannot be taken back is asked about
first: bids and purchases, payments, refunds and withdrawals, what is called off or deleted, and
what an admin does to people and their goods. --yes is the answer.

Off a terminal nothing is ever asked and nothing waits for an answer: such a command needs --yes,
and ends without it at once with exit code 2 before anything has happened. What else would be asked
for, as a password, has an option that is named then."""
COMPLETION = """\
  $ instasell --install-completion         for the shell that you are in: bash, zsh or fish
  $ instasell --show-completion            to put it where you want it

Commands, options and values are completed, and so are the ids of auctions, listings, orders,
disputes, conversations, pictures, alerts and accounts, categories, profiles, fields and topics. zsh
and fish show the title beside an id. What is typed is the beginning of an id, or words of the
title: bash and zsh put the id in its place; fish searches the titles of its list (Ctrl-S).

The server is asked with the profile's token, for less than a second unless
INSTASELL_COMPLETION_SECONDS says otherwise; without an answer nothing is offered. Nothing is ever
asked of you, and no errors are shown."""

FIRST_LINES = {
    "exit-codes": "what the exit code of a command says",
    "environment": "the variables that are read",
    "output": "the formats, and what goes where",
    "questions": "what is asked before it is done, and --yes",
    "completion": "ids, titles and fields in the shell",
}
"""Every topic, and what it is about."""


def add_to(app: typer.Typer) -> None:
    """Declares the command."""
    command(
        app,
        "help",
        "Help on a topic: " + ", ".join(FIRST_LINES) + ".",
        "help exit-codes",
        "help output",
    )(show)


def show(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(help=f"One of {', '.join(FIRST_LINES)}.", metavar="[TOPIC]")
    ] = None,
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
    texts = {"output": OUTPUT, "questions": QUESTIONS, "completion": COMPLETION}
    if topic not in texts:
        raise UsageProblem(f"there is no topic {topic!r}; there are: {', '.join(FIRST_LINES)}")
    return texts[topic]
