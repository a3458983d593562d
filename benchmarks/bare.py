"""The yardstick of what is served: a plain aiohttp server, as a process of its own.

`python -m benchmarks.bare FILE` sends the bytes of FILE at GET /bytes, and at /ws sends whatever
text comes from a socket to all the others. With the URL of a database behind FILE, GET /query reads
the same bytes from there, by one query of aiopg. It prints its port.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiopg
import uvloop
from aiohttp import WSMsgType, web

from benchmarks.market import stop
from benchmarks.processes import Cpu, own_seconds, tree_seconds

HOST = "127.0.0.1"
POOL = 8
_TABLE = """
DROP TABLE IF EXISTS bare_bytes;
CREATE TABLE bare_bytes (id integer PRIMARY KEY, body text NOT NULL)
"""


class BareServer:
    """Hold the address of the baseline server, and the CPU time that it has used."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.pid = process.pid
        self.port = port

    def cpu(self) -> Cpu:
        """Return CPU seconds until now; there is no engine behind it."""
        return Cpu(tree_seconds(self.pid), 0.0, 0.0, own_seconds())


@contextlib.contextmanager
def bare_server(payload: bytes = b"", database_url: str | None = None) -> Iterator[BareServer]:
    """Start it with what GET /bytes is to send, and GET /query where there is a database."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(payload)
        file.flush()
        command = [sys.executable, "-m", "benchmarks.bare", file.name]
        if database_url is not None:
            command.append(database_url)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            yield BareServer(process, int(process.stdout.readline()))
        finally:
            stop(process)


def _application(payload: bytes, pool: aiopg.Pool | None) -> web.Application:
    sockets: set[web.WebSocketResponse] = set()

    async def send_bytes(request: web.Request) -> web.Response:
        return web.Response(body=payload, content_type="application/json")

    async def send_row(request: web.Request) -> web.Response:
        assert pool is not None
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT body FROM bare_bytes WHERE id = %s", (1,))
            [body] = await cursor.fetchone()
        return web.Response(text=body, content_type="application/json")

    async def broadcast(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    for each in sockets:
                        if each is not socket:
                            await each.send_str(message.data)
        finally:
            sockets.discard(socket)
        return socket

    app = web.Application()
    app.router.add_get("/bytes", send_bytes)
    app.router.add_get("/query", send_row)
    app.router.add_get("/ws", broadcast)
    return app


async def _serve(payload: bytes, database_url: str | None) -> None:
    pool = None
    if database_url is not None:
        pool = await aiopg.create_pool(database_url, minsize=POOL, maxsize=POOL)
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(_TABLE)
            await cursor.execute("INSERT INTO bare_bytes VALUES (1, %s)", (payload.decode(),))
    runner = web.AppRunner(_application(payload, pool), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    urls = sys.argv[2:]
    uvloop.run(_serve(Path(sys.argv[1]).read_bytes(), urls[0] if urls else None))
