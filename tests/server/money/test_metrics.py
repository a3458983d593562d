"""The five metrics of the market, each moved by what it counts."""

from __future__ import annotations

from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from tests.server.accounts_support import sign_up
from tests.server.money.conftest import Bazaar
from tests.support.waiting import until


class Metrics:
    """Hold what /metrics tells, and how far it has moved since `mark`."""

    def __init__(self, bazaar: Bazaar) -> None:
        self._bazaar = bazaar
        self._before: Counter[str] = Counter()

    async def _read(self) -> Counter[str]:
        async with self._bazaar.http.get("/metrics") as response:
            text = await response.text()
        found: Counter[str] = Counter()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = ",".join(sample.labels.values())
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = int(sample.value)
        return found

    async def mark(self) -> None:
        """Count from here."""
        self._before = await self._read()

    async def moved(self, *names: str) -> list[int]:
        """Return how far these have moved."""
        now = await self._read()
        return [now[f"instasell_{name}"] - self._before[f"instasell_{name}"] for name in names]


async def begin_payment(bazaar: Bazaar, order_id: str) -> str:
    """The provider's page for an order."""
    answer = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "card"})
    assert answer.status == 200, answer.body
    return str(answer.body["checkout_url"])


async def test_sign_ups_are_counted_by_role(bazaar: Bazaar) -> None:
    metrics = Metrics(bazaar)
    await metrics.mark()
    for role in ("buyer", "seller", "seller"):
        await sign_up(bazaar.http, role)
    again = {"email": bazaar.buyer.email, "password": "correct horse battery", "role": "buyer"}
    async with bazaar.http.post("/auth/signup", json=again):
        # A user who has an account already is no new one, whatever is answered.
        pass
    names = ("user_registrations_total{buyer}", "user_registrations_total{seller}")
    assert await metrics.moved(*names) == [1, 2]


async def test_auctions_and_bids_are_counted(bazaar: Bazaar) -> None:
    metrics = Metrics(bazaar)
    await metrics.mark()
    [(listing_id,)] = bazaar.sql(
        "UPDATE listings SET type = 'auction', price = NULL, stock = 1 WHERE id = %s RETURNING id",
        bazaar.listing(),
    )
    wish = {"listing_id": listing_id, "min_bid": 100, "duration_seconds": 3600}
    made = await bazaar.seller.ask("POST", "/auctions", wish)
    assert made.status == 201, made.body
    path = f"/auctions/{made.body['state']['auction_id']}"
    for person, amount in ((bazaar.buyer, 500), (bazaar.stranger, 100)):
        await person.ask("POST", f"{path}/bid", {"amount": amount})
    names = ("active_auctions", "bids_accepted_total", "bids_refused_total{bid_too_low}")
    assert await metrics.moved(*names) == [1, 1, 1]


async def test_payments_and_fulfilment_are_counted(bazaar: Bazaar) -> None:
    metrics = Metrics(bazaar)
    await metrics.mark()
    order_id = await bazaar.order()
    await bazaar.pay_by_card(order_id)
    await bazaar.ship(order_id)
    done = await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
    assert done.status == 200, done.body
    names = ("payments_succeeded_total", "payments_failed_total", "order_fulfilment_seconds_count")
    assert await metrics.moved(*names) == [1, 0, 1]


async def failures(metrics: Metrics) -> int:
    """Return how many payments have failed since the mark."""
    return (await metrics.moved("payments_failed_total"))[0]


async def test_declined_payments_are_failed_ones(bazaar: Bazaar) -> None:
    metrics = Metrics(bazaar)
    await metrics.mark()
    page = await begin_payment(bazaar, await bazaar.order())
    await bazaar.provider.pay(page, declined=True)
    await bazaar.provider.until_quiet()
    assert await failures(metrics) == 1
    # Another try is another payment, to the one who pays.
    await bazaar.provider.pay(page)
    await bazaar.provider.until_quiet()
    assert await metrics.moved("payments_succeeded_total", "payments_failed_total") == [1, 1]


async def test_cancelled_payments_are_failed_ones_and_count_once(bazaar: Bazaar) -> None:
    metrics = Metrics(bazaar)
    await metrics.mark()
    order_id = await bazaar.order()
    await begin_payment(bazaar, order_id)
    cancelled = await bazaar.buyer.ask("POST", f"/orders/{order_id}/cancel")
    assert cancelled.status == 200, cancelled.body
    expired = "SELECT count(*) FROM provider_events WHERE type = 'checkout.session.expired'"
    await until(lambda: bazaar.sql(expired) == [(1,)])
    assert await failures(metrics) == 1


async def test_a_page_that_expires_is_a_failed_payment(bazaar: Bazaar) -> None:
    metrics = Metrics(bazaar)
    await metrics.mark()
    await begin_payment(bazaar, await bazaar.order())
    [(session_id,)] = bazaar.sql("SELECT session_id FROM payments")
    await bazaar.provider.expire(session_id)
    await until(lambda: bazaar.sql("SELECT status FROM payments") == [("failed",)])
    await bazaar.provider.until_quiet()
    assert await failures(metrics) == 1


async def test_paying_from_the_wallet_instead_is_no_failure(bazaar: Bazaar) -> None:
    metrics = Metrics(bazaar)
    await metrics.mark()
    order_id = await bazaar.order()
    await begin_payment(bazaar, order_id)
    begun = await bazaar.buyer.ask(
        "POST", f"/wallet/{bazaar.buyer.id}/topup", {"amount": 5000, "target": "balance"}
    )
    await bazaar.provider.pay(begun.body["checkout_url"])
    await until(lambda: bazaar.balance(bazaar.buyer) == 5000)
    paid = await bazaar.buyer.ask("POST", f"/orders/{order_id}/pay", {"method": "wallet"})
    assert paid.status == 200, paid.body
    await bazaar.provider.until_quiet()
    assert await failures(metrics) == 0
