"""Public pages, each beside a bare handler.

For live-list and category it sends the same bytes; for listing, listings, auction, auction-status
and auction-bids it reads them by one query.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from benchmarks.bare import HOST, bare_server
from benchmarks.market import MeasuredMarket, measured_market
from benchmarks.measuring import Benchmark, Limit, Sample, Sides, percentile
from benchmarks.processes import Cpu
from benchmarks.requests import load, request_bytes

CONNECTIONS = 32
AUCTIONS = 200
LISTINGS = 2000
BYTES = "bare handler, same bytes"
QUERY = "bare handler, one query for the same bytes"

_INSERT_LISTINGS = """
WITH c AS (
    INSERT INTO categories (id, name, path, lineage)
    SELECT id, 'Lamps', 'Lamps', ARRAY[id] FROM gen_random_uuid() AS id RETURNING id
)
INSERT INTO listings (seller_id, title, description, category_id, type, condition, price, stock)
SELECT %(seller)s, 'Lamp ' || n, repeat('A fine lamp. ', 8), c.id, 'direct', 'new', 100 + n, 3
FROM generate_series(1, %(count)s) AS n, c
RETURNING category_id, id
"""


def _run(port: int, paths: list[str], cpu: Callable[[], Cpu], seconds: float) -> Sample:
    requests = [request_bytes("GET", path, HOST, port) for path in paths]
    before = cpu()
    took, latencies = load(HOST, port, requests * (CONNECTIONS // len(requests)), seconds)
    used = cpu() - before
    count = len(latencies)
    details = {
        "p50 ms": percentile(latencies, 0.5) * 1000,
        "p99 ms": percentile(latencies, 0.99) * 1000,
        "server us/request": used.server / count * 1e6,
    }
    return Sample(count / took, used, details)


@contextlib.contextmanager
def _live_list(seconds: float) -> Iterator[Sides]:
    with measured_market() as market:
        market.auctions(AUCTIONS)
        yield from _beside_bytes(market, "/auctions/live", seconds)


@contextlib.contextmanager
def _category(seconds: float) -> Iterator[Sides]:
    with measured_market() as market:
        listings = make_listings(market, LISTINGS)
        yield from _beside_bytes(market, f"/listings?category={listings.category}", seconds)


def _beside_bytes(market: MeasuredMarket, path: str, seconds: float) -> Iterator[Sides]:
    page = httpx.get(market.base_url + path, timeout=30).raise_for_status()
    with bare_server(page.content) as bare:
        yield {
            f"GET {path.partition('=')[0]}": lambda: _run(market.port, [path], market.cpu, seconds),
            BYTES: lambda: _run(bare.port, ["/bytes"], bare.cpu, seconds),
        }


def _read(name: str, template: str, *, of_auctions: bool) -> Benchmark:
    """Return the benchmark of a page that is read from the database; each caller another one."""

    @contextlib.contextmanager
    def sides(seconds: float) -> Iterator[Sides]:
        with measured_market() as market:
            ids = market.auctions(AUCTIONS) if of_auctions else make_listings(market, LISTINGS).ids
            paths = [template.format(id=each) for each in ids[:CONNECTIONS]]
            page = httpx.get(market.base_url + paths[0], timeout=30).raise_for_status()
            with bare_server(page.content, market.database_url) as bare:
                yield {
                    f"GET {template}": lambda: _run(market.port, paths, market.cpu, seconds),
                    QUERY: lambda: _run(bare.port, ["/query"], bare.cpu, seconds),
                }

    return Benchmark(name, "requests/s", sides, {QUERY: Limit(1.0)})


@dataclass(frozen=True)
class Listings:
    """Hold what `make_listings` has made."""

    category: str
    ids: list[str]


def make_listings(market: MeasuredMarket, count: int) -> Listings:
    """Create listings in one category, straight in the database."""
    [seller] = market.users(1, "seller")
    values = {"seller": seller["user"]["id"], "count": count}
    rows = market.sql(_INSERT_LISTINGS, values)
    return Listings(str(rows[0][0]), [str(row[1]) for row in rows])


LIVE_LIST = Benchmark("live-list", "requests/s", _live_list, {BYTES: Limit(0.7)})
CATEGORY = Benchmark("category", "requests/s", _category, {BYTES: Limit(0.7)})
READS = (
    _read("listing", "/listings/{id}", of_auctions=False),
    _read("listings", "/listings", of_auctions=False),
    _read("auction", "/auctions/{id}", of_auctions=True),
    _read("auction-status", "/auctions/{id}/status", of_auctions=True),
    _read("auction-bids", "/auctions/{id}/bids", of_auctions=True),
)
