"""Pictures and evidence from the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from instasell_server.config.settings import Settings
from tests.cli.conftest import Shell
from tests.cli.orders.test_money import ordered
from tests.support.market import Market
from tests.support.pictures import HTML, opened, photograph, picture
from tests.support.servers import settings_for_tests


@pytest.fixture
def server_settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    """A server that keeps files in a folder of the test's own."""
    return settings_for_tests(database_url, redis_url, data_dir=tmp_path / "data")


async def test_pictures_from_the_file_to_their_end(
    market: Market, shell_of: Callable[[Any], Shell]
) -> None:
    seller = await market.seller()
    shell, listing_id = shell_of(seller), await market.listing(seller)
    (shell.home / "front.jpg").write_bytes(photograph(900, 300, 6))
    (shell.home / "back.png").write_bytes(picture(100, 50))
    words = ("listings", "images")
    empty = await shell.run(*words, "list", listing_id, "-o", "json")
    assert (empty.code, json.loads(empty.out)) == (0, [])
    done = await shell.run(*words, "add", listing_id, "front.jpg", "back.png", "-o", "json")
    assert done.code == 0, done.err
    front, back = json.loads(done.out)
    assert (front["position"], front["width"], front["height"]) == (0, 300, 900)
    assert back["url"].startswith(market.base_url)
    assert opened(await seller.media.fetch(back["url"])).size == (100, 50)
    turned = await shell.run(*words, "order", listing_id, back["id"], front["id"], "-o", "csv",
                             "--fields", "id,position")  # fmt: skip
    assert turned.out == f"id,position\n{back['id']},0\n{front['id']},1\n"
    shown = json.loads((await shell.run("listings", "show", listing_id, "-o", "json")).out)
    assert [each["id"] for each in shown["images"]] == [back["id"], front["id"]]
    removed = await shell.run(*words, "remove", listing_id, back["id"], "--yes")
    assert (removed.code, removed.out) == (0, "")
    table = await shell.run(*words, "list", listing_id)
    assert front["id"] in table.out
    assert back["id"] not in table.out


async def test_a_bad_file_is_named_and_those_before_it_stay(
    market: Market, shell_of: Callable[[Any], Shell]
) -> None:
    seller = await market.seller()
    shell, listing_id = shell_of(seller), await market.listing(seller)
    (shell.home / "good.png").write_bytes(picture())
    (shell.home / "page.png").write_bytes(HTML)
    names = ("good.png", "page.png", "good.png")
    done = await shell.run("listings", "images", "add", listing_id, *names, "-o", "jsonl")
    assert done.code == 2
    assert len(done.out.splitlines()) == 1
    assert "page.png was not added" in done.err
    missing = await shell.run("listings", "images", "add", listing_id, "none.png")
    assert (missing.code, "none.png" in missing.err, missing.out) == (1, True, "")
    stranger = shell_of(await market.seller())
    refused = await stranger.run("listings", "images", "add", listing_id, "good.png")
    assert refused.code == 5
    assert len((await seller.media.images(listing_id)).items) == 1


async def test_evidence_is_sent_by_file_and_shown_to_the_other_side(
    market: Market, shell_of: Callable[[Any], Shell], fund: Any, tmp_path: Path
) -> None:
    seller, buyer, order_id = await ordered(market, fund)
    await buyer.orders.pay(order_id, "wallet")
    opened_ = await buyer.disputes.open(order_id, "damaged", "It came in two.")
    dispute_id = opened_.dispute.id
    photo, note, binary = (tmp_path / name for name in ("a.jpg", "b.txt", "c.bin"))
    photo.write_bytes(photograph(90, 30, 6))
    note.write_text("It came in two.")
    binary.write_bytes(b"\x00\x01")
    shell = shell_of(buyer)
    sent = await shell.run("disputes", "evidence", dispute_id, str(photo), str(note), "-o", "jsonl")
    files = [json.loads(line) for line in sent.out.splitlines()]
    assert [each["file_name"] for each in files] == ["a.jpg", "b.txt"]
    refused = await shell.run("disputes", "evidence", dispute_id, str(binary))
    assert (refused.code, refused.out) == (1, "")
    assert f"{binary} was not sent" in refused.err
    shown = await shell_of(seller).run("disputes", "show", dispute_id)
    assert f"a.jpg (buyer): {market.base_url}/media/" in shown.out
    whole = await shell_of(seller).run("disputes", "show", dispute_id, "-o", "json")
    [_, text] = json.loads(whole.out)["evidence"]
    async with aiohttp.ClientSession() as http, http.get(text["url"]) as answer:
        assert (answer.status, await answer.text()) == (200, "It came in two.")
    # The id alone shows nothing of it.
    stranger = await shell_of(await market.bidder()).run("disputes", "show", dispute_id)
    assert (stranger.code, stranger.out) == (5, "")


async def test_evidence_is_downloaded_by_the_other_side_and_stays_in_its_folder(
    market: Market, shell_of: Callable[[Any], Shell], fund: Any, sql: Any
) -> None:
    seller, buyer, order_id = await ordered(market, fund)
    await buyer.orders.pay(order_id, "wallet")
    dispute_id = (await buyer.disputes.open(order_id, "other", "It hums")).dispute.id
    shell = shell_of(buyer)
    (shell.home / "note.txt").write_text("It hums at night.")
    assert (await shell.run("disputes", "evidence", dispute_id, "note.txt")).code == 0
    sql("UPDATE media_files SET file_name = '../../.bashrc\x1b[31m'")
    theirs = shell_of(seller)
    words = ("disputes", "evidence", "download", dispute_id[:8], "--dir", "in/here", "-o", "json")
    for outcome in ("downloaded", "exists"):
        done = await theirs.run(*words)
        assert done.code == 0, done
        [file] = json.loads(done.out)
        assert (file["outcome"], "/" in Path(file["path"]).name) == (outcome, False)
        assert Path(file["path"]).parent == Path("in/here")
    assert (theirs.home / file["path"]).read_text() == "It hums at night."
    assert [*(theirs.home / "in/here").iterdir()] == [theirs.home / file["path"]]
    stranger = await shell_of(await market.bidder()).run(*words)
    assert (stranger.code, stranger.out) == (5, "")
