"""Pictures and evidence through the client: by a script of answers, then on a real server."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from instasell_client import (
    Forbidden,
    InstaSell,
    Invalid,
    ListingNotFound,
    NotAnInstaSellServer,
    ProtocolError,
    Unsupported,
    UploadMissing,
)
from instasell_client.resources.media import evidence_type, image_type
from instasell_server.config.settings import Settings
from tests.client.conftest import Both
from tests.client.media_calls import EVIDENCE, IMAGE, UPLOAD
from tests.client.peer import Answer
from tests.client.samples import LISTING, OTHER
from tests.support.market import Market, open_market
from tests.support.pictures import HTML, TYPES, opened, photograph, picture
from tests.support.servers import RunningServer, settings_for_tests

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def server_settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """A server that keeps files in a folder of the test's own."""
    return settings_for_tests(database_url, redis_url, data_dir=tmp_path)


@pytest.fixture
async def market(server: RunningServer, sql: Sql) -> AsyncIterator[Market]:
    """Hold the people and listings of `server`."""
    async with open_market(server.base_url, sql) as opened_market:
        yield opened_market


def test_a_picture_takes_three_steps_and_the_middle_one_no_token(both: Both) -> None:
    data = picture()
    both.peer.reply({"image_id": OTHER, "upload": UPLOAD}, 201)
    both.peer.will(Answer(204))
    both.peer.reply(IMAGE)
    image = both.run(lambda c: c.media.add_image(LISTING, data))
    assert image.id == OTHER
    announced, put, completed = both.peer.seen
    assert announced.json() == {"content_type": "image/png", "size": len(data)}
    assert (put.method, put.path, put.body) == ("PUT", UPLOAD["url"], data)
    assert "authorization" not in put.headers
    assert put.headers["content-type"] == "image/png"
    assert put.headers["content-length"] == str(len(data))
    assert announced.headers["authorization"] == completed.headers["authorization"]
    assert completed.path == f"/listings/{LISTING}/images/{OTHER}/complete"


def test_evidence_takes_its_name_from_the_file(both: Both, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7")
    both.peer.reply({"evidence_id": OTHER, "upload": UPLOAD}, 201)
    both.peer.will(Answer(204))
    both.peer.reply(EVIDENCE)
    assert both.run(lambda c: c.media.add_evidence(OTHER, path)).file_name == "a.pdf"
    assert both.peer.seen[0].json() == {
        "file_name": "a.pdf", "content_type": "application/pdf", "size": 8,
    }  # fmt: skip


def test_a_storage_elsewhere_is_asked_there(both: Both) -> None:
    upload = {**UPLOAD, "url": f"{both.peer.base_url}/bucket/key?X-Amz-Signature=secret%2F1"}
    both.peer.reply({"image_id": OTHER, "upload": upload}, 201)
    both.peer.will(Answer(403, b"<Error/>", "application/xml"))
    with pytest.raises(NotAnInstaSellServer, match="403") as refused:
        both.run(lambda c: c.media.add_image(LISTING, picture()))
    assert "secret" not in str(refused.value)
    put = both.peer.seen[1]
    assert (put.path, put.query) == ("/bucket/key", {"X-Amz-Signature": "secret/1"})
    assert "authorization" not in put.headers


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "//else.example/x", "media/x"])
def test_only_addresses_are_fetched(both: Both, url: str) -> None:
    with pytest.raises(Invalid):
        both.run(lambda c: c.media.fetch(url))
    assert both.peer.seen == []


def test_nothing_is_sent_of_what_is_no_picture(both: Both, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for source in (HTML, b"", empty):
        with pytest.raises(Invalid):
            both.run(lambda c, source=source: c.media.add_image(LISTING, source))
    with pytest.raises(Invalid, match="name"):
        both.run(lambda c: c.media.add_evidence(OTHER, b"text"))
    with pytest.raises(FileNotFoundError):
        both.run(lambda c: c.media.add_image(LISTING, tmp_path / "none"))
    assert both.peer.seen == []


@pytest.mark.parametrize("kind", TYPES)
def test_the_first_bytes_tell_the_type(kind: str) -> None:
    assert image_type(picture(kind=kind)) == evidence_type(picture(kind=kind)) == TYPES[kind]
    assert evidence_type(b"%PDF-1.7") == "application/pdf"
    assert evidence_type(b"It came in two.") == "text/plain"


async def test_pictures_on_the_real_server(market: Market, tmp_path: Path) -> None:
    seller, visitor = await market.seller(), await market.anybody()
    listing_id = await market.listing(seller)
    path = tmp_path / "photo.jpg"
    path.write_bytes(photograph(900, 300, 6))
    first = await seller.media.add_image(listing_id, path)
    second = await seller.media.add_image(listing_id, picture(kind="GIF"), "image/gif")
    shown = (await visitor.media.images(listing_id)).items
    assert [each.id for each in shown] == [first.id, second.id]
    data = await visitor.media.fetch(shown[0].versions[-1].url)
    assert opened(data).size == (300, 900)
    url = shown[0].versions[-1].url
    assert await visitor.media.fetch(url, bytes_max=len(data)) == data
    with pytest.raises(ProtocolError, match="longer"):
        await visitor.media.fetch(url, bytes_max=len(data) - 1)
    arranged = await seller.media.arrange_images(listing_id, [second.id, first.id])
    assert [each.id for each in arranged.items] == [second.id, first.id]
    assert [each.id for each in (await visitor.listings.get(listing_id)).images] == [
        second.id, first.id,
    ]  # fmt: skip
    await seller.media.delete_image(listing_id, second.id)
    assert len((await visitor.media.images(listing_id)).items) == 1
    with pytest.raises(Forbidden, match="incomplete"):
        await visitor.media.fetch(shown[0].versions[0].url + "x")
    with pytest.raises(ListingNotFound):
        await (await market.seller()).media.add_image(listing_id, picture())
    with pytest.raises(Unsupported):
        await seller.media.add_image(listing_id, base64.b64encode(HTML), "image/png")
    made = await seller.media.announce_image(listing_id, "image/png", 5)
    with pytest.raises(UploadMissing):
        await seller.media.complete_image(listing_id, made.image_id)


async def test_the_sync_client_does_the_same(market: Market) -> None:
    import asyncio

    seller = await market.seller()
    listing_id = await market.listing(seller)

    def work() -> int:
        with InstaSell(market.base_url, seller.token) as client:
            image = client.media.add_image(listing_id, picture(500, 100))
            return len(client.media.fetch(image.versions[-1].url))

    assert await asyncio.to_thread(work) > 100
