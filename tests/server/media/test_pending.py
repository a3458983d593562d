"""Limit what uploads may hold that never end: bytes of an account, and files at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from instasell_client.models.errors import Unavailable
from instasell_server.domains.media.transfers import Transfers
from tests.server.edge.raw import raw_socket
from tests.server.media.conftest import Studio
from tests.support.pictures import picture
from tests.support.waiting import until

Start = Callable[..., Any]
Sql = Callable[..., list[tuple[Any, ...]]]

LIMIT = 100_000


@pytest.fixture
async def studio(start_server: Start, sql: Sql, tmp_path: Path) -> AsyncIterator[Studio]:
    """Sellers on a server where accounts may announce little."""
    server = await start_server(
        data_dir=tmp_path, file_bytes_max=60_000, pending_upload_bytes_max=LIMIT
    )
    async with aiohttp.ClientSession(server.base_url) as http:
        opened = Studio(http, sql, server.base_url)
        await opened.open()
        yield opened


async def test_an_account_announces_so_many_bytes(studio: Studio) -> None:
    path = f"/listings/{studio.listing}/images"

    async def announce(size: int) -> Any:
        wish = {"content_type": "image/png", "size": size}
        return await studio.seller.ask("POST", path, wish)

    assert (await announce(50_000)).status == 201
    # What is confirmed counts no more.
    data = picture()
    made = (await announce(len(data))).body
    headers = {"Content-Type": "image/png"}
    async with studio.http.put(made["upload"]["url"], data=data, headers=headers) as answer:
        assert answer.status == 204
    complete = f"{path}/{made['image_id']}/complete"
    assert (await studio.seller.ask("POST", complete)).status == 200
    assert (await announce(50_000)).status == 201
    refused = await announce(1)
    assert (refused.status, refused.code) == (409, "too_many_files")
    assert refused.body["limit"] == LIMIT
    assert f"{LIMIT} bytes together" in refused.body["detail"]


async def test_an_address_has_one_upload_at_a_time(studio: Studio, tmp_path: Path) -> None:
    data = b"x" * 50_000
    url = await _announced(studio, len(data))
    head = (
        f"PUT {url} HTTP/1.1\r\nHost: market\r\nContent-Type: image/png\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    ).encode()
    drafts = tmp_path / "media" / "drafts"
    async with raw_socket(studio.base_url) as stalled:
        stalled.send(head + data[:-1])
        await until(lambda: drafts.is_dir() and len(list(drafts.iterdir())) == 1)
        async with raw_socket(studio.base_url) as other:
            other.send(head + data)
            assert (await other.answer()).status == 204
        replaced = await stalled.answer()
        assert (replaced.status, replaced.problem["code"]) == (409, "conflict")
        assert "another upload" in replaced.problem["detail"]
    await until(lambda: list(drafts.iterdir()) == [])


async def _announced(studio: Studio, size: int) -> str:
    wish = {"content_type": "image/png", "size": size}
    made = await studio.seller.ask("POST", f"/listings/{studio.listing}/images", wish)
    return str(made.body["upload"]["url"])


def test_so_many_files_pass_at_once() -> None:
    transfers = Transfers(2)
    with (
        transfers.transfer(),
        transfers.upload("one", aiohttp.EMPTY_PAYLOAD),
        pytest.raises(Unavailable),
    ):
        transfers.require_room()
    transfers.require_room()
