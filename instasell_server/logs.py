"""Structured logs: one event, one line; secrets are taken out before anything is written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from instasell_server.settings import Settings

HIDDEN = "[redacted]"

_SECRET_KEYS = (
    "token", "password", "secret", "authorization", "cookie", "max_amount", "email",
    "database_url", "redis_url", "api_key", "credential",
)  # fmt: skip
_JWT = re.compile(r"eyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]*\.?[A-Za-z0-9_\-]*")
_BEARER = re.compile(r"(?i)bearer\s+\S+")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^@\s]+@")
_EMAIL = re.compile(r"[^\s@\"'<>=:,;()]+@[^\s@\"'<>,;()]+\.[A-Za-z]{2,}")
# What psycopg2 quotes of a row: DETAIL: Key (email)=(somebody@example.org) already exists.
_ROW = re.compile(r"(Key \([^)]*\)=|Failing row contains )\(.*?\)(?=\s|\.|$)", re.DOTALL)

Event = MutableMapping[str, Any]


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """The processor that hides values by their name, and by what they look like."""
    for key, value in event.items():
        event[key] = HIDDEN if _is_secret(key) and value is not None else _cleaned(value)
    return event


def _is_secret(key: str) -> bool:
    name = key.lower()
    return any(word in name for word in _SECRET_KEYS)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return hide_in_text(value)
    if isinstance(value, dict):
        return {
            key: HIDDEN if _is_secret(str(key)) else _cleaned(child) for key, child in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_cleaned(child) for child in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return hide_in_text(str(value))


def hide_in_text(text: str) -> str:
    """A text without what looks like a token, a password in a URL, or an e-mail address."""
    if "eyJ" in text:
        text = _JWT.sub(HIDDEN, text)
    if "earer" in text:
        text = _BEARER.sub(HIDDEN, text)
    if "=(" in text or "Failing row" in text:
        text = _ROW.sub(rf"\1{HIDDEN}", text)
    if "@" in text:
        text = _EMAIL.sub(HIDDEN, _URL_PASSWORD.sub(rf"\1{HIDDEN}@", text))
    return text


def one_line(_logger: Any, _method: str, event: Event) -> Event:
    """For the console: control characters show as escapes, so that no value begins a line."""
    for key, value in event.items():
        if key != "exception" and isinstance(value, str) and not value.isprintable():
            event[key] = value.encode("unicode_escape").decode("ascii")
    return event


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Sets up structlog for the process; also what other libraries log from warnings on."""
    out = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redact,
    ]
    if settings.log_format == "json":
        last: list[Any] = [structlog.processors.JSONRenderer()]
    else:
        last = [one_line, structlog.dev.ConsoleRenderer(colors=out.isatty())]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )
    _adopt_stdlib(out, [*shared], last)


def _adopt_stdlib(out: TextIO, shared: list[Any], last: list[Any]) -> None:
    """Lets asyncio, aiohttp and the others write lines of the same form."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
