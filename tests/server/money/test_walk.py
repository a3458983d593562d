"""Random walks through orders, payments, refunds and time: after every step the books balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import aiohttp
import pytest

from instasell_server.domains.orders.handlers import FULFILMENT
from instasell_server.domains.payments.handlers import SERVICE
from tests.databases import MarketClock
from tests.server.money.conftest import Bazaar
from tests.serving import RunningServer
from tests.waiting import until

STEPS = 60
DAY = 86_400
REFUSALS = {402, 403, 404, 409, 422}

Step = Callable[[], Awaitable[None]]


class Walk:
    """What may happen in a market of three people, chosen by chance."""

    def __init__(
        self, bazaar: Bazaar, server: RunningServer, clock: MarketClock, source: Random
    ) -> None:
        self._bazaar = bazaar
        self._server = server
        self._clock = clock
        self._source = source
        self._listings = [bazaar.listing(price=price, stock=3) for price in (1, 999, 50_000)]
        self._orders: list[str] = []
        self._pages: list[str] = []
        self._shifted = 0
        self.seen: Counter[str] = Counter()
        # What moves an order on is tried more often than what ends it.
        self._steps: list[tuple[Step, int]] = [
            (self._buy, 4), (self._pay, 8), (self._visit_page, 6), (self._ship, 5),
            (self._confirm, 4), (self._refund, 3), (self._cancel, 2), (self._top_up, 3),
            (self._let_time_pass, 2), (self._look_up, 2),
        ]  # fmt: skip

    async def take_a_step(self) -> None:
        """One of them."""
        steps, weights = zip(*self._steps, strict=True)
        await self._source.choices(steps, weights)[0]()

    async def _ask(self, who: Any, path: str, body: Any = None) -> Any:
        answer = await who.ask("POST", path, body)
        self.seen[f"{path.rsplit('/', 1)[-1]} {answer.status}"] += 1
        assert answer.status in (200, 201) or answer.status in REFUSALS, answer.body
        return answer.body if answer.status in (200, 201) else None

    def _somebody(self, likely: Any) -> Any:
        bazaar = self._bazaar
        strangers = [bazaar.buyer, bazaar.seller, bazaar.stranger]
        return likely if self._source.random() < 0.9 else self._source.choice(strangers)

    def _order(self) -> str:
        newest = self._orders[-6:]
        return self._source.choice(newest) if newest else "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"

    def _keep_page(self, body: Any) -> None:
        if body is not None and body.get("checkout_url"):
            self._pages.append(body["checkout_url"])

    async def _buy(self) -> None:
        wish = {
            "listing_id": self._source.choice(self._listings),
            "quantity": self._source.choice((1, 1, 2)),
        }
        made = await self._ask(self._somebody(self._bazaar.buyer), "/orders", wish)
        if made is not None:
            self._orders.append(made["order"]["id"])

    async def _pay(self) -> None:
        who = self._somebody(self._bazaar.buyer)
        method = self._source.choice(("card", "card", "wallet"))
        self._keep_page(await self._ask(who, f"/orders/{self._order()}/pay", {"method": method}))

    async def _top_up(self) -> None:
        buyer = self._bazaar.buyer
        wish = {
            "amount": self._source.randrange(1, 80_000),
            "target": self._source.choice(("balance", "balance", "gas")),
        }
        self._keep_page(await self._ask(buyer, f"/wallet/{buyer.id}/topup", wish))

    async def _visit_page(self) -> None:
        if not self._pages:
            return
        action = self._source.choice(("pay", "pay", "pay", "decline"))
        accept = {"Accept": "application/json"}
        page = self._source.choice(self._pages[-4:])
        async with (
            aiohttp.ClientSession() as http,
            http.post(page, data={"action": action}, headers=accept) as answer,
        ):
            assert answer.status < 500
            self.seen[f"page {answer.status}"] += 1

    async def _ship(self) -> None:
        body = {"carrier": "Post", "tracking": "1"}
        who = self._somebody(self._bazaar.seller)
        await self._ask(who, f"/orders/{self._order()}/ship", body)

    async def _confirm(self) -> None:
        who = self._somebody(self._bazaar.buyer)
        await self._ask(who, f"/orders/{self._order()}/confirm-delivery")

    async def _refund(self) -> None:
        body: dict[str, Any] = {"to": self._source.choice(("original", "wallet"))}
        if self._source.random() < 0.8:
            body["amount"] = self._source.choice((1, 100, 999, 60_000))
        who = self._somebody(self._bazaar.seller)
        await self._ask(who, f"/orders/{self._order()}/refund", body)

    async def _cancel(self) -> None:
        who = self._source.choice((self._bazaar.buyer, self._bazaar.seller))
        await self._ask(who, f"/orders/{self._order()}/cancel")

    async def _look_up(self) -> None:
        await self._ask(self._bazaar.buyer, f"/orders/{self._order()}/confirm-payment")
        await self._server.app[SERVICE].reconcile()

    async def _let_time_pass(self) -> None:
        self._shifted += self._source.choice((3600, DAY, 3 * DAY, 8 * DAY))
        self._clock.shift(self._shifted)
        await self._server.app[FULFILMENT].carry_out_due()
        self.seen["time"] += 1


@pytest.mark.parametrize("seed", range(6))
async def test_the_books_balance_after_every_step(
    paying_server: RunningServer, bazaar: Bazaar, market_clock: MarketClock, seed: int
) -> None:
    walk = Walk(bazaar, paying_server, market_clock, Random(seed))
    faults = bazaar.provider.faults
    faults.duplicate_webhooks = seed % 3
    faults.reorder_webhooks = seed % 2 == 1
    faults.fail_refunds = seed == 4
    for _ in range(STEPS):
        await walk.take_a_step()
        await bazaar.check()
    # A walk on which everything was refused would prove nothing.
    taken = sum(count for name, count in walk.seen.items() if name.endswith(("200", "201")))
    assert taken > STEPS / 10, walk.seen
    await _settle(bazaar)
    books = await bazaar.provider.books()
    assert bazaar.accounts().get("stripe", 0) == -books["platform"], (walk.seen, books)
    assert bazaar.accounts().get("in_transit", 0) == 0


async def _settle(bazaar: Bazaar) -> None:
    """Waits until everything that is under way has arrived."""
    refunds = "SELECT count(*) FROM provider_refunds WHERE status IN ('asking', 'asked')"
    # A webhook may bring about a refund, and a refund brings webhooks.
    await bazaar.provider.until_quiet()
    await until(lambda: bazaar.sql(refunds) == [(0,)])
    await bazaar.provider.until_quiet()
