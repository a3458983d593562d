"""Provide what a server needs when nobody configured it: embedded engines and a secret."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from instasell_server.backups import BackupSource, DailyBackups
from instasell_server.config.limit_settings import OF_ADDRESSES
from instasell_server.config.settings import SECRET_BYTES_MIN, ServerPart, Settings
from instasell_server.db.migrate import migrate_to_latest
from instasell_server.embedded import (
    EmbeddedEngines,
    EmbeddedError,
    EngineUrls,
    FolderInUse,
)
from instasell_server.embedded.folder import EngineFolder, write_private

SECRET_FILE = "jwt-secret"
SANDBOX_SECRET_FILE = "sandbox-secret"
MAILBOX_FOLDER = "mailbox"
SANDBOX_FILE = "sandbox.sqlite3"
EMBEDDED_SIGNUP_GAS = 100_000
URLS_FILE = "engines.json"
BACKUPS_FOLDER = "backups"
_FILE_BYTES_MAX = 4096


class StartRefused(Exception):
    """Report settings with which the server does not start; the text says what to change."""


def check_exposure(settings: Settings, *, i_know: bool) -> None:
    """Check that embedded engines stay on this machine. Raises StartRefused."""
    if needs_engines(settings) and not settings.on_loopback and not i_know:
        raise StartRefused(
            f"{settings.host} can be reached from other machines, but the embedded engines and"
            " their defaults are for this machine only. Set INSTASELL_DATABASE_URL and"
            " INSTASELL_REDIS_URL, listen on 127.0.0.1, or add --i-know."
        )


def needs_engines(settings: Settings) -> bool:
    """Return whether an address is missing that embedded engines would provide."""
    return settings.database_url is None or settings.redis_url is None


def has_market(settings: Settings) -> bool:
    """Return whether there is a database: one that was set, or one in the data folder."""
    if settings.database_url is not None:
        return True
    try:
        return EngineFolder(settings.data_folder).postgres.exists()
    except OSError:
        # Another user's folder, of which the engines say more than that.
        return True


def engines_of(settings: Settings) -> EmbeddedEngines:
    """Return the embedded engines for what has no address, not yet started."""
    return EmbeddedEngines(
        settings.data_folder,
        postgres=settings.database_url is None,
        valkey=settings.redis_url is None,
    )


@contextlib.contextmanager
def own_engines(settings: Settings) -> Iterator[tuple[Settings, EmbeddedEngines | None]]:
    """Start the engines that are missing, for as long as the context lasts.

    Other commands find them by a private file while they run. Raises EmbeddedError.
    """
    if not needs_engines(settings):
        yield settings, None
        return
    engines = engines_of(settings)
    record = engines.data_dir / URLS_FILE
    with engines:
        urls = engines.urls
        write_private(record, json.dumps(dataclasses.asdict(urls)), None)
        try:
            yield _with_urls(settings, urls), engines
        finally:
            record.unlink(missing_ok=True)


@contextlib.contextmanager
def borrowed_engines(settings: Settings) -> Iterator[Settings]:
    """Lend a command beside a server its running engines, or else start the same ones."""
    try:
        with own_engines(settings) as (complete, _):
            yield complete
        return
    except FolderInUse as busy:
        error = busy
    try:
        record = settings.data_folder / URLS_FILE
        found = json.loads(record.read_bytes()[:_FILE_BYTES_MAX])
        owner = str(found["database_url"])
        # A server of before there was a second role has not written its address.
        server = str(found.get("server_database_url", owner))
        urls = EngineUrls(owner, str(found["redis_url"]), server)
    except (OSError, ValueError, KeyError):
        raise error from None
    yield _with_urls(settings, urls)


def _with_urls(settings: Settings, urls: EngineUrls) -> Settings:
    found = {"redis_url": settings.redis_url or SecretStr(urls.redis_url)}
    if settings.database_url is None:
        found["database_url"] = SecretStr(urls.server_database_url)
        found["migration_database_url"] = SecretStr(urls.database_url)
    return settings.model_copy(update=found)


def prepare_database(settings: Settings) -> list[str]:
    """Migrate the database of the settings, and return what was applied.

    Raises MigrationRefused.
    """
    assert settings.database_url is not None
    owner = settings.migration_database_url
    return migrate_to_latest(
        settings.database_url.get_secret_value(), owner.get_secret_value() if owner else None
    )


def with_secret(settings: Settings, *, embedded: bool) -> Settings:
    """Return the settings with a secret for tokens. Raises StartRefused if none may be made up.

    A server with embedded engines makes its own, in a file of mode 0600 in the data folder. Any
    other is refused, because servers on one database have to share theirs.
    """
    if settings.jwt_secret is not None:
        return settings
    if not embedded:
        raise StartRefused(
            "set INSTASELL_JWT_SECRET, for example to the output of `openssl rand -hex 32`;"
            " servers on one database share it"
        )
    secret = _read_secret(settings.data_folder)
    return settings.model_copy(update={"jwt_secret": SecretStr(secret)})


def with_market_defaults(settings: Settings, *, embedded: bool) -> Settings:
    """Return the settings of a market with embedded engines: gas for new users, a mailbox.

    Limits by address are off there unless they were set: all its callers are on this machine and
    have one address, so that a script which signs up 130 people would lock the screen out.
    """
    update: dict[str, object] = {}
    if embedded and settings.on_loopback:
        update.update({name: 0 for name in OF_ADDRESSES if name not in settings.model_fields_set})
    if settings.signup_gas is None:
        update["signup_gas"] = EMBEDDED_SIGNUP_GAS if embedded else 0
    if embedded and settings.smtp_host is None:
        update["mail_dir"] = mailbox_of(settings)
    return settings.model_copy(update=update)


def mailbox_of(settings: Settings) -> Path:
    """Return the mail folder of a market on this machine: the configured or the default one."""
    return settings.mail_dir or settings.data_folder / MAILBOX_FOLDER


def needs_sandbox(settings: Settings, *, embedded: bool) -> bool:
    """Return whether payments go to our sandbox, because no provider was configured."""
    return embedded and settings.stripe_secret_key is None and ServerPart.API in settings.parts


def with_sandbox(settings: Settings, api_base: str) -> Settings:
    """Return the settings with the sandbox at `api_base` as payment provider."""
    key, hook = sandbox_secrets(settings)
    values = {
        "stripe_secret_key": SecretStr(key),
        "stripe_webhook_secret": SecretStr(hook),
        "stripe_api_base": api_base,
    }
    return settings.model_copy(update=values)


def sandbox_secrets(settings: Settings) -> tuple[str, str]:
    """Return the sandbox's API key and its webhooks' secret, from a file of mode 0600."""
    secret = _read_secret(settings.data_folder, SANDBOX_SECRET_FILE)
    return f"sk_test_{secret[:32]}", f"whsec_{secret[32:]}"


def sandbox_file(settings: Settings) -> Path:
    """Return the path of the sandbox's books."""
    return settings.data_folder / SANDBOX_FILE


def keeping_of(settings: Settings, programs: Path) -> DailyBackups:
    """Return the backups of a market, whose engines run, in its data folder."""
    assert settings.database_url is not None
    folder = settings.data_folder
    return DailyBackups(
        BackupSource(settings.database_url.get_secret_value(), folder),
        programs,
        folder / BACKUPS_FOLDER,
        folder / "engines" / "secrets.json",
    )


def _read_secret(folder: Path, name: str = SECRET_FILE) -> str:
    path = folder / name
    if not path.exists():
        write_private(path, secrets.token_hex(SECRET_BYTES_MIN), None)
    path.chmod(0o600)
    text = path.read_text(encoding="ascii").strip()
    if len(text) < SECRET_BYTES_MIN:
        raise StartRefused(f"{path} has less than {SECRET_BYTES_MIN} characters; delete it")
    return text


__all__ = [
    "EmbeddedError",
    "StartRefused",
    "borrowed_engines",
    "check_exposure",
    "keeping_of",
    "mailbox_of",
    "needs_engines",
    "needs_sandbox",
    "own_engines",
    "prepare_database",
    "sandbox_file",
    "sandbox_secrets",
    "with_market_defaults",
    "with_sandbox",
    "with_secret",
]
