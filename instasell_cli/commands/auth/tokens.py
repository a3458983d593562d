"""`instasell auth tokens`: tokens for scripts, each with no more than it needs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from instasell_cli.commands.auth.scopes import ScopeName
from instasell_cli.context import open_client
from instasell_cli.exit_codes import CliError
from instasell_cli.input.prompts import confirm
from instasell_cli.options import Yes, command, group
from instasell_cli.output.schemas import TOKEN, TOKEN_GRANT, record_of
from instasell_cli.output.writer import clean

app = group(
    "Create and revoke tokens for scripts. Give each no more scopes than it needs.",
    "auth tokens list",
    "auth tokens create ci --scope read --scope list",
    "auth tokens revoke ID",
)


@command(
    app,
    "list",
    "List your valid tokens, the newest first. Their secrets are not shown.",
    "auth tokens list",
    "auth tokens list -o jsonl --fields name,scopes,expires_at",
    records=TOKEN,
)
def list_tokens(ctx: typer.Context) -> None:
    """Print the tokens of the account, without secrets."""
    with open_client(ctx) as (client, output):
        output.many(TOKEN, map(record_of, client.auth.tokens.list().items))


@command(
    app,
    "create",
    "Create a token and print its secret, which is shown this once. Sign in with your password"
    " first: a token cannot create tokens. Scopes: read; list and relist; bid; sell (ship, refund);"
    " pay (orders and top-ups, never withdrawals); admin.",
    "auth tokens create ci --scope read --scope list --days 30",
    '$ INSTASELL_TOKEN="$(instasell auth tokens create ci --scope read)" ./script.sh',
    records=TOKEN_GRANT,
)
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A name for the token.")],
    scopes: Annotated[
        list[ScopeName], typer.Option("--scope", help="Allow the token a scope; can be repeated.")
    ],
    days: Annotated[
        int, typer.Option("--days", min=1, max=365, help="Days until the token expires.")
    ] = 90,
) -> None:
    """Create a token; print the secret alone for people, the record otherwise."""
    with open_client(ctx) as (client, output):
        names: Any = [scope.value for scope in dict.fromkeys(scopes)]
        made = client.auth.tokens.create(name, names, expires_in_days=days)
        if output.for_people and not output.fields:
            output.text(made.token)
            until = f"{made.expires_at.astimezone():%Y-%m-%d}"
            output.note(f"{made.name} ({made.id}), in force until {until}; keep it, it is not")
            output.note("shown again. End it with: instasell auth tokens revoke " + made.id[:8])
        else:
            output.one(TOKEN_GRANT, record_of(made))


@command(
    app,
    "revoke",
    "End tokens at once. The scripts that use them are refused from then on.",
    "auth tokens revoke ID",
    "auth tokens revoke ci --yes",
)
def revoke(
    ctx: typer.Context,
    ids: Annotated[
        list[str], typer.Argument(help="The ids or the names of tokens.", metavar="ID...")
    ],
    yes: Yes = False,
) -> None:
    """Ask once, then revoke one token after the other."""
    with open_client(ctx) as (client, output):
        tokens = "1 token" if len(ids) == 1 else f"{len(ids)} tokens"
        if not confirm(f"End {tokens}?", assume_yes=yes):
            raise CliError("no token was ended")
        for token_id in ids:
            client.auth.tokens.delete(token_id)
            output.note(f"ended: {clean(token_id)}")
