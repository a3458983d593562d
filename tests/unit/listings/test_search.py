"""Cursors and search texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instasell_client.models.errors import Invalid
from instasell_client.models.listings import ListingQuery, ListingSort
from instasell_server.domains.listings import search
from instasell_server.paging import encode_cursor

ID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"


@given(st.sampled_from(list(ListingSort)), st.integers(0, 2**52))
def test_cursors_lead_back(sort: ListingSort, key: int) -> None:
    position = search.PagePosition(key, ID)
    assert search.read_cursor(search.write_cursor(position, sort), sort) == position


@given(st.text(max_size=60))
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(Invalid):
        search.read_cursor(text, ListingSort.NEWEST)


@pytest.mark.parametrize("parts", [("newest", 2**62, ID), ("newest", 1, "x"), ("price", 1, ID)])
def test_a_cursor_that_fits_no_row_is_refused(parts: tuple[str | int, ...]) -> None:
    with pytest.raises(Invalid):
        search.read_cursor(encode_cursor(*parts), ListingSort.NEWEST)


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
