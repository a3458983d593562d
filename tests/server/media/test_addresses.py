"""Addresses of the market's own disk: limits, logs, size, and who may call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from instasell_server.http import rights
from tests.server.media.conftest import Studio
from tests.support.pictures import picture
from tests.support.servers import RunningServer
from tests.support.waiting import until


@pytest.fixture
def storage(tmp_path: Any) -> dict[str, Any]:
    """Our own disk, and a limit of requests for strangers."""
    return {"data_dir": tmp_path, "rate_limit_anonymous": 20}


async def test_an_upload_may_be_larger_than_other_bodies(studio: Studio) -> None:
    data = picture(600, 600) + b"\x00" * (3 * 2**20)
    made = await studio.announce(data)
    assert await studio.put(made["upload"], data) == 204
    assert (await studio.complete(made["image_id"])).status == 200


async def test_fetching_pictures_does_not_use_up_the_limit(studio: Studio) -> None:
    image = await studio.add()
    url = image["versions"][0]["url"]
    assert {(await studio.fetch(url))[0] for _ in range(40)} == {200}
    async with studio.http.head(url) as answer:
        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) == image["versions"][0]["size_bytes"]


async def test_an_upload_that_does_not_fit_is_refused_with_the_reason(studio: Studio) -> None:
    data = picture()
    upload = (await studio.announce(data))["upload"]
    for body, headers, status, code in (
        (data + b"x", {}, 413, "too_large"),
        (data[:-1], {}, 422, "invalid"),
        (data, {"Content-Type": "text/html"}, 415, "unsupported"),
    ):
        wanted = {**upload["headers"], **headers}
        del wanted["Content-Length"]
        async with studio.http.put(upload["url"], data=body, headers=wanted) as answer:
            assert (answer.status, (await answer.json())["code"]) == (status, code)
    for method, url in (("PUT", "/media/x.y"), ("GET", "/media/x.y"), ("GET", upload["url"])):
        headers = {"Content-Type": "image/png"}
        async with studio.http.request(method, url, data=data, headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "forbidden")


async def test_an_upload_ends_with_the_rights_of_its_owner(
    studio: Studio, objects: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address was given before the suspension, and would hold for five minutes."""
    monkeypatch.setattr(rights, "FRESH_SECONDS", 0.05)
    admin, data = await studio.admin(), picture()
    running, late = [(await studio.announce(data))["upload"] for _ in range(2)]
    headers = {**running["headers"], "Content-Length": str(len(data))}
    hangs = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield data[:10]
        await hangs.wait()

    async def put() -> tuple[int, str]:
        async with studio.http.put(running["url"], data=slowly(), headers=headers) as answer:
            return answer.status, (await answer.json())["code"]

    under_way = asyncio.create_task(put())
    await until(lambda: any(key.startswith("drafts/") for key in objects()))
    path = f"/admin/users/{studio.seller.id}/suspend"
    assert (await admin.ask("POST", path, {"reason": "a test"})).status == 200
    assert await asyncio.wait_for(under_way, 20) == (403, "forbidden")
    hangs.set()
    assert await studio.put(late, data) == 403
    assert objects() == []


async def test_a_packed_body_cannot_grow_past_the_size(studio: Studio) -> None:
    import gzip

    bomb = gzip.compress(bytes(50 * 2**20))
    upload = (await studio.announce(bomb))["upload"]
    status = await studio.put(upload, bomb, **{"Content-Encoding": "gzip"})
    assert status == 415


async def test_an_upload_that_breaks_off_leaves_nothing(
    studio: Studio, server: RunningServer, tmp_path: Any
) -> None:
    data = picture()
    upload = (await studio.announce(data))["upload"]
    host, port = server.base_url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"PUT {upload['url']} HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data[:50])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    # The same address still takes the whole.
    assert await studio.put(upload, data) == 204
    kept = [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
    assert [path.name for path in kept if path.parent.name != "drafts"] == ["original"]


async def test_addresses_stay_out_of_the_log(
    studio: Studio, written: Callable[..., Callable[[], list[str]]]
) -> None:
    lines = written()
    image = await studio.add()
    url = image["versions"][0]["url"]
    assert (await studio.fetch(url))[0] == 200
    # A request's line comes after its answer.
    await until(lambda: any("/media/{token}" in line for line in lines()))
    log = "\n".join(lines())
    assert url.removeprefix("/media/")[:40] not in log
