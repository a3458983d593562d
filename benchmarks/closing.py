"""closing: 10,000 auctions that end within one second, beside a bare batched UPDATE.

Lateness is the time of the commit, which PostgreSQL keeps, less the time at which it was due.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator

import psycopg2
from psycopg2.extensions import make_dsn

from benchmarks.market import MeasuredMarket, measured_market, run_sql
from benchmarks.measuring import Benchmark, Limit, Sample, Sides
from benchmarks.processes import Cpu
from instasell_server.db.migrate import migrate

AUCTIONS = 10_000
LEAD_SECONDS = 8
PATIENCE_SECONDS = 60
LATENESS_MS_MAX = 250
# As the market's closer goes about it.
BATCH = 500
POLL_SECONDS = 0.1

_PEOPLE = """
INSERT INTO users (id, email, password_hash, display_name, role)
SELECT id, id || '@example.org', '-', role, role
FROM (VALUES (%(seller)s::uuid, 'seller'), (%(bidder)s::uuid, 'buyer')) AS n(id, role)
"""
# Every other auction has a bid, so that its end makes an order.
_INSERT_AUCTIONS = """
WITH c AS (
    INSERT INTO categories (id, name, path, lineage)
    SELECT id, id::text, id::text, ARRAY[id] FROM gen_random_uuid() AS id RETURNING id
), l AS (
    INSERT INTO listings (id, seller_id, title, category_id, type, condition, stock)
    SELECT gen_random_uuid(), %(seller)s, 'Lot ' || n, c.id, 'auction', 'new', 1
    FROM c, generate_series(1, %(count)s) AS n RETURNING id
), n AS (
    SELECT id, row_number() OVER () AS n,
           clock_timestamp() + make_interval(secs => %(lead)s) AS first
    FROM l
), a AS (
    INSERT INTO auctions (
        listing_id, seller_id, status, start_at, end_at, planned_end_at, min_bid, current_bid,
        current_bidder_id, leader_no, leader_max, reserve_met, seq, bidder_count, version
    )
    SELECT id, %(seller)s, 'live', now() - interval '1 hour', first + n * interval '100 us',
           first + n * interval '100 us', 100,
           CASE n %% 2 WHEN 0 THEN 100 END, CASE n %% 2 WHEN 0 THEN %(bidder)s::uuid END,
           CASE n %% 2 WHEN 0 THEN 1 END, CASE n %% 2 WHEN 0 THEN 100 END, n %% 2 = 0,
           1 - n %% 2, 1 - n %% 2, 2 - n %% 2
    FROM n RETURNING id, seq
)
INSERT INTO bids (
    auction_id, seq, bidder_id, bidder_no, kind, max_amount, amount, price_after, leader_after,
    leader_no_after, idempotency_key, auction_version, created_at
)
SELECT id, 1, %(bidder)s, 1, 'bid', 100, 100, 100, %(bidder)s, 1, '1', 2, now() FROM a WHERE seq = 1
"""
_CLOSE = """
UPDATE auctions SET status = 'ended', closed_at = clock_timestamp(), winner_id = current_bidder_id,
       version = version + 1
WHERE id IN (
    SELECT id FROM auctions WHERE status IN ('pending', 'live') AND end_at <= clock_timestamp()
    ORDER BY end_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
"""
_LATENESS = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY committed),
       percentile_cont(0.99) WITHIN GROUP (ORDER BY committed),
       percentile_cont(0.99) WITHIN GROUP (ORDER BY judged), max(committed), count(*)
FROM (
    SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin) - end_at)::float8 * 1000 AS committed,
           extract(epoch FROM closed_at - end_at)::float8 * 1000 AS judged
    FROM auctions WHERE seller_id = %(seller)s AND status = 'ended'
) AS each
"""


def _run(database_url: str, cpu: Callable[[], Cpu], close: Callable[[], None]) -> Sample:
    people = {"seller": str(uuid.uuid4()), "bidder": str(uuid.uuid4())}
    run_sql(database_url, _PEOPLE, people)
    run_sql(database_url, _INSERT_AUCTIONS, {**people, "count": AUCTIONS, "lead": LEAD_SECONDS})
    [(left,)] = run_sql(
        database_url,
        "SELECT extract(epoch FROM min(end_at) - clock_timestamp())::float8"
        " FROM auctions WHERE seller_id = %(seller)s",
        people,
    )
    if left < 0:
        raise RuntimeError("the auctions ended before all were inserted; the machine is too busy")
    run_sql(database_url, "ANALYZE auctions")
    before = cpu()
    close()
    _wait_until_closed(database_url, people["seller"])
    used = cpu() - before
    # What follows an end (orders told of, caches) would disturb the side that comes next.
    _wait_for_none(database_url, "SELECT count(*) FROM outbox WHERE done_at IS NULL")
    followed = cpu() - before
    [(p50, p99, judged_p99, latest, count)] = run_sql(database_url, _LATENESS, people)
    if count != AUCTIONS:
        raise RuntimeError(f"{count} of {AUCTIONS} auctions were closed")
    details = {"p50 ms": p50, "latest ms": latest, "judged p99 ms": judged_p99}
    details["CPU s with outbox"] = followed.server + followed.postgres + followed.redis
    return Sample(p99, used, details)


def _wait_until_closed(database_url: str, seller_id: str) -> None:
    query = "SELECT count(*) FROM auctions WHERE seller_id = %s AND status IN ('pending', 'live')"
    _wait_for_none(database_url, query, (seller_id,))


def _wait_for_none(database_url: str, query: str, values: tuple[str, ...] = ()) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while run_sql(database_url, query, values) != [(0,)]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the wait was too long for: {query}")
        time.sleep(0.5)


def _close_barely(database_url: str) -> None:
    """Send one UPDATE after the other, each a transaction of its own."""
    closed = 0
    with contextlib.closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while closed < AUCTIONS:
                cursor.execute(_CLOSE, {"limit": BATCH})
                closed += cursor.rowcount
                if cursor.rowcount < BATCH:
                    time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def _closing(seconds: float) -> Iterator[Sides]:
    with measured_market(postgres={"track_commit_timestamp": "on"}) as market:
        # A database that no server looks after, in the same PostgreSQL.
        run_sql(market.database_url, "CREATE DATABASE bare")
        bare_url = make_dsn(market.database_url, dbname="bare")
        migrate(bare_url)
        yield {
            "10,000 auctions end in a second": lambda: _run(
                market.database_url, market.cpu, lambda: None
            ),
            "bare batched UPDATE": lambda: _run(
                bare_url, market.cpu, lambda: _close_barely(bare_url)
            ),
        }


def run_once(market: MeasuredMarket) -> Sample:
    """End 10,000 auctions in a market that is there; `track_commit_timestamp` has to be on."""
    return _run(market.database_url, market.cpu, lambda: None)


CLOSING = Benchmark(
    "closing",
    "ms (p99)",
    _closing,
    {"10,000 auctions end in a second": Limit(LATENESS_MS_MAX, at_most=True)},
)
