"""Cursors of pages: what a list wrote it reads again, and nothing else."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import instasell_server
from instasell_client.models.errors import Invalid
from instasell_server.paging import BIGINT_MAX, INSTANT, INTEGER, ROW_ID, Cursor, integer

ID = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
PAGES = Cursor("some list", INTEGER, INSTANT, ROW_ID)


@given(
    st.integers(-BIGINT_MAX, BIGINT_MAX),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.uuids().map(str),
)
def test_a_list_reads_its_own_cursors(number: int, instant: datetime, row_id: str) -> None:
    assert PAGES.read(PAGES.write(number, instant, row_id)) == (number, instant, row_id)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        PAGES.read(text)


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor("another list", INTEGER, INSTANT, ROW_ID).write(1, datetime.now(UTC), ID),
        Cursor("some list", INTEGER, INTEGER, ROW_ID).write(1, 1, ID),
        Cursor("some list", INTEGER, ROW_ID).write(1, ID),
        base64.urlsafe_b64encode(b"[" * 99_999).decode(),
    ],
)
def test_the_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        PAGES.read(cursor)


def test_a_number_outside_its_bounds_is_refused() -> None:
    with pytest.raises(Invalid):
        Cursor("ranks", integer(0, 3)).read(Cursor("ranks", INTEGER).write(4))


def test_a_page_has_a_next_one_only_if_there_are_more_rows() -> None:
    numbers = Cursor("numbers", INTEGER)
    assert numbers.cut([1, 2], 2, lambda row: (row,)) == ([1, 2], None)
    assert numbers.cut([1, 2, 3], 2, lambda row: (row,)) == ([1, 2], numbers.write(2))


def test_no_two_lists_have_the_same_name() -> None:
    sources = Path(instasell_server.__file__).parent.glob("domains/**/*.py")
    named = re.compile(r"Cursor\(\s*f?\"([^\"]+)\"")
    names = [name for path in sources for name in named.findall(path.read_text("utf-8"))]
    assert len(names) > 10
    assert len(set(names)) == len(names)
