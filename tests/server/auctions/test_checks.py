"""Auctions that are judged and not created."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from instasell_client.errors import Forbidden, Invalid, Unauthenticated
from instasell_client.models.accounts import Scope
from instasell_client.models.auctions import CHECKS_MAX
from tests.support.market import Market

Sql = Callable[..., list[tuple[Any, ...]]]
NOWHERE = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


async def test_checks_say_what_creating_would(market: Market, sql: Sql) -> None:
    """Each row is judged, then created, and both say the same."""
    seller = await market.seller()
    sql("UPDATE wallets SET gas_balance = 10000")
    open_one = (await seller.auctions.status(await market.auction(seller))).state
    other = await market.listing(await market.seller())
    sold, fresh = await market.listing(seller), await market.listing(seller)
    sql("UPDATE listings SET stock = 0 WHERE id = %s", sold)
    priced = await market.listing(seller)
    sql("UPDATE listings SET type = 'direct', price = 100 WHERE id = %s", priced)
    far = datetime.now(UTC) + timedelta(days=4000)
    rows: list[dict[str, Any]] = [
        {"listing_id": open_one.listing_id, "min_bid": 1, "duration_seconds": 60},
        {"listing_id": other, "min_bid": 1, "duration_seconds": 60},
        {"listing_id": sold, "min_bid": 1, "duration_seconds": 60},
        {"listing_id": priced, "min_bid": 1, "duration_seconds": 60},
        {"listing_id": NOWHERE, "min_bid": 1, "duration_seconds": 60},
        {"listing_id": fresh, "min_bid": 10, "reserve": 5, "buy_now": 3, "end_at": far},
        {"listing_id": fresh, "min_bid": 0, "duration_seconds": 60},
        {"listing_id": fresh, "min_bid": 1},
        {"listing_id": fresh, "min_bid": 1, "duration_seconds": 60, "increments": "odd"},
        {"listing_id": "x", "min_bid": "12", "colour": "red"},
        {"listing_id": fresh, "min_bid": 1, "duration_seconds": 60},
        {"listing_id": fresh, "min_bid": 2, "duration_seconds": 60},
    ]
    before = sql("SELECT count(*), sum(version) FROM auctions"), sql("SELECT * FROM wallets")
    checks = await seller.auctions.check(rows)
    assert (sql("SELECT count(*), sum(version) FROM auctions"), sql("SELECT * FROM wallets")) == (
        before
    )
    assert [each.row for each in checks.items] == [*range(1, len(rows) + 1)]
    assert [each.outcome for each in checks.items] == [*["rejected"] * 10, "created", "rejected"]
    assert checks.items[0].open_auction_id == open_one.auction_id
    fields = [[entry.field for entry in each.errors] for each in checks.items]
    assert fields == [
        *[["listing_id"]] * 5,
        ["end_at", "reserve", "buy_now"],
        ["min_bid"],
        ["row"],
        ["increments", "increments"],
        fields[9],
        [],
        ["listing_id"],
    ]
    assert {*fields[9]} >= {"listing_id", "min_bid", "colour"}
    assert (checks.auction_gas_fee, checks.gas_needed, checks.gas_missing) == (50, 50, 0)

    for row, check in zip(rows[:9] + rows[10:11], _without(checks.items), strict=True):
        made = await _created(seller, row)
        assert made == check.outcome, (row, check)
    sql("UPDATE wallets SET gas_balance = 20")
    again = await seller.auctions.check(
        [{"listing_id": await market.listing(seller), "min_bid": 1, "duration_seconds": 60}]
    )
    assert (again.gas_needed, again.gas_balance, again.gas_missing) == (50, 20, 30)


def _without(items: list[Any]) -> list[Any]:
    """The checks but for those that only a whole request can fail."""
    return items[:9] + items[10:11]


async def _created(seller: Any, row: dict[str, Any]) -> str:
    from instasell_client import InstaSellError

    try:
        await seller.auctions.create(**row)
    except InstaSellError:
        return "rejected"
    return "created"


async def test_checks_are_bounded_and_need_the_right_to_list(market: Market) -> None:
    seller = await market.seller()
    listing = await market.listing(seller)
    row = {"listing_id": listing, "min_bid": 1, "duration_seconds": 60}
    for many in ([], [row] * (CHECKS_MAX + 1)):
        with pytest.raises(Invalid):
            await seller.auctions.check(many)
    assert len((await seller.auctions.check([row] * CHECKS_MAX)).items) == CHECKS_MAX
    buyer = await market.bidder()
    with pytest.raises(Forbidden):
        await buyer.auctions.check([row])
    made = await seller.auth.tokens.create("reader", [Scope.READ])
    with pytest.raises(Forbidden):
        await (await market.anybody(token=made.token)).auctions.check([row])
    with pytest.raises(Unauthenticated):
        await (await market.anybody()).auctions.check([row])
