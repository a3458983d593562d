"""Callers who begin something and do not go on: in a head, in a body, in reading an answer."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from instasell_server.http.connections import CONNECTIONS, ConnectionLimits
from instasell_server.http.listener import Listener
from instasell_server.http.slow_transfers import TransferRate
from instasell_server.sandbox import Sandbox, SandboxSettings
from tests.server.edge.raw import RawAnswer, raw_socket
from tests.server.media.conftest import Studio
from tests.support.waiting import until

Start = Callable[..., Any]
Sql = Callable[..., list[tuple[Any, ...]]]

QUICK = {"head_seconds": 1, "stall_seconds": 1, "bytes_per_second_min": 1000}


def _body(
    path: str, *, method: str = "POST", kind: str = "application/json", more: str = ""
) -> str:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: market\r\nContent-Type: {kind}\r\n"
        f"Content-Length: 100000\r\n{more}\r\n"
    )


async def _stall(base_url: str, sent: str) -> RawAnswer:
    """Send what is given and no more; the answer, after which the connection has to end."""
    async with raw_socket(base_url) as opened:
        opened.send(sent.encode())
        answer = await opened.answer()
        await opened.until_closed()
        return answer


async def test_a_caller_that_stops_is_answered_and_cut_off(
    start_server: Start, sql: Sql, tmp_path: Path
) -> None:
    server = await start_server(**QUICK, data_dir=tmp_path)
    async with aiohttp.ClientSession(server.base_url) as http:
        studio = Studio(http, sql, server.base_url)
        await studio.open()
        upload = (await studio.announce(bytes(100_000)))["upload"]
    signed_in = f"Authorization: Bearer {studio.seller.token}\r\n"
    cases = [
        "POST /auth/login HTTP/1.1\r\nHost: mark",
        _body("/auth/login") + '{"email": "',
        _body("/webhooks/stripe") + '{"id": "',
        _body("/webhooks/stripe"),
        _body(upload["url"], method="PUT", kind="image/png") + "x" * 90_000,
        _body("/listings/bulk", kind="application/x-ndjson", more=signed_in) + '{"title": "',
    ]
    answers = await asyncio.gather(*(_stall(server.base_url, case) for case in cases))
    for case, answer in zip(cases[:-1], answers[:-1], strict=True):
        assert (answer.status, answer.problem["code"]) == (408, "too_slow"), case
        assert answer.headers["connection"] == "close"
    # Its answer had begun; it ends without its last chunk.
    assert answers[-1].status in (200, 408)
    await until(lambda: server.app[CONNECTIONS].total == 0)
    assert list((tmp_path / "media" / "drafts").iterdir()) == []


async def test_a_trickle_is_too_slow(start_server: Start) -> None:
    server = await start_server(**QUICK)
    async with raw_socket(server.base_url) as opened:
        opened.send(_body("/webhooks/stripe").encode())
        answer = asyncio.create_task(opened.answer())
        while not answer.done():
            opened.send(b"x")
            await asyncio.sleep(0.05)
        assert (await answer).status == 408


async def test_the_sandbox_cuts_off_a_caller_that_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "instasell_server.http.listener.ConnectionLimits",
        lambda: ConnectionLimits(head_seconds=1, stall_seconds=1),
    )
    sandbox = Sandbox(tmp_path / "sandbox.sqlite3", SandboxSettings("sk_test_x"), Listener)
    port = await sandbox.start()
    try:
        answer = await _stall(f"http://127.0.0.1:{port}", _body("/pay/cs_test_1") + "{")
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert json.loads(answer.body)["error"]["message"] == "The body came too slowly."
    finally:
        await sandbox.stop()


async def test_a_caller_that_never_reads_is_cut_off(start_server: Start) -> None:
    server = await start_server(**QUICK)
    url = urlsplit(server.base_url)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.setblocking(False)
    try:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(reader, (url.hostname, url.port))
        # 10 MB of answers, more than the buffers of the kernel hold.
        await loop.sock_sendall(reader, b"GET /openapi.json HTTP/1.1\r\nHost: market\r\n\r\n" * 32)
        await until(lambda: server.app[CONNECTIONS].total == 1)
        await until(lambda: server.app[CONNECTIONS].total == 0)
    finally:
        reader.close()


async def test_a_socket_outlasts_the_limits_of_requests(start_server: Start) -> None:
    server = await start_server(**QUICK)
    async with aiohttp.ClientSession(server.base_url) as http, http.ws_connect("/ws") as one:
        async with raw_socket(server.base_url) as other:
            # By the time that this one is cut off, the socket has been silent for as long.
            other.send(b"GET / HTTP/1.1\r\nHost:")
            assert (await other.answer()).status == 408
        await one.send_json({"event": "ping", "id": 1, "data": {}})
        assert (await one.receive_json(timeout=30))["id"] == 1


def test_bytes_earn_time_and_never_more_than_one_stall() -> None:
    pace = TransferRate(ConnectionLimits(stall_seconds=20, bytes_per_second=1000))
    assert all(pace.spend(1, 1000) for _ in range(1000))
    # Whatever has come before, twenty seconds of silence are the end.
    assert pace.spend(1, 10**9)
    assert [pace.spend(5, 0) for _ in range(4)] == [True, True, True, False]
    pace.reset()
    # Half the rate lasts for twice a stall.
    assert [pace.spend(10, 5000) for _ in range(4)] == [True, True, True, False]
