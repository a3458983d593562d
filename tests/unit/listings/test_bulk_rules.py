"""Decisions about bulk rows, played against a market in memory."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from instasell_client.models.listings import BulkOutcome
from instasell_server.domains.listings.bulk_rules import (
    ImportRow,
    KnownKeys,
    RowChecker,
    RowDecision,
)
from instasell_server.domains.listings.rules import ListingFields

CATEGORY = "kitchen"


def row(sku: str, **values: Any) -> ImportRow:
    given = {"seller_sku": sku, **values}
    digest = json.dumps(given, sort_keys=True)
    path = given.pop("category", None)
    return ImportRow(1, f"sku:{sku}", digest, given, None, path, None, None, [], True)


def full(sku: str, **values: Any) -> ImportRow:
    base = {"type": "direct", "title": "t", "condition": "new", "price": 5, "category": "Kitchen"}
    return row(sku, **{**base, **values})


class Market:
    """Decide uploads one after the other, each with what the ones before left."""

    def __init__(self) -> None:
        self.known = KnownKeys(paths={"Kitchen": CATEGORY}, categories={CATEGORY})
        self._numbers = itertools.count(1)

    def upload(self, *rows: ImportRow) -> list[RowDecision]:
        checker = RowChecker(self.known, lambda: f"listing-{next(self._numbers)}")
        return [checker.decide(each) for each in rows]

    def sell(self, listing_id: str, quantity: int) -> int:
        """Sell what is there of a quantity; return how many."""
        listing = self.known.listings[listing_id]
        sold = min(quantity, listing.stock)
        self.known.listings[listing_id] = listing._replace(stock=listing.stock - sold)
        return sold


uploads = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 3)), min_size=1, max_size=12
)


@given(uploads)
def test_stock_is_what_was_sent_less_what_was_sold(steps: list[tuple[int, int, int]]) -> None:
    market = Market()
    expected: int | None = None
    last = 0
    for stock, wanted, times in steps:
        for repeat in range(times):
            [decided] = market.upload(full("K", stock=stock))
            assert decided.listing_id == "listing-1"
            if repeat:
                assert decided.outcome is BulkOutcome.UNCHANGED
        expected = stock if expected is None else max(0, expected + stock - last)
        last = stock
        expected -= market.sell("listing-1", wanted)
        assert market.known.listings["listing-1"].stock == expected >= 0


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=12), st.integers(1, 12))
def test_batches_of_any_size_come_to_the_same(skus: list[str], size: int) -> None:
    rows = [full(sku, stock=number) for number, sku in enumerate(skus)]
    whole, parts = Market(), Market()
    once = whole.upload(*rows)
    pieces = [rows[start : start + size] for start in range(0, len(rows), size)]
    cut = [decided for piece in pieces for decided in parts.upload(*piece)]
    assert once == cut
    assert whole.known.listings == parts.known.listings


def test_a_sold_auction_is_not_put_back_by_its_row() -> None:
    market = Market()
    auction = {"type": "auction", "price": None, "stock": 1}
    [made] = market.upload(full("A", **auction))
    assert made.outcome is BulkOutcome.CREATED
    assert made.listing_id is not None
    market.sell(made.listing_id, 1)
    [edited] = market.upload(full("A", **auction, description="More."))
    assert edited.outcome is BulkOutcome.UPDATED
    assert market.known.listings[made.listing_id].stock == 0


def test_the_type_never_changes() -> None:
    market = Market()
    market.upload(full("K"))
    [decided] = market.upload(row("K", type="auction"))
    assert decided.outcome is BulkOutcome.REJECTED
    assert [name for name, _ in decided.errors] == ["type"]


def test_a_row_with_an_error_is_rejected_even_when_the_rest_was_imported() -> None:
    market = Market()
    market.upload(full("K"))
    [decided] = market.upload(full("K")._replace(errors=[("price", "send 1 or more")]))
    assert decided.outcome is BulkOutcome.REJECTED
    assert market.known.listings["listing-1"] == ListingFields(
        "direct", "t", "", CATEGORY, "new", 5, 1, 0, "K"
    )
