"""A seller who is suspended cannot ship, so that nobody pays, and nobody loses an order by that."""

from __future__ import annotations

from instasell_server.domains.orders.handlers import FULFILMENT
from tests.server.money.conftest import Bazaar
from tests.server.money.test_chargebacks import ORDER, TOTAL, provider_agrees
from tests.server.money.test_withdrawals import fill_provider
from tests.support.databases import MarketClock
from tests.support.servers import RunningServer
from tests.support.waiting import until

WHY = {"reason": "seen"}
TIME_LEFT = "SELECT payment_due_at - market_now() > interval '47 hours' FROM orders"


async def test_an_order_waits_unpaid_until_its_seller_is_back(
    bazaar: Bazaar, paying_server: RunningServer, market_clock: MarketClock
) -> None:
    await fill_provider(bazaar, 5000)
    order_id = await bazaar.order()
    pay = f"/orders/{order_id}/pay"
    page = (await bazaar.buyer.ask("POST", pay, {"method": "card"})).body["checkout_url"]
    admin = await bazaar.admin()
    await admin.ask("POST", f"/admin/users/{bazaar.seller.id}/suspend", WHY)
    for method in ("wallet", "card"):
        refused = await bazaar.buyer.ask("POST", pay, {"method": method})
        assert (refused.status, refused.code) == (409, "order_not_ready"), refused.body
        assert "the seller is suspended" in refused.body["detail"]
    # What is paid on a page that was open goes back.
    await bazaar.provider.pay(page)
    await until(lambda: bazaar.sql("SELECT status FROM provider_refunds") == [("succeeded",)])
    assert bazaar.sql(ORDER, order_id) == [("pending", 0)]
    assert bazaar.balance(bazaar.buyer) == 5000
    # The deadline passes, which is not the buyer's fault.
    market_clock.shift(49 * 3600)
    assert await paying_server.app[FULFILMENT].carry_out_due() <= 1
    await until(lambda: bazaar.sql(TIME_LEFT) == [(True,)])
    assert bazaar.sql(ORDER, order_id) == [("pending", 0)]
    bazaar.sql("UPDATE orders SET payment_due_at = market_now() + interval '1 minute'")
    await admin.ask("POST", f"/admin/users/{bazaar.seller.id}/unsuspend", WHY)
    assert bazaar.sql(TIME_LEFT) == [(True,)]
    assert (await bazaar.buyer.ask("POST", pay, {"method": "wallet"})).status == 200
    assert bazaar.sql(ORDER, order_id) == [("processing", TOTAL)]
    await provider_agrees(bazaar)


async def test_the_buyer_of_a_suspended_seller_may_cancel(bazaar: Bazaar) -> None:
    order_id = await bazaar.order()
    admin = await bazaar.admin()
    await admin.ask("POST", f"/admin/users/{bazaar.seller.id}/suspend", WHY)
    assert (await bazaar.buyer.ask("POST", f"/orders/{order_id}/cancel")).status == 200
    assert bazaar.sql(ORDER, order_id) == [("cancelled", 0)]
