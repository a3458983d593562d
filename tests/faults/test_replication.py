"""With synchronous replication nothing is acknowledged that a failover could lose.

A standby that never answers makes every commit wait. A backend that ends while it waits has
committed on this machine alone: its rows are there to be read, and must not be acknowledged.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psycopg2
import pytest

from instasell_server.embedded import EmbeddedEngines
from tests.faults.processes import ServerProcess
from tests.support.market import open_market
from tests.support.sockets import live_socket
from tests.support.waiting import until

pytestmark = pytest.mark.faults

_WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()"
)


class Standby:
    """A standby that is expected by the primary, and that answers or does not."""

    def __init__(self, superuser: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self._run = superuser

    def stall(self) -> None:
        """Make every commit from here on wait for a standby that is not there."""
        self._run("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
        self._reload()

    def recover(self) -> None:
        """Let commits go on."""
        self._run("ALTER SYSTEM RESET synchronous_standby_names")
        self._reload()

    def end_waiting(self) -> int:
        """End the backends that wait for the standby, and return how many."""
        ended = self._run(f"SELECT pg_terminate_backend(pid) FROM ({_WAITING}) AS waiting")
        return len(ended)

    def is_awaited_by_a_reader(self) -> bool:
        """Return whether a commit waits that only read before."""
        return bool(self._run(f"{_WAITING} AND query LIKE '%pg_logical_emit_message%'"))

    def _reload(self) -> None:
        self._run("SELECT pg_reload_conf()")


@pytest.fixture
def standby(own_engines: EmbeddedEngines, own_database: str) -> Iterator[Standby]:
    """The standby of the engines that no other test uses."""
    [secrets] = own_engines.data_dir.rglob("secrets.json")
    password = json.loads(secrets.read_text())["superuser"]
    connection = psycopg2.connect(own_database, user="postgres", password=password)
    connection.autocommit = True

    def run(statement: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    made = Standby(run)
    yield made
    made.recover()
    connection.close()


@pytest.fixture
async def served(
    own_engines: EmbeddedEngines, own_database: str, folder: Path
) -> AsyncIterator[ServerProcess]:
    """A server on the engines whose standby stalls."""
    redis_url = own_engines.urls.redis_url
    server = ServerProcess(folder, "served", database_url=own_database, redis_url=redis_url)
    await server.start()
    yield server
    server.stop()


async def _answer_while_stalled(standby: Standby, request: asyncio.Task[Any]) -> Any:
    """End each backend that waits until the request is answered."""
    ended = 0

    def is_answered() -> bool:
        nonlocal ended
        ended += standby.end_waiting()
        return request.done()

    await until(is_answered)
    assert ended
    return await request


def _statements(database_url: str) -> Callable[..., list[tuple[Any, ...]]]:
    def sql(statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            named = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
            cursor.execute(statement, named or None)
            return cursor.fetchall() if cursor.description else []

    return sql


async def test_what_only_this_machine_has_is_not_acknowledged(
    served: ServerProcess, own_database: str, standby: Standby
) -> None:
    sql = _statements(own_database)
    async with open_market(served.url, sql) as market:
        seller, bidder = await market.seller(), await market.bidder()
        auction_id = await market.auction(seller)
        listing = {"title": "A lamp", "category_id": market.category(), "type": "direct"}
        listing |= {"condition": "new", "price": 500, "stock": 1}
        steps = (
            (bidder, f"/auctions/{auction_id}/bid", {"amount": 100}, "bids"),
            (seller, "/listings", listing, "listings WHERE title = 'A lamp'"),
        )
        for caller, path, body, rows in steps:
            standby.stall()
            request = asyncio.create_task(_post(served, caller.token, path, body))
            status, problem = await _answer_while_stalled(standby, request)
            assert (status, problem.get("code")) == (503, "outcome_unknown")
            assert sql(f"SELECT count(*) FROM {rows}") == [(1,)]
            standby.recover()
            status, first = await _post(served, caller.token, path, body)
            assert status == 201
            assert first.get("repeated", True)
            assert sql(f"SELECT count(*) FROM {rows}") == [(1,)]


async def _post(
    server: ServerProcess, token: str | None, path: str, body: dict[str, Any]
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "the-one-key-of-it"}
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.post(path, json=body) as answer,
    ):
        return answer.status, await answer.json()


async def test_watchers_do_not_see_what_only_this_machine_has(
    served: ServerProcess, own_database: str, standby: Standby
) -> None:
    async with open_market(served.url, _statements(own_database)) as market:
        auction_id = await market.auction(await market.seller())
        token = (await market.bidder()).token
        async with live_socket(served.url) as watcher:
            await watcher.ack("join_auction", {"auction_id": auction_id})
            standby.stall()
            path, body = f"/auctions/{auction_id}/bid", {"amount": 100}
            request = asyncio.create_task(_post(served, token, path, body))
            status, _ = await _answer_while_stalled(standby, request)
            assert status == 503
            # The comparison of every two seconds finds the bid, and waits to tell it.
            await until(standby.is_awaited_by_a_reader)
            await watcher.ack("ping")
            assert watcher.events == []
            standby.recover()
            told = await watcher.event("bid_placed")
            assert told["seq"] == 1
