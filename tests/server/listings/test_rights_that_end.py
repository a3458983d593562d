"""Work that goes on for long ends when the rights to it do."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import psycopg2
import pytest

from instasell_server.db import transaction
from instasell_server.domains.listings.rules import LANES
from instasell_server.http import rights
from tests.server.accounts_support import Person
from tests.server.listings.conftest import Shop, Sql
from tests.server.listings.test_bulk import NDJSON, encoded, kettle
from tests.support.waiting import until

WHY = {"reason": "a test"}


@pytest.fixture(autouse=True)
def _quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "FRESH_SECONDS", 0.05)


class SlowUpload:
    """An upload whose rows come when the test says so."""

    def __init__(self, person: Person, token: str) -> None:
        self._person = person
        self._headers = {**NDJSON, "Authorization": f"Bearer {token}"}
        self._rows: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def __aenter__(self) -> SlowUpload:
        # The head of the answer comes with its first line.
        self._asked = asyncio.create_task(
            self._person.http.post("/listings/bulk", data=self._body(), headers=self._headers)
        )
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._rows.put(None)
        (await self._asked).close()

    async def _body(self) -> AsyncIterator[bytes]:
        while (row := await self._rows.get()) is not None:
            yield row

    async def send(self, sku: str) -> None:
        """Send one row."""
        await self._rows.put(encoded([kettle(sku)]))

    async def verdict(self) -> dict[str, Any]:
        """The next line; empty at the end."""
        async with asyncio.timeout(20):
            response = await self._asked
            assert response.status == 200
            line = await response.content.readline()
        return dict(json.loads(line)) if line else {}


async def suspend(admin: Person, seller: Person) -> None:
    answer = await admin.ask("POST", f"/admin/users/{seller.id}/suspend", WHY)
    assert answer.status == 200


async def log_out(admin: Person, seller: Person) -> None:
    assert (await seller.ask("POST", "/auth/logout")).status == 204


async def demote(admin: Person, seller: Person) -> None:
    answer = await admin.ask("POST", f"/admin/users/{seller.id}/role", {**WHY, "role": "buyer"})
    assert answer.status == 200


ENDS = [(suspend, "unauthenticated"), (log_out, "unauthenticated"), (demote, "forbidden")]


@pytest.mark.parametrize(("end", "code"), ENDS)
@pytest.mark.parametrize("goes_on", [True, False], ids=["sends-on", "waits"])
async def test_a_bulk_upload_ends_with_the_rights(
    shop: Shop, admin: Person, sql: Sql, end: Callable[..., Any], code: str, goes_on: bool
) -> None:
    """Nothing is written, and a line says why, with or without more rows from the client."""
    async with SlowUpload(shop.seller, shop.seller.token) as upload:
        await upload.send("K-1")
        assert (await upload.verdict())["outcome"] == "created"
        await end(admin, shop.seller)
        if goes_on:
            await upload.send("K-2")
        last = await upload.verdict()
        assert (last["row"], last["outcome"]) == (2, "rejected")
        assert last["problem"]["code"] == code
        assert await upload.verdict() == {}
    assert sql("SELECT seller_sku FROM listings") == [("K-1",)]


async def test_a_bulk_upload_ends_with_its_token(shop: Shop, sql: Sql) -> None:
    wish = {"name": "ci", "scopes": ["list"]}
    made = (await shop.seller.ask("POST", "/auth/tokens", wish)).body
    async with SlowUpload(shop.seller, made["token"]) as upload:
        await upload.send("K-1")
        assert (await upload.verdict())["outcome"] == "created"
        [(token_id,)] = sql("SELECT id FROM sessions WHERE kind = 'token'")
        assert (await shop.seller.ask("DELETE", f"/auth/tokens/{token_id}")).status == 204
        await upload.send("K-2")
        assert (await upload.verdict())["problem"]["code"] == "unauthenticated"
    assert sql("SELECT count(*) FROM listings") == [(1,)]


async def test_a_batch_that_waited_for_another_upload_is_checked_behind_it(
    shop: Shop, admin: Person, sql: Sql, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    """The session ends while the batch waits for the lane of the seller's other upload."""
    monkeypatch.setattr(rights, "FRESH_SECONDS", 3600.0)
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with SlowUpload(shop.seller, shop.seller.token) as upload:
        await upload.send("K-1")
        assert (await upload.verdict())["outcome"] == "created"
        with contextlib.closing(psycopg2.connect(database_url)) as other:
            other.cursor().execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s || ' ' || lane, 11))"
                " FROM unnest(%s) AS lane",
                (shop.seller.id, list(LANES)),
            )
            await upload.send("K-2")
            await until(lambda: sql(waiting) != [(0,)])
            await log_out(admin, shop.seller)
        assert (await upload.verdict())["problem"]["code"] == "unauthenticated"
    assert sql("SELECT count(*) FROM listings") == [(1,)]


async def test_an_export_ends_with_the_rights(shop: Shop, sql: Sql) -> None:
    """A reader that takes its time gets no more than was on its way."""
    sql(
        "INSERT INTO listings (seller_id, title, description, category_id, type, condition,"
        " price, stock) SELECT %s, 'A kettle', repeat('x', 20000), %s, 'direct', 'new', 100, 1"
        " FROM generate_series(1, 1500)",
        shop.seller.id,
        shop.kitchen,
    )
    headers = {"Authorization": f"Bearer {shop.seller.token}"}
    async with shop.seller.http.get("/listings/export", headers=headers) as response:
        assert response.connection is not None
        transport = response.connection.transport
        assert transport is not None
        transport.pause_reading()
        await shop.seller.ask("POST", "/auth/logout")
        sessions = "SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND user_id = %s"
        await until(lambda: sql(sessions, shop.seller.id) == [(0,)])
        # Only then does it read on.
        transport.resume_reading()
        lines: list[bytes] = []
        with pytest.raises(aiohttp.ClientPayloadError):
            await _read_all(response, lines)
    assert len(lines) < 1500


async def _read_all(response: aiohttp.ClientResponse, lines: list[bytes]) -> None:
    async for line in response.content:
        lines.append(line)


async def test_a_request_whose_body_comes_late_is_checked_again(
    shop: Shop, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "FRESH_SECONDS", 0.0)
    admitted, go = asyncio.Event(), asyncio.Event()
    guards = transaction.GUARD

    class Spy:
        """The context variable, which is set when a request has been let in."""

        def set(self, guard: Any) -> None:
            guards.set(guard)
            if guard is not None:
                admitted.set()

    monkeypatch.setattr("instasell_server.http.dispatch.GUARD", Spy())
    body = json.dumps(shop.kettle()).encode()

    async def slowly() -> AsyncIterator[bytes]:
        yield body[:10]
        await go.wait()
        yield body[10:]

    headers = {"Authorization": f"Bearer {shop.seller.token}", "Content-Type": "application/json"}
    asked = asyncio.create_task(shop.seller.http.post("/listings", data=slowly(), headers=headers))
    await asyncio.wait_for(admitted.wait(), 20)
    await shop.seller.ask("POST", "/auth/logout")
    go.set()
    async with await asked as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, "unauthenticated")
    assert sql("SELECT count(*) FROM listings") == [(0,)]
