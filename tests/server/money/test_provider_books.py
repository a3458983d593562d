"""The audit holds the market's account of what the provider has against the provider's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from instasell_server.adapters.stripe import gateway
from instasell_server.adapters.stripe.gateway import StripeGateway
from instasell_server.db.connections import Database
from instasell_server.domains.audit import provider as provider_books
from instasell_server.domains.audit.service import Report
from tests.server.money.conftest import Bazaar
from tests.server.money.test_chargebacks import charge_back, decide, intent_of, paid
from tests.server.money.test_payments import top_up
from tests.support.payments import SECRET_KEY, WEBHOOK_SECRET
from tests.support.waiting import until

TOTAL = 1250


@pytest.fixture
async def stripe(bazaar: Bazaar) -> AsyncIterator[StripeGateway]:
    """The provider as the audit reaches it."""
    opened = StripeGateway(SECRET_KEY, WEBHOOK_SECRET, bazaar.provider.url)
    yield opened
    await opened.close()


async def compared(database: Database, stripe: StripeGateway) -> Report:
    """The report of the comparison alone."""
    report = Report()
    await provider_books.compare(database, stripe, "USD", report)
    return report


async def test_they_agree_after_all_that_can_happen(
    bazaar: Bazaar, database: Database, stripe: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PAGE_ROWS", 2)
    assert (await compared(database, stripe)).findings == []
    orders = [await paid(bazaar) for _ in range(4)]
    await bazaar.seller.ask("POST", f"/orders/{orders[0]}/refund", {"amount": 50})
    lost = await charge_back(bazaar, intent_of(bazaar, orders[1]))
    await decide(bazaar, lost, "lost")
    won = await charge_back(bazaar, intent_of(bazaar, orders[2]))
    await decide(bazaar, won, "won")
    await charge_back(bazaar, intent_of(bazaar, orders[3]), 100)
    # The refund is asked for by a worker, after its order was written.
    await until(lambda: bazaar.sql("SELECT status FROM provider_refunds") == [("succeeded",)])
    await bazaar.provider.until_quiet()
    report = await compared(database, stripe)
    assert report.findings == []
    assert report.provider is not None
    assert report.provider.held_amount == 3 * TOTAL - 50 - 100
    assert report.provider.movements == 9


async def test_what_is_under_way_is_no_difference(
    bazaar: Bazaar, database: Database, stripe: StripeGateway
) -> None:
    bazaar.provider.faults.hold_webhooks = True
    begun = await top_up(bazaar, 5000)
    await bazaar.provider.pay(begun.body["checkout_url"])
    report = await compared(database, stripe)
    assert report.findings == []
    assert report.provider is not None
    assert (report.provider.held_amount, report.provider.booked_amount) == (5000, 0)
    await bazaar.provider.control("faults", {"hold_webhooks": False})
    await bazaar.provider.until_quiet()


async def test_what_the_provider_never_had_is_found(
    bazaar: Bazaar,
    database: Database,
    stripe: StripeGateway,
    fund: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(provider_books, "PAUSE_SECONDS", 0.0)
    await paid(bazaar)
    assert callable(fund)
    fund(bazaar.buyer.id, 7)
    [found] = (await compared(database, stripe)).findings
    assert (found.kind, found.field, found.expected, found.found) == (
        "provider", "held", str(TOTAL + 7), TOTAL,
    )  # fmt: skip


async def test_more_than_is_looked_at_is_said(
    bazaar: Bazaar, database: Database, stripe: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "PAGE_ROWS", 1)
    monkeypatch.setattr(provider_books, "MOVEMENTS_MAX", 1)
    monkeypatch.setattr(provider_books, "PAUSE_SECONDS", 0.0)
    await paid(bazaar)
    await paid(bazaar)
    [found] = (await compared(database, stripe)).findings
    assert (found.kind, found.field) == ("provider", "movements")
