"""The yardstick of bids: PostgreSQL's own pgbench, with one transaction for one bid."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from psycopg2.extensions import parse_dsn

from benchmarks.market import MeasuredMarket, insert_auctions
from benchmarks.measuring import Sample, percentile

SCRIPT = Path(__file__).with_name("pgbench.sql")
THREADS = 2

_BIDDERS = """
WITH u AS (
    INSERT INTO users (id, email, password_hash, display_name, role)
    SELECT ('b0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
           'pgbench-' || n || '@example.org', '-', 'pgbench ' || n, 'buyer'
    FROM generate_series(0, %(count)s - 1) AS n RETURNING id
)
INSERT INTO sessions (id, user_id, kind, expires_at)
SELECT id, id, 'login', now() + interval '1 day' FROM u
"""


class BidsByPgbench:
    """Clients that each lock an auction, bid on it and commit, over and over."""

    def __init__(self, market: MeasuredMarket, clients: int) -> None:
        self._market = market
        self._clients = clients
        self._next_lot = 1
        [seller] = market.users(1, "seller")
        self._seller_id = seller["user"]["id"]
        market.sql(_BIDDERS, {"count": clients})

    def run(self, lots: int, seconds: float) -> Sample:
        """Bid on `lots` new auctions; the figure is transactions a second."""
        first = self._next_lot
        self._next_lot += lots
        ids = [f"a0000000-0000-4000-8000-{n:012}" for n in range(first, first + lots)]
        insert_auctions(self._market.database_url, self._seller_id, ids)
        with tempfile.TemporaryDirectory() as folder:
            before = self._market.cpu()
            told = self._pgbench(first, lots, seconds, folder)
            self._market.wait_for_disconnects("pgbench")
            used = self._market.cpu() - before
            latencies = sorted(_latencies(Path(folder)))
        done = int(_number(r"actually processed: (\d+)", told))
        stored = self._market.sql(
            "SELECT count(*) FROM bids WHERE auction_id = ANY(%s::uuid[])", (ids,)
        )
        if stored != [(done,)]:
            raise RuntimeError(
                f"pgbench did {done} transactions, bids stored are {stored}:\n{told}"
            )
        details = {
            "p50 ms": percentile(latencies, 0.5) * 1000,
            "p99 ms": percentile(latencies, 0.99) * 1000,
            "postgres us/bid": used.postgres / max(done, 1) * 1e6,
            "all us/bid": used.total / max(done, 1) * 1e6,
        }
        return Sample(_number(r"tps = ([\d.]+)", told), used, details)

    def _pgbench(self, first: int, lots: int, seconds: float, folder: str) -> str:
        known = parse_dsn(self._market.database_url)
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
        given = {names[key]: str(value) for key, value in known.items() if key in names}
        command = [
            str(self._market.engines.postgres_bin("pgbench")),
            "--no-vacuum", "--protocol=prepared", f"--client={self._clients}", f"--jobs={THREADS}",
            f"--time={max(round(seconds), 1)}", f"--file={SCRIPT}",
            f"--define=first={first}", f"--define=lots={lots}",
            "--log", f"--log-prefix={folder}/log", str(known["dbname"]),
        ]  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, **given}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"pgbench failed:\n{done.stderr[-2000:]}")
        return done.stdout


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"pgbench did not tell {pattern!r}:\n{text}")
    return float(found[1])


def _latencies(folder: Path) -> list[float]:
    """Return seconds of each transaction; the third column of the log has microseconds."""
    return [
        int(line.split()[2]) / 1e6
        for path in folder.iterdir()
        for line in path.read_text().splitlines()
    ]
