"""Cursors and search texts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from instasell_client.models.listings import ListingQuery, ListingSort
from instasell_server.domains.listings import search

ID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


@pytest.mark.parametrize("sort", list(ListingSort))
@pytest.mark.parametrize("price", [0, 250, None])
def test_a_page_goes_on_behind_its_last_row(sort: ListingSort, price: int | None) -> None:
    created_at = datetime(2026, 7, 1, 12, 30, 0, 123456, UTC)
    row = {"id": ID, "created_at": created_at, "price": price, "score": 700}
    planned = search.plan(ListingQuery(q="kettle", sort=sort, limit=1))
    shown, cursor = search.cut_page([row, row], planned)
    assert shown == [row]
    after = search.plan(ListingQuery(q="kettle", sort=sort, cursor=cursor)).parameters
    assert after["after_id"] == ID
    assert (
        after["after_key"]
        == {
            ListingSort.NEWEST: created_at,
            ListingSort.OLDEST: created_at,
            ListingSort.PRICE_ASC: search.PRICELESS_LAST if price is None else price,
            ListingSort.PRICE_DESC: price or 0,
            ListingSort.RELEVANCE: 700,
        }[sort]
    )


@pytest.mark.parametrize(
    ("q", "words", "spelling", "literal"),
    [
        ("red kettle", "red kettle", "red kettle", "red kettle"),
        ("100%", None, None, "100%"),
        # No index finds titles by these signs.
        ("!!!", "!!!", None, None),
        ("C ++", "C ++", "C ++", None),
        ("v2!", "v2!", "v2!", "v2!"),
        ("ab", "ab", "ab", None),
        ("kettle -red", "kettle -red", None, None),
        ('"red kettle"', '"red kettle"', None, None),
        ("e-bike", "e-bike", "e-bike", "e-bike"),
        (None, None, None, None),
    ],
)
def test_how_a_text_is_looked_for(
    q: str | None, words: str | None, spelling: str | None, literal: str | None
) -> None:
    found = search.plan(ListingQuery(q=q)).parameters
    assert (found["words"], found["spelling"], found["literal"]) == (words, spelling, literal)


def test_only_the_plain_first_page_of_a_category_is_the_default() -> None:
    assert search.is_default_page(ListingQuery(category=ID))
    assert not search.is_default_page(ListingQuery())
    assert not search.is_default_page(ListingQuery(category=ID, limit=10))
    assert not search.is_default_page(ListingQuery(category=ID, q="kettle"))
