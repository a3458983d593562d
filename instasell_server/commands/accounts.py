"""The commands of `instasell-server` that create and remove admins."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instasell_client.models.errors import InstaSellError, Invalid
from instasell_server.commands.command_context import (
    USAGE,
    DataDir,
    engines_beside,
    fail,
    need_market,
    read_settings,
)
from instasell_server.commands.standalone import (
    StartRefused,
    needs_engines,
    prepare_database,
    with_secret,
)
from instasell_server.config.settings import Settings
from instasell_server.db.migrate import MigrationRefused

if TYPE_CHECKING:
    from instasell_server.domains.accounts.service import AccountService


def add_to(app: typer.Typer) -> None:
    """Declare the commands."""
    app.command()(create_admin)
    app.command()(remove_admin)


def create_admin(
    email: Annotated[str, typer.Option(prompt=True, help="E-mail address of the new account.")],
    data_dir: DataDir = None,
) -> None:
    """Create an admin. The password is asked for, or read from standard input."""
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")

    async def create(accounts: AccountService) -> None:
        print((await accounts.create_admin(email, password)).id)

    _with_accounts(data_dir, create)


def remove_admin(
    email: Annotated[str, typer.Option(help="E-mail address of the admin.")],
    data_dir: DataDir = None,
) -> None:
    """Make an admin a buyer again, and end the sessions of that account."""

    async def remove(accounts: AccountService) -> None:
        await accounts.remove_admin(email)

    need_market(read_settings(data_dir=data_dir))
    _with_accounts(data_dir, remove)


def _with_accounts(
    data_dir: Path | None, work: Callable[[AccountService], Awaitable[None]]
) -> None:
    from instasell_server.app import make_accounts

    async def run_work(settings: Settings) -> None:
        async with make_accounts(settings) as accounts:
            await work(accounts)

    given = read_settings(data_dir=data_dir)
    with engines_beside(given) as complete:
        try:
            settings = with_secret(complete, embedded=needs_engines(given))
            prepare_database(settings)
            asyncio.run(run_work(settings))
        except MigrationRefused as error:
            fail(str(error))
        except StartRefused as error:
            fail(str(error), USAGE)
        except Invalid as error:
            fail("; ".join(f"{field}: {message}" for field, message in error.errors), USAGE)
        except InstaSellError as error:
            fail(error.detail or error.title)
