"""growth: what each public page costs in a large market, beside the same page in a small one.

`python -m benchmarks growth --listings 1000000` builds both, reads every page of both through a
server in turn, and prints the ratio. Each read has a URL that was not asked before, where the page
has one to vary, so that no copy of a page answers it.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks import closing
from benchmarks.market import MeasuredMarket, measured_market

SMALL = 2_000
LARGE = 100_000
READS = 25
RATIO_MAX = 2.0
RATIO_FLOOR_MS = 2.0
"""A page that is read within this is fast whatever its ratio: of so little, noise is a half."""
COLD_MS_MAX = 100.0

WORDS = (
    "copper compass tripod filter antique album golden clock lantern bench birch walnut bowl canvas"
    " chart almanac"
)
"""Each listing has two of these, so that one of eight has a certain one."""

_PEOPLE = """
INSERT INTO users (email, password_hash, display_name, role)
SELECT 'grown' || g || '@example.org', '-', 'Grown ' || g,
       CASE WHEN g %% 20 = 0 THEN 'seller' ELSE 'buyer' END
FROM generate_series(1, greatest(%(listings)s, 100)) AS g;
CREATE TABLE grown_sellers AS
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM users WHERE role = 'seller';
CREATE TABLE grown_buyers AS
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM users WHERE role = 'buyer';
CREATE TABLE grown_categories AS SELECT gen_random_uuid() AS id, g - 1 AS n
    FROM generate_series(1, 60) AS g;
INSERT INTO categories (id, parent_id, name, path, lineage)
SELECT c.id, CASE WHEN c.n > 9 THEN t.id END, 'Category ' || c.n,
       CASE WHEN c.n > 9 THEN 'Category ' || t.n || ' > ' ELSE '' END || 'Category ' || c.n,
       CASE WHEN c.n > 9 THEN ARRAY[t.id, c.id] ELSE ARRAY[c.id] END
FROM grown_categories c JOIN grown_categories t ON t.n = c.n %% 10 ORDER BY c.n;
CREATE INDEX ON grown_sellers (n);
CREATE INDEX ON grown_buyers (n);
ANALYZE grown_sellers, grown_buyers, grown_categories
"""
_LISTINGS = """
INSERT INTO listings (
    seller_id, title, description, category_id, type, condition, stock, price, created_at
)
SELECT s.id, initcap(w[1 + g * 7 %% 16] || ' ' || w[1 + (g * 5 + g / 16) %% 16]) || ' ' || g,
       'Kept well, with a ' || w[1 + g * 3 %% 16], c.id,
       CASE WHEN g %% 5 = 0 THEN 'auction' ELSE 'direct' END,
       CASE g %% 9 WHEN 0 THEN 'refurbished' ELSE 'new' END, 1,
       CASE WHEN g %% 5 <> 0 THEN 100 + g::bigint * 7919 %% 50000 END, now() - g * interval '1 s'
FROM generate_series(1, %(listings)s) AS g,
     (SELECT string_to_array(%(words)s, ' ') AS w) AS x,
     LATERAL (SELECT id FROM grown_sellers WHERE n = g %% (SELECT count(*) FROM grown_sellers)) s,
     LATERAL (SELECT id FROM grown_categories WHERE n = 10 + g %% 50) c
"""
_AUCTIONS = """
INSERT INTO auctions (
    listing_id, seller_id, status, start_at, end_at, planned_end_at, min_bid, increments,
    current_bid, current_bidder_id, leader_no, leader_max, seq, bidder_count, version, reserve_met
)
SELECT l.id, l.seller_id, 'live', now() - interval '1 hour',
       now() + interval '1 day' + l.n * interval '1 s', now() + interval '1 day', 1 + l.n %% 500,
       '"none"', 1000 + l.n %% 5000, b.id, 1, 1000 + l.n %% 5000, 1, 1, 2, true
FROM (SELECT *, row_number() OVER () AS n FROM listings WHERE type = 'auction') AS l
JOIN grown_buyers b ON b.n = l.n %% (SELECT count(*) FROM grown_buyers)
"""
# Some auctions have thousands of bids, most have few.
_BIDS = """
WITH placed AS (
    SELECT a.id, s AS seq, n FROM (SELECT id, row_number() OVER () AS n FROM auctions) AS a,
         LATERAL generate_series(1, CASE n %% 500 WHEN 0 THEN 10000 ELSE 30 END) AS s
), written AS (
    INSERT INTO bids (
        auction_id, seq, bidder_id, bidder_no, kind, max_amount, amount, price_after, leader_after,
        leader_no_after, idempotency_key, auction_version, created_at
    )
    SELECT p.id, seq, b.id, 1, 'bid', 999 + seq, 999 + seq, 999 + seq, b.id, 1, seq::text, seq + 1,
           now()
    FROM placed p JOIN grown_buyers b ON b.n = p.n %% (SELECT count(*) FROM grown_buyers)
)
UPDATE auctions a SET seq = p.seq, current_bid = 999 + p.seq, leader_max = 999 + p.seq,
       version = p.seq + 1
FROM (SELECT id, max(seq) AS seq FROM placed GROUP BY id) AS p WHERE p.id = a.id
"""


@dataclass
class _Page:
    """A public page, the addresses of its reads, and how long they took in ms, by market."""

    name: str
    urls: Callable[[MeasuredMarket], Iterator[str]]
    taken: dict[str, list[float]] = field(default_factory=dict)


def run(listings: int, console: Console) -> bool:
    """Build both markets, measure and print; return whether every limit is kept."""
    with ExitStack() as stack:
        markets = {}
        for name, size in (("small", SMALL), ("large", listings)):
            settings = {"track_commit_timestamp": "on", "autovacuum": "off"}
            market = stack.enter_context(measured_market(postgres=settings))
            _grow(market, size)
            markets[name] = market
        pages = _pages()
        for page in pages:
            _read(page, markets)
        holds = _show(pages, listings, console)
        late = {name: closing.run_once(market).value for name, market in markets.items()}
        console.print(
            f"10,000 auctions end in a second: p99 {late['small']:.0f} ms in the small market,"
            f" {late['large']:.0f} ms in the large one (limit {closing.LATENESS_MS_MAX})"
        )
        return holds and late["large"] <= closing.LATENESS_MS_MAX


def _grow(market: MeasuredMarket, listings: int) -> None:
    started = time.monotonic()
    values = {"listings": listings, "words": WORDS}
    for statement in (_PEOPLE, _LISTINGS, _AUCTIONS, _BIDS):
        market.sql("SET synchronous_commit = off;" + statement, values)
    while market.sql("SELECT 1 FROM auctions WHERE is_moved LIMIT 1"):
        time.sleep(0.5)
    market.sql("VACUUM ANALYZE")
    took = time.monotonic() - started
    print(f"a market of {listings:,} listings took {took:.0f} s", file=sys.stderr, flush=True)


def _pages() -> list[_Page]:
    word, *others = WORDS.split()
    searches = {
        "a word of one title in eight": word,
        "three words": f"{word} {others[0]} {others[1]}",
        "a misspelled word": "compasss",
        "a word that no title has": "zzqxy",
        "one letter": "a",
        "a quoted phrase": f'"{word} {others[3]}"',
    }
    lists = {
        "newest": {},
        "oldest": {"sort": "oldest"},
        "cheapest": {"sort": "price"},
        "dearest": {"sort": "-price"},
        "of a category": {"category": _CATEGORY, "sort": "newest"},
        "of a category, cheapest": {"category": _CATEGORY, "sort": "price"},
        "of a seller": {"seller": _SELLER},
        "a range of prices": {"price_min": 20000, "price_max": 20100},
        "auctions, dearest": {"type": "auction", "sort": "-price"},
        "in a rare condition": {"condition": "for-parts"},
    }
    live = {
        "ending": {},
        "cheapest": {"sort": "price"},
        "dearest": {"sort": "-price"},
        "by bids": {"sort": "bids"},
        "of a category, by bids": {"sort": "bids", "category": _CATEGORY},
        "above a price": {"price_min": 9000},
        "with a word": {"q": word},
    }
    return [
        *(_listed(f"listings {name}", "/listings", asked) for name, asked in lists.items()),
        _listed("listings, a later page", "/listings", {"sort": "price"}, page=3),
        *(_listed(f"search: {name}", "/listings", {"q": text}) for name, text in searches.items()),
        *(_listed(f"live {name}", "/auctions/live", asked) for name, asked in live.items()),
        _listed("live, a later page", "/auctions/live", {"sort": "-price"}, page=3),
        _listed("auctions newest", "/auctions", {}),
        _Page("a listing", lambda market: _rows(market, "listings", "/listings/{}")),
        _Page("an auction", lambda market: _rows(market, "auctions", "/auctions/{}")),
        _Page("its status", lambda market: _rows(market, "auctions", "/auctions/{}/status")),
        _Page("its bids", lambda market: _rows(market, "auctions", "/auctions/{}/bids")),
        _Page("categories", lambda _: iter(["/categories"] * READS)),
    ]


_CATEGORY = "SELECT parent_id::text FROM categories WHERE parent_id IS NOT NULL LIMIT 1"
_SELLER = "SELECT seller_id::text FROM listings LIMIT 1"


def _listed(name: str, path: str, asked: dict[str, Any], page: int = 0) -> _Page:
    """Return a list that is read with another limit each time."""

    def urls(market: MeasuredMarket) -> Iterator[str]:
        values = {
            key: market.sql(value)[0][0] if value in (_CATEGORY, _SELLER) else value
            for key, value in asked.items()
        }
        for _ in range(page):
            reply = httpx.get(market.base_url + path, params={**values, "limit": 100}, timeout=60)
            values["cursor"] = reply.raise_for_status().json()["next"]
        for number in range(READS):
            yield str(httpx.URL(path, params={**values, "limit": 50 - number}))

    return _Page(name, urls)


def _rows(market: MeasuredMarket, table: str, path: str) -> Iterator[str]:
    for (row_id,) in market.sql(f"SELECT id::text FROM {table} ORDER BY id LIMIT %s", (READS,)):
        yield path.format(row_id)


def _read(page: _Page, markets: dict[str, MeasuredMarket]) -> None:
    """Read a page in both markets in turn, so that a busy moment hits both."""
    with ExitStack() as stack:
        reads = {
            name: (
                stack.enter_context(httpx.Client(base_url=market.base_url, timeout=60)),
                list(page.urls(market)),
            )
            for name, market in markets.items()
        }
        for number in range(READS):
            for name, (client, urls) in reads.items():
                started = time.perf_counter()
                reply = client.get(urls[number])
                took = (time.perf_counter() - started) * 1000
                if reply.status_code != httpx.codes.OK:
                    raise RuntimeError(f"{urls[number]}: {reply.status_code} {reply.text[:200]}")
                page.taken.setdefault(name, []).append(took)


def _show(pages: list[_Page], listings: int, console: Console) -> bool:
    table = Table(title=f"medians and worst of {READS} reads, ms", title_justify="left")
    table.add_column("page", no_wrap=True)
    for title in (f"{SMALL:,}", f"{listings:,}", "ratio", "worst", ""):
        table.add_column(title, justify="right", no_wrap=True)
    holds = True
    for page in pages:
        small, large = (statistics.median(page.taken[name]) for name in ("small", "large"))
        worst = max(page.taken["large"])
        ratio = large / small
        is_kept = (ratio <= RATIO_MAX or large <= RATIO_FLOOR_MS) and worst <= COLD_MS_MAX
        holds = holds and is_kept
        cells = (f"{small:.2f}", f"{large:.2f}", f"{ratio:.2f}", f"{worst:.1f}")
        table.add_row(page.name, *cells, "" if is_kept else "missed")
    console.print(table)
    return holds
