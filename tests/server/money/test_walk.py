"""Random walks through auctions, orders, payments, disputes and time: the books always balance."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import aiohttp
import pytest

from instasell_server.domains.orders.handlers import FULFILMENT
from instasell_server.domains.payments.handlers import SERVICE
from tests.server.money.conftest import Bazaar
from tests.support.databases import MarketClock
from tests.support.servers import RunningServer
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("unmeasured")

STEPS = 50
WALKS = int(os.environ.get("INSTASELL_TEST_WALKS", "10"))
DAY = 86_400
REFUSALS = {402, 403, 404, 409, 422}

NOBODYS = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"

HELD = ("processing", "shipped", "disputed")

Step = Callable[[], Awaitable[None]]


class Walk:
    """Choose by chance what happens in a market of three people."""

    def __init__(
        self, bazaar: Bazaar, server: RunningServer, clock: MarketClock, source: Random
    ) -> None:
        self._bazaar = bazaar
        self._server = server
        self._clock = clock
        self._source = source
        self._listings = [bazaar.listing(price=price, stock=3) for price in (1, 999, 50_000)]
        self._pages: list[str] = []
        # What banks have taken back and not decided yet, and the payments that they cannot again.
        self._claims: list[tuple[str, str]] = []
        self._claimed: set[str] = set()
        self._shifted = 0
        self.seen: Counter[str] = Counter()
        # What moves an order on is tried more often than what ends it.
        self._steps: list[tuple[Step, int]] = [
            (self._buy, 4), (self._pay, 8), (self._visit_page, 6), (self._ship, 5),
            (self._confirm, 4), (self._refund, 3), (self._cancel, 2), (self._top_up, 3),
            (self._let_time_pass, 2), (self._look_up, 2), (self._charge_back, 4),
            (self._judge, 3), (self._complain, 2), (self._resolve, 2), (self._auction, 2),
            (self._offer, 3), (self._relist, 1),
        ]  # fmt: skip

    async def open(self) -> None:
        """Let an admin in."""
        self._admin = await self._bazaar.admin()

    async def take_a_step(self) -> None:
        """One of them."""
        steps, weights = zip(*self._steps, strict=True)
        await self._source.choices(steps, weights)[0]()

    async def _ask(self, who: Any, path: str, body: Any = None) -> Any:
        answer = await who.ask("POST", path, body)
        self.seen[f"{path.rsplit('/', 1)[-1]} {answer.status}"] += 1
        assert answer.status in (200, 201) or answer.status in REFUSALS, answer.body
        return answer.body if answer.status in (200, 201) else None

    def _pick_user(self, likely: Any) -> Any:
        bazaar = self._bazaar
        strangers = [bazaar.buyer, bazaar.seller, bazaar.stranger]
        return likely if self._source.random() < 0.9 else self._source.choice(strangers)

    def _order(self, *statuses: str) -> str:
        """One of the newest orders, bought or won; most of the time where a step may succeed."""
        wanted = list(statuses) if self._source.random() < 0.8 else []
        newest = self._bazaar.sql(
            "SELECT id FROM orders WHERE %s::text[] = '{}' OR status = ANY(%s::text[])"
            " ORDER BY created_at DESC, id LIMIT 6",
            wanted, wanted,
        )  # fmt: skip
        return str(self._source.choice(newest)[0]) if newest else NOBODYS

    def _buyer_of(self, order_id: str) -> Any:
        """Return who has bought or won it, most of the time."""
        people = (self._bazaar.buyer, self._bazaar.stranger)
        found = self._bazaar.sql("SELECT buyer_id FROM orders WHERE id = %s", order_id)
        owner = next((each for each in people if found == [(each.id,)]), self._bazaar.buyer)
        return self._pick_user(owner)

    def _keep_page(self, body: Any) -> None:
        if body is not None and body.get("checkout_url"):
            self._pages.append(body["checkout_url"])

    async def _buy(self) -> None:
        wish = {
            "listing_id": self._source.choice(self._listings),
            "quantity": self._source.choice((1, 1, 2)),
        }
        await self._ask(self._pick_user(self._bazaar.buyer), "/orders", wish)

    async def _pay(self) -> None:
        order_id = self._order("pending")
        method = self._source.choice(("card", "card", "wallet"))
        path = f"/orders/{order_id}/pay"
        self._keep_page(await self._ask(self._buyer_of(order_id), path, {"method": method}))

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
        who = self._pick_user(self._bazaar.seller)
        await self._ask(who, f"/orders/{self._order('processing')}/ship", body)

    async def _confirm(self) -> None:
        order_id = self._order("shipped")
        await self._ask(self._buyer_of(order_id), f"/orders/{order_id}/confirm-delivery")

    async def _refund(self) -> None:
        body: dict[str, Any] = {"to": self._source.choice(("original", "wallet"))}
        if self._source.random() < 0.8:
            body["amount"] = self._source.choice((1, 100, 999, 60_000))
        who = self._pick_user(self._bazaar.seller)
        await self._ask(who, f"/orders/{self._order(*HELD)}/refund", body)

    async def _cancel(self) -> None:
        who = self._source.choice((self._bazaar.buyer, self._bazaar.seller))
        await self._ask(who, f"/orders/{self._order()}/cancel")

    async def _look_up(self) -> None:
        await self._ask(self._bazaar.buyer, f"/orders/{self._order()}/confirm-payment")
        await self._server.app[SERVICE].reconcile()

    async def _charge_back(self) -> None:
        paid = self._bazaar.sql(
            "SELECT intent_id, amount FROM payments WHERE intent_id IS NOT NULL"
            " ORDER BY created_at DESC, id LIMIT 8"
        )
        free = [each for each in paid if each[0] not in self._claimed]
        if not free:
            return
        intent_id, amount = self._source.choice(free)
        body: dict[str, Any] = {"payment_intent": intent_id}
        if self._source.random() < 0.4:
            body["amount"] = self._source.randrange(1, amount + 1)
        made = await self._bazaar.provider.control("disputes", body)
        self._claims.append((made["id"], intent_id))
        self._claimed.add(intent_id)
        self.seen["chargeback"] += 1

    async def _judge(self) -> None:
        if self._claims:
            await self._decide(self._source.randrange(len(self._claims)))

    async def _decide(self, number: int) -> None:
        dispute_id, intent_id = self._claims.pop(number)
        verdict = self._source.choice(("won", "lost"))
        path = f"disputes/{dispute_id}/verdict"
        await self._bazaar.provider.control(path, {"verdict": verdict})
        if verdict == "won":
            self._claimed.discard(intent_id)
        self.seen[verdict] += 1

    async def decide_all(self) -> None:
        """Every bank says who is right."""
        while self._claims:
            await self._decide(0)

    async def _complain(self) -> None:
        order_id, body = (
            self._order("processing", "shipped"),
            {"reason": "damaged", "text": "It is broken"},
        )
        await self._ask(self._buyer_of(order_id), f"/orders/{order_id}/dispute", body)

    async def _resolve(self) -> None:
        found = self._bazaar.sql(
            "SELECT id FROM disputes ORDER BY status, created_at DESC, id LIMIT 3"
        )
        if found:
            [dispute_id] = self._source.choice(found)
            wish = {"refund_amount": self._source.choice((0, 1, 500)), "reason": "so be it"}
            await self._ask(self._admin, f"/admin/disputes/{dispute_id}/resolve", wish)

    async def _auction(self) -> None:
        listing_id = self._bazaar.listing(price=1, stock=1)
        self._bazaar.sql(
            "UPDATE listings SET type = 'auction', price = NULL WHERE id = %s", listing_id
        )
        wish: dict[str, Any] = {"listing_id": listing_id, "min_bid": 100, "duration_seconds": 600}
        if self._source.random() < 0.3:
            wish["reserve"] = 400
        made = await self._ask(self._bazaar.seller, "/auctions", wish)
        if made is not None:
            await self._bid(made["state"]["auction_id"])

    async def _bid(self, auction_id: str) -> None:
        bidders = [self._bazaar.buyer, self._bazaar.stranger]
        self._source.shuffle(bidders)
        for who in bidders:
            most = self._source.randrange(100, 5000)
            await self._ask(who, f"/auctions/{auction_id}/bid", {"max_amount": most})

    def _unsold(self) -> str:
        """An auction that came to nothing, if there is one."""
        found = self._bazaar.sql(
            "SELECT a.id FROM auctions a WHERE a.status = 'ended' AND NOT EXISTS (SELECT FROM"
            " orders o WHERE o.auction_id = a.id AND o.status <> 'cancelled')"
            " ORDER BY a.created_at DESC, a.id LIMIT 4"
        )
        return str(self._source.choice(found or [(NOBODYS,)])[0])

    async def _offer(self) -> None:
        await self._ask(self._bazaar.seller, f"/auctions/{self._unsold()}/offer-runner-up")

    async def _relist(self) -> None:
        made = await self._ask(self._bazaar.seller, f"/auctions/{self._unsold()}/relist")
        if made is not None:
            await self._bid(made["state"]["auction_id"])

    async def _let_time_pass(self) -> None:
        self._shifted += self._source.choice((3600, DAY, 3 * DAY, 8 * DAY))
        self._clock.shift(self._shifted)
        due = "SELECT count(*) FROM auctions WHERE status = 'live' AND end_at <= market_now()"
        await until(lambda: self._bazaar.sql(due) == [(0,)])
        await self._server.app[FULFILMENT].carry_out_due()
        self.seen["time"] += 1


@pytest.mark.parametrize("seed", range(WALKS))
async def test_the_books_balance_after_every_step(
    paying_server: RunningServer, bazaar: Bazaar, market_clock: MarketClock, seed: int
) -> None:
    walk = Walk(bazaar, paying_server, market_clock, Random(seed))
    await walk.open()
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
    await bazaar.provider.until_quiet()
    await walk.decide_all()
    await _settle(bazaar)
    await bazaar.check()
    books = await bazaar.provider.books()
    assert bazaar.accounts().get("stripe", 0) == -books["platform"], (walk.seen, books)
    assert bazaar.accounts().get("in_transit", 0) == 0


async def _settle(bazaar: Bazaar) -> None:
    """Wait until everything that is under way has arrived."""
    refunds = "SELECT count(*) FROM provider_refunds WHERE status IN ('asking', 'asked')"
    # A webhook may bring about a refund, and a refund brings webhooks.
    await bazaar.provider.until_quiet()
    await until(lambda: bazaar.sql(refunds) == [(0,)])
    await bazaar.provider.until_quiet()
