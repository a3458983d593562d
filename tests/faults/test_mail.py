"""The sender is killed around the content of a mail: before it the mail is sent later, after it
never again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psycopg2
import pytest

from instasell_server.domains.mail.service import LEASE_SECONDS, UNKNOWN_OUTCOME
from instasell_server.embedded import EmbeddedEngines
from tests.faults.processes import ServerProcess
from tests.server.accounts_support import sign_up
from tests.support.databases import MarketClock
from tests.support.mail_server import MailServer, mail_server
from tests.support.waiting import until

pytestmark = pytest.mark.faults


@pytest.fixture
def peer() -> Iterator[MailServer]:
    """A real mail server."""
    with mail_server() as server:
        yield server


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("moment", ["on_recipient", "on_content"])
async def test_killed_around_the_content(
    own_engines: EmbeddedEngines, own_database: str, folder: Path, peer: MailServer, moment: str
) -> None:
    server = ServerProcess(
        folder,
        "sender",
        database_url=own_database,
        redis_url=own_engines.urls.redis_url,
        smtp_host="127.0.0.1",
        smtp_port=str(peer.port),
        smtp_security="none",
    )
    killed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def kill() -> None:
        server.kill()
        loop.call_soon_threadsafe(killed.set)

    setattr(peer, moment, kill)
    try:
        await server.start()
        async with aiohttp.ClientSession(server.url) as http:
            await sign_up(http)
        async with asyncio.timeout(60):
            await killed.wait()
        [(marked,)] = rows(own_database, "SELECT handed_over_at IS NOT NULL FROM emails")
        assert marked == (moment == "on_content")
        MarketClock(own_database).shift(LEASE_SECONDS + 1)
        await server.start()
        done = "SELECT state, attempts, last_error FROM emails"
        await until(lambda: rows(own_database, done)[0][0] != "queued")
        unknown = moment == "on_content"
        expected = ("failed", 1, UNKNOWN_OUTCOME) if unknown else ("sent", 2, None)
        assert rows(own_database, done) == [expected]
        assert len(peer.letters) == 1
        alerts = rows(own_database, "SELECT kind FROM alerts")
        assert alerts == ([("mail_unknown",)] if unknown else [])
    finally:
        server.stop()
