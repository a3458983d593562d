"""A market for tests: people, listings and auctions on a running server."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

from instasell_client import AsyncInstaSell
from instasell_client.models.accounts import Grant, Role

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


class Market:
    """People and listings of one server. Close it, and every client that it opened."""

    def __init__(self, base_url: str, sql: Callable[..., list[tuple[Any, ...]]]) -> None:
        self.base_url = base_url
        self._sql = sql
        self._stack = contextlib.AsyncExitStack()
        self._category: str | None = None

    async def close(self) -> None:
        """Close the clients."""
        await self._stack.aclose()

    async def anybody(
        self, *, base_url: str | None = None, token: str | None = None
    ) -> AsyncInstaSell:
        """A client that is not signed in, or that has a token."""
        return await self._stack.enter_async_context(
            AsyncInstaSell(base_url or self.base_url, token=token)
        )

    async def person(self, role: Role = Role.BUYER) -> AsyncInstaSell:
        """A new account, signed in."""
        number = next(_numbers)
        visitor = await self.anybody()
        grant = await visitor.auth.signup(
            f"person-{number}@example.org",
            PASSWORD,
            display_name=f"Person {number}",
            role="seller" if role is Role.SELLER else "buyer",
        )
        assert isinstance(grant, Grant)
        if role is Role.ADMIN:
            self._sql("UPDATE users SET role = 'admin' WHERE id = %s", grant.user.id)
            grant = await visitor.auth.login(grant.user.email, PASSWORD)
        return await self.anybody(token=grant.token)

    async def seller(self) -> AsyncInstaSell:
        """A new seller, signed in."""
        return await self.person(Role.SELLER)

    async def bidder(self) -> AsyncInstaSell:
        """A new bidder, signed in."""
        return await self.person()

    def category(self) -> str:
        """The id of a category, made when it is first asked for."""
        if self._category is None:
            [(self._category,)] = self._sql(
                "INSERT INTO categories (name, path, lineage, id) "
                "SELECT 'Watches', 'Watches', ARRAY[id], id FROM gen_random_uuid() AS id "
                "RETURNING id"
            )
        assert self._category is not None
        return self._category

    async def listing(self, seller: AsyncInstaSell, title: str = "A steel watch") -> str:
        """The id of a new listing of type auction, put straight into the database."""
        [(listing_id,)] = self._sql(
            "INSERT INTO listings (seller_id, title, category_id, type, condition, stock) "
            "VALUES (%s, %s, %s, 'auction', 'new', 1) RETURNING id",
            (await seller.auth.me()).id,
            title,
            self.category(),
        )
        return str(listing_id)

    async def auction(self, seller: AsyncInstaSell, **terms: Any) -> str:
        """The id of a new auction of a new listing; an hour long unless told otherwise."""
        title = terms.pop("title", "A steel watch")
        if "end_at" not in terms:
            terms.setdefault("duration_seconds", 3600)
        terms.setdefault("min_bid", 100)
        listing_id = await self.listing(seller, title)
        made = await seller.auctions.create(listing_id, **terms)
        return made.state.auction_id


@contextlib.asynccontextmanager
async def open_market(
    base_url: str, sql: Callable[..., list[tuple[Any, ...]]]
) -> AsyncIterator[Market]:
    """A market that closes its clients."""
    market = Market(base_url, sql)
    try:
        yield market
    finally:
        await market.close()
