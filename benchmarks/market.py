"""A market to measure: embedded engines, and a server as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg2

from benchmarks.processes import Cpu, own_seconds, tree_seconds
from instasell_server.embedded import EmbeddedEngines

PASSWORD = "benchmark password"
STOP_SECONDS = 15

_INSERT_AUCTIONS = """
WITH c AS (
    INSERT INTO categories (id, name, path, lineage)
    SELECT id, id::text, id::text, ARRAY[id] FROM gen_random_uuid() AS id RETURNING id
), l AS (
    INSERT INTO listings (id, seller_id, title, category_id, type, condition, stock)
    SELECT n.id, %(seller)s, 'Lot ' || n.id, c.id, 'auction', 'new', 1
    FROM c, unnest(%(ids)s::uuid[]) AS n(id) RETURNING id, seller_id
)
INSERT INTO auctions (
    id, listing_id, seller_id, status, start_at, end_at, planned_end_at, min_bid, increments
)
SELECT id, id, seller_id, 'live', now(), now() + interval '1 hour', now() + interval '1 hour', 1,
       '"none"'
FROM l
"""


@dataclass
class MeasuredMarket:
    """Hold the addresses of a running market, and measure the CPU time that it has used."""

    engines: EmbeddedEngines
    database_url: str
    server: subprocess.Popen[str]
    host: str
    port: int

    @property
    def base_url(self) -> str:
        """Return the address of the server."""
        return f"http://{self.host}:{self.port}"

    def cpu(self) -> Cpu:
        """Return CPU seconds until now."""
        return Cpu(
            tree_seconds(self.server.pid),
            tree_seconds(self.engines.postgres_pid),
            tree_seconds(self.engines.valkey_pid),
            own_seconds(),
        )

    def sql(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement beside the server."""
        return run_sql(self.database_url, statement, values)

    def wait_for_disconnects(self, application: str) -> None:
        """Wait until the backends of an application are gone, and their CPU time is counted."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        deadline = time.monotonic() + STOP_SECONDS
        while self.sql(query, (application,)) != [(0,)]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{application} is still connected")
            time.sleep(0.05)
        # PostgreSQL's main process learns of the end a moment after the list shows it.
        time.sleep(0.2)

    def users(self, count: int, role: str = "buyer") -> list[dict[str, Any]]:
        """Sign users up; return what the server granted each: `user`, `token`."""
        found = []
        with httpx.Client(base_url=self.base_url, timeout=30) as client:
            for _ in range(count):
                email = f"bench-{secrets.token_hex(8)}@example.org"
                body = {"email": email, "password": PASSWORD, "role": role}
                reply = client.post("/auth/signup", json=body)
                reply.raise_for_status()
                found.append(reply.json())
        return found

    def tokens(self, count: int) -> list[str]:
        """Return the tokens of new buyers."""
        return [str(each["token"]) for each in self.users(count)]

    def auctions(self, count: int) -> list[str]:
        """Create auctions of an hour without increments, straight in the database."""
        [seller] = self.users(1, "seller")
        ids = [str(uuid.uuid4()) for _ in range(count)]
        insert_auctions(self.database_url, seller["user"]["id"], ids)
        return ids


def run_sql(database_url: str, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
    """Run a statement on a connection of its own; return its rows."""
    with contextlib.closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


def insert_auctions(database_url: str, seller_id: str, ids: Sequence[str]) -> None:
    """Insert auctions of an hour that take any bid above the one before."""
    run_sql(database_url, _INSERT_AUCTIONS, {"seller": seller_id, "ids": list(ids)})


@contextlib.contextmanager
def measured_market(
    *, postgres: Mapping[str, str] | None = None, **environment: str
) -> Iterator[MeasuredMarket]:
    """Start everything in a folder of its own, and remove it afterwards.

    `postgres` are settings for PostgreSQL, `environment` those of the server.
    """
    folder = Path(tempfile.mkdtemp(prefix="isb-"))
    # Under root the engines run as another user, who has to pass through this folder.
    folder.chmod(0o711)
    engines = EmbeddedEngines(folder / "data", extra_postgres_settings=postgres)
    try:
        with engines:
            urls = engines.urls
            server = _start_server(urls.database_url, urls.redis_url, environment)
            try:
                port = _port_when_ready(server)
                yield MeasuredMarket(engines, urls.database_url, server, "127.0.0.1", port)
            finally:
                stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def stop(process: subprocess.Popen[str]) -> None:
    """End a process, by force if it does not heed."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _start_server(
    database_url: str, redis_url: str, environment: dict[str, str]
) -> subprocess.Popen[str]:
    values = {
        "INSTASELL_DATABASE_URL": database_url,
        "INSTASELL_REDIS_URL": redis_url,
        "INSTASELL_JWT_SECRET": secrets.token_hex(32),
        "INSTASELL_ENVIRONMENT": "production",
        "INSTASELL_RATE_LIMIT_ANONYMOUS": "0",
        "INSTASELL_RATE_LIMIT_SIGN_IN": "0",
        "INSTASELL_RATE_LIMIT_FILES": "0",
        "INSTASELL_RATE_LIMIT_WEBHOOKS": "0",
        "INSTASELL_CONNECTIONS_PER_ADDRESS": "0",
        "INSTASELL_RATE_LIMIT_SIGNED_IN": "0",
        "INSTASELL_RATE_LIMIT_TOKEN": "0",
        "INSTASELL_RATE_LIMIT_BIDS": "0",
        "INSTASELL_LOG_LEVEL": "warning",
        "INSTASELL_BCRYPT_ROUNDS": "4",
        **environment,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "instasell_server", "run", "--port", "0"],
        env={**os.environ, **values},
        stdout=subprocess.PIPE,
        text=True,
    )


def _port_when_ready(server: subprocess.Popen[str]) -> int:
    assert server.stdout is not None
    for line in server.stdout:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return int(json.loads(line)["port"])
    raise RuntimeError("the server ended before it listened")
