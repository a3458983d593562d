"""Make the engines that the settings name: PostgreSQL, Redis, storage, payments and mail."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from instasell_server.adapters.mail.mailbox import LocalMailbox
from instasell_server.adapters.redis.engine import RedisEngine
from instasell_server.adapters.storage.from_settings import storage_for
from instasell_server.adapters.stripe.unconfigured import NoProvider
from instasell_server.config.settings import Settings
from instasell_server.db.connections import Database, Observer
from instasell_server.ports import MailTransport, Objects, PaymentProvider

REPLICA_CONNECTIONS = 8
FILES_FOLDER = "media"

_log = structlog.get_logger("instasell.server")


class NotConfigured(Exception):
    """A setting is missing that nothing can be started without."""


@dataclass(frozen=True)
class Engines:
    """Hold the engines of the services. `public` serves public lists, from a replica if any."""

    database: Database
    public: Database
    redis: RedisEngine
    provider: PaymentProvider
    objects: Objects
    mail: MailTransport | None


async def is_redis_empty(settings: Settings) -> bool:
    """Return whether the configured Redis has no key. Raises NotConfigured, Unreachable."""
    redis = RedisEngine(require_setting(settings.redis_url, "REDIS_URL"))
    try:
        return await redis.is_empty()
    finally:
        await redis.close()


def make_engines(settings: Settings) -> Engines:
    """Make the engines of the settings, not yet opened. Raises NotConfigured."""
    observe: Observer | None = log_statement if settings.environment == "development" else None
    url = require_setting(settings.database_url, "DATABASE_URL")
    prepares = settings.database_prepared
    database = Database(url, size=settings.database_connections, observe=observe, prepares=prepares)
    public = database
    if settings.database_replica_url is not None:
        replica = settings.database_replica_url.get_secret_value()
        public = Database(replica, size=REPLICA_CONNECTIONS, observe=observe, prepares=prepares)
    redis = RedisEngine(require_setting(settings.redis_url, "REDIS_URL"))
    folder = settings.data_folder / FILES_FOLDER
    objects = storage_for(settings, folder)
    return Engines(database, public, redis, make_provider(settings), objects, _mail(settings))


def make_provider(settings: Settings) -> PaymentProvider:
    """Make the payment provider of the settings; one that refuses everything where none is set."""
    if settings.stripe_secret_key is None:
        return NoProvider()
    # The library takes a quarter of a second to load, which only those wait for who use it.
    from instasell_server.adapters.stripe.gateway import StripeGateway

    secret = require_setting(settings.stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET")
    key = settings.stripe_secret_key.get_secret_value()
    return StripeGateway(key, secret, settings.stripe_api_base)


def _mail(settings: Settings) -> MailTransport | None:
    if settings.smtp_host is not None:
        from instasell_server.adapters.mail.smtp import SmtpMail

        return SmtpMail(settings)
    if settings.mail_dir is not None:
        return LocalMailbox(settings.mail_dir, settings.mail_from)
    return None


def require_setting(value: SecretStr | None, name: str) -> str:
    """Return the secret's text. Raises NotConfigured, naming the variable."""
    if value is None:
        raise NotConfigured(f"set INSTASELL_{name}")
    return value.get_secret_value()


def log_statement(sql: str, seconds: float) -> None:
    """Log each statement with its time, in development; the values never."""
    _log.debug("sql", statement=" ".join(sql.split()), ms=round(seconds * 1000, 2))
