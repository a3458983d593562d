"""The audit replays every auction, and finds what does not follow from the rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from instasell_server.db.connections import Database
from instasell_server.domains.audit.service import audit
from tests.support.market import Market
from tests.support.servers import RunningServer

Run = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
async def auction_id(server: RunningServer, sql: Run) -> AsyncIterator[str]:
    """An auction with three bids of two bidders."""
    market = Market(server.base_url, sql)
    seller, ann, bob = await market.seller(), await market.bidder(), await market.bidder()
    listing = await market.listing(seller)
    made = await seller.auctions.create(listing, min_bid=1000, duration_seconds=3600)
    auction = made.state.auction_id
    await ann.auctions.bid(auction, max_amount=5000)
    await bob.auctions.bid(auction, max_amount=3000)
    await bob.auctions.bid(auction, amount=6000)
    yield auction
    await market.close()


async def test_sound_books_have_no_differences(auction_id: str, database: Database) -> None:
    report = await audit(database, auctions=True)
    assert (report.auctions, report.bids, report.findings) == (1, 3, [])


@pytest.mark.parametrize(
    ("damage", "field", "seq"),
    [
        ("UPDATE bids SET price_after = price_after + 1 WHERE seq = 2", "price_after", 2),
        ("UPDATE bids SET amount = amount - 1 WHERE seq = 1", "amount", 1),
        ("DELETE FROM bids WHERE seq = 3", "seq", None),
        ("UPDATE auctions SET current_bid = current_bid - 1", "price", None),
        ("UPDATE auctions SET end_at = end_at + interval '1 microsecond'", "end_at", None),
        ("UPDATE auctions SET status = 'ended', closed_at = market_now()", "winner", None),
        (
            "UPDATE auctions SET status = 'ended', winner_id = current_bidder_id,"
            " closed_at = end_at",
            "order",
            None,
        ),
    ],
)
async def test_each_kind_of_damage_is_found(
    auction_id: str, database: Database, sql: Run, damage: str, field: str, seq: int | None
) -> None:
    sql("ALTER TABLE bids DISABLE TRIGGER bids_are_final")
    sql(damage)
    report = await audit(database, auctions=True)
    assert (field, seq) in {(each.field, each.seq) for each in report.findings}
    assert {each.id for each in report.findings} == {auction_id}
