"""`instasell help`: what belongs to no single command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from instasell_cli.command_tree import HELP_TOPICS
from instasell_cli.exit_codes import MEANINGS, UsageProblem
from instasell_cli.options import command

ENVIRONMENT = {
    "INSTASELL_URL": "the server; wins over the profile",
    "INSTASELL_PORT": "a server on this machine at another port than 8780, where nothing else is"
    " named",
    "INSTASELL_TOKEN": "the token; wins over the profile",
    "INSTASELL_CONFIG_DIR": "the folder of profiles, tokens, and imports that were cut off",
    "INSTASELL_CURRENCY": "the market's currency where the server does not tell it (USD)",
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
On a terminal, whatever moves money, affects other users or cannot be undone is asked about
first: bids and purchases, payments, refunds and withdrawals, what is cancelled or deleted, and
what an admin does to users and their listings. --yes is the answer.

Off a terminal nothing is ever asked and nothing waits for an answer: such a command needs --yes,
and ends without it at once with exit code 2 before anything has happened. What else would be asked
for, as a password, has an option that is named then."""
COMPLETION = """\
  $ instasell --install-completion         for the shell that you are in: bash, zsh or fish
  $ instasell --show-completion zsh        to put it where you want it

Commands, options and values are completed, and so are the ids of auctions, listings, orders,
disputes, conversations, pictures, alerts and accounts, categories, profiles, fields and topics. zsh
and fish show the title beside an id. What is typed is the beginning of an id, or words of the
title: bash and zsh put the id in its place; fish searches the titles of its list (Ctrl-S).

The server is asked with the profile's token, for less than a second unless
INSTASELL_COMPLETION_SECONDS says otherwise; without an answer nothing is offered. Nothing is ever
asked of you, and no errors are shown."""

IDS = """\
Where a command asks for an id, any of these will do:

  a whole id          f93d55b0-8487-4a5d-8128-3ce67cdf513c
  its beginning       f93d55b0, at least 6 hexadecimal digits
  a SKU               of your own listing, or of its newest auction
  a title             the whole of it, or words of it that only one title has
  an e-mail address   for accounts, by admins; the whole address

What could mean several things is listed, and the exit code is 2; what is nowhere is exit code 5.
Only what you may see is looked at. What was meant is printed on stderr, unless it was an id. Off a
terminal, what needs --yes takes whole titles only: words of a title may fit another one tomorrow.

Commands that take several ids read them from stdin for -, one in each line:

  instasell auctions live -o name | instasell auctions follow -"""


def add_to(app: typer.Typer) -> None:
    """Declare the command."""
    command(
        app,
        "help",
        "Show help on a topic or command. Topics: " + ", ".join(HELP_TOPICS) + ".",
        "help exit-codes",
        "help output",
        "help listings",
        "help auctions bid",
    )(show)


def show(
    ctx: typer.Context,
    topic: Annotated[
        list[str] | None,
        typer.Argument(
            help=f"One of {', '.join(HELP_TOPICS)}; or a command, as auctions bid.",
            metavar="[TOPIC]",
        ),
    ] = None,
) -> None:
    """Print the text of a topic, or the help of a command."""
    words = topic or []
    if len(words) == 1 and words[0] in HELP_TOPICS:
        typer.echo(text_of(words[0]))
    else:
        typer.echo(_help_of(ctx.parent, words))


def _help_of(context: Any, words: Sequence[str]) -> str:
    """Return the help of the command that the words lead to. Raises UsageProblem."""
    left = [*words]
    while left:
        commands = getattr(context.command, "commands", {})
        name = next((n for n in (" ".join(left[:2]), left[0]) if n in commands), None)
        if name is None:
            there = ", ".join((*HELP_TOPICS, *(commands if context.parent is None else ())))
            wanted = " ".join(words)
            raise UsageProblem(f"there is no topic {wanted!r}; there are: {there}")
        left = left[name.count(" ") + 1 :]
        context = commands[name].make_context(name, [], parent=context, resilient_parsing=True)
    return str(context.get_help())


def errors_text() -> str:
    """Return every error code with its exit code and what it says."""
    from instasell_cli.exit_codes import exit_code_of
    from instasell_client.errors import errors_by_code

    lines = [
        "Errors of the market have a stable code: in replies, in verdicts of bulk commands, and as",
        "a class of the Python client. The number is the exit code of a command that ends so.",
        "",
    ]
    known = errors_by_code()
    width = max(map(len, known))
    for code, kind in sorted(known.items()):
        lines.append(f"{code:<{width}}  {exit_code_of(kind()).value}  {kind.title}")
    return "\n".join(lines)


def text_of(topic: str) -> str:
    """Return the text of a topic. Raises UsageProblem for one that does not exist."""
    if topic == "exit-codes":
        return "\n".join(f"{code.value:>4}  {meaning}" for code, meaning in MEANINGS.items())
    if topic == "environment":
        width = max(map(len, ENVIRONMENT))
        return "\n".join(f"{name:<{width}}  {meaning}" for name, meaning in ENVIRONMENT.items())
    if topic == "errors":
        return errors_text()
    texts = {"ids": IDS, "output": OUTPUT, "questions": QUESTIONS, "completion": COMPLETION}
    if topic not in texts:
        raise UsageProblem(f"there is no topic {topic!r}; there are: {', '.join(HELP_TOPICS)}")
    return texts[topic]
