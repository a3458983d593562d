"""Converts a file of eBay listings into rows for `instasell listings import`.

The input is JSON lines, gzipped or not, with `item_id`, `name`, `category` (names from wide to
narrow), `first_bid` ("$1,234.00") and `description`, and HTML entities in the texts.

    python examples/ebay_listings.py ebay-listings.jsonl.gz --rows rows.jsonl --categories tree.txt
    instasell categories import tree.txt        # as an admin
    instasell listings import rows.jsonl        # as a seller

Texts come out as people saw them: entities decoded, nothing else changed. Characters that the
market takes from nobody, because they could steer a terminal, are dropped and counted, and each
row that cannot be converted is named with the reason.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from instasell_client.models.listings import BulkListing
from instasell_client.models.money import DecimalMark, parse_amount
from instasell_client.models.text import clean

SEPARATOR = " > "
LINE_BREAKS = "\n\t"


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def convert(item: dict[str, Any], report: Counter[str]) -> BulkListing:
    """Return one item as a row. Raises ValueError, with the reason, for what cannot be sold."""
    title = _without_controls(html.unescape(item["name"]), "", "names cleaned", report).strip()
    description = html.unescape(item.get("description") or "")
    description = _without_controls(description, LINE_BREAKS, "descriptions cleaned", report)
    if not description:
        report["without a description"] += 1
    return BulkListing.model_validate(
        {
            "type": "direct",
            "title": title,
            "description": description,
            "category": SEPARATOR.join(category_of(item, report)),
            "condition": "refurbished",
            "price": parse_amount(item["first_bid"], "USD", DecimalMark.POINT),
            "stock": 1,
            "seller_sku": str(item["item_id"]),
        }
    )


def category_of(item: dict[str, Any], report: Counter[str]) -> list[str]:
    """Return the names of an item's categories from wide to narrow, as the server takes them."""
    names = []
    for written in item["category"]:
        name = _without_controls(html.unescape(written), "", "category names cleaned", report)
        # A path is written with this sign between the names, so no name may hold it.
        names.append(name.replace(">", "/").strip())
    return names


def _without_controls(text: str, keep: str, what: str, report: Counter[str]) -> str:
    cleaned = clean(text, keep=keep, replacement="")
    if cleaned != text:
        report[what] += 1
    return cleaned


def paths_of(categories: Iterable[Sequence[str]]) -> list[str]:
    """Return every category on the way to these, parents before children, once each in any case."""
    found: dict[str, str] = {}
    for names in categories:
        for depth in range(1, len(names) + 1):
            path = SEPARATOR.join(names[:depth])
            found.setdefault(path.lower(), path)
    return sorted(found.values(), key=lambda path: (path.count(SEPARATOR), path))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both files and report on stderr; 1 when an item could not be converted."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="the items, as JSON lines, perhaps gzipped")
    parser.add_argument("--rows", type=Path, required=True, help="where the rows go, JSON lines")
    parser.add_argument("--categories", type=Path, required=True, help="where the paths go")
    chosen = parser.parse_args(arguments)

    report: Counter[str] = Counter()
    categories: list[list[str]] = []
    with chosen.rows.open("w", encoding="utf-8") as rows:
        for number, item in enumerate(read(chosen.file), 1):
            try:
                row = convert(item, report)
            except (ValidationError, ValueError, KeyError) as error:
                report["items left out"] += 1
                print(f"item {number} ({item.get('item_id')}): {error}", file=sys.stderr)
                continue
            rows.write(row.model_dump_json(exclude_unset=True) + "\n")
            categories.append(category_of(item, Counter()))
            report["rows"] += 1
    paths = paths_of(categories)
    chosen.categories.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    report["categories"] = len(paths)
    for what, count in sorted(report.items()):
        print(f"{count:>8} {what}", file=sys.stderr)
    return 1 if report["items left out"] else 0


if __name__ == "__main__":
    sys.exit(main())
