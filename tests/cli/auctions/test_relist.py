"""After an auction that nobody paid, from the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from instasell_server.domains.orders.handlers import FULFILMENT
from tests.cli.conftest import Shell
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.servers import RunningServer
from tests.support.waiting import until

Shells = Callable[..., Shell]
Sql = Callable[..., list[tuple[Any, ...]]]


async def test_an_unpaid_auction_is_offered_on_and_relisted(
    market: Market, server: RunningServer, shell_of: Shells, market_clock: MarketClock, sql: Sql
) -> None:
    owner, second, first = [await market.seller() for _ in range(3)]
    auction_id = await market.auction(owner, min_bid=1000, reserve=1200)
    await second.auctions.bid(auction_id, amount=1500)
    await first.auctions.bid(auction_id, amount=2000)
    seller = shell_of(owner)
    early = await seller.run("auctions", "offer-runner-up", auction_id)
    assert (early.code, early.out) == (6, "")
    assert "wait for its end" in early.err
    market_clock.shift(7200)
    await until(lambda: sql("SELECT count(*) FROM orders") == [(1,)])
    held = await seller.run("auctions", "relist", auction_id)
    assert (held.code, held.out) == (6, "")
    market_clock.shift(7200 + 49 * 3600)
    await server.app[FULFILMENT].carry_out_due()
    offered = await seller.run("auctions", "offer-runner-up", auction_id, "-o", "json")
    order = json.loads(offered.out)
    assert (offered.code, order["unit_amount"], order["status"]) == (0, 1500, "pending")
    shown = await seller.run("auctions", "show", auction_id)
    assert f"pending: 15.00 USD, {order['buyer_name']} ({order['id']})" in shown.out
    assert "0 sales, 0 disputes lost, 0 chargebacks" in shown.out
    mine = json.loads(
        (await shell_of(second).run("auctions", "show", auction_id, "-o", "json")).out
    )
    assert (mine["order_id"], mine["orders"]) == (order["id"], None)
    await second.orders.cancel(order["id"])
    wrong = await seller.run("auctions", "relist", auction_id, "--duration", "1h", "--end", "+1h")
    assert (wrong.code, wrong.out) == (2, "")
    both = await seller.run("auctions", "relist", auction_id, "--no-reserve", "--reserve", "7")
    assert (both.code, "--no-reserve" in both.err) == (2, True)
    again = await seller.run(
        *(
            "auctions",
            "relist",
            auction_id,
            "--duration",
            "10m",
            "--min-bid",
            "5.00",
            "--no-reserve",
        ),
        *("-o", "json"),
    )
    made = json.loads(again.out)
    assert (again.code, made["min_bid"], made["status"]) == (0, 500, "live")
    assert made["has_reserve"] is False
    assert made["auction_id"] != auction_id


async def test_a_listing_shows_its_seller(market: Market, shell_of: Shells) -> None:
    owner = await market.seller()
    listing_id = await market.listing(owner)
    shell = shell_of(await market.bidder())
    shown = await shell.run("listings", "show", listing_id)
    assert "seller\tmember since 20" in shown.out
    found = json.loads((await shell.run("listings", "show", listing_id, "-o", "json")).out)
    assert found["seller"]["sales_completed"] == 0
    picked = await shell.run(
        *("listings", "show", listing_id, "-o", "csv", "--fields", "seller.chargebacks")
    )
    assert picked.out == "seller.chargebacks\n0\n"
