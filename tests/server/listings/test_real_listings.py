"""10,000 real listings: imported, imported again, and read back letter for letter."""

from __future__ import annotations

import gzip
import html
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from examples import ebay_listings
from tests.server.accounts_support import Person
from tests.server.listings.conftest import Shop, Sql
from tests.server.listings.test_bulk import export, outcomes, upload

FOLDER = os.environ.get("INSTASELL_REAL_DATA")
FILE = Path(FOLDER or ".") / "ebay-listings.jsonl.gz"

pytestmark = pytest.mark.skipif(
    FOLDER is None or not FILE.exists(),
    reason="INSTASELL_REAL_DATA names no folder with ebay-listings.jsonl.gz",
)


async def make_categories(admin: Person, paths: list[str]) -> None:
    """Every category of a file of paths, parents first."""
    ids: dict[str, str] = {}
    for path in paths:
        parent, _, name = path.rpartition(ebay_listings.SEPARATOR)
        body = {"name": name, "parent_id": ids.get(parent)}
        made = await admin.ask("POST", "/categories", body)
        assert made.status == 201, made.body
        ids[path] = made.body["id"]


@pytest.mark.usefixtures("unmeasured")
async def test_ten_thousand_real_listings(
    shop: Shop, admin: Person, sql: Sql, tmp_path: Path
) -> None:
    rows, paths = tmp_path / "rows.jsonl", tmp_path / "categories.txt"
    arguments = [str(FILE), "--rows", str(rows), "--categories", str(paths)]
    assert ebay_listings.main(arguments) == 0
    await make_categories(admin, paths.read_text().splitlines())

    body = rows.read_bytes()
    assert Counter(outcomes(await upload(shop.seller, body))) == {"created": 10_000}
    before = sql("SELECT id, version FROM listings ORDER BY id")
    assert Counter(outcomes(await upload(shop.seller, body))) == {"unchanged": 10_000}
    assert sql("SELECT id, version FROM listings ORDER BY id") == before

    exported = [json.loads(line) for line in (await export(shop.seller)).splitlines()]
    found = {row["seller_sku"]: row for row in exported}
    with gzip.open(FILE, "rt", encoding="utf-8") as lines:
        for item in map(json.loads, lines):
            row = found.pop(item["item_id"])
            assert row["title"] == html.unescape(item["name"])
            assert row["description"] == html.unescape(item["description"] or "")
            assert row["category"] == " > ".join(item["category"])
            assert f"${row['price'] / 100:,.2f}" == item["first_bid"]
    assert found == {}
