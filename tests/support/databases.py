"""A database of its own for each test, cloned from one that was migrated once."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg2

from instasell_server.db.migrate import migrate_to_latest, read_migrations
from instasell_server.embedded import EngineUrls


def with_database(url: str, name: str) -> str:
    """The libpq URI `url` with another database."""
    # urlunsplit would drop the empty host of a socket's URI together with its slashes.
    head, _, query = url.partition("?")
    scheme, rest = head.split("://", 1)
    authority = rest.split("/", 1)[0]
    return f"{scheme}://{authority}/{name}" + (f"?{query}" if query else "")


def with_redis_number(url: str, number: int) -> str:
    """The Redis URL with another database number."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return urlunsplit(parts._replace(path=f"/{number}"))
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "db"]
    head = url.partition("?")[0]
    return f"{head}?{urlencode([*query, ('db', str(number))])}"


@functools.cache
def _kept(url: str) -> psycopg2.extensions.connection:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection


@contextlib.contextmanager
def _admin(url: str) -> Iterator[psycopg2.extensions.cursor]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


_roles: dict[str, str] = {}


def remember_roles(urls: EngineUrls) -> None:
    """Make `as_server` know the two roles of some engines."""
    owner, server = (_role_in(url) for url in (urls.database_url, urls.server_database_url))
    _roles[owner] = server


def as_server(url: str) -> str:
    """The URL of a database with the role that serves, where the owner's is given and known."""
    owner = _role_in(url)
    return _roles.get(owner, owner) + url.removeprefix(owner)


def _role_in(url: str) -> str:
    head, at, _ = url.partition("@")
    return head + at


def make_template(urls: EngineUrls, shared: Path) -> str:
    """The name of a migrated database to clone; made once for each set of migrations."""
    url = urls.database_url
    checksums = "".join(each.checksum for each in read_migrations())
    name = "instasell_template_" + hashlib.sha256(checksums.encode()).hexdigest()[:12]
    with (shared / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _admin(url) as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone():
                return name
            # The name comes last, so that a template that has it is complete.
            draft = f"draft_{uuid.uuid4().hex}"
            cursor.execute(f"CREATE DATABASE {draft}")
            migrate_to_latest(
                with_database(urls.server_database_url, draft), with_database(url, draft)
            )
            cursor.execute(f"ALTER DATABASE {draft} RENAME TO {name}")
    return name


@contextlib.contextmanager
def cloned(url: str, template: str) -> Iterator[str]:
    """The URL of a fresh clone, dropped afterwards, with its open sessions."""
    name = f"test_{uuid.uuid4().hex}"
    # Two connections less for each test: all tests of a process can share one.
    with _kept(url).cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield with_database(url, name)
    finally:
        with _kept(url).cursor() as cursor:
            # FORCE is refused while autovacuum, which is the superuser's, looks into the clone;
            # a plain DROP has it stop, and waits for the sessions that end here.
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND pg_has_role(usesysid, 'MEMBER')",
                (name,),
            )
            cursor.execute(f"DROP DATABASE {name}")


class MarketClock:
    """Replaces the body of market_now() in one database."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def freeze(self, instant: str) -> None:
        """Every reading gives `instant`, any text that PostgreSQL takes as timestamptz."""
        self._replace("SELECT %s::timestamptz", instant)

    def shift(self, seconds: float) -> None:
        """The real clock, moved by `seconds`."""
        self._replace("SELECT clock_timestamp() + %s * interval '1 second'", seconds)

    def restore(self) -> None:
        """The real clock."""
        self._replace("SELECT clock_timestamp()")

    def _replace(self, body: str, *values: object) -> None:
        with _admin(self._url) as cursor:
            text = cursor.mogrify(body, values or None).decode()
            cursor.execute(
                "CREATE OR REPLACE FUNCTION market_now() RETURNS timestamptz"
                f" LANGUAGE sql VOLATILE AS $body${text}$body$"
            )
