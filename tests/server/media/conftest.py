"""Storages, and users with listings on a server that keeps files in one of them."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from instasell_server.config.settings import Settings
from tests.server.accounts_support import Answer, Person, log_in, sign_up
from tests.support.pictures import TYPES, picture
from tests.support.s3 import S3Server, s3
from tests.support.servers import RunningServer, settings_for_tests

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(params=["disk", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The settings of a storage: our own disk, then an S3 server."""
    if request.param == "disk":
        return {"data_dir": tmp_path / "data"}
    server: S3Server = request.getfixturevalue("s3")
    return {"data_dir": tmp_path / "data", **server.settings()}


@pytest.fixture
def server_settings(database_url: str, redis_url: str, storage: dict[str, Any]) -> Settings:
    """The settings of `server`, with a storage."""
    return settings_for_tests(database_url, redis_url, **storage)


@pytest.fixture
def objects(server_settings: Settings, request: pytest.FixtureRequest) -> Callable[[], list[str]]:
    """The keys of all objects in the storage, seen from outside of the market."""
    if server_settings.storage_endpoint is None:
        assert server_settings.data_dir is not None
        folder = server_settings.data_dir / "media"
    else:
        server: S3Server = request.getfixturevalue("s3")
        folder = server.folder / server_settings.storage_bucket

    def look() -> list[str]:
        # Folders may go while they are looked through, which os.walk does not mind.
        found = [Path(at, name) for at, _, names in os.walk(folder) for name in names]
        return sorted(str(path.relative_to(folder)) for path in found)

    return look


class Studio:
    """Hold a seller with a listing, a stranger, and how pictures get to the market."""

    def __init__(self, http: aiohttp.ClientSession, sql: Sql, base_url: str) -> None:
        self.http = http
        self.sql = sql
        self.base_url = base_url

    async def open(self) -> None:
        """Let everybody in."""
        self.seller = await sign_up(self.http, "seller")
        self.other = await sign_up(self.http, "seller")
        self.buyer = await sign_up(self.http)
        self.listing = self.new_listing()

    async def admin(self) -> Person:
        """A new admin."""
        person = await sign_up(self.http)
        self.sql("UPDATE users SET role = 'admin' WHERE id = %s", person.id)
        token = (await log_in(self.http, person.email)).body["token"]
        return Person(self.http, person.id, person.email, token)

    def new_listing(self) -> str:
        """The id of a listing of the seller's."""
        [(listing_id,)] = self.sql(
            "WITH c AS (INSERT INTO categories (id, name, path, lineage)"
            " SELECT id, id::text, id::text, ARRAY[id] FROM gen_random_uuid() AS id RETURNING id)"
            " INSERT INTO listings (seller_id, title, category_id, type, condition, price, stock)"
            " SELECT %s, 'A lamp', id, 'direct', 'new', 1000, 5 FROM c RETURNING id",
            self.seller.id,
        )
        return str(listing_id)

    def new_dispute(self) -> str:
        """The id of an open dispute between buyer and seller."""
        [(dispute_id,)] = self.sql(
            "WITH o AS (INSERT INTO orders (buyer_id, seller_id, listing_id, quantity,"
            " unit_amount, shipping_amount, total_amount, status, payment_due_at, paid_at,"
            " payment_method)"
            " VALUES (%s, %s, %s, 1, 1000, 0, 1000, 'disputed', now(), now(), 'wallet')"
            " RETURNING *)"
            " INSERT INTO disputes (order_id, opened_by, seller_id, reason, text)"
            " SELECT id, buyer_id, seller_id, 'damaged', 'It came in two.' FROM o RETURNING id",
            self.buyer.id, self.seller.id, self.listing,
        )  # fmt: skip
        return str(dispute_id)

    @property
    def path(self) -> str:
        """Return the path of the listing's pictures."""
        return f"/listings/{self.listing}/images"

    async def announce(self, data: bytes, kind: str = "image/png", **options: Any) -> Any:
        """Announce a picture, and return the answer."""
        wish = {"content_type": kind, "size": len(data)}
        answer = await self.seller.ask("POST", self.path, wish, **options)
        assert answer.status == 201, answer.body
        return answer.body

    async def put(self, upload: Any, data: bytes, **headers: str) -> int:
        """Put bytes where they go; return the status."""
        wanted = {"Content-Type": upload["headers"]["Content-Type"], **headers}
        body = io.BytesIO(data)
        async with self.http.put(upload["url"], data=body, headers=wanted) as answer:
            return answer.status

    async def complete(self, image_id: str, by: Person | None = None) -> Answer:
        """Confirm a picture."""
        return await (by or self.seller).ask("POST", f"{self.path}/{image_id}/complete")

    async def add(self, data: bytes | None = None, kind: str = "PNG") -> Any:
        """A picture, from its announcement to its confirmation."""
        data = picture(kind=kind) if data is None else data
        made = await self.announce(data, TYPES[kind])
        assert await self.put(made["upload"], data) in (200, 204)
        answer = await self.complete(made["image_id"])
        assert answer.status == 200, answer.body
        return answer.body

    async def images(self, by: Person | None = None) -> list[Any]:
        """The pictures of the listing."""
        answer = await (by or self.seller).ask("GET", self.path)
        assert answer.status == 200, answer.body
        return list(answer.body["items"])

    async def fetch(self, url: str) -> tuple[int, Any, bytes]:
        """Status, headers and bytes at an address."""
        async with self.http.get(url) as answer:
            return answer.status, answer.headers, await answer.read()


@pytest.fixture
async def studio(server: RunningServer, sql: Sql) -> AsyncIterator[Studio]:
    """Make users with listings; addresses that begin with a slash are the server's."""
    async with aiohttp.ClientSession(server.base_url) as http:
        opened = Studio(http, sql, server.base_url)
        await opened.open()
        yield opened


__all__ = ["S3Server", "Sql", "Studio", "s3"]
