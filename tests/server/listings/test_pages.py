"""Public pages are bytes with a validator, and never older than a write that was acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from instasell_server.db.connections import DbConnection, Result
from instasell_server.db.prepared import Sql
from instasell_server.domains.listings.handlers import SERVICE
from tests.server.accounts_support import Answer, ask
from tests.server.listings.conftest import Shop
from tests.support.servers import RunningServer


def titles(answer: Answer) -> list[str]:
    return [each["title"] for each in answer.body["items"]]


async def test_a_reader_who_has_the_bytes_gets_none(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    listing = await shop.list()
    for path in ("/listings", f"/listings?category={shop.kitchen}", "/categories",
                 f"/listings/{listing['id']}"):  # fmt: skip
        first = await ask(http, "GET", path)
        tag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "no-cache"
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            again = await ask(http, "GET", path, headers={"If-None-Match": known})
            assert (again.status, again.body) == (304, None), (path, known)
            assert again.headers["ETag"] == tag
        other = await ask(http, "GET", path, headers={"If-None-Match": '"other"'})
        assert (other.status, other.headers["ETag"], other.body) == (200, tag, first.body)


async def test_a_change_changes_the_tag(http: aiohttp.ClientSession, shop: Shop) -> None:
    path = f"/listings?category={shop.kitchen}"
    await shop.list(title="first")
    before = await ask(http, "GET", path)
    await shop.list(title="second")
    after = await ask(http, "GET", path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert titles(after) == ["second", "first"]


async def test_what_one_server_keeps_is_not_shown_after_a_write_on_another(
    http: aiohttp.ClientSession, shop: Shop, start_server: Callable[..., Any]
) -> None:
    other: RunningServer = await start_server()
    path = f"/listings?category={shop.kitchen}"
    await shop.list(title="first")
    async with aiohttp.ClientSession(other.base_url) as there:
        assert titles(await ask(there, "GET", path)) == ["first"]
        kept = other.app[SERVICE].first_pages._kept
        assert list(kept) == [shop.kitchen]
        for number in range(20):
            await shop.list(title=f"{number}")
            assert titles(await ask(there, "GET", path))[0] == f"{number}"


async def test_the_kept_bytes_are_the_ones_that_are_sent(
    server: RunningServer, http: aiohttp.ClientSession, shop: Shop
) -> None:
    path = f"/listings?category={shop.kitchen}"
    await shop.list()
    await ask(http, "GET", path)
    page = server.app[SERVICE].first_pages._kept[shop.kitchen].page
    async with http.get(path) as response:
        assert await response.read() == page.body
        assert response.headers["ETag"] == page.etag
    assert server.app[SERVICE].first_pages._kept[shop.kitchen].page is page


@pytest.mark.parametrize("path", ["/listings", "/listings/{id}", "/categories"])
async def test_many_who_ask_at_once_share_a_read(
    http: aiohttp.ClientSession, shop: Shop, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = await shop.list()
    path = path.format(id=listing["id"])
    statements: list[Sql] = []
    run = DbConnection.run

    async def counted(self: DbConnection, sql: Sql, parameters: Any = None) -> Result:
        statements.append(sql)
        return await run(self, sql, parameters)

    monkeypatch.setattr(DbConnection, "run", counted)
    answers = await asyncio.gather(*(ask(http, "GET", path) for _ in range(40)))
    assert {each.status for each in answers} == {200}
    assert len({str(each.body) for each in answers}) == 1
    # Alone they would be 40 reads.
    assert 0 < Counter(statements).most_common(1)[0][1] <= 20


async def test_a_refusal_is_for_the_one_who_asked_for_it(
    http: aiohttp.ClientSession, shop: Shop
) -> None:
    listing = await shop.list()
    paths = [f"/listings/{listing['id']}", "/listings/0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"] * 5
    answers = await asyncio.gather(*(ask(http, "GET", path) for path in paths))
    assert [each.status for each in answers] == [200, 404] * 5
