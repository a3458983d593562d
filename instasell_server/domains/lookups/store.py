"""Rows that a text may mean."""

from __future__ import annotations

from typing import Any

from instasell_client.models.lookups import Match
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.domains.lookups import rules

RECENT_ROWS = 1000
"""How many of an account's orders, disputes or conversations are searched by their titles.

Their tables have no index of titles; joining 1,000 rows with their listings takes about 5 ms.
"""

_sql = load(__file__)
_STATEMENTS = {
    "listing": _sql.find_listings,
    "auction": _sql.find_auctions,
    "order": _sql.find_orders,
    "dispute": _sql.find_disputes,
    "conversation": _sql.find_conversations,
    "account": _sql.find_accounts,
    "seller": _sql.find_sellers,
}


async def find_matches(
    connection: DbConnection,
    kind: str,
    text: str,
    ids: tuple[str, str] | tuple[None, None],
    *,
    owner: str | None,
    limit: int,
) -> list[Match]:
    """Return up to `limit` matches, the most certain first; with `owner` only what is theirs."""
    values: dict[str, Any] = {
        "text": text,
        "has_part": rules.has_part(text),
        "low": ids[0],
        "high": ids[1],
        "owner": owner,
        "recent": RECENT_ROWS,
        "limit": limit,
    }
    rows = await connection.rows(_STATEMENTS[kind], values)
    # What matches in several ways is one match, by the most certain of them.
    found: dict[str, Match] = {}
    for row in rows:
        found.setdefault(row["id"], Match.model_validate({k: row[k] for k in Match.model_fields}))
    return [*found.values()][:limit]
