"""Categories, a seller with listings, and an admin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.server.accounts_support import Person, log_in, sign_up

Sql = Callable[..., list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Shop:
    """A seller with categories to list in: Home > Kitchen, and Toys."""

    seller: Person
    home: str
    kitchen: str
    toys: str

    def kettle(self, **changes: Any) -> dict[str, Any]:
        """A listing of type direct, as POST /listings takes it."""
        return {
            "type": "direct",
            "title": "A kettle",
            "category_id": self.kitchen,
            "condition": "new",
            "price": 1500,
            "stock": 3,
            **changes,
        }

    async def list(self, **changes: Any) -> dict[str, Any]:
        """A new listing."""
        answer = await self.seller.ask("POST", "/listings", self.kettle(**changes))
        assert answer.status == 201, answer.body
        return dict(answer.body)

    async def stock_of(self, listing_id: str) -> int:
        """Return the stock that is left."""
        return int((await self.seller.ask("GET", f"/listings/{listing_id}")).body["stock"])


async def make_admin(http: aiohttp.ClientSession, sql: Sql) -> Person:
    """A new admin, signed in."""
    person = await sign_up(http)
    sql("UPDATE users SET role = 'admin' WHERE id = %s", person.id)
    token = (await log_in(http, person.email)).body["token"]
    return Person(http, person.id, person.email, token)


@pytest.fixture
async def admin(http: aiohttp.ClientSession, sql: Sql) -> Person:
    """An admin."""
    return await make_admin(http, sql)


@pytest.fixture
async def shop(http: aiohttp.ClientSession, admin: Person) -> Shop:
    """A seller with categories."""
    ids = []
    for name, parent in (("Home", None), ("Kitchen", 0), ("Toys", None)):
        body = {"name": name, "parent_id": None if parent is None else ids[parent]}
        made = await admin.ask("POST", "/categories", body)
        assert made.status == 201, made.body
        ids.append(made.body["id"])
    return Shop(await sign_up(http, "seller", display_name="Ada's"), *ids)
