"""Ask a server one question without the client's libraries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from instasell_client.http.quick_get import ANSWER_BYTES_MAX, quick_get


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that gives the same answer to everything, its address, and what it was asked."""
    asked: list[bytes] = []

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def answer_of(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def look(url: str) -> object:
    return await asyncio.to_thread(
        quick_get, url, "/listings", {"q": "a b"}, "s3cret", timeout_seconds=10
    )


async def test_the_answer_of_a_path_with_the_token() -> None:
    async with answering(answer_of("200 OK", b'{"items": []}')) as (url, asked):
        assert await look(url) == {"items": []}
    assert asked[0].startswith(b"GET /listings?q=a+b HTTP/1.1\r\n")
    assert b"Authorization: Bearer s3cret\r\n" in asked[0]


async def test_a_token_follows_no_redirect() -> None:
    async with answering(answer_of("200 OK", b"{}")) as (other, asked):
        moved = answer_of("302 Found", b"", f"Location: {other}/listings")
        async with answering(moved) as (url, _):
            with pytest.raises(OSError, match="302"):
                await look(url)
    assert asked == []


@pytest.mark.parametrize(
    "answer",
    [
        answer_of("401 Unauthorized", b"{}"),
        answer_of("200 OK", b"no JSON"),
        answer_of("200 OK", b" " * (ANSWER_BYTES_MAX + 1)),
        b"nonsense\r\n\r\n",
    ],
    ids=["status", "no JSON", "too long", "no HTTP"],
)
async def test_what_cannot_be_used_is_an_error(answer: bytes) -> None:
    async with answering(answer) as (url, _):
        with pytest.raises((OSError, ValueError)):
            await look(url)
