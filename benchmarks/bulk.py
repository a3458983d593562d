"""import: listings by POST /listings/bulk, beside COPY of the same rows and single POSTs."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import random
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg2

from benchmarks.market import MeasuredMarket, measured_market
from benchmarks.measuring import Benchmark, Limit, Sample, Sides

ROWS = 10_000
SINGLE_ROWS = 500
ROWS_A_BODY = 500
DESCRIPTION_CHARACTERS = 500
SYLLABLES = ("ba", "co", "dri", "fen", "gol", "hu", "jar", "kel", "lum", "mi", "nor", "pas", "tre")


class _Listings:
    """Rows of made-up words that are the same for every side of a run."""

    def __init__(self, category_id: str) -> None:
        dice = random.Random(1)
        words = ["".join(dice.choices(SYLLABLES, k=dice.randint(1, 4))) for _ in range(5000)]
        self._rows = [
            {
                "type": "direct",
                "title": " ".join(dice.choices(words, k=6)).capitalize(),
                "description": " ".join(dice.choices(words, k=120))[:DESCRIPTION_CHARACTERS],
                "category_id": category_id,
                "condition": dice.choice(("new", "refurbished")),
                "price": dice.randint(100, 100_000),
                "stock": dice.randint(1, 20),
            }
            for _ in range(ROWS)
        ]
        self._runs = itertools.count(1)

    def rows(self, count: int) -> list[dict[str, Any]]:
        """Return the first rows, with keys that no earlier run had."""
        run = next(self._runs)
        return [
            {**row, "seller_sku": f"{run}-{n}"} for n, row in enumerate(self._rows[:count], start=1)
        ]


def _category(market: MeasuredMarket) -> str:
    category_id = str(uuid.uuid4())
    market.sql(
        "INSERT INTO categories (id, name, path, lineage)"
        " VALUES (%s, 'Listings', 'Listings', %s::uuid[])",
        (category_id, [category_id]),
    )
    return category_id


def _in_bulk(market: MeasuredMarket, token: str, rows: list[dict[str, Any]]) -> Sample:
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    bodies = [b"".join(lines[at : at + ROWS_A_BODY]) for at in range(0, len(lines), ROWS_A_BODY)]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    before, started, created = market.cpu(), time.perf_counter(), 0
    with httpx.Client(base_url=market.base_url, headers=headers, timeout=60) as client:
        for body in bodies:
            reply = client.post("/listings/bulk", content=body).raise_for_status()
            created += reply.content.count(b'"created"')
    took = time.perf_counter() - started
    if created != len(rows):
        raise RuntimeError(f"{created} of {len(rows)} rows were created")
    return Sample(len(rows) / took, market.cpu() - before, {"rows": len(rows)})


def one_by_one(market: MeasuredMarket, token: str, rows: list[dict[str, Any]]) -> Sample:
    """Send single calls of one client, each after the answer to the one before."""
    headers = {"Authorization": f"Bearer {token}"}
    before, started = market.cpu(), time.perf_counter()
    with httpx.Client(base_url=market.base_url, headers=headers, timeout=60) as client:
        for row in rows:
            client.post("/listings", json=row).raise_for_status()
    took = time.perf_counter() - started
    return Sample(len(rows) / took, market.cpu() - before, {"rows": len(rows)})


def by_copy(market: MeasuredMarket, seller_id: str, rows: list[dict[str, Any]]) -> Sample:
    """Copy into the same table, with all its indexes and checks, by a connection of its own."""
    columns = (*rows[0], "seller_id")
    text = io.StringIO()
    # Without quotes an empty text would be NULL.
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([*row.values(), seller_id] for row in rows)
    text.seek(0)
    before, started = market.cpu(), time.perf_counter()
    with contextlib.closing(psycopg2.connect(market.database_url)) as connection:
        with connection.cursor() as cursor:
            cursor.copy_expert(
                f"COPY listings ({', '.join(columns)}) FROM STDIN WITH (FORMAT csv)", text
            )
        connection.commit()
    took = time.perf_counter() - started
    return Sample(len(rows) / took, market.cpu() - before, {"rows": len(rows)})


@contextlib.contextmanager
def _import(seconds: float) -> Iterator[Sides]:
    with measured_market() as market:
        listings = _Listings(_category(market))
        seller, other = market.users(2, "seller")
        token = seller["token"]
        yield {
            "POST /listings/bulk": lambda: _in_bulk(market, token, listings.rows(ROWS)),
            "COPY": lambda: by_copy(market, other["user"]["id"], listings.rows(ROWS)),
            "POST /listings, one by one": lambda: one_by_one(
                market, token, listings.rows(SINGLE_ROWS)
            ),
        }


IMPORT = Benchmark("import", "rows/s", _import, {"POST /listings, one by one": Limit(10)})
