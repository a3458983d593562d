"""Attacks by sockets: readers who ask and never read, joins in a loop, frames of garbage."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import time

import aiohttp

from tests.attack.target import Report, Target, connect, request_head

_STALLED_SOCKETS = 200


def text_frame(text: str) -> bytes:
    """Return a masked text frame, as a client has to send it."""
    data, mask = text.encode(), os.urandom(4)
    if len(data) < 126:
        size = bytes([0x80 | len(data)])
    else:
        size = bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    return b"\x81" + size + mask + masked


def _upgrade() -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return request_head(
        "GET",
        "/ws",
        upgrade="websocket",
        connection="Upgrade",
        sec_websocket_key=key,
        sec_websocket_version="13",
    )


async def stalled(target: Target, report: Report) -> None:
    """Join an auction over and over on 200 sockets that never read an answer."""
    join = {"auction_id": target.crowded_auction_id, "after_seq": 0}
    frame = text_frame(json.dumps({"event": "join_auction", "id": 1, "data": join}))
    ends_at = time.monotonic() + target.seconds

    async def attack(address: str) -> None:
        try:
            reader, writer = await connect(target, address)
        except OSError:
            report.add("refused")
            return
        # What the kernel buffers for a reader is not the server's memory.
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(_upgrade())
        await asyncio.sleep(0.2)
        while time.monotonic() < ends_at and not writer.transport.is_closing():
            if writer.transport.get_write_buffer_size() < 65_536:
                writer.write(frame)
                report.add("asked")
            await asyncio.sleep(0.01)
        report.add("closed" if writer.transport.is_closing() else "open at the end")
        writer.transport.abort()
        del reader

    addresses = list(itertools.islice(target.addresses(), 10))
    await asyncio.gather(*(attack(addresses[n % 10]) for n in range(_STALLED_SOCKETS)))


async def joining(target: Target, report: Report) -> None:
    """Join and leave the board in a loop on five anonymous sockets of one address."""
    ends_at = time.monotonic() + target.seconds
    address = next(target.addresses())
    connector = aiohttp.TCPConnector(local_addr=(address, 0))

    async def attack(session: aiohttp.ClientSession) -> None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.ws_connect("/ws", max_msg_size=0) as socket:
                while time.monotonic() < ends_at:
                    join = {"event": "join_auction", "id": 1, "data": {"auction_id": "*"}}
                    await socket.send_json(join)
                    async with asyncio.timeout(2):
                        while True:
                            message = await socket.receive()
                            if message.type is not aiohttp.WSMsgType.TEXT:
                                report.add("closed")
                                return
                            if '"id":1' in message.data.replace(" ", ""):
                                report.add(json.loads(message.data)["event"])
                                break
                    leave = {"event": "leave_auction", "id": 2, "data": {"auction_id": "*"}}
                    await socket.send_json(leave)

    async with aiohttp.ClientSession(target.base_url, connector=connector) as session:
        await asyncio.gather(*(attack(session) for _ in range(5)))


async def garbage(target: Target, report: Report) -> None:
    """Send frames just under 4 KiB that mean nothing, as fast as the server takes them."""
    ends_at = time.monotonic() + target.seconds
    texts = ("[" * 4000, '{"event": "' + "x" * 4000 + '"}', "\\u0000" * 600)

    async def attack(address: str) -> None:
        connector = aiohttp.TCPConnector(local_addr=(address, 0))
        async with aiohttp.ClientSession(target.base_url, connector=connector) as session:
            while time.monotonic() < ends_at:
                with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                    async with session.ws_connect("/ws") as socket:
                        for number in range(1000):
                            await socket.send_str(texts[number % 3])
                            message = await socket.receive()
                            if message.type is not aiohttp.WSMsgType.TEXT:
                                report.add(f"closed {socket.close_code}")
                                break
                            report.add("answered")
                            if time.monotonic() >= ends_at:
                                break
                await asyncio.sleep(0.05)

    addresses = target.addresses()
    await asyncio.gather(*(attack(next(addresses)) for _ in range(5)))
