"""Compressed bodies: refused by their head, before a byte is inflated."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import aiohttp
import pytest
from aiohttp import compression_utils

from instasell_server.http.listener import Listener
from instasell_server.routes import TABLE
from instasell_server.sandbox import Sandbox, SandboxSettings
from tests.server.edge.raw import RawAnswer, exchange, raw_socket
from tests.support.servers import RunningServer

HEAD = "{method} {path} HTTP/1.1\r\nHost: market\r\nContent-Type: application/json\r\n{more}\r\n"
UUID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


def _head(path: str, more: str, method: str = "POST") -> bytes:
    return HEAD.format(method=method, path=path, more=more).encode()


@pytest.fixture
def inflated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all that aiohttp inflates."""
    sizes: list[int] = []
    inflate = compression_utils.ZLibDecompressor.decompress_sync

    def count(self: compression_utils.ZLibDecompressor, data: bytes, *rest: int) -> bytes:
        made = inflate(self, data, *rest)
        sizes.append(len(made))
        return made

    monkeypatch.setattr(compression_utils.ZLibDecompressor, "decompress_sync", count)
    return sizes


def _assert_refused(answer: RawAnswer) -> None:
    assert (answer.status, answer.problem["code"]) == (415, "unsupported")
    assert "without compression" in answer.problem["detail"]
    assert answer.headers["connection"] == "close"


HEADERS = (
    "Content-Encoding: gzip",
    "content-ENCODING:\tGZip",
    "Content-Encoding: deflate",
    "Content-Encoding: br",
    "Content-Encoding: zstd",
    "Content-Encoding: x-gzip",
    "Content-Encoding: identity",
    "Content-Encoding: identity, gzip",
    "Content-Encoding: identity\r\nContent-Encoding: gzip",
    "Content-Encoding:",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
)


async def test_an_encoded_body_is_refused_by_its_head_alone(server: RunningServer) -> None:
    async def refuse(header: str) -> None:
        length = "" if "transfer" in header.lower() else "Content-Length: 972000\r\n"
        async with raw_socket(server.base_url) as opened:
            # Not one byte of the body is sent: the head is enough to be refused.
            opened.send(_head("/auth/login", f"{length}{header}\r\n"))
            _assert_refused(await opened.answer())
            assert await opened.until_closed() == b""

    await asyncio.gather(*map(refuse, HEADERS))


async def test_every_route_refuses_it(server: RunningServer) -> None:
    paths = {
        (route.method, route.path.format_map(_Names()))
        for route in TABLE
        if route.method in ("POST", "PUT", "PATCH", "DELETE")
    }
    assert ("POST", "/webhooks/stripe") in paths
    assert ("PUT", "/media/x.y") in paths
    for method, path in sorted(paths | {("POST", "/no/such/path")}):
        more = "Content-Length: 100\r\nContent-Encoding: gzip\r\n"
        _assert_refused(await exchange(server.base_url, _head(path, more, method)))


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return UUID if name.endswith("id") else "x.y"


async def test_not_a_byte_is_inflated(server: RunningServer, inflated: list[int]) -> None:
    bomb = gzip.compress(bytes(32 * 2**20))
    more = f"Content-Length: {len(bomb)}\r\nContent-Encoding: gzip\r\n"
    for path in ("/auth/login", "/webhooks/stripe", "/listings/bulk"):
        _assert_refused(await exchange(server.base_url, _head(path, more) + bomb))
    async with aiohttp.ClientSession(server.base_url) as http, http.get("/healthz") as response:
        assert response.status == 200
    assert sum(inflated) == 0


async def test_the_sandbox_refuses_it(tmp_path: Path, inflated: list[int]) -> None:
    sandbox = Sandbox(tmp_path / "sandbox.sqlite3", SandboxSettings("sk_test_x"), Listener)
    port = await sandbox.start()
    try:
        bomb = gzip.compress(bytes(8 * 2**20))
        more = f"Content-Length: {len(bomb)}\r\nContent-Encoding: gzip\r\n"
        for path in ("/pay/cs_test_1", "/onboard/x", "/v1/refunds"):
            answer = await exchange(f"http://127.0.0.1:{port}", _head(path, more) + bomb)
            assert (answer.status, answer.headers["connection"]) == (415, "close")
            assert "without compression" in json.loads(answer.body)["error"]["message"]
    finally:
        await sandbox.stop()
    assert sum(inflated) == 0
