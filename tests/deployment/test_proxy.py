"""The committed Caddyfile in a real Caddy, before a real server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.market import open_market
from tests.support.pictures import opened, picture
from tests.support.s3 import S3Server, s3

CADDY = Path(sys.executable).with_name("caddy")
CADDYFILE = Path(__file__).parents[2] / "deploy/caddy/Caddyfile"
START_SECONDS = 30
ANONYMOUS_LIMIT = 5


@dataclass(frozen=True)
class Proxy:
    """Hold the address of the proxy, and what proves that it is the one."""

    https_port: int
    http_port: int
    trust: ssl.SSLContext

    @property
    def url(self) -> str:
        """The site."""
        return f"https://localhost:{self.https_port}"


def free_ports(count: int) -> list[int]:
    """Ports that nobody had a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


async def wait_for_handshake(port: int, process: asyncio.subprocess.Process) -> None:
    """Return when a TLS handshake succeeds, by whatever certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with asyncio.timeout(START_SECONDS):
        while True:
            assert process.returncode is None, "Caddy has ended"
            try:
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=context, server_hostname="localhost"
                )
            except (ssl.SSLError, ConnectionError):
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@contextlib.asynccontextmanager
async def caddy(
    folder: Path, upstream_port: int, https_port: int, **more: str
) -> AsyncIterator[Proxy]:
    """Run Caddy with the committed file."""
    http_port, admin_port = free_ports(2)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "CADDY_ADMIN": f"127.0.0.1:{admin_port}",
        "INSTASELL_SITE": "localhost",
        "INSTASELL_HTTP_PORT": str(http_port),
        "INSTASELL_HTTPS_PORT": str(https_port),
        "INSTASELL_UPSTREAM_NAME": "127.0.0.1",
        "INSTASELL_UPSTREAM_PORT": str(upstream_port),
        **more,
    }
    arguments = ["run", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
    with (folder / "caddy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            CADDY, *arguments, env=environment, stdout=log, stderr=log
        )
    try:
        await wait_for_handshake(https_port, process)
        root = folder / "caddy/pki/authorities/local/root.crt"
        yield Proxy(https_port, http_port, ssl.create_default_context(cafile=root))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@pytest.fixture
async def proxy(start_server: Callable[..., Any], tmp_path: Path) -> AsyncIterator[Proxy]:
    """A proxy before a server that trusts it and allows little to strangers."""
    [https_port] = free_ports(1)
    server = await start_server(
        rate_limit_anonymous=ANONYMOUS_LIMIT, trusted_proxies=["127.0.0.0/8"]
    )
    async with caddy(tmp_path, urlsplit(server.base_url).port, https_port) as running:
        yield running


@pytest.fixture
async def browser(proxy: Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that believes the proxy's own authority only."""
    connector = aiohttp.TCPConnector(ssl=proxy.trust)
    async with aiohttp.ClientSession(proxy.url, connector=connector) as session:
        yield session


async def test_requests_pass_over_tls(browser: aiohttp.ClientSession) -> None:
    async with browser.get("/healthz") as reply:
        assert reply.status == 200
        assert (await reply.json())["status"] == "ok"
        assert reply.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_what_is_for_the_operator_stays_inside(
    browser: aiohttp.ClientSession, path: str
) -> None:
    async with browser.get(path) as reply:
        assert reply.status == 404
        assert await reply.read() == b""


async def test_plain_http_leads_to_tls(proxy: Proxy) -> None:
    url = f"http://localhost:{proxy.http_port}/auctions/live"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, allow_redirects=False) as reply,
    ):
        assert reply.status == 308
        # To the outside the proxy is on 443, whatever its own port.
        assert reply.headers["Location"] == "https://localhost/auctions/live"


async def test_sockets_pass(browser: aiohttp.ClientSession) -> None:
    async with browser.ws_connect("/ws") as live:
        await live.send_json({"event": "join_auction", "id": 1, "data": {"auction_id": "*"}})
        answer = await live.receive_json(timeout=10)
        assert (answer["event"], answer["id"]) == ("ack", 1)


async def test_a_forged_address_gains_nothing(browser: aiohttp.ClientSession) -> None:
    statuses = []
    for number in range(ANONYMOUS_LIMIT + 1):
        forged = {"X-Forwarded-For": f"203.0.113.{number}"}
        async with browser.get("/auctions/live", headers=forged) as reply:
            statuses.append(reply.status)
    assert statuses == [200] * ANONYMOUS_LIMIT + [429]


async def test_files_pass_by_their_signed_addresses_and_by_no_other(
    start_server: Callable[..., Any],
    tmp_path: Path,
    s3: S3Server,
    sql: Callable[..., list[tuple[Any, ...]]],
) -> None:
    [https_port] = free_ports(1)
    site = f"https://localhost:{https_port}"
    kept = s3.settings()
    server = await start_server(**kept, storage_public_url=site)
    storage = {
        "INSTASELL_STORAGE_BUCKET": kept["storage_bucket"],
        "INSTASELL_STORAGE_UPSTREAM": s3.url.removeprefix("http://"),
    }
    port = urlsplit(server.base_url).port
    async with (
        caddy(tmp_path, port, https_port, **storage) as proxy,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=proxy.trust)) as http,
        open_market(server.base_url, sql) as market,
    ):
        seller, data = await market.seller(), picture(400, 200)
        listing_id = await market.listing(seller)
        made = await seller.media.announce_image(listing_id, "image/png", len(data))
        assert made.upload.url.startswith(f"{site}/{kept['storage_bucket']}/uploads/")
        headers = {"Content-Type": "image/png"}
        for sent, allowed in ((data + b"x", False), (data, True)):
            async with http.put(made.upload.url, data=sent, headers=headers) as reply:
                assert (reply.status == 200) is allowed
        image = await seller.media.complete_image(listing_id, made.image_id)
        url = image.versions[-1].url
        async with http.get(url) as reply:
            assert (reply.status, reply.headers["X-Content-Type-Options"]) == (200, "nosniff")
            assert opened(await reply.read()).size == (400, 200)
        for other, status in (
            (url.partition("?")[0], 404),
            (f"{site}/{kept['storage_bucket']}/?X-Amz-Signature=1&list-type=2", 403),
            (f"{url[:-1]}{'1' if url[-1] == '0' else '0'}", 403),
        ):
            async with http.get(other) as reply:
                assert reply.status in (status, 400), other


__all__ = ["s3"]
