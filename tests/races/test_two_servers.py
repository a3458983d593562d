"""Two servers on one database under 64 bidders, judged by the history checker."""

from __future__ import annotations

import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from tests.checker.market import loaded_market
from tests.races.conftest import Sql
from tests.support.databases import MarketClock
from tests.support.servers import RunningServer
from tests.support.waiting import until

pytestmark = pytest.mark.races


async def test_no_bid_is_lost_refused_wrongly_or_doubled_and_each_lot_closes_once(
    servers: list[RunningServer],
    database: Database,
    database_url: str,
    market_clock: MarketClock,
    sql: Sql,
) -> None:
    urls = [each.base_url for each in servers]
    async with loaded_market(urls, database_url, sql, bidders=64, lots=6) as load:
        load.start(urls, pause_seconds=0.1)
        # The ends come in the midst of the bidding, for both closers and both auctioneers. Time
        # jumps: most lots end with the first jump, and the others are extended at each.
        for hours in (1.05, 2.1, 48):
            await load.until_acknowledged(120)
            market_clock.shift(hours * 3600)
        await until(lambda: sql("SELECT 1 FROM auctions WHERE status <> 'ended'") == [])
        await load.finish()
        run = await load.verdict()
    assert {each.client for each in run.log.operations} == set(range(1, 65))
    assert not any(each.outcome == "unknown" for each in run.log.operations)
    refused = {each.code for each in run.log.operations if each.outcome == "refused"}
    assert refused <= {"bid_too_low", "already_leading", "auction_not_open"}
    assert sql("SELECT count(*), count(DISTINCT auction_id) FROM orders") == [(6, 6)]
    report = await audit(database, auctions=True)
    assert report.findings == []
    assert sum(bid.row.extended is True for lot in run.auctions.values() for bid in lot.bids) >= 4
    assert report.bids == sum(len(each.bids) for each in run.auctions.values())
