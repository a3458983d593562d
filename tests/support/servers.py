"""A whole server inside the test's own event loop, on a free port."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from instasell_server.app import build
from instasell_server.config.settings import Settings
from instasell_server.http.listener import Listener
from tests.support.databases import as_server

SECRET = "for tests only, not a secret: 0123456789abcdef"


@dataclass(frozen=True)
class RunningServer:
    """Hold where a server listens, and its parts for a test to look at."""

    base_url: str
    app: web.Application
    settings: Settings
    database_url: str


def settings_for_tests(database_url: str, redis_url: str, **changes: Any) -> Settings:
    """Settings without limits and with cheap password hashes; nothing is read from outside."""
    values: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "redis_url": SecretStr(redis_url),
        "jwt_secret": SecretStr(SECRET),
        "bcrypt_rounds": 4,
        "database_connections": 8,
        "port": 0,
        "rate_limit_anonymous": 0,
        "rate_limit_sign_in": 0,
        "rate_limit_webhooks": 0,
        "rate_limit_files": 0,
        "rate_limit_signed_in": 0,
        "rate_limit_token": 0,
        "rate_limit_bids": 0,
        "rate_limit_joins": 0,
        "rate_limit_joins_address": 0,
        "rate_limit_messages": 0,
        "signup_gas": 100_000,
        **changes,
    }
    values["database_url"] = SecretStr(as_server(values["database_url"].get_secret_value()))
    return Settings(_env_file=None, **values)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[RunningServer]:
    """Start a server, and stop it as a process would be stopped."""
    assert settings.database_url is not None
    app = build(settings)
    listener = Listener(app)
    try:
        port = await listener.open(settings.host, settings.port)
        url = f"http://127.0.0.1:{port}"
        yield RunningServer(url, app, settings, settings.database_url.get_secret_value())
    finally:
        await listener.close()
