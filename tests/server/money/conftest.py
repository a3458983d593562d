"""People with money and listings, on a server that pays at the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from tests.server.accounts_support import Answer, Person, log_in, sign_up
from tests.support.payments import Provider
from tests.support.servers import RunningServer
from tests.support.waiting import LIMIT_SECONDS, until

Sql = Callable[..., list[tuple[Any, ...]]]


class Bazaar:
    """A seller, a buyer, a stranger, and what they do."""

    def __init__(
        self, http: aiohttp.ClientSession, sql: Sql, provider: Provider, database: Database
    ) -> None:
        self.http = http
        self.sql = sql
        self.provider = provider
        self.database = database
        # A test that falsifies the books says so.
        self.is_tampered = False

    async def open(self) -> None:
        """Let everybody in."""
        self.seller = await sign_up(self.http, "seller")
        self.buyer = await sign_up(self.http)
        self.stranger = await sign_up(self.http)

    def listing(self, *, price: int = 1000, stock: int = 5, shipping: int = 250) -> str:
        """A listing of the seller's at a price."""
        [(listing_id,)] = self.sql(
            "WITH c AS (INSERT INTO categories (id, name, path, lineage)"
            " SELECT id, id::text, id::text, ARRAY[id] FROM gen_random_uuid() AS id RETURNING id)"
            " INSERT INTO listings (seller_id, title, category_id, type, condition, price, stock,"
            " shipping_amount) SELECT %s, 'A lamp', id, 'direct', 'new', %s, %s, %s FROM c"
            " RETURNING id",
            self.seller.id, price, stock, shipping,
        )  # fmt: skip
        return str(listing_id)

    async def order(self, listing_id: str | None = None, **wish: Any) -> str:
        """The id of a new order of the buyer's."""
        body = {"listing_id": listing_id or self.listing(), **wish}
        answer = await self.buyer.ask("POST", "/orders", body)
        assert answer.status == 201, answer.body
        return str(answer.body["order"]["id"])

    async def pay_by_card(self, order_id: str) -> None:
        """The buyer pays on the provider's page, and the webhook comes."""
        answer = await self.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
        assert answer.status == 200, answer.body
        await self.provider.pay(answer.body["checkout_url"])
        await self.until_status(order_id, "processing")

    async def admin(self) -> Person:
        """A new admin."""
        person = await sign_up(self.http)
        self.sql("UPDATE users SET role = 'admin' WHERE id = %s", person.id)
        token = (await log_in(self.http, person.email)).body["token"]
        return Person(self.http, person.id, person.email, token)

    async def until_status(self, order_id: str, status: str) -> None:
        """Wait until an order reaches by itself the state that is expected."""
        await until(
            lambda: self.sql("SELECT status FROM orders WHERE id = %s", order_id) == [(status,)],
            seconds=LIMIT_SECONDS,
        )

    async def ship(self, order_id: str) -> Answer:
        """The seller sends the item."""
        body = {"carrier": "Post", "tracking": "A 1"}
        return await self.seller.ask("POST", f"/orders/{order_id}/ship", body)

    def balance(self, person: Person) -> int:
        """Return the balance of a person, in minor units."""
        [(balance,)] = self.sql("SELECT balance FROM wallets WHERE user_id = %s", person.id)
        return int(balance)

    def accounts(self) -> dict[str, int]:
        """The sums of the platform's own accounts and of all wallets and escrows."""
        rows = self.sql("SELECT account, sum(amount)::bigint FROM transactions GROUP BY account")
        return {account: int(total) for account, total in rows}

    async def check(self) -> None:
        """The books balance."""
        report = await audit(self.database, auctions=True)
        assert report.findings == []


@pytest.fixture
async def bazaar(
    paying_server: RunningServer, provider: Provider, sql: Sql, database: Database
) -> AsyncIterator[Bazaar]:
    """People with listings and money; the books balance when the test is over."""
    async with aiohttp.ClientSession(paying_server.base_url) as http:
        opened = Bazaar(http, sql, provider, database)
        await opened.open()
        yield opened
        if not opened.is_tampered:
            await opened.check()
