"""Takes away one protection at a time, for the controls beside the races."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest

from instasell_server.adapters.redis.locks import RedisLocks
from instasell_server.domains.auctions import locked_store
from tests.races.conftest import Sql


class Meeting:
    """Lets two transactions read the row before any of them writes.

    They meet in the function `name` of `module`, which is called once the row is in hand.
    """

    def __init__(self, patch: pytest.MonkeyPatch, module: ModuleType, name: str) -> None:
        self.met = 0
        self._both = asyncio.Barrier(2)
        read = getattr(module, name)

        async def read_and_meet(*arguments: Any) -> Any:
            found = await read(*arguments)
            if self.met < 2:
                self.met += 1
                # The second never comes where a lock keeps it out; the first then goes on.
                try:
                    async with asyncio.timeout(0.3):
                        await self._both.wait()
                except (TimeoutError, asyncio.BrokenBarrierError):
                    await self._both.abort()
            return found

        patch.setattr(module, name, read_and_meet)


def without_row_locks(patch: pytest.MonkeyPatch) -> None:
    """Read rows without FOR UPDATE."""
    for name in ("lock_free", "lock_waiting"):
        text = re.sub(r"FOR UPDATE( SKIP LOCKED)?", "", getattr(locked_store._sql, name))
        replace_query(patch, name, text)


def replace_query(patch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """Put another text in the place of a query, also where it is prepared already."""
    patch.setitem(locked_store._sql._sql, name, text)
    patch.setattr(locked_store._sql.prepared, "_made", {})


def without_version_check(patch: pytest.MonkeyPatch) -> None:
    """Write rows whatever version they have by then."""
    unchecked = locked_store._sql.write_auctions.replace("AND a.version = n.seen", "")
    assert unchecked != locked_store._sql.write_auctions
    replace_query(patch, "write_auctions", unchecked)
    patch.setattr(locked_store, "_WRITE_AUCTIONS", unchecked)
    patch.setattr(
        locked_store, "_WRITE_BIDS_AND_AUCTIONS", f"{locked_store._sql.write_bids}; {unchecked}"
    )


def without_redis_locks(patch: pytest.MonkeyPatch) -> None:
    """As if every lock had expired in the hands of its holder: everybody gets it."""

    async def acquire(self: RedisLocks, names: Sequence[str], token: str) -> set[str]:
        return set(names)

    patch.setattr(RedisLocks, "acquire", acquire)


def without_unique_numbers(sql: Sql) -> None:
    """Let two bids of an auction have one number."""
    sql("ALTER TABLE bids DROP CONSTRAINT bids_pkey")


def without_unique_orders(sql: Sql) -> None:
    """Let an auction have two orders that stand."""
    sql("DROP INDEX orders_of_auction, orders_of_auction_and_buyer")
