"""The command `instasell-server`: run a server, and look after its market."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from instasell_client.models.errors import InstaSellError
from instasell_server.commands import accounts as account_commands
from instasell_server.commands.command_context import (
    FAILURE,
    USAGE,
    DataDir,
)
from instasell_server.commands.command_context import engines_beside as _engines
from instasell_server.commands.command_context import fail as _fail
from instasell_server.commands.command_context import need_market as _need_market
from instasell_server.commands.command_context import read_settings as _settings
from instasell_server.commands.command_context import url_of as _url
from instasell_server.commands.standalone import (
    StartRefused,
    mailbox_of,
    needs_engines,
    prepare_database,
    with_market_defaults,
)
from instasell_server.commands.version import begin
from instasell_server.config.settings import Settings
from instasell_server.db.connections import Database
from instasell_server.db.migrate import MigrationRefused, is_migrated
from instasell_server.embedded import EmbeddedError
from instasell_server.ports import Unreachable
from instasell_server.ports import WebhookRefused as ProviderRefused

app = typer.Typer(
    help="The InstaSell server. Without configuration it starts its own PostgreSQL and Valkey.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

mail = typer.Typer(help="Read the mail of a market on this machine.")
app.add_typer(mail, name="mail")
app.callback()(begin)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


@app.command()
def run(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for a free one.")] = None,
    data_dir: DataDir = None,
    role: Annotated[
        str | None, typer.Option(help="Parts to run: api,ws,worker. All by default.")
    ] = None,
    i_know: Annotated[
        bool, typer.Option("--i-know", help="Let other machines reach embedded engines.")
    ] = False,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="File for {url, port, pid} once the server listens."),
    ] = None,
) -> None:
    """Run a server until Ctrl+C."""
    from instasell_server.commands import serve

    settings = _settings(host=host, port=port, data_dir=data_dir, parts=role)
    try:
        serve.run(settings, i_know=i_know, ready_file=ready_file)
    except (StartRefused, EmbeddedError, MigrationRefused) as error:
        _fail(str(error), USAGE if isinstance(error, StartRefused) else FAILURE)
    except OSError as error:
        _fail(f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}")


@app.command("migrate")
def apply_migrations(data_dir: DataDir = None) -> None:
    """Migrate the database to the newest schema."""
    with _engines(_settings(data_dir=data_dir)) as settings:
        try:
            applied = prepare_database(settings)
        except MigrationRefused as error:
            _fail(str(error))
    print("\n".join(applied) if applied else "nothing to apply")


account_commands.add_to(app)


@app.command()
def backup(
    to: Annotated[
        Path | None,
        typer.Option(help="Folder for it; by default `backups` in the data folder."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Back up the whole market to one file, also while a server runs. Prints its path."""
    from instasell_server.backups import BackupError
    from instasell_server.commands import backup_commands

    given = _settings(data_dir=data_dir)
    _need_market(given)
    with _engines(given) as settings:
        try:
            made = backup_commands.create_backup(settings, to)
        except (BackupError, EmbeddedError) as error:
            _fail(str(error))
        print(made.path)
        if made.differences:
            _fail(
                "The backup was restored once and is kept, but its books have differences:\n"
                + "\n".join(made.differences)
            )


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that `backup` wrote.")],
    into: Annotated[
        Path | None,
        typer.Option("--into", "--data-dir", help="New data folder for the embedded engines."),
    ] = None,
) -> None:
    """Restore a backup into a new data folder, or into the empty servers that are configured."""
    from instasell_server.backups import BackupError
    from instasell_server.commands import backup_commands

    try:
        manifest, place = backup_commands.restore_backup(_settings(data_dir=into), file)
    except (BackupError, EmbeddedError, MigrationRefused) as error:
        _fail(str(error))
    print(
        f"restored the market of {manifest.created_at:%Y-%m-%d %H:%M:%S} UTC into {place};"
        " all users have to sign in again",
        file=sys.stderr,
    )


@app.command("settings")
def show_settings(data_dir: DataDir = None) -> None:
    """Show the settings in effect, without secrets."""
    settings = _settings(data_dir=data_dir)
    for name, value in with_market_defaults(settings, embedded=needs_engines(settings)):
        print(f"INSTASELL_{name.upper()}={_shown(value)}")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from instasell_server.http.openapi import make_document
    from instasell_server.routes import TABLE

    print(json.dumps(make_document(TABLE), indent=2, ensure_ascii=False))


@app.command()
def audit(
    auctions: Annotated[
        bool, typer.Option("--auctions", help="Replay the bids of each auction through the rules.")
    ] = False,
    with_provider: Annotated[
        bool | None,
        typer.Option(
            "--provider/--no-provider",
            help="Compare with the payment provider; by default if there is one.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Check the books in one snapshot. Prints each difference, and exits 1 if there are any."""
    from instasell_server.commands.provider_books import has_books, open_books
    from instasell_server.domains.audit.provider import compare
    from instasell_server.domains.audit.service import Report
    from instasell_server.domains.audit.service import audit as prove

    async def work(settings: Settings) -> Report:
        async with Database(_url(settings), size=2) as database:
            if not await is_migrated(database):
                _fail("the database has no market; start a server on it, or run `migrate` first")
            report = await prove(database, auctions=auctions)
            if has_books(given) if with_provider is None else with_provider:
                async with open_books(given, settings) as books:
                    await compare(database, books, settings.currency, report)
            return report

    given = _settings(data_dir=data_dir)
    _need_market(given)
    with _engines(given) as settings:
        try:
            report = asyncio.run(work(settings))
        except InstaSellError as error:
            _fail(error.detail or error.title)
        except ProviderRefused as error:
            _fail(str(error))
        except Unreachable:
            _fail("the payment provider does not answer; try again, or with --no-provider")
    if as_json:
        print(json.dumps(dataclasses.asdict(report), indent=2))
    else:
        print("\n".join(report.lines()))
    raise typer.Exit(FAILURE if report.findings else 0)


@app.command()
def sandbox(
    file: Annotated[Path, typer.Option(help="File for its books; created if missing.")],
    webhook_url: Annotated[
        str, typer.Option(help="Webhook of the market: https://.../webhooks/stripe.")
    ],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 for a free one.")] = 8781,
) -> None:
    """Run a payment provider that stands in for Stripe and moves no money.

    Its key and the secret of its webhooks are INSTASELL_STRIPE_SECRET_KEY and
    INSTASELL_STRIPE_WEBHOOK_SECRET, the same ones as the market's.
    """
    from instasell_server.http.listener import Listener
    from instasell_server.sandbox import (
        SandboxOptions,
        SandboxSettings,
        StoreError,
        WebhookEndpoint,
        run_sandbox,
    )

    settings = _settings()
    key, secret = settings.stripe_secret_key, settings.stripe_webhook_secret
    if key is None or secret is None:
        _fail("set INSTASELL_STRIPE_SECRET_KEY and INSTASELL_STRIPE_WEBHOOK_SECRET", USAGE)
    endpoint = WebhookEndpoint(webhook_url, secret.get_secret_value())
    options = SandboxOptions(
        file,
        SandboxSettings(key.get_secret_value(), (endpoint,)),
        Listener,
        port=port,
        on_ready=lambda url: print(f"The sandbox listens on {url}", file=sys.stderr, flush=True),
    )
    try:
        asyncio.run(run_sandbox(options))
    except StoreError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot listen on 127.0.0.1:{port}: {error.strerror or error}")


@mail.callback(invoke_without_command=True)
def list_mail(
    ctx: typer.Context,
    to: Annotated[str | None, typer.Option("--to", help="Only mail to this address.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the mail of a market on this machine, the newest first.

    It is in the data folder, as there is no mail server: number, date, address and subject.
    """
    from instasell_server.embedded.mailbox import format_list

    if ctx.invoked_subcommand is None:
        for line in format_list(mailbox_of(_settings(data_dir=data_dir)), to, as_json=as_json):
            print(line)


@mail.command("show")
def show_mail(
    number: Annotated[int, typer.Argument(help="Number of the mail in the list.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Print one mail with its link."""
    from instasell_server.embedded.mailbox import NoSuchMail, format_mail

    try:
        print(format_mail(mailbox_of(_settings(data_dir=data_dir)), number, as_json=as_json))
    except NoSuchMail as error:
        _fail(str(error))


@app.command()
def docs(folder: Annotated[Path, typer.Argument(help="Root of the repository.")]) -> None:
    """Write the generated files .env.example, docs/settings.md and docs/api.md."""
    from instasell_server.reference.pages import write_all

    for path in write_all(folder):
        print(path)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return str(value)
    if isinstance(value, (list, frozenset, set)):
        return ",".join(sorted(str(each) for each in value))
    return str(value)


def main() -> None:
    """Run the command line."""
    # An import makes no garbage; by default it is searched every 700 objects.
    gc.set_threshold(50_000, 20, 20)
    try:
        app(prog_name="instasell-server")
    finally:
        # The process ends anyhow, so what is unreachable in it may stay.
        gc.freeze()


if __name__ == "__main__":
    main()
