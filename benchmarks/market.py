"""A market to measure: embedded engines, and a server as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg2

from benchmarks.processes import Cpu, tree_seconds
from instasell_server.embedded import EmbeddedEngines

PASSWORD = "benchmark password"


@dataclass
class MeasuredMarket:
    """Where everything is, and how much CPU it has used."""

    engines: EmbeddedEngines
    database_url: str
    redis_url: str
    server: subprocess.Popen[str]
    host: str
    port: int

    @property
    def base_url(self) -> str:
        """Where the server listens."""
        return f"http://{self.host}:{self.port}"

    def cpu(self) -> Cpu:
        """CPU seconds until now."""
        return Cpu(
            tree_seconds(self.server.pid),
            tree_seconds(self.engines.postgres_pid),
            tree_seconds(self.engines.valkey_pid),
        )

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Runs a statement beside the server."""
        connection = psycopg2.connect(self.database_url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def users(self, count: int, role: str = "buyer") -> list[tuple[str, str]]:
        """Signs users up: (id, token) of each."""
        found = []
        with httpx.Client(base_url=self.base_url) as client:
            for _ in range(count):
                reply = client.post(
                    "/auth/signup",
                    json={
                        "email": f"bench-{secrets.token_hex(8)}@example.org",
                        "password": PASSWORD,
                        "role": role,
                    },
                )
                reply.raise_for_status()
                grant = reply.json()
                found.append((grant["user"]["id"], grant["token"]))
        return found

    def auctions(self, count: int, *, increments: str = "none") -> list[str]:
        """Puts up auctions of an hour, straight into the database."""
        [(seller_id, _)] = self.users(1, "seller")
        rows = self.sql(
            "WITH c AS (INSERT INTO categories (id, name, path, lineage) "
            "SELECT id, id::text, id::text, ARRAY[id] FROM gen_random_uuid() AS id RETURNING id), "
            "l AS (INSERT INTO listings (seller_id, title, category_id, type, condition, stock) "
            "SELECT %s, 'Lot ' || n, c.id, 'auction', 'new', 1 "
            "FROM c, generate_series(1, %s) AS n RETURNING id, seller_id) "
            "INSERT INTO auctions (listing_id, seller_id, status, start_at, end_at, "
            "planned_end_at, min_bid, increments) "
            "SELECT id, seller_id, 'live', now(), now() + interval '1 hour', "
            "now() + interval '1 hour', 1, to_jsonb(%s::text) FROM l RETURNING id",
            seller_id,
            count,
            increments,
        )
        return [str(row[0]) for row in rows]


@contextlib.contextmanager
def measured_market(**environment: str) -> Iterator[MeasuredMarket]:
    """Starts everything in a folder of its own, and removes it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="isb-"))
    folder.chmod(0o711)
    os.environ["INSTASELL_JWT_SECRET"] = secrets.token_hex(32)
    engines = EmbeddedEngines(folder / "data")
    urls = engines.start()
    try:
        server = _start_server(urls.database_url, urls.redis_url, environment)
        try:
            host, port = _wait_until_ready(server)
            yield MeasuredMarket(engines, urls.database_url, urls.redis_url, server, host, port)
        finally:
            server.terminate()
            server.wait(15)
    finally:
        engines.stop()
        subprocess.run(["rm", "-rf", str(folder)], check=False)


def _start_server(
    database_url: str, redis_url: str, environment: dict[str, str]
) -> subprocess.Popen[str]:
    values = {
        "INSTASELL_DATABASE_URL": database_url,
        "INSTASELL_REDIS_URL": redis_url,
        "INSTASELL_ENVIRONMENT": "production",
        "INSTASELL_RATE_LIMIT_ANONYMOUS": "0",
        "INSTASELL_RATE_LIMIT_SIGNED_IN": "0",
        "INSTASELL_RATE_LIMIT_TOKEN": "0",
        "INSTASELL_RATE_LIMIT_BIDS": "0",
        "INSTASELL_LOG_LEVEL": "warning",
        "INSTASELL_BCRYPT_ROUNDS": "4",
        **environment,
    }
    return subprocess.Popen(
        [sys.executable, *os.environ.get("BENCH_CMD", "-m instasell_server run --port 0").split()],
        env={**os.environ, **values},
        stdout=subprocess.PIPE,
        text=True,
    )


def _wait_until_ready(server: subprocess.Popen[str]) -> tuple[str, int]:
    assert server.stdout is not None
    for line in server.stdout:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            return told["host"], int(told["port"])
    raise RuntimeError("the server ended before it listened")
