"""The pure rules of listings: what a type forbids, what bids hold, how stock moves."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from instasell_server.domains.listings import rules
from instasell_server.domains.listings.rules import ListingFields

DIRECT = ListingFields("direct", "A kettle", "Boils.", "c", "new", 1500, 3, 0, None)
AUCTION = ListingFields("auction", "A kettle", "Boils.", "c", "new", None, 1, 0, None)

stocks = st.integers(min_value=0, max_value=rules.STOCK_MAX)


def fields(complaints: rules.FieldErrors) -> list[str]:
    return [name for name, _ in complaints]


def test_a_direct_listing_has_a_price_and_an_auctions_has_none() -> None:
    assert rules.find_problems(DIRECT) == []
    assert rules.find_problems(AUCTION) == []
    assert fields(rules.find_problems(DIRECT._replace(price=None))) == ["price"]
    wrong = AUCTION._replace(price=1, stock=2)
    assert fields(rules.find_problems(wrong)) == ["price", "stock"]


def test_an_auctions_listing_that_is_sold_may_still_be_described() -> None:
    sold = AUCTION._replace(stock=0)
    assert rules.find_change_problems(sold, {"description": "Gone."}) == []
    assert rules.find_change_problems(sold, {"stock": 1}) == []
    assert fields(rules.find_change_problems(AUCTION, {"stock": 0})) == ["stock"]


@given(st.text(max_size=20), st.text(max_size=20))
def test_bids_hold_everything_but_text_added_at_the_end(old: str, new: str) -> None:
    before = AUCTION._replace(description=old)
    assert not rules.is_held_by_bids(before, before)
    assert not rules.is_held_by_bids(before, before._replace(description=old + new))
    held = rules.is_held_by_bids(before, before._replace(description=new))
    assert held == (not new.startswith(old))
    changes: dict[str, Any] = {"title": "Other", "description": old + new}
    assert rules.is_held_by_bids(before, before._replace(**changes))


@given(current=stocks, given_stock=stocks, base=stocks)
def test_stock_moves_by_the_difference_within_its_bounds(
    current: int, given_stock: int, base: int
) -> None:
    moved = rules.moved_stock(current, given_stock, base)
    assert 0 <= moved <= rules.STOCK_MAX
    if 0 <= current + given_stock - base <= rules.STOCK_MAX:
        assert moved - current == given_stock - base
    assert rules.moved_stock(current, given_stock, None) == given_stock


@given(sold=stocks, first=stocks)
def test_an_import_of_what_was_imported_keeps_the_sales(sold: int, first: int) -> None:
    left = max(0, first - sold)
    assert rules.moved_stock(left, first, first) == left
