"""The screen while its server is killed and started again: what it says, and what it shows then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from instasell_tui.market import connection
from tests.faults.processes import ServerProcess
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer
from tests.support.waiting import until
from tests.tui.pilot import LARGE, Screen, opened

pytestmark = pytest.mark.e2e

STATES = (
    "SELECT id::text, version, seq, current_bid, bidder_count,"
    " (SELECT count(*) FROM bids b WHERE b.auction_id = a.id), end_at, status"
    " FROM auctions a ORDER BY id"
)


def shown_states(screen: Screen) -> list[tuple[Any, ...]]:
    """Return what the board shows, as `STATES` reads it from the database."""
    states = sorted(
        (lot.state for lot in screen.app.board.state.all()), key=lambda each: each.auction_id
    )
    return [
        (
            *(each.auction_id, each.version, each.seq, each.current_bid, each.bidder_count),
            *(each.bid_count, each.end_at, each.status.value),
        )
        for each in states
    ]


async def test_a_killed_server_is_shown_and_its_numbers_are_right_when_it_is_back(
    server: RunningServer,
    database_url: str,
    redis_url: str,
    sql: Callable[..., list[tuple[Any, ...]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the one server is dead, others bid at another: nobody tells the screen of it."""
    monkeypatch.setattr(connection, "STALE_AFTER", timedelta(seconds=0.5))
    dying = ServerProcess(tmp_path, "dying", database_url=database_url, redis_url=redis_url)
    await dying.start()
    try:
        async with open_market(server.base_url, sql) as market:
            await look_on(market, dying, sql)
    finally:
        dying.stop()


async def look_on(
    market: Market, dying: ServerProcess, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    """Watch the market through the server that dies."""
    person, rival, seller = await market.bidder(), await market.bidder(), await market.seller()
    titles = ("A pocket watch", "A steel clock", "A brass sextant", "A sand glass")
    ids = {title: await market.auction(seller, title=title, min_bid=1000) for title in titles}
    watch = ids["A pocket watch"]
    async with opened(dying.url, person.token, size=LARGE) as shown:
        await shown.reads("● live", *titles)
        await shown.until(lambda: shown_states(shown) == sql(STATES))
        shown.app.open_auction(watch)
        await shown.reads("sold by")
        await shown.press("b")
        await shown.confirm()
        await shown.reads("▲ You lead")

        dying.kill()
        await shown.reads("reconnecting")
        for amount in (2000, 3000, 4000):
            await rival.auctions.bid(watch, amount=amount)
        await rival.auctions.bid(ids["A steel clock"], amount=1500)
        await seller.auctions.cancel(ids["A brass sextant"], "It was sold elsewhere")
        new = await market.auction(seller, title="A barometer", min_bid=700)
        await shown.reads("stale for", "10.00", "▲ You lead")
        assert len(shown.app.board.state) == len(titles)

        await dying.start()
        await shown.reads("● live", "▼ Outbid by bidder-2", "40.00", "4 bids", "4 by 2")
        await shown.press("escape")
        await shown.reads("A barometer", "15.00", "outbid")
        await until(lambda: new in shown.app.board.state)
        open_ones = "SELECT id::text FROM auctions WHERE status = 'live'"
        live = {row[0] for row in sql(open_ones)}
        assert live == {watch, ids["A steel clock"], ids["A sand glass"], new}
        await shown.until(
            lambda: (
                [row for row in shown_states(shown) if row[0] in live]
                == [row for row in sql(STATES) if row[0] in live]
            )
        )
        assert {row[0] for row in shown_states(shown) if row[7] == "live"} == live

        shown.app.open_auction(watch)
        await shown.reads("sold by", "Bid 41.00")
        await shown.press("b")
        await shown.confirm()
        await shown.reads("▲ You lead")
        await shown.until(
            lambda: (
                [row for row in shown_states(shown) if row[0] in live]
                == [row for row in sql(STATES) if row[0] in live]
            )
        )
