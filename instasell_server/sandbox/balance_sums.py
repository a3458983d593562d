"""The sandbox's books, read from its file, also while a server writes it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

_SUMS = """
SELECT count(*),
       coalesce(sum(json_extract(body, '$.amount')), 0),
       coalesce(sum(json_extract(body, '$.fee')), 0)
FROM objects
WHERE kind = 'balance_transaction' AND account = ''
  AND json_extract(body, '$.currency') = ?
  AND json_extract(body, '$.type') NOT IN (SELECT value FROM json_each(?))
"""


def sum_balance_transactions(path: Path, currency: str, left_out: str) -> tuple[int, int, int]:
    """Return how many balance transactions the platform has, and their amounts and fees.

    Args:
        path: The sandbox's file.
        currency: The three letters, in any case.
        left_out: The types that do not count, as a JSON array.
    """
    reading = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with contextlib.closing(reading) as connection:
        [row] = connection.execute(_SUMS, (currency.lower(), left_out))
        count, amount, fee = row
        return int(count), int(amount), int(fee)
