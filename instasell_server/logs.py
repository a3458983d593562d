"""Structured logs: one event, one line; secrets are taken out before anything is written."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import re
import sys
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TextIO

import structlog
from pydantic_core import to_json

from instasell_server.config.settings import Settings

HIDDEN = "[redacted]"
FLUSH_SECONDS = 0.02
WAITING_MAX = 1000

_SECRET_KEYS = (
    "token", "password", "secret", "authorization", "cookie", "max_amount", "email",
    "database_url", "redis_url", "api_key", "credential",
)  # fmt: skip
_PLAIN = frozenset({int, float, bool, type(None)})
_JWT = re.compile(r"eyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]*\.?[A-Za-z0-9_\-]*")
_BEARER = re.compile(r"(?i)bearer\s+\S+")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^@\s]+@")
_EMAIL = re.compile(r"[^\s@\"'<>=:,;()]+@[^\s@\"'<>,;()]+\.[A-Za-z]{2,}")
# What psycopg2 quotes of a row: DETAIL: Key (email)=(name@example.org) already exists.
_ROW = re.compile(r"(Key \([^)]*\)=|Failing row contains )\(.*?\)(?=\s|\.|$)", re.DOTALL)

Event = MutableMapping[str, Any]

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is being served; whatever is logged meanwhile carries its id."""


def add_request_id(_logger: Any, _method: str, event: Event) -> Event:
    """Name the request, as a processor of structlog."""
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


class Stamp:
    """The processor that adds the instant in UTC, formatting each second once."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        event["at"] = self.now()
        return event

    def now(self) -> str:
        """Return the instant as text."""
        second, microsecond = divmod(time.time_ns() // 1000, 1_000_000)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._text}.{microsecond:06d}Z"


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """Hide values by their name, and by what they look like, as a processor of structlog."""
    for key, value in event.items():
        kind = type(value)
        if kind is str:
            if _is_secret(key):
                event[key] = HIDDEN
            elif _may_hide(value):
                event[key] = hide_in_text(value)
        elif value is not None and kind not in _PLAIN:
            event[key] = HIDDEN if _is_secret(key) else _cleaned(value)
        elif value is not None and _is_secret(key):
            event[key] = HIDDEN
    return event


@lru_cache(maxsize=1024)
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


def _may_hide(text: str) -> bool:
    return "@" in text or "eyJ" in text or "=(" in text or "earer" in text or "Failing row" in text


def hide_in_text(text: str) -> str:
    """Hide what looks like a token, a password in a URL, or an e-mail address."""
    if not _may_hide(text):
        return text
    text = _BEARER.sub(HIDDEN, _JWT.sub(HIDDEN, text))
    text = _ROW.sub(rf"\1{HIDDEN}", text)
    return _EMAIL.sub(HIDDEN, _URL_PASSWORD.sub(rf"\1{HIDDEN}@", text))


def one_line(_logger: Any, _method: str, event: Event) -> Event:
    """Show control characters as escapes on the console, so that no value begins a line."""
    for key, value in event.items():
        if key != "exception" and isinstance(value, str) and not value.isprintable():
            event[key] = value.encode("unicode_escape").decode("ascii")
    return event


def to_line(_logger: Any, _method: str, event: Event) -> str:
    """Return one line of ASCII: no character in a value can begin another."""
    return to_json(dict(event), ensure_ascii=True, fallback=str).decode()


class LogLines:
    """Writes lines to a stream; a reader that has gone away stops the lines, not the server.

    Inside a running loop the lines of a moment are written together: a write for each request
    costs more than the rest of its line. Warnings and errors are written at once.
    """

    takes_info = True

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []
        atexit.register(self.flush)

    def info(self, line: str) -> None:
        """Log a line that may wait for a moment."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            try:
                asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
            except RuntimeError:
                self.flush()
        elif len(self._waiting) >= WAITING_MAX:
            self.flush()

    def error(self, line: str) -> None:
        """Log a line that is written at once, after those that wait."""
        self._waiting.append(line)
        self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        text = "\n".join(self._waiting) + "\n"
        self._waiting.clear()
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()

    debug = msg = info
    warning = critical = exception = fatal = error


class RequestLog:
    """Writes the line of a request, which every request has.

    As JSON it is put together by hand: all but the path come from small sets of safe texts, and
    through the processors the line would cost a third of what the whole request does.
    """

    def __init__(self) -> None:
        self._lines: LogLines | None = None
        self._stamp = Stamp()
        self._log = structlog.get_logger("instasell.http")

    def write_to(self, lines: LogLines | None) -> None:
        """Set where the lines go; None hands them to structlog."""
        self._lines = lines

    def write(
        self,
        *,
        method: str,
        path: str,
        route: str,
        status: int,
        seconds: float,
        address: str,
        user_id: str | None,
        request_id: str,
    ) -> None:
        """Write one line; `path` is the caller's own text, `route` the template from the table."""
        ms = round(seconds * 1000, 2)
        if self._lines is None:
            self._log.info(
                "request", method=method, path=path, route=route, status=status, ms=ms,
                address=address, user_id=user_id,
            )  # fmt: skip
            return
        if not self._lines.takes_info:
            return
        shown = f'"{path}"' if path == route else _quoted(hide_in_text(path))
        verb = f'"{method}"' if method.isalpha() else _quoted(method)
        user = f'"{user_id}"' if user_id else "null"
        self._lines.info(
            f'{{"at":"{self._stamp.now()}","level":"info","event":"request","method":{verb},'
            f'"path":{shown},"route":"{route}","status":{status},"ms":{ms},'
            f'"address":"{address}","user_id":{user},"request_id":"{request_id}"}}'
        )


def _quoted(text: str) -> str:
    return to_json(text, ensure_ascii=True).decode()


class NullLog(LogLines):
    """For a level above info: the lines of requests go nowhere."""

    takes_info = False

    def info(self, line: str) -> None:
        """Drop the line."""


REQUESTS = RequestLog()


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Set up structlog for the process; also what other libraries log from warnings on."""
    out = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Any] = [
        add_request_id,
        structlog.processors.add_log_level,
        Stamp(),
        structlog.processors.format_exc_info,
        redact,
    ]
    if settings.log_format == "json":
        last: list[Any] = [to_line]
    else:
        last = [one_line, structlog.dev.ConsoleRenderer(colors=out.isatty(), timestamp_key="at")]
    lines = LogLines(out)
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: lines,
        # A stream that was given is a test's, and the next one has another.
        cache_logger_on_first_use=stream is None,
    )
    if level > logging.INFO:
        REQUESTS.write_to(NullLog(out))
    else:
        REQUESTS.write_to(lines if settings.log_format == "json" else None)
    _adopt_stdlib(out, [*shared], last)


def _adopt_stdlib(out: TextIO, shared: list[Any], last: list[Any]) -> None:
    """Let asyncio, aiohttp and the others write lines of the same form."""
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
