"""The command `instasell`: what there is, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Annotated, NoReturn

import typer
import typer.main

from instasell_cli.command_tree import COMPLETION_ASKED, PROGRAM, CommandEntry, Sections, entries
from instasell_cli.commands import api, demo, doctor, listen, serve, tui
from instasell_cli.commands import help as topics
from instasell_cli.commands.admin import app as admin
from instasell_cli.commands.auctions import app as auctions
from instasell_cli.commands.auth import recovery as recovering
from instasell_cli.commands.categories import app as categories
from instasell_cli.commands.disputes import app as disputes
from instasell_cli.commands.listings import app as listings
from instasell_cli.commands.messages import app as messages
from instasell_cli.commands.notifications import app as notifications
from instasell_cli.commands.orders import app as orders
from instasell_cli.commands.seed import app as seed
from instasell_cli.commands.subscriptions import app as subscriptions
from instasell_cli.commands.wallet import withdraw as withdrawing
from instasell_cli.completion import scripts
from instasell_cli.exit_codes import CliError, ExitCode, exit_code_of, message_of
from instasell_cli.options import with_nouns
from instasell_cli.startup import end_lightly, start_lightly

SUMMARY = """\b
Examples:
  $ instasell demo                         a market with live bidding
  $ instasell auth login                   sign in
  $ instasell auctions live                list open auctions
  $ instasell auctions bid ID 12.50
  $ instasell orders list                  what you bought and sold
  $ instasell listings import listings.csv

A marketplace with live auctions, in the terminal."""


def _resolve_ids(ctx: typer.Context) -> None:
    # Loaded with the first command, as it takes longer than the help does.
    from instasell_cli.input.id_resolver import resolve_parameters

    resolve_parameters(ctx)


NOUNS: dict[str, typer.Typer] = {}
"""The groups of commands by their names, filled in below."""

SECTIONS: Sections = {
    "Buy and sell": ("auctions", "listings", "categories", "orders", "disputes", "wallet"),
    "Stay informed": ("listen", "notifications", "messages", "subscriptions"),
    "Account and setup": ("auth", "doctor", "help"),
    "Run a market": ("demo", "serve", "seed", "admin"),
    "Other interfaces": ("tui", "api"),
}

app = typer.Typer(
    name="instasell",
    cls=with_nouns(NOUNS, _resolve_ids, SECTIONS),
    help=SUMMARY,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for name, commands in (
    # Recovering adds its commands to those of `auth`.
    ("auth", recovering.app),
    ("listings", listings.app),
    ("categories", categories.app),
    ("auctions", auctions.app),
    ("orders", orders.app),
    ("disputes", disputes.app),
    # Withdrawing adds its commands to those of the wallet.
    ("wallet", withdrawing.app),
    ("messages", messages.app),
    ("notifications", notifications.app),
    ("subscriptions", subscriptions.app),
    ("admin", admin.app),
):
    NOUNS[name] = commands
disputes.add_to_orders(orders.app)
for module in (listen, seed, serve, tui, demo, api, doctor, topics):
    module.add_to(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("instasell")
        except PackageNotFoundError:
            found = "from a source tree"
        typer.echo(f"instasell {found}")
        raise typer.Exit


@app.callback()
def _main(
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Read the options before the first command."""


def all_entries() -> Iterator[CommandEntry]:
    """Yield the root, then every group and command, in the order of the help."""
    return entries(typer.main.get_command(app))


def run() -> NoReturn:
    """Run the command line, and turn every error into its exit code."""
    start_lightly()
    try:
        _run()
    finally:
        end_lightly()


def _run() -> NoReturn:
    asked = os.environ.get(COMPLETION_ASKED)
    if asked is not None:
        from instasell_cli.completion.shells import answer, answers

        if answers(asked):
            answer(app, asked)
    try:
        try:
            if sys.argv[1:2] and sys.argv[1].startswith("--") and scripts.is_asked(sys.argv[1:]):
                scripts.carry_out(sys.argv[1:])
            else:
                app(prog_name=PROGRAM)
        finally:
            sys.stdout.flush()
        sys.exit(ExitCode.OK)
    except BrokenPipeError:
        # The reader of the output has closed it; the interpreter must not flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.FAILURE)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:
        if not _is_expected(error) and "--debug" not in sys.argv:
            _tell(f"this should not happen: {error!r}; run it again with --debug")
        else:
            _tell(message_of(error))
        if "--debug" in sys.argv:
            from instasell_cli.output.debug_log import trace_of

            print(trace_of(error), file=sys.stderr, end="")
        sys.exit(exit_code_of(error))


def _is_expected(error: Exception) -> bool:
    from instasell_client.errors import InstaSellError
    from instasell_client.profiles import ProfileError

    return isinstance(error, CliError | InstaSellError | ProfileError | OSError)


def _tell(message: str) -> None:
    from instasell_cli.output.debug_log import redact
    from instasell_cli.output.writer import clean

    lines = clean(redact(message, is_prose=True), keep="\n").splitlines() or [""]
    for line in lines:
        print(f"instasell: {line}", file=sys.stderr)
