"""Both storages by the same tests: what their addresses permit, and what they keep."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
import pytest

from instasell_server.adapters.storage.disk import DiskObjects
from instasell_server.adapters.storage.from_settings import storage_for
from instasell_server.adapters.storage.s3 import S3Objects
from instasell_server.config.settings import Settings
from instasell_server.ports import (
    ObjectMissing,
    Objects,
    ObjectTooLarge,
    Unreachable,
    UploadAddress,
    WebhookRefused,
)
from tests.support.market import open_market
from tests.support.servers import SECRET, RunningServer, settings_for_tests

FILE_ID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
KEY = f"uploads/{FILE_ID}/original"
Run = Callable[..., list[tuple[Any, ...]]]
DATA = b"\x89PNG and some bytes"


@pytest.fixture
async def store(server_settings: Settings) -> AsyncIterator[Any]:
    """The storage of the server, reached beside it; its clock may be set back."""
    assert server_settings.data_dir is not None
    made: Any = storage_for(server_settings, server_settings.data_dir / "media")
    yield made
    await made.close()


@pytest.fixture
def set_back(store: Any) -> Callable[[float], None]:
    """`set_back(seconds)`: from then on addresses are signed as they were that long ago."""

    def change(seconds: float) -> None:
        if isinstance(store, DiskObjects):
            store._clock = lambda: time.time() - seconds
        else:
            store._clock = lambda: datetime.now(UTC) - timedelta(seconds=seconds)

    return change


class Caller:
    """A caller without a token, who has addresses."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self.http = http
        self.base_url = base_url

    async def put(
        self, address: UploadAddress | str, data: Any = DATA, kind: str = "image/png", **more: str
    ) -> int:
        url = address if isinstance(address, str) else address.url
        headers = {"Content-Type": kind, **more}
        async with self.http.put(urljoin(self.base_url, url), data=data, headers=headers) as got:
            return got.status

    async def get(self, url: str, method: str = "GET") -> tuple[int, bytes, Any]:
        async with self.http.request(method, urljoin(self.base_url, url)) as got:
            return got.status, await got.read(), got.headers


@pytest.fixture
async def caller(server: RunningServer, sql: Run) -> AsyncIterator[Caller]:
    """A caller who holds the addresses of a file that a seller has announced."""
    async with open_market(server.base_url, sql) as market:
        seller = await market.seller()
        values = (FILE_ID, (await seller.auth.me()).id, await market.listing(seller))
    sql(
        "INSERT INTO media_files (id, owner_id, listing_id, content_type, size_bytes)"
        " VALUES (%s, %s, %s, 'image/png', 100)",
        *values,
    )
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        yield Caller(http, server.base_url)


def address_of(store: Objects, data: bytes = DATA) -> UploadAddress:
    return store.presign_upload(KEY, content_type="image/png", size=len(data))


async def test_what_is_put_is_there(store: Objects, caller: Caller) -> None:
    address = address_of(store)
    left = (address.expires_at - datetime.now(UTC)).total_seconds()
    assert 290 < left <= 300
    assert await caller.put(address) in (200, 204)
    assert await store.read(KEY, len(DATA)) == DATA
    with pytest.raises(ObjectTooLarge):
        await store.read(KEY, len(DATA) - 1)
    with pytest.raises(ObjectMissing):
        await store.read(KEY + "1", 5)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (DATA + b"!", "image/png"),
        (DATA[:-1], "image/png"),
        (b"", "image/png"),
        (DATA, "image/jpeg"),
        (DATA, "text/html"),
    ],
)
async def test_another_size_or_type_is_refused(
    store: Objects, caller: Caller, data: bytes, kind: str
) -> None:
    assert await caller.put(address_of(store), data, kind) in (400, 403, 411, 413, 415, 422)
    with pytest.raises(ObjectMissing):
        await store.read(KEY, 100)


async def test_an_upload_without_a_length_is_refused(store: Objects, caller: Caller) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 1000

    status = await caller.put(address_of(store), endless())
    assert status in (400, 403, 411, 422)
    with pytest.raises(ObjectMissing):
        await store.read(KEY, 100)


async def test_an_address_is_for_one_method_and_one_object(store: Objects, caller: Caller) -> None:
    up = address_of(store).url
    await store.write(KEY, DATA, "image/png")
    down = store.presign_download(KEY, content_type="image/png")
    assert (await caller.get(up))[0] == 403
    assert await caller.put(down) == 403
    for url in (up, down):
        other = url.replace(KEY[-8:], "elsewhere") if KEY[-8:] in url else url[:-40] + url[-39:]
        assert (await caller.get(other))[0] in (400, 403, 404)
        assert await caller.put(other) in (400, 403, 404, 415)
    assert (await caller.get(down))[:2] == (200, DATA)


async def test_an_address_lives_for_five_minutes(
    store: Objects, caller: Caller, set_back: Callable[[float], None]
) -> None:
    await store.write(KEY, DATA, "image/png")
    set_back(290)
    up, down = address_of(store), store.presign_download(KEY, content_type="image/png")
    assert await caller.put(up) in (200, 204)
    assert (await caller.get(down))[0] == 200
    set_back(301)
    up, down = address_of(store), store.presign_download(KEY, content_type="image/png")
    assert await caller.put(up) in (400, 403)
    assert (await caller.get(down))[0] in (400, 403)


async def test_a_download_says_what_it_is(store: Objects, caller: Caller) -> None:
    await store.write(KEY, b"<script>", "text/plain")
    wanted = "attachment; filename*=UTF-8''a%20b.txt"
    url = store.presign_download(KEY, content_type="text/plain", disposition=wanted)
    status, data, headers = await caller.get(url)
    assert (status, data, headers["Content-Type"].partition(";")[0]) == (
        200, b"<script>", "text/plain",
    )  # fmt: skip
    assert headers["Content-Disposition"] == wanted


async def test_a_folder_goes_as_a_whole_and_no_other(
    store: Objects, objects: Callable[[], list[str]]
) -> None:
    for key in ("images/a/1", "images/a/2", "images/ab/1", "evidence/a/1"):
        await store.write(key, DATA, "image/png")
    await store.delete_under(["images/a", "images/none"])
    assert objects() == ["evidence/a/1", "images/ab/1"]
    await store.delete_under(["images/a"])
    await store.write("images/a/3", DATA, "image/png")
    assert await store.read("images/a/3", 100) == DATA


async def test_a_replacement_is_whole(store: Objects) -> None:
    first, second = b"a" * 200_000, b"b" * 200_000

    async def write(data: bytes) -> None:
        for _ in range(5):
            await store.write(KEY, data, "image/png")

    async def read() -> set[bytes]:
        return {await store.read(KEY, 200_000) for _ in range(10)}

    await store.write(KEY, first, "image/png")
    _, _, seen = await asyncio.gather(write(first), write(second), read())
    assert {len(each) for each in seen} == {200_000}
    assert seen <= {first, second}


# What only one of the two has to answer for.


@pytest.fixture
def disk(tmp_path: Path) -> DiskObjects:
    return DiskObjects(tmp_path / "files", [SECRET])


@pytest.mark.parametrize(
    "key", ["../x", "a/../../x", "/etc/passwd", "a/b\x00", "a/%2e%2e/b", "a", "", "a//b", "A/b"]
)
async def test_the_disk_takes_no_key_that_is_not_the_markets(disk: DiskObjects, key: str) -> None:
    for work in (disk.write(key, b"", ""), disk.read(key, 1), disk.delete_under([key])):
        with pytest.raises(ValueError, match="is no key"):
            await work


async def test_files_are_for_the_market_alone(disk: DiskObjects, tmp_path: Path) -> None:
    await disk.write(KEY, DATA, "image/png")
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (tmp_path / "files").rglob("*")}
    assert modes == {True: 0o700, False: 0o600}
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


async def test_the_secret_before_this_one_still_opens(disk: DiskObjects, tmp_path: Path) -> None:
    await disk.write(KEY, DATA, "image/png")
    token = disk.presign_download(KEY, content_type="image/png").removeprefix("/media/")
    renewed = DiskObjects(tmp_path / "files", ["another secret", SECRET])
    assert renewed.check_download(token).path.read_bytes() == DATA
    with pytest.raises(WebhookRefused):
        DiskObjects(tmp_path / "files", ["another secret"]).check_download(token)


@pytest.mark.parametrize(
    "token", ["", ".", "a.b", "e30.e30", "é.é", "!!!.!!!", "." * 3, "A" * 7000, "\x00", "%2e%2e"]
)
def test_what_is_no_token_is_refused(disk: DiskObjects, token: str) -> None:
    for check in (disk.check_upload, disk.check_download):
        with pytest.raises(WebhookRefused):
            check(token)


@pytest.mark.parametrize("at", [0, 20, -40, -1])
def test_a_changed_token_is_refused(disk: DiskObjects, at: int) -> None:
    token = address_of(disk).url.removeprefix("/media/")
    changed = list(token)
    changed[at] = "A" if changed[at] != "A" else "Q"
    with pytest.raises(WebhookRefused):
        disk.check_upload("".join(changed))


async def test_a_caller_that_goes_away_leaves_nothing(disk: DiskObjects, tmp_path: Path) -> None:
    grant = disk.check_upload(address_of(disk).url.removeprefix("/media/"))

    async def half() -> AsyncIterator[bytes]:
        yield DATA[:5]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await disk.take(grant, half())
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


async def test_a_disk_that_refuses_is_a_storage_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("no folder")
    disk = DiskObjects(tmp_path / "files", [SECRET])
    grant = disk.check_upload(address_of(disk).url.removeprefix("/media/"))

    async def whole() -> AsyncIterator[bytes]:
        yield DATA

    for work in (disk.write(KEY, DATA, ""), disk.read(KEY, 100), disk.take(grant, whole())):
        with pytest.raises(Unreachable):
            await work


async def test_drafts_that_a_crash_left_are_swept(disk: DiskObjects, tmp_path: Path) -> None:
    await disk.write(KEY, DATA, "image/png")
    drafts = tmp_path / "files" / "drafts"
    old, new = drafts / "old", drafts / "new"
    for draft in (old, new):
        draft.touch()

    os.utime(old, (0, 0))
    await disk.delete_under(["images/none"])
    assert [path.name for path in drafts.iterdir()] == ["new"]


async def test_a_storage_that_is_away_is_reported_soon(
    database_url: str, redis_url: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    settings = settings_for_tests(
        database_url,
        redis_url,
        storage_endpoint=f"http://127.0.0.1:{unused_tcp_port}",
        storage_access_key="a" * 20,
        storage_secret_key="b" * 20,
        storage_public_url="https://files.example",
    )
    away = storage_for(settings, tmp_path)
    async with asyncio.timeout(5):
        with pytest.raises(Unreachable):
            await away.read(KEY, 10)
        with pytest.raises(Unreachable):
            await away.delete_under(["images/a"])
    # Signing needs no storage, and is for the address by which callers reach it.
    assert address_of(away).url.startswith("https://files.example/instasell/uploads/")
    await away.close()


@pytest.mark.parametrize(("broken", "is_read"), [(2, True), (3, False)])
async def test_an_answer_that_breaks_off_is_requested_again(broken: int, is_read: bool) -> None:
    left = broken

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n" % len(DATA))
        writer.write(b'ETag: "e"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n')
        if request.startswith(b"GET"):
            writer.write(DATA[: 3 if left > 0 else None])
            left -= 1
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        store = S3Objects(
            f"http://127.0.0.1:{port}",
            access_key="access", secret_key="secret", bucket="media", region="us-east-1",
        )  # fmt: skip
        if is_read:
            assert await store.read(KEY, 1000) == DATA
        else:
            with pytest.raises(Unreachable):
                await store.read(KEY, 1000)
        await store.close()
