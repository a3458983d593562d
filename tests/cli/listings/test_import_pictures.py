"""Pictures that come with the rows of an import."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from instasell_cli.input.rows.images import sources
from instasell_cli.input.rows.images.sources import PictureError, fetch, read_file
from instasell_cli.input.rows.images.upload_log import PictureLog, source_of
from instasell_client import AsyncInstaSell
from instasell_server.config.settings import Settings
from tests.cli.conftest import Shell
from tests.support.market import Market
from tests.support.pictures import HTML, picture
from tests.support.servers import settings_for_tests

Sql = Callable[..., list[tuple[Any, ...]]]
REST = ("--set", "type=direct", "--set", "condition=new", "--set", "category=Watches")


@pytest.fixture
def server_settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """A server that keeps files in a folder of the test's own."""
    return settings_for_tests(database_url, redis_url, data_dir=tmp_path / "data")


@dataclass
class Web:
    """A site with pictures, and what was asked of it."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture
async def site() -> AsyncIterator[Web]:
    """A site on this machine."""
    found = Web()

    async def answer(request: web.Request) -> web.StreamResponse:
        found.asked.append(request.path)
        assert "Authorization" not in request.headers
        match request.path:
            case "/a.png":
                return web.Response(body=picture(40, 30))
            case "/moved":
                raise web.HTTPFound("/a.png")
            case "/file":
                raise web.HTTPFound("file:///etc/passwd")
            case "/secrets":
                raise web.HTTPFound("http://169.254.169.254/latest/meta-data")
            case "/loop":
                raise web.HTTPFound("/loop")
            case "/page":
                return web.Response(body=HTML)
            case "/packed":
                return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})
            case "/endless":
                stream = web.StreamResponse()
                await stream.prepare(request)
                for _ in range(64):
                    await stream.write(b"\x89PNG\r\n\x1a\n" + b"x" * 1024 * 1024)
                return stream
        raise web.HTTPNotFound

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


async def images_of(seller: AsyncInstaSell, sql: Sql, sku: str) -> list[str]:
    [(listing_id,)] = sql("SELECT id FROM listings WHERE seller_sku = %s", sku)
    return [each.id for each in (await seller.media.images(listing_id)).items]


async def test_pictures_come_with_the_rows_once_and_in_order(
    market: Market, shell_of: Callable[[Any], Shell], site: Web, sql: Sql
) -> None:
    market.category()
    seller = await market.seller()
    shop = shell_of(seller)
    photos = shop.home / "photos"
    photos.mkdir()
    for number in range(3):
        (photos / f"{number}.png").write_bytes(picture(30 + number, 20))
    (photos / "page.png").write_bytes(HTML)
    path = photos / "a.csv"
    path.write_text(
        "sku,title,price,image_1,image_2,Image 3\n"
        f"P-1,A,1.00,0.png,{site.url}/moved,1.png\n"
        f"P-2,B,2.00,late.png,page.png,{site.url}/file\n"
        "P-3,C,free,0.png,,\n"
        "P-4,D,4.00,,,\n"
        "P-5,E,5.00,../../secret.png,,2.png\n"
    )
    command = ("listings", "import", str(path), "-o", "jsonl", *REST)
    looked = await shop.run(*command, "--dry-run")
    assert looked.code == 7
    assert sql("SELECT count(*) FROM listings") == [(0,)]
    assert site.asked == []
    done = await shop.run(*command, "--errors", "rejects.csv")
    verdicts = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 7, done.err
    assert [each["outcome"] for each in verdicts] == [
        *("created", "created", "rejected", "created", "created"),
    ]
    assert [[image["outcome"] for image in each["images"]] for each in verdicts] == [
        *(["added"] * 3, ["rejected"] * 3, [], [], ["rejected", "added"]),
    ]
    said = [error["message"] for error in verdicts[1]["errors"]]
    assert "there is no such file" in said[0]
    assert "send a PNG, JPEG, WebP or GIF" in said[1]
    assert "has to begin with http:// or https://" in said[2]
    assert "outside of the folder" in verdicts[4]["errors"][0]["message"]
    assert "pictures: 4 added, 4 rejected" in done.err
    assert await images_of(seller, sql, "P-1") == [
        image["image_id"] for image in verdicts[0]["images"]
    ]
    rejects = csv.DictReader((shop.home / "rejects.csv").read_text().splitlines())
    assert [row["sku"] for row in rejects] == ["P-2", "P-3", "P-5"]

    # The same file again adds what was missing, and nothing else; nothing is fetched again.
    (photos / "late.png").write_bytes(picture(50, 20))
    site.asked.clear()
    again = await shop.run(*command)
    verdicts = [json.loads(line) for line in again.out.splitlines()]
    assert [[image["outcome"] for image in each["images"]] for each in verdicts] == [
        *(["unchanged"] * 3, ["added", "rejected", "rejected"], [], [], ["rejected", "unchanged"]),
    ]
    assert site.asked == ["/file"]
    assert len(await images_of(seller, sql, "P-1")) == 3
    assert len(await images_of(seller, sql, "P-2")) == 1

    # Another machine knows nothing of these pictures, and leaves them as they are.
    shop.extra = {"INSTASELL_CONFIG_DIR": str(shop.home / "elsewhere")}
    other = await shop.run(*command)
    assert "were not imported from this machine" in other.out
    assert len(await images_of(seller, sql, "P-1")) == 3


async def test_what_is_fetched_is_bounded(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PICTURE_BYTES_MAX", 1024 * 1024)
    async with httpx.AsyncClient(timeout=5) as http:
        assert (await fetch(http, f"{site.url}/a.png")).startswith(b"\x89PNG")
        for path, said in [
            ("/file", "begin with http"),
            ("/secrets", "this machine's link only"),
            ("/loop", "leads on more than 5 times"),
            ("/page", "not an image"),
            ("/packed", "packed"),
            ("/endless", "larger than"),
            ("/nothing", "the answer is 404"),
        ]:
            with pytest.raises(PictureError, match=said):
                await fetch(http, site.url + path)
        for source in (
            "file:///etc/passwd",
            "ftp://x/a.png",
            "http://",
            "http://169.254.169.254/a",
        ):
            with pytest.raises(PictureError):
                await fetch(http, source)
        with pytest.raises(PictureError, match="cannot be fetched"):
            await fetch(http, "http://127.0.0.1:9/a.png")

        # A site of the web, as far as anybody can tell by its address.
        monkeypatch.setattr(sources, "_is_local", _local_behind_the_first())
        with pytest.raises(PictureError, match="private network"):
            await fetch(http, f"{site.url}/moved")


def _local_behind_the_first() -> Callable[[str], Any]:
    answers = iter([False, True])

    async def is_local(host: str) -> bool:
        return next(answers)

    return is_local


def test_files_are_those_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.png").write_bytes(picture())
    (tmp_path / "secret.png").write_bytes(picture())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "large.png").write_bytes(picture() + b"x" * 10_000)
    monkeypatch.setattr(sources, "PICTURE_BYTES_MAX", 5000)
    assert read_file(folder, "deep/a.png") == picture()
    assert read_file(folder, str(folder / "deep" / "a.png")) == picture()
    for source, said in [
        ("../secret.png", "outside of the folder"),
        (str(tmp_path / "secret.png"), "outside of the folder"),
        ("link.png", "outside of the folder"),
        ("none.png", "no such file"),
        ("deep", "no such file"),
        ("large.png", "larger than"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(PictureError, match=said):
            read_file(folder, source)


def test_pictures_are_known_by_account_listing_and_source(tmp_path: Path) -> None:
    path = tmp_path / "log" / "pictures.sqlite"
    log = PictureLog(path, "ann")
    log.add("L", source_of(b"one"), "I")
    log.close()
    other, again = PictureLog(path, "bob"), PictureLog(path, "ann")
    assert other.images_of("L") == {}
    assert again.images_of("L") == {source_of(b"one"): "I"}
    assert again.images_of("M") == {}
    assert source_of("x") != source_of(b"x")
    assert path.stat().st_mode & 0o077 == 0
    for each in (other, again):
        each.close()
    (tmp_path / "blocked").write_text("")
    with pytest.raises(OSError):
        PictureLog(tmp_path / "blocked" / "pictures.sqlite", "ann")
