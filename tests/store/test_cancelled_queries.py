"""A query whose task is cancelled: the cancel is never lost, whenever it comes."""

from __future__ import annotations

import asyncio

from instasell_server.db.connections import Database

ROUNDS = 300


async def test_no_cancel_is_swallowed(database: Database) -> None:
    async def ask() -> None:
        async with database.connection() as connection:
            await connection.rows("SELECT 1")

    outcomes = {"cancelled": 0, "done": 0}
    for number in range(ROUNDS):
        task = asyncio.create_task(ask())
        # Spread over the life of a query, so that some cancels meet its answer.
        for _ in range(number % 12):
            await asyncio.sleep(0)
        was_running = task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            outcomes["cancelled"] += 1
        else:
            assert not was_running, "the query went on as if nobody had cancelled it"
            outcomes["done"] += 1
    assert outcomes["cancelled"]
    assert database.in_use == 0
