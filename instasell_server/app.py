"""The composition root: here, and only here, the parts of the server meet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from aiohttp import web
from pydantic import SecretStr

from instasell_server import metrics
from instasell_server.adapters.redis.engine import RedisEngine
from instasell_server.db.connections import Database, Observer
from instasell_server.db.transaction import finish_running
from instasell_server.domains.operations import handlers as operations
from instasell_server.domains.operations.service import OperationsService
from instasell_server.http.ratelimit import RateLimits
from instasell_server.http.routes import routes_of
from instasell_server.http.web_app import make_application
from instasell_server.settings import Settings

REPLICA_CONNECTIONS = 8

_log = structlog.get_logger(__name__)


class NotConfigured(Exception):
    """A setting is missing that nothing can be started without."""


@dataclass(frozen=True)
class Engines:
    """What the services stand on. `public` serves public lists, from a replica if there is one."""

    database: Database
    public: Database
    redis: RedisEngine


def build(settings: Settings) -> web.Application:
    """The application of one server process. Its engines are opened when it starts.

    Raises NotConfigured without the address of PostgreSQL or Redis, or a secret.
    """
    observe = log_statement if settings.environment == "development" else None
    engines = _engines(settings, observe)
    limits = RateLimits(engines.redis.limiter, settings)
    routes = routes_of(settings.parts)
    app = make_application(routes, settings, limits, None)
    app[operations.SERVICE] = OperationsService(engines.database, engines.redis.cache)
    app.cleanup_ctx.append(_lifetime(engines))
    return app


def _engines(settings: Settings, observe: Observer | None) -> Engines:
    url = _required(settings.database_url, "DATABASE_URL")
    database = Database(url, size=settings.database_connections, observe=observe)
    public = database
    if settings.database_replica_url is not None:
        replica = settings.database_replica_url.get_secret_value()
        public = Database(replica, size=REPLICA_CONNECTIONS, observe=observe)
    return Engines(database, public, RedisEngine(_required(settings.redis_url, "REDIS_URL")))


def _required(value: SecretStr | None, name: str) -> str:
    if value is None:
        raise NotConfigured(f"set INSTASELL_{name}")
    return value.get_secret_value()


def log_statement(sql: str, seconds: float) -> None:
    """In development, each statement with its time; the values never."""
    _log.debug("sql", statement=" ".join(sql.split()), ms=round(seconds * 1000, 2))


def _lifetime(engines: Engines):
    async def lifetime(app: web.Application) -> AsyncIterator[None]:
        engines.redis.start()
        lag = asyncio.create_task(metrics.watch_loop(), name="loop-lag")
        yield
        lag.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lag
        await finish_running()
        await engines.redis.close()
        engines.public.close()
        engines.database.close()

    return lifetime
