"""A market with items at a price, on a server that pays at the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from instasell_client import AsyncInstaSell
from tests.support.market import Market

ADDRESS = {
    "name": "Ada Lind", "line1": "Quay 1", "city": "Kiel", "postal_code": "24103", "country": "DE",
}  # fmt: skip


@dataclass
class Trade:
    """A seller and a buyer, and what they do behind the screen."""

    market: Market
    fund: Callable[[str, int], None]
    seller: AsyncInstaSell
    buyer: AsyncInstaSell

    @classmethod
    async def open(cls, market: Market, fund: Callable[[str, int], None]) -> Trade:
        """Let both in."""
        return cls(market, fund, await market.seller(), await market.bidder())

    async def order(
        self, title: str = "A lamp", *, price: int = 1000, buyer: AsyncInstaSell | None = None
    ) -> str:
        """The id of a new order of the buyer's, with 2.50 for shipping."""
        made = await self.seller.listings.create(
            type="direct", title=title, category_id=self.market.category(), condition="new",
            price=price, stock=5, shipping_amount=250,
        )  # fmt: skip
        bought = await (buyer or self.buyer).orders.buy(made.id, address=ADDRESS)
        return bought.order.id

    async def give(self, amount: int) -> None:
        """Money for the buyer's wallet."""
        self.fund((await self.buyer.auth.me()).id, amount)

    async def paid(self, title: str = "A lamp", *, price: int = 1000) -> str:
        """The id of an order that is paid from the wallet."""
        order_id = await self.order(title, price=price)
        await self.give(price + 250)
        await self.buyer.orders.pay(order_id, "wallet")
        return order_id

    async def shipped(self, title: str = "A lamp", *, price: int = 1000) -> str:
        """The id of an order that is on its way."""
        order_id = await self.paid(title, price=price)
        await self.seller.orders.ship(order_id, carrier="Post", tracking="RR 123")
        return order_id
