"""Another transaction that holds the row of an auction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg2


@contextlib.contextmanager
def row_locked(database_url: str, auction_id: str) -> Iterator[None]:
    """Hold the row lock of an auction from outside every server, and change nothing."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM auctions WHERE id = %s FOR UPDATE", (auction_id,))
            yield
    finally:
        connection.rollback()
        connection.close()
