"""cli-import: `instasell listings import` as a whole process, beside COPY and single POSTs.

The rows are 10,000 real listings where INSTASELL_REAL_DATA names the folder that holds them, and
made-up ones of the same length otherwise.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.bulk import ROWS, SINGLE_ROWS, SYLLABLES, by_copy, one_by_one
from benchmarks.market import MeasuredMarket, measured_market
from benchmarks.measuring import Benchmark, Limit, Sample, Sides
from examples import ebay_listings

DESCRIPTION_CHARACTERS = 1_200
SEPARATOR = ebay_listings.SEPARATOR


class _Listings:
    """The rows, and the ids of their categories."""

    def __init__(self, market: MeasuredMarket) -> None:
        self._rows = _real_rows() or _made_up_rows()
        self._runs = 0
        paths = ebay_listings.paths_of(row["category"].split(SEPARATOR) for row in self._rows)
        self._ids = _categories(market, paths)

    def rows(self, count: int) -> list[dict[str, Any]]:
        """Return the first rows with paths of categories, and with keys that no earlier run had."""
        self._runs += 1
        return [
            {**row, "seller_sku": f"{self._runs}-{number}"}
            for number, row in enumerate(self._rows[:count], start=1)
        ]

    def columns(self, count: int) -> list[dict[str, Any]]:
        """Return the same with ids of categories, as the table and single calls take them."""
        rows = self.rows(count)
        for row in rows:
            row["category_id"] = self._ids[row.pop("category").lower()]
        return rows


def _real_rows() -> list[dict[str, Any]]:
    folder = os.environ.get("INSTASELL_REAL_DATA")
    if folder is None:
        return []
    items = ebay_listings.read(Path(folder) / "ebay-listings.jsonl.gz")
    report: Counter[str] = Counter()
    rows = [ebay_listings.convert(item, report).model_dump(mode="json") for item in items]
    return [{name: value for name, value in row.items() if value is not None} for row in rows][
        :ROWS
    ]


def _made_up_rows() -> list[dict[str, Any]]:
    dice = random.Random(1)
    words = ["".join(dice.choices(SYLLABLES, k=dice.randint(1, 4))) for _ in range(5000)]
    return [
        {
            "type": "direct",
            "title": " ".join(dice.choices(words, k=6)).capitalize(),
            "description": " ".join(dice.choices(words, k=250))[:DESCRIPTION_CHARACTERS],
            "category": f"Listings{SEPARATOR}{dice.choice(words)}",
            "condition": dice.choice(("new", "refurbished")),
            "price": dice.randint(100, 100_000),
            "stock": 1,
        }
        for _ in range(ROWS)
    ]


def _categories(market: MeasuredMarket, paths: list[str]) -> dict[str, str]:
    """Return the ids of new categories by their paths in lower case."""
    lineages: dict[str, list[str]] = {}
    rows = []
    for path in paths:
        parent, _, name = path.rpartition(SEPARATOR)
        above = lineages.get(parent.lower(), [])
        lineages[path.lower()] = lineage = [*above, str(uuid.uuid4())]
        parent_id = above[-1] if above else None
        rows.append((lineage[-1], parent_id, name, path, lineage))
    names = ("id", "parent_id", "name", "path", "lineage")
    market.sql(
        f"INSERT INTO categories ({', '.join(names)}) SELECT {', '.join(names)}"
        " FROM json_to_recordset(%s::json)"
        " AS n(id uuid, parent_id uuid, name text, path text, lineage uuid[])",
        (json.dumps([dict(zip(names, row, strict=True)) for row in rows]),),
    )
    return {path: lineage[-1] for path, lineage in lineages.items()}


def _by_command(
    market: MeasuredMarket, folder: Path, token: str, rows: list[dict[str, Any]]
) -> Sample:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    environment = {
        **os.environ,
        "INSTASELL_URL": market.base_url,
        "INSTASELL_TOKEN": token,
        "INSTASELL_CONFIG_DIR": str(folder),
    }
    command = (sys.executable, "-m", "instasell_cli", "listings", "import", str(file))
    before, started = market.cpu(), time.perf_counter()
    done = subprocess.run(command, env=environment, check=True, stderr=subprocess.PIPE, text=True)
    took = time.perf_counter() - started
    if f"{len(rows)} created" not in done.stderr:
        raise RuntimeError(f"not all rows were created: {done.stderr}")
    return Sample(len(rows) / took, market.cpu() - before, {"rows": len(rows)})


@contextlib.contextmanager
def _cli_import(seconds: float) -> Iterator[Sides]:
    with measured_market() as market, tempfile.TemporaryDirectory() as folder:
        listings = _Listings(market)
        seller, other = market.users(2, "seller")
        token = seller["token"]
        yield {
            "instasell listings import": lambda: _by_command(
                market, Path(folder), token, listings.rows(ROWS)
            ),
            "COPY": lambda: by_copy(market, other["user"]["id"], listings.columns(ROWS)),
            "POST /listings, one by one": lambda: one_by_one(
                market, token, listings.columns(SINGLE_ROWS)
            ),
        }


CLI_IMPORT = Benchmark(
    "cli-import", "rows/s", _cli_import, {"POST /listings, one by one": Limit(10)}
)
