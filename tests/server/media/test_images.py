"""Pictures of listings, on both storages: from their announcement to their end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from instasell_server.adapters.storage.disk import DiskObjects
from instasell_server.config.settings import Settings
from instasell_server.db.connections import Database
from instasell_server.db.outbox import OutboxHandler
from instasell_server.domains.disputes.access import DisputeAccess
from instasell_server.domains.listings.access import ListingAccess
from instasell_server.domains.media import uploads
from instasell_server.domains.media.handlers import SERVICE
from instasell_server.domains.media.picture_pool import PicturePool
from instasell_server.domains.media.service import MediaService
from instasell_server.workers.outbox import Outbox
from tests.server.media.conftest import Sql, Studio
from tests.support.databases import MarketClock
from tests.support.pictures import HTML, SVG, TYPES, opened, photograph, picture, png_header
from tests.support.servers import RunningServer, running
from tests.support.waiting import until

Keys = Callable[[], list[str]]
MISSING = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


@pytest.mark.parametrize("kind", TYPES)
async def test_a_picture_is_announced_uploaded_confirmed_and_seen(
    studio: Studio, kind: str
) -> None:
    data = picture(1000, 500, kind)
    made = await studio.announce(data, TYPES[kind])
    assert made["upload"]["method"] == "PUT"
    assert made["upload"]["headers"] == {
        "Content-Type": TYPES[kind], "Content-Length": str(len(data)),
    }  # fmt: skip
    early = await studio.complete(made["image_id"])
    assert (early.status, early.code) == (409, "upload_missing")
    assert await studio.put(made["upload"], data) in (200, 204)
    assert await studio.images() == []
    done = await studio.complete(made["image_id"])
    assert done.status == 200, done.body
    sizes = [(each["width"], each["height"]) for each in done.body["versions"]]
    assert sizes == [(160, 80), (640, 320), (1000, 500)]
    # Anybody sees it, by itself and with the listing.
    for asked in (studio.path, f"/listings/{studio.listing}"):
        async with studio.http.get(asked) as answer:
            body = await answer.json()
        [image] = body.get("items") or body["images"]
        assert (image["id"], image["position"]) == (made["image_id"], 0)
        for version in image["versions"]:
            status, headers, seen = await studio.fetch(version["url"])
            assert (status, headers["Content-Type"]) == (200, "image/jpeg")
            assert opened(seen).size == (version["width"], version["height"])
            assert len(seen) == version["size_bytes"]


async def test_lists_of_listings_say_nothing_of_pictures(studio: Studio) -> None:
    await studio.add()
    answer = await studio.buyer.ask("GET", f"/listings?seller={studio.seller.id}")
    assert [("images" in each) for each in answer.body["items"]] == [False]


async def test_our_own_disk_serves_what_cannot_run(
    studio: Studio, server_settings: Settings
) -> None:
    image = await studio.add()
    status, headers, _ = await studio.fetch(image["versions"][0]["url"])
    assert status == 200
    if server_settings.storage_endpoint is None:
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


async def test_where_and_by_what_it_was_taken_is_dropped(studio: Studio, objects: Keys) -> None:
    image = await studio.add(photograph(800, 400, 6), "JPEG")
    for version in image["versions"]:
        _, _, data = await studio.fetch(version["url"])
        assert not opened(data).getexif()
        assert b"anary" not in data
    # The camera stored it on its side; here it is upright.
    assert (image["versions"][-1]["width"], image["versions"][-1]["height"]) == (400, 800)


async def test_what_is_no_picture_is_refused_and_gone(studio: Studio, objects: Keys) -> None:
    for data in (SVG, HTML, b"%PDF-1.7", b"\x00" * 50, picture()[:40]):
        for kind in ("image/png", "image/jpeg"):
            made = await studio.announce(data, kind)
            assert await studio.put(made["upload"], data) in (200, 204)
            refused = await studio.complete(made["image_id"])
            assert (refused.status, refused.code) == (415, "unsupported")
            assert (await studio.complete(made["image_id"])).code == "image_not_found"
    assert await studio.images() == []
    await until(lambda: objects() == [])


async def test_too_many_pixels_are_refused(studio: Studio) -> None:
    data = png_header(50_000, 50_000)
    made = await studio.announce(data)
    await studio.put(made["upload"], data)
    refused = await studio.complete(made["image_id"])
    assert (refused.status, refused.fields) == (422, ["file"])


BAD_WISHES: list[tuple[Any, str]] = [
    ({"content_type": "image/svg+xml", "size": 5}, "content_type"),
    ({"content_type": "text/html", "size": 5}, "content_type"),
    ({"content_type": "image/png", "size": 0}, "size"),
    ({"content_type": "image/png", "size": -1}, "size"),
    ({"content_type": "image/png", "size": 10 * 2**20 + 1}, "size"),
    ({"content_type": "image/png", "size": 2**40}, "size"),
    ({"content_type": "image/png", "size": "5"}, "size"),
    ({"content_type": "image/png", "size": True}, "size"),
    ({"content_type": "image/png", "size": 5, "key": "../../x"}, "key"),
    ({"content_type": "image/png", "size": 5, "id": MISSING}, "id"),
]


async def test_a_bad_announcement_names_its_field(studio: Studio, sql: Sql) -> None:
    for wish, field in BAD_WISHES:
        refused = await studio.seller.ask("POST", studio.path, wish)
        assert (refused.status, refused.fields) == (422, [field]), wish
    assert sql("SELECT count(*) FROM media_files") == [(0,)]


async def test_pictures_are_the_sellers_alone(studio: Studio) -> None:
    mine = await studio.add()
    data = picture()
    wish = {"content_type": "image/png", "size": len(data)}
    pending = await studio.announce(data)
    await studio.put(pending["upload"], data)
    for other, status in ((studio.other, 404), (studio.buyer, 403)):
        for method, path, body in (
            ("POST", studio.path, wish),
            ("POST", f"{studio.path}/{pending['image_id']}/complete", None),
            ("PUT", studio.path, {"image_ids": [mine["id"]]}),
            ("DELETE", f"{studio.path}/{mine['id']}", None),
        ):
            assert (await other.ask(method, path, body)).status == status, (method, path)
    assert [each["id"] for each in await studio.images(studio.other)] == [mine["id"]]
    # An own listing does not lead to the pictures of another.
    elsewhere = f"/listings/{studio.new_listing()}/images"
    for path in (f"{elsewhere}/{mine['id']}", f"{elsewhere}/{MISSING}", f"{studio.path}/{MISSING}"):
        refused = await studio.seller.ask("DELETE", path)
        assert (refused.status, refused.code) == (404, "image_not_found")
    wrong = await studio.seller.ask("POST", f"{elsewhere}/{pending['image_id']}/complete")
    assert wrong.code == "image_not_found"
    assert (await studio.seller.ask("POST", f"/listings/{MISSING}/images", wish)).status == 404
    assert (await studio.seller.ask("DELETE", f"{studio.path}/..%2f..%2fx")).status == 404


async def test_pictures_of_a_removed_listing_are_for_its_seller(studio: Studio) -> None:
    await studio.add()
    assert (await studio.seller.ask("DELETE", f"/listings/{studio.listing}")).status == 204
    assert len(await studio.images()) == 1
    assert (await studio.buyer.ask("GET", studio.path)).status == 404
    wish = {"content_type": "image/png", "size": 5}
    assert (await studio.seller.ask("POST", studio.path, wish)).status == 404


async def test_confirmed_twice_at_once_it_is_one_picture(studio: Studio, sql: Sql) -> None:
    data = picture(800, 600)
    made = await studio.announce(data)
    await studio.put(made["upload"], data)
    answers = await asyncio.gather(*(studio.complete(made["image_id"]) for _ in range(8)))
    assert {each.status for each in answers} == {200}
    assert {tuple(v["size_bytes"] for v in each.body["versions"]) for each in answers} == {
        tuple(v["size_bytes"] for v in answers[0].body["versions"])
    }
    assert len(await studio.images()) == 1
    rows = sql("SELECT status, position FROM media_files")
    assert rows == [("ready", 0)]


async def test_what_is_put_after_the_confirmation_has_no_effect(
    studio: Studio, objects: Keys, market_clock: MarketClock
) -> None:
    data, other = picture(), picture(mode="L")
    made = await studio.announce(data)
    await studio.put(made["upload"], data)
    first = (await studio.complete(made["image_id"])).body
    shown = {key for key in objects() if key.startswith("images/")}
    # The address still permits what it did; the same size and type would be another picture.
    changed = data[:-4] + b"XXXX"
    assert await studio.put(made["upload"], changed) in (200, 204)
    again = (await studio.complete(made["image_id"])).body
    assert {key for key in objects() if key.startswith("images/")} == shown
    seen = [await studio.fetch(each["versions"][-1]["url"]) for each in (first, again)]
    assert seen[0][2] == seen[1][2]
    assert len(other) != len(data)
    # What was put there later is taken away as well.
    market_clock.shift(1801)
    await until(lambda: set(objects()) == shown)


async def test_a_listing_has_twelve_pictures_at_most(studio: Studio, sql: Sql) -> None:
    wish = {"content_type": "image/png", "size": 50}
    answers = await asyncio.gather(
        *(studio.seller.ask("POST", studio.path, wish) for _ in range(30))
    )
    assert sorted(each.status for each in answers) == [201] * 12 + [409] * 18
    refused = next(each for each in answers if each.status == 409)
    assert (refused.code, refused.body["limit"]) == ("too_many_files", 12)
    assert sql("SELECT count(*) FROM media_files") == [(12,)]
    gone = next(each for each in answers if each.status == 201).body["image_id"]
    assert (await studio.seller.ask("DELETE", f"{studio.path}/{gone}")).status == 204
    assert (await studio.seller.ask("POST", studio.path, wish)).status == 201


async def test_what_an_account_announces_is_bounded(studio: Studio) -> None:
    wish = {"content_type": "image/png", "size": 50}
    statuses = []
    for _ in range(5):
        path = f"/listings/{studio.new_listing()}/images"
        answers = [await studio.seller.ask("POST", path, wish) for _ in range(12)]
        statuses += [each.status for each in answers]
    assert statuses == [201] * 50 + [409] * 10


async def test_pictures_are_arranged(studio: Studio) -> None:
    first, second, third = [(await studio.add())["id"] for _ in range(3)]
    assert [each["position"] for each in await studio.images()] == [0, 1, 2]
    order = [third, first, second]
    answer = await studio.seller.ask("PUT", studio.path, {"image_ids": order})
    assert [each["id"] for each in answer.body["items"]] == order
    assert [each["id"] for each in await studio.images()] == order
    for wrong in ([], [first], [first, first, second], [*order, MISSING], [third, first, "x"]):
        refused = await studio.seller.ask("PUT", studio.path, {"image_ids": wrong})
        assert refused.status == 422, wrong
    assert [each["id"] for each in await studio.images()] == order
    fourth = (await studio.add())["id"]
    assert [each["id"] for each in await studio.images()] == [*order, fourth]


async def test_a_deleted_picture_is_gone_with_its_objects(studio: Studio, objects: Keys) -> None:
    kept, gone = await studio.add(), await studio.add(picture(900, 900))
    url = gone["versions"][0]["url"]
    path = f"{studio.path}/{gone['id']}"
    key = {"Idempotency-Key": "once"}
    assert (await studio.seller.ask("DELETE", path, headers=key)).status == 204
    assert (await studio.seller.ask("DELETE", path, headers=key)).status == 204
    assert (await studio.seller.ask("DELETE", path)).code == "image_not_found"
    assert [each["id"] for each in await studio.images()] == [kept["id"]]
    await until(lambda: not any(gone["id"] in key for key in objects()))
    assert any(kept["id"] in key for key in objects())
    assert (await studio.fetch(url))[0] == 404


async def test_a_picture_deleted_while_it_is_confirmed_leaves_nothing(
    studio: Studio, objects: Keys, market_clock: MarketClock
) -> None:
    data = picture(2000, 1500, "JPEG")
    made = await studio.announce(data, "image/jpeg")
    await studio.put(made["upload"], data)
    path = f"{studio.path}/{made['image_id']}"
    done, deleted = await asyncio.gather(
        studio.complete(made["image_id"]), studio.seller.ask("DELETE", path)
    )
    assert (done.status, deleted.status) in ((404, 204), (200, 204))
    assert await studio.images() == []
    market_clock.shift(1801)
    await until(lambda: objects() == [])


async def test_a_repeat_of_an_announcement_is_the_same_picture(studio: Studio, sql: Sql) -> None:
    data = picture()
    key = {"Idempotency-Key": "one picture"[:3]}
    first = await studio.announce(data, headers=key)
    again = await studio.announce(data, headers=key)
    assert first["image_id"] == again["image_id"]
    assert sql("SELECT count(*) FROM media_files") == [(1,)]
    assert await studio.put(again["upload"], data) in (200, 204)
    await studio.complete(first["image_id"])
    wish = {"content_type": "image/png", "size": len(data)}
    late = await studio.seller.ask("POST", studio.path, wish, headers=key)
    assert (late.status, late.code) == (404, "image_not_found")


async def test_what_never_comes_is_swept(
    studio: Studio, objects: Keys, market_clock: MarketClock, server: RunningServer, sql: Sql
) -> None:
    kept = await studio.add()
    data = picture()
    made = await studio.announce(data)
    await studio.put(made["upload"], data)
    service = server.app[SERVICE]
    assert await service.delete_abandoned() == 0
    market_clock.shift(3601)
    assert await service.delete_abandoned() == 1
    assert (await studio.complete(made["image_id"])).code == "image_not_found"
    await until(lambda: not any(made["image_id"] in key for key in objects()))
    assert any(kept["id"] in key for key in objects())
    assert [each["id"] for each in await studio.images()] == [kept["id"]]


async def test_a_server_that_ends_before_the_confirmation_shows_nothing(
    server_settings: Settings, sql: Sql
) -> None:
    data = picture()
    async with running(server_settings) as first, aiohttp.ClientSession(first.base_url) as http:
        studio = Studio(http, sql, first.base_url)
        await studio.open()
        shown = await studio.add()
        made = await studio.announce(data)
        await studio.put(made["upload"], data)
    async with (
        running(server_settings) as second,
        aiohttp.ClientSession(second.base_url) as http,
    ):
        later = Studio(http, sql, second.base_url)
        later.listing = studio.listing
        later.seller = replace(studio.seller, http=http)
        [image] = await later.images()
        assert image["id"] == shown["id"]
        assert (await later.fetch(image["versions"][0]["url"]))[0] == 200
        assert (await later.complete(made["image_id"])).status == 200
        assert len(await later.images()) == 2


async def test_a_storage_that_is_away_is_a_503(
    start_server: Callable[..., Any], unused_tcp_port: int, sql: Sql
) -> None:
    server = await start_server(
        storage_endpoint=f"http://127.0.0.1:{unused_tcp_port}",
        storage_access_key="a" * 20,
        storage_secret_key="b" * 20,
    )
    async with aiohttp.ClientSession(server.base_url) as http:
        studio = Studio(http, sql, server.base_url)
        await studio.open()
        made = await studio.announce(picture())
        answer = await studio.complete(made["image_id"])
        assert (answer.status, answer.code) == (503, "unavailable")
        assert await studio.images() == []


async def test_a_storage_that_is_silent_holds_up_nobody_in_the_outbox(
    database: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(DiskObjects):
        asked = 0

        async def delete_under(self, folders: Sequence[str]) -> None:
            Silent.asked += 1
            await asyncio.Event().wait()

    monkeypatch.setattr(uploads, "REMOVAL_SECONDS", 0.05)
    told: list[Any] = []

    async def tell(payload: Any) -> None:
        told.append(payload)

    shop = PicturePool()
    media = MediaService(
        database,
        Silent(Path("/nonexistent"), ["x"]),
        shop,
        ListingAccess(),
        DisputeAccess("USD"),
        file_bytes_max=1000,
    )
    for number in range(40):
        folders = {"folders": [f"images/{number}"]}
        sql(
            "INSERT INTO outbox (kind, payload) VALUES ('media_removal', %s), ('other', '{}')",
            json.dumps(folders),
        )
    outbox = Outbox(database, [*media.outbox_handlers, OutboxHandler("other", tell)])
    assert await outbox.work() == 80
    assert (Silent.asked, len(told)) == (1, 40)
    left = "SELECT count(*), min(attempts) FROM outbox WHERE done_at IS NULL"
    assert sql(left) == [(40, 1)]
    await shop.close()
