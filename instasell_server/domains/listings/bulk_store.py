"""The rows behind a batch of a bulk upload: read, locked and written as sets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.listings.bulk_rules import Import
from instasell_server.domains.listings.rules import ListingFields

_sql = load(__file__, "bulk.sql")


async def list_imports(
    connection: DbConnection, seller_id: str, keys: Sequence[str]
) -> dict[str, Import]:
    """List the last imports of these keys."""
    values = {"seller_id": seller_id, "keys": list(keys)}
    rows = await connection.tuples(_sql.list_imports, values)
    return {row[0]: Import(row[1], row[2], row[3]) for row in rows}


async def list_of_skus(
    connection: DbConnection, seller_id: str, skus: Sequence[str]
) -> dict[str, str]:
    """List the seller's active listings that have these, by seller_sku."""
    values = {"seller_id": seller_id, "skus": list(skus)}
    return {row[0]: row[1] for row in await connection.tuples(_sql.list_of_skus, values)}


async def list_paths(connection: DbConnection, paths: Sequence[str]) -> dict[str, str]:
    """List the categories of these paths, upper and lower case being the same."""
    rows = await connection.tuples(_sql.list_paths, {"paths": list(paths)})
    return {row[0]: row[1] for row in rows}


async def lock_categories(tx: Transaction, category_ids: Iterable[str]) -> set[str]:
    """Lock those of the categories that exist; none is deleted before the transaction ends."""
    values = {"category_ids": list(category_ids)}
    return {row[0] for row in await tx.tuples(_sql.lock_categories, values)}


async def list_lineages(connection: DbConnection, category_ids: Iterable[str]) -> set[str]:
    """List these categories and all above them."""
    values = {"category_ids": list(category_ids)}
    return {row[0] for row in await connection.tuples(_sql.list_lineages, values)}


async def insert_listings(
    tx: Transaction, seller_id: str, listings: Mapping[str, ListingFields]
) -> None:
    """Insert listings by their ids, in the order of `listings`."""
    await tx.execute(_sql.insert_listings, {"seller_id": seller_id, "rows": _rows(listings)})


async def update_listings(
    tx: Transaction, before: Mapping[str, ListingFields], after: Mapping[str, ListingFields]
) -> None:
    """Update locked listings."""
    renamed = [each for each in after if after[each].seller_sku != before[each].seller_sku]
    if renamed:
        await tx.execute(_sql.clear_skus, {"listing_ids": renamed})
    same_texts = {
        each: fields
        for each, fields in after.items()
        if (fields.title, fields.description) == (before[each].title, before[each].description)
    }
    if same_texts:
        terms = {each: fields._replace(description="") for each, fields in same_texts.items()}
        await tx.execute(_sql.update_terms, {"rows": _rows(terms)})
    others = {each: fields for each, fields in after.items() if each not in same_texts}
    if others:
        await tx.execute(_sql.update_listings, {"rows": _rows(others)})


async def upsert_imports(tx: Transaction, seller_id: str, imports: Mapping[str, Import]) -> None:
    """Keep what was imported, by key."""
    await tx.execute(
        _sql.upsert_imports,
        {
            "seller_id": seller_id,
            "keys": list(imports),
            "listing_ids": [each.listing_id for each in imports.values()],
            "hashes": [each.digest for each in imports.values()],
            "stocks": [each.stock for each in imports.values()],
        },
    )


def _rows(listings: Mapping[str, ListingFields]) -> str:
    rows = [{"id": listing_id, **each._asdict()} for listing_id, each in listings.items()]
    return json.dumps(rows, ensure_ascii=False)
