"""A database that refuses, or takes no writes: callers get Unavailable and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop

from instasell_client.models.errors import Unavailable
from instasell_server.db.connections import Database
from tests.server.accounts_support import sign_up
from tests.support.servers import RunningServer

Refusing = Callable[[], contextlib.AbstractAsyncContextManager[str]]
Sql = Callable[..., list[tuple[Any, ...]]]
_SSL_REQUEST = struct.pack(">II", 8, 80877103)
_ATTEMPTS = 100


def _fatal(code: str, message: str) -> bytes:
    fields = b"".join(
        kind + text.encode() + b"\0"
        for kind, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", code), (b"M", message))
    )
    return b"E" + struct.pack(">I", len(fields) + 5) + fields + b"\0"


@contextlib.asynccontextmanager
async def _refusing_postgres() -> AsyncIterator[str]:
    """A PostgreSQL that is starting up: it refuses every connection and closes it."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(8) == _SSL_REQUEST:
            writer.write(b"N")
            await reader.readexactly(8)
        writer.write(_fatal("57P03", "the database system is starting up"))
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"postgresql://market:secret@127.0.0.1:{port}/market"


@contextlib.asynccontextmanager
async def _closed_port() -> AsyncIterator[str]:
    """A port where nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"postgresql://market:secret@127.0.0.1:{reserved.getsockname()[1]}/market"


async def _outcomes_of_connecting(refusing: Refusing) -> Counter[str]:
    outcomes: Counter[str] = Counter()

    async def connect(database: Database) -> None:
        try:
            async with database.connection():
                outcomes["connected"] += 1
        except Exception as error:
            outcomes[type(error).__name__] += 1

    async with refusing() as url, Database(url, size=8) as database:
        for _ in range(_ATTEMPTS // 4):
            await asyncio.gather(*(connect(database) for _ in range(4)))
    return outcomes


@pytest.mark.parametrize("refusing", [_refusing_postgres, _closed_port])
@pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_a_database_that_refuses_is_unavailable(
    new_loop: Callable[[], asyncio.AbstractEventLoop], refusing: Refusing
) -> None:
    """uvloop keeps a writer of a closed descriptor, which the next connection would trip over."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(_outcomes_of_connecting(refusing)) == {"Unavailable": _ATTEMPTS}


@pytest.fixture
def read_only(sql: Sql) -> Callable[[bool], None]:
    """`read_only(True)`: new connections may only read, as those to a standby; old ones end."""
    [(name,)] = sql("SELECT current_database()")

    def switch(is_read_only: bool) -> None:
        sql(f"ALTER DATABASE {name} SET default_transaction_read_only = {is_read_only}")
        sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    return switch


async def test_a_write_to_a_read_only_database_is_unavailable(
    database: Database, read_only: Callable[[bool], None]
) -> None:
    read_only(True)
    with pytest.raises(Unavailable, match="read-only"):
        async with database.connection() as connection:
            await connection.execute("CREATE TABLE written (id integer)")
    read_only(False)
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE written (id integer)")


async def test_a_server_on_a_read_only_database_says_so(
    server: RunningServer, http: Any, read_only: Callable[[bool], None]
) -> None:
    read_only(True)
    async with http.get("/readyz") as response:
        problem = await response.json()
        assert (response.status, problem["code"]) == (503, "unavailable")
        assert "read-only" in problem["detail"]
    body = {"email": "a@example.org", "password": "correct horse battery", "display_name": "A"}
    async with http.post("/auth/signup", json=body) as response:
        assert response.status == 503
    read_only(False)
    assert (await sign_up(http)).token
    async with http.get("/readyz") as response:
        assert response.status == 200
